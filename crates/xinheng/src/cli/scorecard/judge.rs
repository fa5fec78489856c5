//! `xinheng model judge`: how good the order of the scores was, beside the order as it was.
use std::path::PathBuf;

use clap::Args;
use kernel::{Day, Fault, Outcome};
use readers::Row;
use scorecard::{Interval, Judged, Visited, day_of, judge};

use super::{Rows, card, tell_absent};
use crate::say;

/// 用已有的检查结果评判
#[derive(Debug, Args)]
pub struct Judge {
    /// 模型文件
    model: PathBuf,
    /// 有检查日期和结果的文件
    file: PathBuf,
    /// 只看这一天以后（含）的检查
    #[arg(long)]
    from: Option<Day>,
    /// 只看这一天以前（含）的检查
    #[arg(long)]
    until: Option<Day>,
    /// 结果所在的列，不写为模型文件里的
    #[arg(long)]
    outcome: Option<String>,
    /// 日期所在的列，不写为模型文件里的
    #[arg(long)]
    day: Option<String>,
}

/// Does it.
pub fn run(asked: &Judge) -> Outcome<()> {
    let mut card = card(&asked.model)?;
    card.columns.outcome = asked.outcome.clone().unwrap_or(card.columns.outcome);
    card.columns.day = asked.day.clone().unwrap_or(card.columns.day);
    let mut rows = Rows::open(&asked.file)?;
    let reader = card.look_at(&rows.headings)?;
    tell_absent(&reader.absent());
    let (Some(day_at), Some(outcome_at)) = card.day_and_outcome(&rows.headings) else {
        return Err(Fault::invalid(
            "model.judge.no-outcome",
            format!(
                "文件里没有日期列“{}”或结果列“{}”，不能评判。可用 --day、--outcome 指明；没有结果的文件请用 xinheng model score。",
                card.columns.day, card.columns.outcome
            ),
        ));
    };
    let mut visits = Vec::new();
    let mut row = Row::new();
    while rows.read(&mut row)? {
        let text = row.cell(day_at).unwrap_or_default();
        let found = card.found(row.cell(outcome_at).unwrap_or_default());
        match (day_of(text), found) {
            (None, _) => rows.refuse(&format!("第 {} 行：“{text}”不是日期。", row.line)),
            (_, Err(why)) => rows.refuse(&format!("第 {} 行：{why}", row.line)),
            (Some(day), Ok(found)) => {
                let within =
                    asked.from.is_none_or(|from| day >= from) && asked.until.is_none_or(|until| day <= until);
                if within {
                    visits.push(Visited {
                        day,
                        found,
                        score: f64::from(reader.score(&|at| row.cell(at)).score),
                    });
                }
            }
        }
    }
    rows.finish();
    let judged = judge(&visits).ok_or_else(|| {
        Fault::invalid(
            "model.judge.nothing",
            format!(
                "{} 行检查全部检出或全部未检出（或没有数据），分不出次序的好坏。请换一段时间。",
                visits.len()
            ),
        )
    })?;
    if judged.days.0 <= card.made.until {
        say::note(format!(
            "注意：模型用了 {} 至 {} 的数据训练，评判的日子与它重叠，结果会偏好。",
            card.made.from, card.made.until
        ));
    }
    tell(&judged);
    Ok(())
}

fn ranged(interval: Interval, decimals: usize, times: f64) -> String {
    format!(
        "{:.decimals$}（95% 区间 {:.decimals$} 至 {:.decimals$}）",
        interval.value * times,
        interval.low * times,
        interval.high * times
    )
}

fn rate(found: usize, rows: usize) -> String {
    let part = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    format!("{:.1}%", 100.0 * part(found) / part(rows.max(1)))
}

fn tell(judged: &Judged) {
    say::line(format!(
        "检查 {} 次（{} 至 {}），检出问题 {} 次，检出率 {}。",
        judged.rows,
        judged.days.0,
        judged.days.1,
        judged.found,
        rate(judged.found, judged.rows)
    ));
    say::line(format!(
        "AUC：{}；原来次序 {:.3}。",
        ranged(judged.auc, 3, 1.0),
        judged.auc_as_it_was
    ));
    say::line(format!(
        "前一半检查找出全部问题的百分之：{}；原来次序 {:.1}。",
        ranged(judged.half, 1, 100.0),
        judged.half_as_it_was * 100.0
    ));
    say::line(format!(
        "问题平均提前发现的天数：{}；原来次序 0。",
        ranged(judged.earlier, 2, 1.0)
    ));
    say::line("按月：");
    for month in &judged.months {
        let auc = month.auc.map_or("无法计算".to_owned(), |auc| ranged(auc, 3, 1.0));
        let half = month
            .half
            .map_or("—".to_owned(), |half| format!("{:.1}%", half * 100.0));
        say::line(format!(
            "  {}  {} 次，检出 {}（{}），AUC {auc}，前一半找出 {half}",
            month.month,
            month.rows,
            month.found,
            rate(month.found, month.rows)
        ));
    }
    say::line("按分值由高到低分五档：");
    for slice in &judged.slices {
        say::line(format!(
            "  {} 至 {} 分：{} 次，检出 {}，检出率 {}",
            slice.highest,
            slice.lowest,
            slice.rows,
            slice.found,
            rate(slice.found, slice.rows)
        ));
    }
}
