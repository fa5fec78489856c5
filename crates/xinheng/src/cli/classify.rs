//! `xinheng classify` and `xinheng explain`.
use house::assess::model::Run;
use house::assess::service;
use house::hall::{House, command, query};
use kernel::{Actor, Day, Outcome};
use policy::Explanation;

use crate::{full_run, say, worker};

/// Classifies all entities and says how many stand in each class. `full`: looks at everybody even where only what changed
/// would do.
pub fn run(house: &House, as_of: Option<Day>, full: bool) -> Outcome<()> {
    let report = reported(house, as_of, full)?;
    let run = &report.run;
    say::line(format!(
        "分类批次 {}（截止 {}）：{} 户，其中 {} 户类别有变化。",
        run.run_id,
        run.as_of,
        say::count(run.entities),
        say::count(run.changed)
    ));
    say::line(report.told());
    shares(house)?;
    if let Some(alarm) = &run.alarm {
        say::line(format!("预警：{alarm}"));
    }
    Ok(())
}

/// Classifies all entities.
pub fn all(house: &House, as_of: Option<Day>) -> Outcome<Run> {
    reported(house, as_of, false).map(|report| report.run)
}

fn reported(house: &House, as_of: Option<Day>, full: bool) -> Outcome<full_run::Report> {
    let op = house.op(Actor::operator("本机操作员"), "classify");
    let as_of = as_of.unwrap_or_else(|| op.today());
    let run = command(house, &op, |tx, op| service::open_run(tx, op, "full", as_of))?;
    let report = full_run::full_run(house, &op, run.run_id, full)?;
    worker::settle(house, false)?;
    Ok(report)
}

/// Prints how many entities stand in each class.
pub fn shares(house: &House) -> Outcome<()> {
    let op = house.op(Actor::operator("本机操作员"), "classify");
    let counts = query(house, &op, |tx, _| service::shares(tx))?;
    let all: i64 = counts.iter().map(|count| count.entities).sum();
    for count in counts {
        let permille = (count.entities * 1000 + all / 2) / all.max(1);
        say::line(format!(
            "  {} 类 {:>10} 户  {}.{} %",
            count.class,
            say::count(count.entities),
            permille / 10,
            permille % 10
        ));
    }
    Ok(())
}

/// Says why an entity stands where it stands, and what would change it.
pub fn explain(house: &House, code: &str, as_of: Option<Day>, run: Option<i64>) -> Outcome<()> {
    let op = house.op(Actor::operator("本机操作员"), "explain");
    if let Some(run_id) = run {
        let again = query(house, &op, |tx, op| service::recompute(tx, op, code, run_id))?;
        let decided = again.decided.map_or_else(
            || "没有决定".into(),
            |(class, points)| format!("{class} 类，{points} 分"),
        );
        say::line(format!("批次 {run_id} 当时的决定：{decided}。"));
        say::line(if again.agrees {
            "按当时所知重算，结果一致。"
        } else {
            "按当时所知重算，结果不一致!"
        });
        print(&again.explanation);
        return Ok(());
    }
    let why = query(house, &op, |tx, op| {
        service::explain(tx, op, code, as_of.unwrap_or_else(|| op.today()))
    })?;
    print(&why);
    Ok(())
}

fn print(why: &Explanation) {
    say::line(format!(
        "{} 类（{}）,{} 分。",
        why.class_code, why.class_title, why.points
    ));
    if why.class_by_points != why.class_code {
        say::line(format!(
            "  按分值为 {} 类，因直接判定规则改为 {} 类。",
            why.class_by_points, why.class_code
        ));
    }
    say::line("各组得分：");
    for group in &why.groups {
        say::line(format!(
            "  {:<24} {:>4} / {}",
            group.title, group.points, group.cap
        ));
    }
    say::line("理由：");
    for reason in why.reasons.iter().filter(|reason| reason.points != 0) {
        say::line(format!(
            "  {:+5} 分  {}（依据：{}{}）",
            reason.points, reason.sentence, reason.basis.title, reason.basis.article
        ));
    }
    for direct in &why.direct {
        let word = if direct.decides {
            "直接判定"
        } else {
            "直接判定（未改变结果）"
        };
        say::line(format!(
            "  {word}：{}（依据：{}{}）",
            direct.sentence, direct.basis.title, direct.basis.article
        ));
    }
    if !why.changes.is_empty() {
        say::line("怎样会改变：");
        for change in &why.changes {
            say::line(format!(
                "  {} → {} 类，{} 分",
                change.sentence, change.class_code, change.points
            ));
        }
    }
    say::line("分类结果是内部配置检查资源的依据，不公开，不作为处罚依据。");
}
