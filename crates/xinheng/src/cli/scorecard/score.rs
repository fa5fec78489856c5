//! `xinheng model score`: a score for every row of a file.
use std::path::PathBuf;

use clap::Args;
use kernel::{Fault, Outcome};
use readers::Row;

use super::{Rows, card, tell_absent, write};
use crate::say;

/// 一行一个分值
#[derive(Debug, Args)]
pub struct Score {
    /// 模型文件（xinheng model train 生成）
    model: PathBuf,
    /// 要评分的文件：CSV、XLSX、JSON、Parquet 等，可以压缩
    file: PathBuf,
    /// 结果写到这个文件，不写为标准输出
    #[arg(long)]
    out: Option<PathBuf>,
    /// 写出影响最大的三项
    #[arg(long)]
    reasons: bool,
}

/// Reasons shown for a row.
const REASONS: usize = 3;

/// Does it.
pub fn run(asked: &Score) -> Outcome<()> {
    let card = card(&asked.model)?;
    let mut rows = Rows::open(&asked.file)?;
    let reader = card.look_at(&rows.headings)?;
    let absent = reader.absent();
    tell_absent(&absent);
    if absent.len() == card.columns_of_features().len() {
        return Err(Fault::invalid(
            "model.score.no-column",
            "文件里没有模型要用的任何一列，无法评分。请核对文件和模型是否配套。",
        ));
    }
    let ids = card.ids(&rows.headings);
    let mut headings: Vec<String> = ids.iter().map(|(heading, _)| heading.clone()).collect();
    if ids.is_empty() {
        say::note(format!(
            "文件里没有编号列（{}），改为写出行号。",
            card.columns.id.join("、")
        ));
        headings.push("line".to_owned());
    }
    headings.extend(["score".to_owned(), "probability_permille".to_owned()]);
    if asked.reasons {
        headings.push("reasons".to_owned());
    }
    let mut lines: Vec<String> = Vec::new();
    let mut put = |cells: &[String]| {
        let line: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
        if asked.out.is_some() {
            lines.push(line.join(","));
        } else {
            say::line(line.join(","));
        }
    };
    put(&headings);
    let mut row = Row::new();
    let mut count = 0_u32;
    while rows.read(&mut row)? {
        let scored = reader.score(&|at| row.cell(at));
        let mut cells: Vec<String> = ids
            .iter()
            .map(|(_, at)| row.cell(*at).unwrap_or_default().to_owned())
            .collect();
        if ids.is_empty() {
            cells.push(row.line.to_string());
        }
        cells.push(scored.score.to_string());
        cells.push(format!(
            "{}.{}",
            scored.ten_thousandths / 10,
            scored.ten_thousandths % 10
        ));
        if asked.reasons {
            let reasons: Vec<String> = scored
                .reasons(REASONS)
                .iter()
                .map(|part| format!("{}：{}，{:+} 分", part.title, part.said, part.points))
                .collect();
            cells.push(reasons.join("；"));
        }
        put(&cells);
        count += 1;
    }
    rows.finish();
    if let Some(out) = &asked.out {
        lines.push(String::new());
        write(out, &lines.join("\n"))?;
        say::line(format!(
            "{} 行已评分，写入 {}。",
            say::count(count),
            out.display()
        ));
    }
    Ok(())
}

/// A cell of CSV.
fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
