//! Drafts, shadow runs, releases, and the table of past results.
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use house::assess::life::model::{Approval, NewDraft, Overrule, Window};
use house::assess::life::service;
use house::hall::{House, Op, command, query, token};
use kernel::{Actor, Day, Fault, FaultKind, Outcome};

use super::shown;
use crate::{say, worker};

/// What to do with the life of a model.
#[derive(Debug, Subcommand)]
pub enum Life {
    /// 提交模型草案：与政策包 model.toml 写法相同的文件
    Draft {
        /// 文件
        file: PathBuf,
        /// 标题
        #[arg(long)]
        title: String,
        /// 起草理由
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// 列出草案和放行记录
    List,
    /// 一份草案办理的全过程
    Show {
        /// 草案编号
        draft: i64,
        /// 同时显示内容
        #[arg(long)]
        text: bool,
    },
    /// 影子运行：在过去的检查结果上比较草案与现行模型
    Shadow {
        /// 草案编号；0 为部署的政策包本身
        draft: i64,
        /// 检查结果从哪天起，不写为一年前
        #[arg(long)]
        from: Option<Day>,
        /// 到哪天止，不写为昨天
        #[arg(long)]
        until: Option<Day>,
        /// 抽多少户比较类别变动；0 为全部
        #[arg(long, default_value_t = 20_000)]
        sample: u32,
        /// 抽样的种子
        #[arg(long, default_value_t = 1)]
        seed: u32,
        #[command(flatten)]
        who: Who,
    },
    /// 再次显示一次影子运行的结果
    Result {
        /// 影子运行编号
        shadow: i64,
        /// 显示结果文书本身（JSON）
        #[arg(long)]
        json: bool,
    },
    /// 批准（须由起草人以外的人），自某日起生效；草案编号 0 为退回部署的政策包本身
    Approve {
        /// 草案编号
        draft: i64,
        /// 自哪天起生效，不写为今天
        #[arg(long)]
        from: Option<Day>,
        /// 批准意见
        #[arg(long)]
        reason: String,
        /// 不满足门槛或护栏仍放行：决定人姓名
        #[arg(long, requires = "overrule_reason")]
        overrule_by: Option<String>,
        /// 不满足门槛或护栏仍放行：理由
        #[arg(long, requires = "overrule_by")]
        overrule_reason: Option<String>,
        #[command(flatten)]
        who: Who,
    },
    /// 否决
    Reject {
        /// 草案编号
        draft: i64,
        /// 理由
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// 撤回未批准的草案，或未到生效日的批准
    Withdraw {
        /// 草案编号
        draft: i64,
        /// 理由
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        who: Who,
    },
    /// 写出训练用的表：每次检查一行，检查前一日各指标的原值和检查结果（不含名称）
    Table {
        /// 检查结果从哪天起
        #[arg(long)]
        from: Day,
        /// 到哪天止
        #[arg(long)]
        until: Day,
        /// 写到哪个文件（CSV）
        #[arg(long)]
        out: PathBuf,
        /// 以哪个模型的指标为列
        #[arg(long, default_value = "generic")]
        model: String,
    },
}

/// Who acts, when it is not the operator of this machine.
#[derive(Debug, Args)]
pub struct Who {
    /// 办理人的访问令牌；不写为本机操作员
    #[arg(long, env = "XINHENG_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

impl Who {
    fn actor(&self, house: &House) -> Outcome<Actor> {
        let operator = Actor::operator("本机操作员");
        let Some(token) = &self.token else {
            return Ok(operator);
        };
        let op = house.op(operator, "model");
        query(house, &op, |tx, _| token::holder(tx, token))
    }
}

/// Does it.
pub fn run(house: &House, what: Life) -> Outcome<()> {
    let op_of = |who: &Who| -> Outcome<Op> { Ok(house.op(who.actor(house)?, "model")) };
    let own = house.op(Actor::operator("本机操作员"), "model");
    match what {
        Life::Draft {
            file,
            title,
            reason,
            who,
        } => {
            draft(house, &op_of(&who)?, &file, (title, reason))?;
        }
        Life::List => shown::list(house, &own)?,
        Life::Show { draft, text } => shown::whole(house, &own, draft, text)?,
        Life::Shadow {
            draft,
            from,
            until,
            sample,
            seed,
            who,
        } => {
            let op = op_of(&who)?;
            shadow(house, &op, draft, (from, until), (sample, seed))?;
        }
        Life::Result { shadow, json: false } => shown::findings(house, &own, shadow)?,
        Life::Result { shadow, json: true } => {
            let found = query(house, &own, |tx, op| service::findings(tx, op, shadow))?;
            let text = serde_json::to_string_pretty(&found);
            say::line(text.map_err(|e| Fault::internal("影子运行的结果无法写出", e))?);
        }
        Life::Approve {
            draft,
            from,
            reason,
            overrule_by,
            overrule_reason,
            who,
        } => {
            let overrule = overrule_by
                .zip(overrule_reason)
                .map(|(by, reason)| Overrule { by, reason });
            let approval = Approval {
                from,
                reason,
                overrule,
            };
            let release = service::approve(house, &op_of(&who)?, draft, &approval)?;
            worker::settle(house, false)?;
            shown::release(house, &own, &release)?;
        }
        Life::Reject { draft, reason, who } => {
            let draft = command(house, &op_of(&who)?, |tx, op| {
                service::reject(tx, op, draft, &reason)
            })?;
            shown::draft(&draft);
        }
        Life::Withdraw { draft, reason, who } => {
            let draft = service::withdraw(house, &op_of(&who)?, draft, &reason)?;
            worker::settle(house, false)?;
            shown::draft(&draft);
        }
        Life::Table {
            from,
            until,
            out,
            model,
        } => table(house, (from, until), &out, model)?,
    }
    Ok(())
}

fn draft(house: &House, op: &Op, file: &Path, (title, reason): (String, String)) -> Outcome<()> {
    let new = NewDraft {
        title,
        reason,
        file_name: name_of(file),
        text: read(file)?,
    };
    let draft = command(house, op, |tx, op| service::draft(tx, op, &new))?;
    say::line(format!("已收下草案 {}：{}。", draft.draft_id, draft.title));
    say::line(format!(
        "  内容摘要 {}，起草人 {}",
        draft.digest, draft.drafted_by
    ));
    say::line(format!("下一步：xinheng model shadow {}", draft.draft_id));
    Ok(())
}

fn shadow(
    house: &House,
    op: &Op,
    draft: i64,
    (from, until): (Option<Day>, Option<Day>),
    (sample, seed): (u32, u32),
) -> Outcome<()> {
    /// A year of results, when nothing else is said.
    const YEAR: i64 = 364;
    let until = until.or_else(|| op.today().pred_opt()).unwrap_or(Day::MAX);
    let from = from.unwrap_or_else(|| until - chrono::Duration::days(YEAR));
    let window = Window {
        from,
        until,
        sample,
        seed,
    };
    let asked = command(house, op, |tx, op| service::order(tx, op, draft, &window))?;
    worker::settle(house, false)?;
    let job = query(house, op, |tx, _| house::hall::job::find(tx, asked.job_id))?;
    if let Some(fault) = job.and_then(|job| job.fault) {
        return Err(Fault::new(
            FaultKind::Conflict,
            "assess.model.shadow-failed",
            fault,
        ));
    }
    shown::findings(house, op, asked.shadow_id)
}

fn table(house: &House, days: (Day, Day), out: &Path, model: String) -> Outcome<()> {
    let mut salt = [0_u8; 16];
    house.chance.fill(&mut salt)?;
    let unwritten = |e: std::io::Error| {
        let detail = format!(
            "不能写出 {}：{}。请检查路径、权限和磁盘空间。",
            out.display(),
            kernel::fault::in_words(&e)
        );
        Fault::new(FaultKind::Invalid, "assess.table.unwritten", detail)
    };
    let file = File::create(out).map_err(unwritten)?;
    let mut writer = BufWriter::new(file);
    let asked = service::Asked { days, model, salt };
    let op = house.op(Actor::operator("本机操作员"), "model");
    let (written, left_out) = service::table(house, &op, &asked, &mut writer)?;
    writer.flush().map_err(unwritten)?;
    say::line(format!(
        "已写出 {} 次检查到 {}，另有 {} 次因没有登记信息未写。",
        say::count(written),
        out.display(),
        say::count(left_out)
    ));
    say::line("表中没有名称；检查人员以加盐标签代替，标签只在本表内一致。本表仅供内部训练模型使用。");
    Ok(())
}

fn name_of(file: &Path) -> String {
    file.file_name().map_or_else(
        || file.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn read(file: &Path) -> Outcome<String> {
    std::fs::read_to_string(file).map_err(|e| {
        let detail = format!(
            "无法读取 {}：{}。请检查路径和权限；文件应为 UTF-8 文本。",
            file.display(),
            kernel::fault::in_words(&e)
        );
        Fault::new(FaultKind::Invalid, "assess.model.unreadable", detail)
    })
}
