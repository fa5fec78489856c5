//! `xinheng show`: a credit file.
use house::hall::{House, query};
use house::registry::service;
use kernel::{Actor, Day, Outcome};

use crate::say;

/// Prints the credit file of an entity as known on a day.
pub fn run(house: &House, code: &str, on: Option<Day>) -> Outcome<()> {
    let op = house.op(Actor::operator("本机操作员"), "show");
    let file = query(house, &op, |tx, op| service::credit_file(tx, op, code, on))?;
    let entity = &file.entity;
    say::line(format!("{}  {}", entity.name, entity.subject_no));
    if !file.former_names.is_empty() {
        say::line(format!("  曾用名：{}", file.former_names.join("、")));
    }
    for mark in &file.marks {
        say::line(match mark.as_str() {
            "inner-check" => "  注意：代码中的组织机构代码校验不符（代码本身有效）。",
            _ => "  注意：登记机关代码不在区划表中。",
        });
    }
    for group in &file.groups {
        say::line(format!("{}（{} 条）", group.title, group.statements.len()));
        for statement in &group.statements {
            let state = match statement.state.as_str() {
                "corrected" => "[已更正] ",
                "withdrawn" => "[已撤销] ",
                "ended" => "[已移出或修复] ",
                "ahead" => "[日期未到] ",
                _ => "",
            };
            let content: Vec<String> = statement
                .content
                .as_object()
                .into_iter()
                .flatten()
                .filter_map(|(_, value)| value.as_str().map(str::to_owned))
                .collect();
            say::line(format!(
                "  {} {state}{}：{}",
                statement.on,
                statement.title,
                content.join(",")
            ));
            say::line(format!(
                "      来源：{}，批次 {} 第 {} 行，{} 收到",
                statement.supplier,
                statement.batch_id,
                statement.line,
                house::hall::local_day(statement.received_at)
            ));
        }
    }
    Ok(())
}
