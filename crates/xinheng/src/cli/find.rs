//! `xinheng find`: entities by name, pinyin or code.
use clap::Args;
use house::hall::{House, query};
use house::registry::model::Find as Asked;
use house::registry::service;
use kernel::{Actor, EntityStatus, Outcome};

use crate::say;

/// What to find.
#[derive(Debug, Args)]
pub struct Find {
    /// 名称或曾用名中的字（每个词至少两个字，多个词都要有）、拼音首字母、全拼，或代码的开头
    #[arg(required = true, value_name = "词")]
    words: Vec<String>,
    /// 行政区划代码，含下级
    #[arg(long, value_name = "区划代码")]
    division: Option<String>,
    /// 登记状态，例如 存续、注销，或代码
    #[arg(long, value_name = "状态")]
    status: Option<String>,
    /// 最多列出几个
    #[arg(long, default_value_t = 20, value_name = "个数", value_parser = clap::value_parser!(i64).range(1..=200))]
    limit: i64,
}

/// How many names are put into the index between two lines of progress.
const TELL_EVERY: u64 = 500_000;

/// Prints what is found. The index of names is brought up to date first: other commands leave it behind.
pub fn run(house: &House, asked: Find) -> Outcome<()> {
    let op = house.op(Actor::operator("本机操作员"), "find");
    let (mut done, mut next) = (0, TELL_EVERY);
    let mut tell = |entities: u64| {
        done += entities;
        if done >= next {
            say::note(format!("正在更新名称索引，已处理 {done} 个主体。"));
            next += TELL_EVERY;
        }
        true
    };
    while service::follow::follow(house, &op, &mut tell)? {}
    let find = Asked {
        words: asked.words.join(" "),
        division: asked.division,
        status: asked.status,
    };
    let found = query(house, &op, |tx, op| {
        service::find::find(house, tx, op, &find, None, asked.limit)
    })?;
    for entity in &found.entities {
        let status = EntityStatus::parse(&entity.status).map_or("状态不明", EntityStatus::title);
        say::line(format!(
            "{}  {}  {status}  {}",
            entity.subject_no, entity.name, entity.division
        ));
    }
    let shown = found.entities.len();
    match (found.total, found.more_than) {
        (Some(0), _) => say::line("没有找到。可以少写几个字、换一个词，或去掉区划和状态的限制。".to_owned()),
        (Some(total), _) => say::line(format!("共 {total} 个，列出 {shown} 个。")),
        (None, Some(bound)) => say::line(format!("超过 {bound} 个，列出 {shown} 个。请多写几个字。")),
        (None, None) => say::line(format!("列出 {shown} 个，还有更多。请多写几个字。")),
    }
    Ok(())
}
