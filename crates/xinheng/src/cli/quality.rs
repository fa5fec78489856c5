//! `xinheng quality`: how good and how fresh what departments hand over is.
use clap::Subcommand;
use house::hall::{House, Op, query};
use house::intake::quality::service;
use kernel::{Actor, Outcome};

use crate::say;

/// What to look at.
#[derive(Debug, Subcommand)]
pub enum Quality {
    /// 各部门当月得分，七个维度，最差的在前
    Scores {
        /// 月份，例如 2026-05；不写为本月
        #[arg(long)]
        month: Option<String>,
    },
    /// 一个部门逐月的得分
    Trend {
        /// 部门编号
        supplier: String,
        /// 几个月
        #[arg(long, default_value_t = 12)]
        months: u32,
    },
    /// 各目录事项的更新情况
    Freshness,
    /// 各目录事项的归集量与同比增长
    Growth {
        /// 月份，不写为本月
        #[arg(long)]
        month: Option<String>,
    },
    /// 到期应报而未报的事项
    Overdue,
}

/// Shows it. Counts what is new today first.
pub fn run(house: &House, what: Quality) -> Outcome<()> {
    let op = house.op(Actor::operator("本机操作员"), "quality");
    let this_month = service::month_of(op.today());
    // Today's batches count at once, although the watch has been here already.
    service::measure(house, &op, &this_month)?;
    match what {
        Quality::Scores { month } => scores(house, &op, &month.unwrap_or(this_month)),
        Quality::Trend { supplier, months } => trend(house, &op, &supplier, &this_month, months),
        Quality::Freshness => freshness(house, &op),
        Quality::Growth { month } => growth(house, &op, &month.unwrap_or(this_month)),
        Quality::Overdue => overdue(house, &op),
    }
}

fn scores(house: &House, op: &Op, month: &str) -> Outcome<()> {
    let scores = query(house, op, |tx, op| service::scores(tx, op, month))?;
    if scores.is_empty() {
        say::line(format!("{month} 没有部门报送。"));
    }
    for score in scores {
        say::line(format!(
            "{}  {}  得分 {}{}",
            score.supplier,
            score.supplier_name.as_deref().unwrap_or("（未登记的部门）"),
            points(score.score),
            score
                .change
                .map_or_else(String::new, |n| format!("（较上月 {n:+}）"))
        ));
        if score.sent_back > 0 {
            say::line(format!(
                "    退回 {} 行，其中已更正 {} 行",
                say::count(score.sent_back),
                say::count(score.put_right)
            ));
        }
        for dimension in score.dimensions {
            say::line(format!(
                "    {}  {}  {}",
                dimension.title,
                points(dimension.score),
                dimension.said
            ));
        }
    }
    Ok(())
}

fn trend(house: &House, op: &Op, supplier: &str, until: &str, months: u32) -> Outcome<()> {
    let trend = query(house, op, |tx, op| {
        service::trend(tx, op, supplier, until, months)
    })?;
    if trend.is_empty() {
        say::line(format!("{supplier} 在这段时间没有报送。"));
    }
    for score in trend {
        let bar = "█".repeat(usize::try_from(score.score.unwrap_or(0) / 25).unwrap_or(0));
        say::line(format!("{}  {:>4}  {bar}", score.month, points(score.score)));
    }
    Ok(())
}

fn freshness(house: &House, op: &Op) -> Outcome<()> {
    for row in query(house, op, service::freshness)? {
        let state = match row.state.as_str() {
            "fresh" => "正常",
            "stale" => "过期",
            "never" => "从未报送",
            _ => "目录未规定",
        };
        let days = row.days.map_or_else(String::new, |days| format!("{days} 天前"));
        say::line(format!(
            "{}  {}  {}  {}",
            state,
            row.title,
            row.supplier.as_deref().unwrap_or("—"),
            days
        ));
    }
    Ok(())
}

fn growth(house: &House, op: &Op, month: &str) -> Outcome<()> {
    for row in query(house, op, |tx, op| service::growth(tx, op, month))? {
        let growth = row.permille.map_or_else(
            || "上年同月无记录".to_owned(),
            |n| {
                format!(
                    "同比 {}{}.{}%",
                    if n < 0 { "-" } else { "+" },
                    n.abs() / 10,
                    n.abs() % 10
                )
            },
        );
        say::line(format!(
            "{}  {}  {growth}",
            row.title,
            say::count(i128::from(row.records))
        ));
    }
    Ok(())
}

fn overdue(house: &House, op: &Op) -> Outcome<()> {
    let open = query(house, op, service::expectations)?;
    if open.is_empty() {
        say::line("没有到期未报的事项。");
    }
    for row in open {
        say::line(format!(
            "最迟 {}  {}  {}（截至 {} 的一期）",
            row.due_on, row.supplier, row.item, row.period_end_on
        ));
    }
    Ok(())
}

fn points(score: Option<i64>) -> String {
    score.map_or_else(|| "—".to_owned(), |score| score.to_string())
}
