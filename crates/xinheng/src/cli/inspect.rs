//! `xinheng plan`, `draw`, `task` and `publish`: double random from the plan to the open result.
use std::path::{Path, PathBuf};

use clap::Subcommand;
use house::hall::{House, command, files, query};
use house::inspect::model::{
    Cause, Draw, NewContributor, NewDraw, NewPlan, NewResult, Plan, Replacement, TaskSearch,
};
use house::inspect::service;
use house::publish;
use kernel::{Actor, Fault, FaultKind, Outcome};
use proof::draw::Contribution;

use crate::{say, worker};

/// 抽查计划
#[derive(Debug, Subcommand)]
pub enum PlanCommand {
    /// 编制计划
    Write {
        /// 计划 JSON 文件
        file: PathBuf,
    },
    /// 批准计划
    Approve {
        /// 计划编号
        plan: String,
    },
    /// 结束计划，公开全部抽取结果
    Close {
        /// 计划编号
        plan: String,
    },
    /// 列出计划
    List,
}

/// 抽取
#[derive(Debug, Subcommand)]
pub enum DrawCommand {
    /// 为一个随机数提供方生成随机值和承诺值（在提供方自己的机器上运行，不需要数据文件夹）
    Contribute {
        /// 提供方名称
        name: String,
        /// 密码套件
        #[arg(long, default_value = "sm3-sm2")]
        suite: String,
    },
    /// 承诺：固定对象库、名额、人员名录和随机数提供方
    Commit {
        /// 计划编号
        plan: String,
        /// 提供方，写成 名称=承诺值，至少两个
        #[arg(long = "contributor", required = true)]
        contributors: Vec<String>,
    },
    /// 揭示一个提供方的随机值
    Reveal {
        /// 抽取编号
        draw: i64,
        /// 提供方名称
        name: String,
        /// 随机值（十六进制）
        value: String,
    },
    /// 抽取
    Run {
        /// 抽取编号
        draw: i64,
    },
    /// 将揭示期已过、揭示不全的抽取作废
    Expire,
    /// 导出文书和材料，供验证
    Material {
        /// 抽取编号
        draw: i64,
        /// 写到哪个文件夹
        #[arg(long, default_value = ".")]
        out: PathBuf,
        /// 同时导出审计材料（含对象名单，内部使用）
        #[arg(long)]
        auditor: bool,
        /// 同时导出这家企业的材料
        #[arg(long, value_name = "代码")]
        firm: Option<String>,
    },
}

/// 检查任务
#[derive(Debug, Subcommand)]
pub enum TaskCommand {
    /// 列出任务
    List {
        /// 计划编号
        #[arg(long)]
        plan: Option<String>,
        /// 状态:open、done、unstaffed、cancelled、replaced
        #[arg(long)]
        state: Option<String>,
        /// 最多列出多少条
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
    /// 取消任务
    Cancel {
        /// 任务编号（系统编号）
        task: i64,
        /// 原因
        reason: String,
    },
    /// 对象已注销或迁出时，由候补对象替换
    Replace {
        /// 任务编号（系统编号）
        task: i64,
        /// 原因：closed 已注销、停业；moved 已迁出
        #[arg(long, value_parser = ["closed", "moved"])]
        cause: String,
        /// 证明情况的说明
        note: String,
    },
    /// 检查人员回避，由次序在后的人员接替
    Recuse {
        /// 任务编号（系统编号）
        task: i64,
        /// 执法证号
        inspector: String,
        /// 回避原因
        reason: String,
    },
    /// 录入检查结果
    Result {
        /// 任务编号（系统编号）
        task: i64,
        /// 结果 JSON 文件
        file: PathBuf,
    },
}

/// 公示
#[derive(Debug, Subcommand)]
pub enum PublishCommand {
    /// 公示全部已录入、尚未公示的检查结果
    Results,
}

fn op(house: &House) -> house::Op {
    house.op(Actor::operator("本机操作员"), "cli")
}

/// Does what was asked of plans.
pub fn plan(house: &House, what: PlanCommand) -> Outcome<()> {
    match what {
        PlanCommand::Write { file } => {
            let new: NewPlan = read_json(&file)?;
            let plan = command(house, &op(house), |tx, op| service::write_plan(tx, op, &new))?;
            say::line(format!(
                "已编制计划 {}：{}。下一步：xinheng plan approve {0}",
                plan.plan_no, plan.title
            ));
        }
        PlanCommand::Approve { plan } => {
            let plan = command(house, &op(house), |tx, op| {
                let plan = service::plan_by_no(tx, op, &plan)?;
                service::approve_plan(tx, op, plan.plan_id)
            })?;
            say::line(format!("已批准计划 {}。", plan.plan_no));
        }
        PlanCommand::Close { plan } => {
            let plan = command(house, &op(house), |tx, op| {
                let plan = service::plan_by_no(tx, op, &plan)?;
                service::close_plan(tx, op, plan.plan_id)
            })?;
            say::line(format!("已结束计划 {}，全部抽取结果可以公开核对。", plan.plan_no));
        }
        PlanCommand::List => {
            let plans = query(house, &op(house), |tx, op| service::plans(tx, op, i64::MAX, 200))?;
            if plans.is_empty() {
                say::line("还没有计划。用 xinheng plan write 计划.json 编制一个。");
            }
            for plan in plans {
                say::line(format!(
                    "{}  {}  {} 至 {}  {}",
                    plan.plan_no,
                    plan_state(&plan),
                    plan.starts_on,
                    plan.ends_on,
                    plan.title
                ));
            }
        }
    }
    worker::settle(house, false)
}

fn plan_state(plan: &Plan) -> &str {
    match plan.state.as_str() {
        "draft" => "草稿",
        "approved" => "已批准",
        "committed" => "已承诺",
        "drawn" => "已抽取",
        "closed" => "已结束",
        other => other,
    }
}

/// Makes a contributor's value and its commitment; needs no house.
pub fn contribute(name: &str, suite: &str) -> Outcome<()> {
    const VALUE_BYTES: usize = 32;
    let suite = proof::Suite::parse(suite).ok_or_else(|| {
        let detail = format!("不认识的密码套件“{suite}”。可用:sm3-sm2、sha256-ed25519。");
        Fault::invalid("hall.suite.unknown", detail)
    })?;
    let mut value = [0_u8; VALUE_BYTES];
    house::hall::Chance::fill(&crate::rim::SystemChance, &mut value)?;
    let commitment = Contribution {
        name: name.to_owned(),
        value: value.to_vec(),
    }
    .commit(suite);
    say::line(format!("随机值（抽取前务必保密）：{}", hex::encode(value)));
    say::line(format!("承诺值（交给发起部门）：{name}={commitment}"));
    Ok(())
}

/// Does what was asked of draws.
pub fn draw(house: &House, what: DrawCommand) -> Outcome<()> {
    match what {
        DrawCommand::Contribute { name, suite } => contribute(&name, &suite)?,
        DrawCommand::Commit { plan, contributors } => {
            let drawn = commit(house, &plan, &parse_contributors(&contributors)?)?;
            describe(&drawn);
            say::line(format!(
                "下一步：各提供方揭示随机值，xinheng draw reveal {} 名称 随机值",
                drawn.draw_id
            ));
        }
        DrawCommand::Reveal { draw, name, value } => {
            let state = command(house, &op(house), |tx, op| {
                service::reveal(tx, op, draw, &name, &value)
            })?;
            if state.state == "void" {
                say::line("揭示的值与承诺不符，本次抽取已作废，作废书已公布。请重新承诺。");
            } else {
                say::line(format!("已收到“{name}”的随机值。"));
            }
        }
        DrawCommand::Expire => {
            let voided = command(house, &op(house), service::expire_draws)?;
            say::line(format!("已作废 {} 次抽取。", voided.len()));
        }
        DrawCommand::Run { draw } => {
            let state = command(house, &op(house), |tx, op| {
                service::draw(tx, op, &house.keys, draw)
            })?;
            describe(&state);
        }
        DrawCommand::Material {
            draw,
            out,
            auditor,
            firm,
        } => material(house, draw, &out, auditor, firm.as_deref())?,
    }
    worker::settle(house, false)
}

fn parse_contributors(given: &[String]) -> Outcome<NewDraw> {
    let contributors = given
        .iter()
        .map(|text| {
            let (name, commitment) = text.split_once('=').ok_or_else(|| {
                let detail = format!("“{text}”应写成 名称=承诺值；承诺值由 xinheng draw contribute 得出。");
                Fault::new(FaultKind::Invalid, "inspect.contributor.malformed", detail)
            })?;
            Ok(NewContributor::Party {
                name: name.to_owned(),
                commitment: commitment.to_owned(),
            })
        })
        .collect::<Outcome<Vec<_>>>()?;
    Ok(NewDraw {
        contributors,
        reveal_by: None,
    })
}

/// Commits a draw with a fresh pool key and sees to it that the commitment stands in the log.
pub fn commit(house: &House, plan_no: &str, new: &NewDraw) -> Outcome<Draw> {
    let mut pool_key = [0_u8; 32];
    house.chance.fill(&mut pool_key)?;
    let drawn = command(house, &op(house), |tx, op| {
        let plan = service::plan_by_no(tx, op, plan_no)?;
        service::commit_draw(tx, op, plan.plan_id, new, pool_key)
    })?;
    worker::settle(house, false)?;
    Ok(drawn)
}

/// Prints a draw in numbers.
pub fn describe(draw: &Draw) {
    let state = match draw.state.as_str() {
        "committed" => "已承诺",
        "drawn" => "已抽取",
        _ => "已作废",
    };
    say::line(format!(
        "抽取 {}（{}，第 {} 次）：{state}",
        draw.draw_id, draw.campaign, draw.attempt
    ));
    say::line(format!("  承诺书摘要：{}", draw.commitment_hash));
    for pool in &draw.pools {
        let removed: Vec<String> = pool
            .removed
            .iter()
            .filter(|one| one.entities > 0)
            .map(|one| format!("{} {}", one.rule, say::count(i128::from(one.entities))))
            .collect();
        say::line(format!(
            "  {}：对象库 {} 户，抽取 {} 户（剔除：{}）",
            pool.item,
            say::count(i128::from(pool.size)),
            say::count(i128::from(pool.quota)),
            if removed.is_empty() {
                "无".to_owned()
            } else {
                removed.join("、")
            }
        ));
    }
}

/// Writes the files with which the draw can be checked. Returns their paths.
pub fn material(house: &House, draw: i64, out: &Path, auditor: bool, firm: Option<&str>) -> Outcome<()> {
    let canonical = |value: &dyn erased::Json| value.text();
    let sealed = query(house, &op(house), |tx, _| {
        service::sealed_transcript(tx, &house.keys, draw)
    })?;
    let path = out.join(format!("draw-{draw}.json"));
    files::write_whole(&path, &canonical(&sealed)?)?;
    say::line(format!("公开文书：{}", path.display()));
    if auditor {
        let material = query(house, &op(house), |tx, op| {
            service::auditor_material(tx, op, draw)
        })?;
        let path = out.join(format!("draw-{draw}-auditor.json"));
        files::write_whole(&path, &canonical(&material)?)?;
        say::line(format!("审计材料（内部）：{}", path.display()));
    }
    if let Some(code) = firm {
        let materials = query(house, &op(house), |tx, op| {
            service::firm_material(tx, op, draw, code)
        })?;
        for (number, material) in materials.iter().enumerate() {
            let path = out.join(format!("draw-{draw}-firm-{code}-{number}.json"));
            files::write_whole(&path, &canonical(material)?)?;
            say::line(format!("企业材料：{}", path.display()));
        }
    }
    Ok(())
}

/// Anything that can be written as canonical JSON, behind a reference.
mod erased {
    use kernel::{Fault, Outcome};

    pub trait Json {
        fn text(&self) -> Outcome<Vec<u8>>;
    }

    impl<T: serde::Serialize> Json for T {
        fn text(&self) -> Outcome<Vec<u8>> {
            proof::canonical::to_vec(self).map_err(|fault| Fault::internal("文书无法写出", fault))
        }
    }
}

/// Does what was asked of tasks.
pub fn task(house: &House, what: TaskCommand) -> Outcome<()> {
    match what {
        TaskCommand::List { plan, state, limit } => list_tasks(house, plan.as_deref(), state, limit)?,
        TaskCommand::Cancel { task, reason } => {
            let done = command(house, &op(house), |tx, op| service::cancel(tx, op, task, &reason))?;
            say::line(format!("已取消任务 {}。", done.task_no));
        }
        TaskCommand::Replace { task, cause, note } => {
            let cause = if cause == "closed" {
                Cause::Closed
            } else {
                Cause::Moved
            };
            let why = Replacement { cause, note };
            let done = command(house, &op(house), |tx, op| service::replace(tx, op, task, &why))?;
            for new in &done.tasks {
                say::line(format!(
                    "任务 {} 由 {}（{}）替换，新任务 {}。",
                    done.task.task_no, new.name, new.subject_no, new.task_id
                ));
            }
            if !done.without.is_empty() {
                say::line(format!("没有候补对象可用的事项：{}。", done.without.join("、")));
            }
        }
        TaskCommand::Recuse {
            task,
            inspector,
            reason,
        } => {
            let done = command(house, &op(house), |tx, op| {
                service::recuse(tx, op, task, &inspector, &reason)
            })?;
            let members: Vec<&str> = done
                .members
                .iter()
                .map(|member| member.inspector.as_str())
                .collect();
            say::line(format!(
                "任务 {} 的检查人员现为：{}。",
                done.task_no,
                members.join("、")
            ));
        }
        TaskCommand::Result { task, file } => {
            let new: NewResult = read_json(&file)?;
            let done = command(house, &op(house), |tx, op| {
                service::record_result(tx, op, task, &new)
            })?;
            say::line(format!("已录入任务 {} 的检查结果。", done.task_no));
        }
    }
    worker::settle(house, false)
}

fn list_tasks(house: &House, plan: Option<&str>, state: Option<String>, limit: i64) -> Outcome<()> {
    let tasks = query(house, &op(house), |tx, op| {
        let plan = plan.map(|no| service::plan_by_no(tx, op, no)).transpose()?;
        let search = TaskSearch {
            plan: plan.map(|plan| plan.plan_id),
            inspector: None,
            state,
        };
        service::tasks(tx, op, &search, 0, limit)
    })?;
    if tasks.is_empty() {
        say::line("没有符合条件的任务。");
    }
    for task in tasks {
        let items: Vec<&str> = task.items.iter().map(|item| item.item.as_str()).collect();
        let members: Vec<&str> = task
            .members
            .iter()
            .map(|member| member.inspector.as_str())
            .collect();
        say::line(format!(
            "{}  {}  {}  {}  事项 {}  人员 {}  期限 {}",
            task.task_id,
            task.state,
            task.subject_no,
            task.name,
            items.join("、"),
            members.join("、"),
            task.due_on
        ));
    }
    Ok(())
}

/// Does what was asked of publication.
pub fn publish(house: &House, what: &PublishCommand) -> Outcome<()> {
    match what {
        PublishCommand::Results => {
            let published = command(house, &op(house), publish::service::publish_due_results)?;
            say::line(format!("已公示 {} 项检查结果。", say::count(published)));
        }
    }
    worker::settle(house, false)
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Outcome<T> {
    serde_json::from_slice(&files::read_file(path)?).map_err(|e| {
        let detail = format!(
            "{} 第 {} 行第 {} 列有误：{e}",
            path.display(),
            e.line(),
            e.column()
        );
        Fault::new(FaultKind::Invalid, "cli.file.invalid", detail)
    })
}
