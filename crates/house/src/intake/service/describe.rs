//! What a file holds (识别): its tables, and for each the item of the catalogue it is, before anything is taken in.
use std::path::Path;

use kernel::{Fault, FaultKind, Outcome};
use policy::pack::PackOn;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::rules::{Candidate, Headings, SENT_BACK, Verdict};
use super::super::table::{self, Line, Opened};
use super::stage::Mapping;
use crate::hall::Op;

/// Rows shown of each table.
const SHOWN: usize = 3;

/// A table of a file as it is understood.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Described {
    /// 第几张表
    pub number: i64,
    /// 表名（工作表、压缩包内的文件、JSON 数组）；只有一张表的文件为空
    pub table: String,
    /// 识别为哪个目录事项；不能确定时为空
    pub item: Option<String>,
    /// 事项名称
    pub title: Option<String>,
    /// 表头所在行
    pub heading_line: Option<i64>,
    /// 各列对应的字段
    pub columns: Vec<Meaning>,
    /// 未识别的列
    pub unknown: Vec<String>,
    /// 最接近的事项，以及各缺哪些必需的列；只在不能确定时给出
    pub nearest: Vec<Nearest>,
    /// 前几行
    pub first_rows: Vec<Vec<String>>,
    /// 退回清单改正后重新提交时，原来的批次号
    pub sent_back: Option<i64>,
    /// 行数（不含表头和空行）；只在点过行数时给出
    pub rows: Option<i64>,
    /// 不能识别或不能读取的原因
    pub fault: Option<String>,
    /// 空表
    pub empty: bool,
}

/// A column as understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Meaning {
    /// 文件中的表头
    pub heading: String,
    /// 目录中的字段
    pub title: String,
}

/// An item that a table nearly is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Nearest {
    /// 目录事项
    pub item: String,
    /// 事项名称
    pub title: String,
    /// 缺少的必需的列
    pub missing: Vec<String>,
    /// 能识别的列数
    pub understood: usize,
}

/// Describes the tables of a file, or of those that are meant to be one item. `count` reads the file to its end and counts
/// the rows. A table that cannot be read says so and stops no other.
pub fn describe(
    law: &PackOn<'_>,
    path: &Path,
    name: &str,
    item: Option<&str>,
    mapping: &Mapping,
    count: bool,
) -> Outcome<Vec<Described>> {
    if let Some(item) = item {
        super::known_item(law, item)?;
    }
    let headings = Headings::of(law);
    let mut found = Vec::new();
    table::each_table(path, name, |number, opened| {
        found.push(match opened {
            Ok(opened) => table_of(law, &headings, opened, (name, item, mapping, count)),
            Err(fault) => Described {
                number,
                fault: Some(fault.detail),
                ..Described::default()
            },
        });
        Ok(true)
    })?;
    if found.iter().all(|table| table.empty) {
        let detail = format!("文件“{name}”是空的。请检查后重新提交。");
        return Err(Fault::new(FaultKind::Invalid, "intake.file.empty", detail));
    }
    Ok(found)
}

/// The item of a file that is one item, for whoever must know before it is read.
pub fn only_item(op: &Op, path: &Path, name: &str, mapping: &Mapping) -> Outcome<String> {
    let law = op.pack.on(op.today());
    let tables = describe(&law, path, name, None, mapping, false)?;
    let mut full = tables.into_iter().filter(|table| !table.empty);
    let first = full.next().map(|table| table.item.ok_or(table.fault));
    match first {
        Some(Ok(item)) => Ok(item),
        Some(Err(fault)) => Err(Fault::new(
            FaultKind::Invalid,
            "intake.item.unrecognised",
            fault.unwrap_or_default(),
        )),
        None => Err(Fault::new(
            FaultKind::Invalid,
            "intake.file.empty",
            "文件是空的。",
        )),
    }
}

/// Name of the file, item it is said to be, mapping, whether to count.
type Asked<'a> = (&'a str, Option<&'a str>, &'a Mapping, bool);

fn table_of(
    law: &PackOn<'_>,
    known: &Headings<'_>,
    opened: Opened,
    (name, item, mapping, count): Asked<'_>,
) -> Described {
    let mut described = Described {
        number: opened.number,
        table: opened.name.clone(),
        empty: opened.is_empty(),
        ..Described::default()
    };
    if described.empty {
        return described;
    }
    let leading = opened.headings();
    let meant = |heading: &str| mapping.columns.get(heading.trim()).cloned();
    let verdict = match item {
        None => known.recognise(&leading, &[name, &described.table], &meant, &mapping.defaults),
        Some(code) => told(law, code, &leading, mapping),
    };
    match verdict {
        Verdict::Is(found) => {
            is(&mut described, &found, &leading);
            described.heading_line = opened
                .leading
                .get(found.heading)
                .and_then(|row| i64::try_from(row.line).ok());
            let first = opened.leading.get(found.heading + 1..).unwrap_or_default();
            described.first_rows = first
                .iter()
                .take(SHOWN)
                .map(|row| row.cells().map(str::to_owned).collect())
                .collect();
            described.sent_back = found
                .columns
                .sent_back()
                .and_then(|(at, _)| first.iter().find_map(|row| row.cell(at)?.trim().parse().ok()));
            let heading = found.heading;
            if count {
                match rows_after(opened, heading) {
                    Ok(rows) => described.rows = Some(rows),
                    Err(fault) => described.fault = Some(fault.detail),
                }
            }
        }
        Verdict::AnyOf(candidates) => {
            let titles: Vec<String> = candidates
                .iter()
                .map(|it| format!("{}（{}）", it.item.title, it.code))
                .collect();
            described.fault = Some(format!(
                "可能是{}，不能确定是哪一种。请说明目录事项。",
                titles.join("或")
            ));
            described.nearest = candidates.iter().map(nearest).collect();
            guess(&mut described, &opened, &leading);
        }
        Verdict::None(candidates) => {
            described.fault = Some(match (item, candidates.first()) {
                (Some(_), Some(found)) => lacking(found),
                _ => unrecognised(&candidates),
            });
            described.nearest = candidates.iter().map(nearest).collect();
            guess(&mut described, &opened, &leading);
        }
    }
    described
}

/// A table that is said to be an item.
fn told<'p>(law: &PackOn<'p>, code: &str, leading: &[Vec<String>], mapping: &Mapping) -> Verdict<'p> {
    let Ok(answer) = law.item(code) else {
        return Verdict::None(Vec::new());
    };
    match mapping.columns(answer.value, leading) {
        Some((heading, columns)) => Candidate::told(code, answer.value, heading, columns),
        None => Verdict::None(Vec::new()),
    }
}

fn is(described: &mut Described, found: &Candidate<'_>, leading: &[Vec<String>]) {
    described.item = Some(found.code.clone());
    described.title = Some(found.item.title.clone());
    let headings = leading.get(found.heading).map_or(&[][..], Vec::as_slice);
    described.columns = meanings(found, headings);
    described.unknown = found.columns.unknown();
}

fn meanings(found: &Candidate<'_>, headings: &[String]) -> Vec<Meaning> {
    let titles = found.columns.titles(found.item);
    let columns = headings.iter().zip(titles);
    columns
        .filter_map(|(heading, title)| {
            Some(Meaning {
                heading: heading.trim().to_owned(),
                title: title?,
            })
        })
        .collect()
}

/// Shows the rows from the top where no heading row is found for sure.
fn guess(described: &mut Described, opened: &Opened, leading: &[Vec<String>]) {
    described.first_rows = leading.iter().take(SHOWN).cloned().collect();
    // A report of ours comes back under whatever headings: the number of its batch says what it is.
    described.sent_back = leading.iter().enumerate().find_map(|(at, row)| {
        let place = row
            .iter()
            .position(|cell| Some(&cell.trim()) == SENT_BACK.first())?;
        opened
            .leading
            .get(at + 1..)?
            .iter()
            .find_map(|row| row.cell(place)?.trim().parse().ok())
    });
}

fn nearest(candidate: &Candidate<'_>) -> Nearest {
    Nearest {
        item: candidate.code.clone(),
        title: candidate.item.title.clone(),
        missing: candidate.missing.clone(),
        understood: candidate.columns.understood(),
    }
}

/// Of a table that is said to be an item and lacks what the item needs.
fn lacking(found: &Candidate<'_>) -> String {
    format!(
        "不是完整的“{}”（{}）：缺少必需的列：{}。请补上，或用列对照文件（mapping）说明是哪一列。",
        found.item.title,
        found.code,
        found.missing.join("、")
    )
}

fn unrecognised(candidates: &[Candidate<'_>]) -> String {
    if candidates.is_empty() {
        return "没有一列是目录中任何事项的字段。请检查表头是否在前几行，或用列对照文件（mapping）说明各列是什么。".to_owned();
    }
    let near: Vec<String> = candidates
        .iter()
        .map(|it| {
            let lack = if it.missing.is_empty() {
                "多数列不是它的字段".to_owned()
            } else {
                format!("缺少必需的列：{}", it.missing.join("、"))
            };
            format!("{}（{}），{lack}", it.item.title, it.code)
        })
        .collect();
    format!(
        "不能识别是哪个目录事项。最接近的是：{}。请补上所缺的列，或说明目录事项并用列对照文件（mapping）说明各列是什么。",
        near.join("；")
    )
}

/// Counts the rows of a table: blank ones do not count, those that cannot be read do.
fn rows_after(opened: Opened, heading: usize) -> Outcome<i64> {
    let mut rows = 0;
    for line in opened.after(heading) {
        let counts = match line? {
            Line::Row(row) => row.cells().any(|cell| !cell.trim().is_empty()),
            Line::Bad(_) => true,
        };
        rows += i64::from(counts);
    }
    Ok(rows)
}
