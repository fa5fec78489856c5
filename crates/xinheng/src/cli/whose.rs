//! `xinheng match`, `merge`, `unmerge` and `related`: whose record it is, which entities are one, who is tied to whom.
use clap::{Args, Subcommand};
use house::hall::{House, Op, command, query};
use house::intake::whose::merge;
use house::intake::whose::model::{Loose, Standing};
use house::intake::whose::service as rows;
use house::registry::whose::model::{Case, Reason};
use house::registry::whose::{related, service, suggested};
use kernel::page::Cursor;
use kernel::{Actor, Outcome};

use crate::{say, worker};

/// Rows shown on one page.
const PAGE: i64 = 50;

/// What to do about rows whose code is absent or wrong.
#[derive(Debug, Subcommand)]
pub enum Match {
    /// 列出待关联的行
    List {
        /// 状态：queued 待人工判断、unlinked 未关联、waiting 待匹配、linked 已关联、left 不关联、replaced 被取代
        #[arg(long, default_value = "queued")]
        state: String,
        /// 只看某一批次
        #[arg(long)]
        batch: Option<i64>,
        /// 只看某一目录事项
        #[arg(long = "type", value_name = "事项")]
        item: Option<String>,
        /// 从上一页给出的位置接着看
        #[arg(long)]
        after: Option<i64>,
    },
    /// 显示一行及其候选主体：逐项对照、得分依据、历次决定
    Show {
        /// 编号
        row: i64,
    },
    /// 关联到一个主体
    Link {
        /// 编号
        row: i64,
        /// 统一社会信用代码或注册号
        code: String,
        /// 理由
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// 决定不关联
    Leave {
        /// 编号
        row: i64,
        /// 理由
        #[arg(long)]
        reason: String,
    },
    /// 撤销现有的决定
    Undo {
        /// 编号
        row: i64,
        /// 理由
        #[arg(long)]
        reason: String,
    },
    /// 重新匹配未处理的行
    Retry {
        /// 只匹配某一批次的行
        #[arg(long)]
        batch: Option<i64>,
    },
}

/// What to merge, or which merges to list.
#[derive(Debug, Args)]
pub struct Merge {
    /// 被并入的主体代码
    #[arg(required_unless_present_any = ["list", "suggest"])]
    code: Option<String>,
    /// 并入后的主体代码
    #[arg(required_unless_present_any = ["list", "suggest"])]
    into: Option<String>,
    /// 理由
    #[arg(long, default_value = "")]
    reason: String,
    /// 列出以前的合并
    #[arg(long, conflicts_with_all = ["code", "suggest"])]
    list: bool,
    /// 列出可能是同一主体的代码
    #[arg(long, conflicts_with = "code")]
    suggest: bool,
    /// 从上一页给出的位置接着看
    #[arg(long)]
    after: Option<String>,
}

fn operation(house: &House) -> Op {
    house.op(Actor::operator("本机操作员"), "whose")
}

/// Does what was asked about loose rows.
pub fn run(house: &House, what: Match) -> Outcome<()> {
    let op = operation(house);
    match what {
        Match::List {
            state,
            batch,
            item,
            after,
        } => list(
            house,
            &op,
            &rows::Asked { state, batch, item },
            after.unwrap_or(0),
        ),
        Match::Show { row } => {
            let case = query(house, &op, |tx, op| service::case(tx, op, row))?;
            show(&case);
            Ok(())
        }
        Match::Link { row, code, reason } => {
            let done = command(house, &op, |tx, op| service::link(tx, op, row, &code, &reason))?;
            say::line(format!(
                "第 {row} 号已关联到 {}，{}。",
                done.subject_no.unwrap_or_default(),
                match (done.made, done.record_id) {
                    (true, Some(record)) => format!("入库为记录 {record}"),
                    (_, Some(record)) => format!("与已有记录 {record} 相同，没有另行入库"),
                    _ => "没有另行入库".to_owned(),
                }
            ));
            worker::settle(house, false)
        }
        Match::Leave { row, reason } => {
            command(house, &op, |tx, op| service::leave(tx, op, row, &reason))?;
            say::line(format!("第 {row} 号已决定不关联。"));
            Ok(())
        }
        Match::Undo { row, reason } => {
            let done = command(house, &op, |tx, op| rows::undo(tx, op, row, &reason))?;
            let what = done.record_id.map_or_else(String::new, |record| {
                format!("，所生成的记录已由记录 {record} 撤销")
            });
            say::line(format!("第 {row} 号的决定已撤销{what}。此后这一行只由人工决定。"));
            worker::settle(house, false)
        }
        Match::Retry { batch } => {
            let again = command(house, &op, |tx, op| service::retry(tx, op, batch))?;
            worker::settle(house, false)?;
            let now = query(house, &op, |tx, op| rows::standing(tx, op, batch))?;
            say::line(format!("重新匹配 {again} 行。现在：{}。", words(&now)));
            Ok(())
        }
    }
}

/// How loose rows stand, in words.
pub fn words(now: &Standing) -> String {
    let parts = [
        (now.linked, "已关联"),
        (now.queued, "待人工判断"),
        (now.unlinked, "未关联"),
        (now.waiting, "待匹配"),
        (now.left, "决定不关联"),
        (now.replaced, "被后来的行取代"),
    ];
    let said: Vec<String> = parts
        .iter()
        .filter(|(rows, _)| *rows > 0)
        .map(|(rows, what)| format!("{what} {} 行", say::count(*rows)))
        .collect();
    if said.is_empty() {
        "没有待关联的行".to_owned()
    } else {
        said.join("，")
    }
}

fn list(house: &House, op: &Op, asked: &rows::Asked, after: i64) -> Outcome<()> {
    let (page, now) = query(house, op, |tx, op| {
        let page = service::listed(tx, op, asked, after, PAGE)?;
        Ok((page, rows::standing(tx, op, asked.batch)?))
    })?;
    say::line(format!("{}。", words(&now)));
    for loose in &page.items {
        say::line(line(loose));
    }
    if let Some(next) = &page.next {
        let last: i64 = Cursor::from_text(next.as_str()).decode()?;
        say::line(format!("还有更多，接着看请加 --after {last}"));
    }
    Ok(())
}

fn line(loose: &Loose) -> String {
    format!(
        "{:>8}  {}  “{}”  代码“{}”  {}  批次 {} 第 {} 行  {}",
        loose.loose_id,
        loose.item,
        loose.who.name,
        loose.who.code,
        loose.record_key,
        loose.batch_id,
        loose.line,
        loose.because
    )
}

fn reasons(reasons: &[Reason]) {
    for reason in reasons {
        say::line(format!("      {:>+5}  {}", reason.points, reason.sentence));
    }
}

fn show(case: &Case) {
    let loose = &case.loose;
    say::line(line(loose));
    say::line(format!("  状态：{}。{}", loose.state, loose.because));
    say::line(format!("  提供部门：{}；内容：{}", loose.supplier, loose.content));
    for (candidate, rank) in case.candidates.iter().zip(1..) {
        say::line(format!(
            "  候选 {rank}：{}  {}  得分 {}",
            candidate.name, candidate.subject_no, candidate.score
        ));
        for side in &candidate.sides {
            let mark = match side.agrees {
                Some(true) => "一致",
                Some(false) => "不同",
                None => "无从比较",
            };
            say::line(format!(
                "      {}：来文“{}”，主体库“{}”（{mark}）",
                side.field, side.written, side.known
            ));
        }
        reasons(&candidate.reasons);
    }
    if case.hidden > 0 {
        say::line(format!("  另有 {} 个候选主体不在本账号管辖范围内。", case.hidden));
    }
    for decision in &case.decisions {
        let what = match decision.kind.as_str() {
            "linked" => "关联到",
            "left" => "不关联",
            _ => "撤销",
        };
        say::line(format!(
            "  {}  {}{}：{what} {}  {}（规则 {}）",
            house::hall::local_day(decision.decided_at),
            decision.actor,
            if decision.automatic { "（自动）" } else { "" },
            decision.subject_no.as_deref().unwrap_or_default(),
            decision.reason,
            decision.rule
        ));
    }
}

/// Merges, or lists merges.
pub fn merge(house: &House, asked: &Merge) -> Outcome<()> {
    let op = operation(house);
    if asked.suggest {
        return suggest(house, &op, asked.after.as_deref());
    }
    let (Some(code), Some(into)) = (&asked.code, &asked.into) else {
        return merges(house, &op, asked.after.as_deref());
    };
    let done = command(house, &op, |tx, op| {
        service::merge(tx, op, code, into, &asked.reason)
    })?;
    say::line(format!(
        "合并 {}：{} {} 已并入 {} {}，移过去 {} 条有效记录。撤销：xinheng unmerge {} --reason 理由",
        done.merge_id,
        done.merged_no,
        done.merged_name,
        done.into_no,
        done.into_name,
        say::count(done.records),
        done.merged_no
    ));
    worker::settle(house, false)
}

fn merges(house: &House, op: &Op, after: Option<&str>) -> Outcome<()> {
    let before = after.map_or(Ok(i64::MAX), |text| Cursor::from_text(text).decode())?;
    let page = query(house, op, |tx, op| merge::merges(tx, op, before, PAGE))?;
    if page.items.is_empty() {
        say::line("没有合并过主体。");
    }
    for one in &page.items {
        let undone = one.undone_at.map_or_else(String::new, |at| {
            format!(
                "；{} 由 {} 撤销：{}",
                house::hall::local_day(at),
                one.undone_by.as_deref().unwrap_or_default(),
                one.undone_why.as_deref().unwrap_or_default()
            )
        });
        say::line(format!(
            "{:>8}  {}  {} {} → {} {}  {} 条  {}：{}{undone}",
            one.merge_id,
            house::hall::local_day(one.merged_at),
            one.merged_no,
            one.merged_name,
            one.into_no,
            one.into_name,
            one.records,
            one.merged_by,
            one.reason
        ));
    }
    more(page.next.as_deref());
    Ok(())
}

fn more(next: Option<&str>) {
    if let Some(next) = next {
        say::line(format!("还有更多，接着看请加 --after {next}"));
    }
}

fn suggest(house: &House, op: &Op, after: Option<&str>) -> Outcome<()> {
    let page = query(house, op, |tx, op| suggested(tx, op, after, PAGE))?;
    if page.items.is_empty() {
        say::line("没有发现同一地方、同一名称而代码不同的主体。");
    }
    for pair in &page.items {
        say::line(format!(
            "{} {}  ↔  {} {}  得分 {}",
            pair.merged_no, pair.merged_name, pair.into_no, pair.into_name, pair.score
        ));
        reasons(&pair.reasons);
    }
    more(page.next.as_deref());
    Ok(())
}

/// Undoes a merge, by the code that was merged or by the number of the merge.
pub fn unmerge(house: &House, which: &str, reason: &str) -> Outcome<()> {
    let op = operation(house);
    let done = command(house, &op, |tx, op| service::unmerge(tx, op, which, reason))?;
    say::line(format!(
        "合并 {} 已撤销：{} 与 {} 又是两个主体，各自的记录已恢复。",
        done.merge_id, done.merged_no, done.into_no
    ));
    worker::settle(house, false)
}

/// Lists the entities tied to one.
pub fn show_related(house: &House, code: &str, after: Option<&str>) -> Outcome<()> {
    let op = operation(house);
    let page = query(house, &op, |tx, op| {
        related(tx, op, &house.keys, code, after, PAGE)
    })?;
    if page.items.is_empty() {
        say::line("没有发现关联主体。");
    }
    for one in &page.items {
        let records: Vec<String> = one.records.iter().map(i64::to_string).collect();
        say::line(format!(
            "{}  {}  {}  {}{}（记录 {}）",
            one.title,
            one.subject_no,
            one.name,
            one.said,
            if one.strength == "weak" {
                "〔仅供参考〕"
            } else {
                ""
            },
            records.join("、")
        ));
    }
    more(page.next.as_deref());
    Ok(())
}
