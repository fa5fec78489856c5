//! `xinheng classes`: what changed.
use clap::{Subcommand, ValueEnum};
use house::assess::model::{ChangesAsked, ClassChange, Direction};
use house::assess::service;
use house::hall::{House, query};
use kernel::page::Cursor;
use kernel::{Actor, Day, Outcome};

use crate::say;

/// What to show of classes.
#[derive(Debug, Subcommand)]
pub enum Classes {
    /// 列出类别有变动的主体，附主要理由
    Changes {
        /// 自哪天起决定的
        #[arg(long)]
        since: Day,
        /// 到哪天止，不写为今天
        #[arg(long)]
        until: Option<Day>,
        /// 行政区划，含下级
        #[arg(long)]
        division: Option<String>,
        /// 只看变差或变好
        #[arg(long, value_enum)]
        direction: Option<Way>,
        /// 最多显示多少户
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
}

/// Which way a class changed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Way {
    /// 变差
    Worse,
    /// 变好
    Better,
}

/// Shows it.
pub fn run(house: &House, what: Classes) -> Outcome<()> {
    const PAGE: i64 = 200;
    let Classes::Changes {
        since,
        until,
        division,
        direction,
        limit,
    } = what;
    let asked = ChangesAsked {
        since,
        until,
        division,
        direction: direction.map(|way| match way {
            Way::Worse => Direction::Worse,
            Way::Better => Direction::Better,
        }),
    };
    let op = house.op(Actor::operator("本机操作员"), "classes");
    let (mut after, mut shown) = (None, 0);
    loop {
        let page = query(house, &op, |tx, op| service::changed(tx, op, &asked, after, PAGE))?;
        for change in &page.items {
            if shown == limit {
                say::line(format!("（只显示前 {limit} 户，用 --limit 显示更多。）"));
                return Ok(());
            }
            show(change);
            shown += 1;
        }
        match page.next {
            Some(next) => after = Some(Cursor::from_text(next).decode()?),
            None => break,
        }
    }
    if shown == 0 {
        say::line("这段时间没有主体的类别变动。");
    }
    say::line("分类结果是内部配置检查资源的依据，不公开，不作为处罚依据。");
    Ok(())
}

fn show(change: &ClassChange) {
    let word = match change.direction {
        Direction::Worse => "变差",
        Direction::Better => "变好",
        Direction::Other => "体系已变",
    };
    say::line(format!(
        "{}  {} → {}（{word}）  {}  {}  {} 分  批次 {}",
        house::hall::local_day(change.decided_at),
        change.from,
        change.to,
        change.subject_no,
        change.name,
        change.points,
        change.run_id
    ));
    match &change.reasons {
        Some(reasons) => {
            let told: Vec<String> = reasons
                .iter()
                .map(|reason| match reason.points {
                    Some(points) => format!("{}（{points:+}）", reason.sentence),
                    None => reason.sentence.clone(),
                })
                .collect();
            say::line(format!("    主要理由：{}", told.join("；")));
        }
        None => say::line("    主要理由：当时的政策包已不可用，不能重算"),
    }
}
