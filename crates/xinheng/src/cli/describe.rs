//! `xinheng import describe`: what a file would be recognised as, before anything of it is taken in.
use std::path::Path;

use house::hall::House;
use house::intake::service::{self, Described};
use kernel::{Actor, Outcome};

use super::import::read_mapping;
use crate::say;

/// What a table is recognised as, in a sentence.
pub fn recognised(table: &Described, several: bool) -> String {
    let what = match (&table.title, &table.item) {
        (Some(title), Some(item)) => format!("识别为“{title}”（{item}）"),
        _ => "按原批次的事项处理".to_owned(),
    };
    let corrects = table
        .sent_back
        .map_or_else(String::new, |batch| format!("，是对批次 {batch} 退回的行的更正"));
    if several && !table.table.is_empty() {
        format!("“{}”{what}{corrects}。", table.table)
    } else {
        format!("{what}{corrects}。")
    }
}

/// Says what a file would be recognised as.
pub fn run(house: &House, item: Option<&str>, file: &Path, mapping: Option<&Path>) -> Outcome<()> {
    let mapping = read_mapping(mapping)?;
    let op = house.op(Actor::operator("本机操作员"), "import");
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let law = op.pack.on(op.today());
    for table in service::describe(&law, file, &name, item, &mapping, false)? {
        show(&table);
    }
    Ok(())
}

fn show(table: &Described) {
    let called = if table.table.is_empty() {
        "文件".to_owned()
    } else {
        format!("表 {}“{}”", table.number, table.table)
    };
    if table.empty {
        say::line(format!("{called}：空表。"));
        return;
    }
    match &table.fault {
        Some(fault) => say::line(format!("{called}：{fault}")),
        None => say::line(format!("{called}{}", recognised(table, false))),
    }
    if let Some(line) = table.heading_line {
        say::line(format!("  表头在第 {line} 行，识别 {} 列：", table.columns.len()));
    }
    for column in &table.columns {
        say::line(format!("    {} → {}", column.heading, column.title));
    }
    if !table.unknown.is_empty() {
        say::line(format!("  未识别的列：{}", table.unknown.join("、")));
    }
    for near in &table.nearest {
        let missing = if near.missing.is_empty() {
            "不缺必需的列".to_owned()
        } else {
            format!("缺 {}", near.missing.join("、"))
        };
        say::line(format!(
            "  接近 {}（{}）：识别 {} 列，{missing}",
            near.title, near.item, near.understood
        ));
    }
    if !table.first_rows.is_empty() {
        say::line("  前几行：");
    }
    for row in &table.first_rows {
        say::line(format!("    {}", row.join(" | ")));
    }
}
