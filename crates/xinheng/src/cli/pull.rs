//! `xinheng pull`: views of departments' databases, read by watermark.
use std::path::PathBuf;

use clap::{Args, Subcommand};
use house::hall::{House, files, query};
use house::intake::pull::model::{NewPull, Pull};
use house::intake::pull::service;
use house::intake::service as intake;
use kernel::{Actor, Fault, Outcome};

use super::import::read_mapping;
use crate::puller::Databases;
use crate::{say, worker};

/// What to do about sources that are pulled from.
#[derive(Debug, Subcommand)]
pub enum PullCommand {
    /// 新增数据源：按游标从部门的 PostgreSQL 或 MySQL（MariaDB）视图抽取
    Add(Box<Add>),
    /// 数据源及抽取情况
    List,
    /// 现在抽取一次（不写名称则抽取全部），直到没有新数据
    Once {
        /// 名称或编号
        name: Option<String>,
    },
    /// 暂停
    Pause {
        /// 名称或编号
        name: String,
    },
    /// 恢复
    Resume {
        /// 名称或编号
        name: String,
    },
    /// 移除（已入库的记录不受影响，密码文件一并删除）
    Remove {
        /// 名称或编号
        name: String,
    },
}

/// A source to add.
#[derive(Debug, Args)]
pub struct Add {
    /// 名称
    name: String,
    /// 地址，例如 postgres://用户@主机:5432/数据库 或 mysql://…；不写密码。加密连接在地址后加 ?sslmode=verify-full&sslrootcert=根证书文件
    #[arg(long)]
    url: String,
    /// 表或视图，例如 share.v_penalty
    #[arg(long)]
    table: String,
    /// 游标列：只增不减的时间或数字（更新时间、自增编号）
    #[arg(long)]
    watermark: String,
    /// 目录事项
    #[arg(long = "type", alias = "item", value_name = "事项")]
    item: String,
    /// 提供部门
    #[arg(long)]
    supplier: String,
    /// 列对照文件（TOML）
    #[arg(long)]
    mapping: Option<PathBuf>,
    /// 抽取间隔，秒
    #[arg(long, default_value_t = 3_600)]
    every: i64,
    /// 每次从游标之前多少秒重新读起，以免漏掉提交得晚的行（游标为时间时有效；重读的行会被认出）
    #[arg(long, default_value_t = 300)]
    back: i64,
    /// 存有密码的文件（只有第一行有效）；也可用环境变量 XINHENG_PULL_PASSWORD
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// 密码，只从环境变量读取
    #[arg(long, env = "XINHENG_PULL_PASSWORD", hide = true, hide_env_values = true)]
    password: Option<String>,
}

/// Does it.
pub fn run(house: &House, what: PullCommand) -> Outcome<()> {
    let op = house.op(Actor::operator("本机操作员"), "pull");
    let set = |name: &str, state: &str, done: &str| {
        let pull = query(house, &op, |tx, op| service::named(tx, op, name))?;
        service::set_state(house, &op, pull.pull_id, state)?;
        say::line(format!("{done}数据源“{}”。", pull.name));
        Ok(())
    };
    match what {
        PullCommand::Add(asked) => {
            let made = service::add(house, &op, &new(*asked)?)?;
            say::line(format!(
                "已新增数据源“{}”（编号 {}）。服务运行时每 {} 秒抽取一次；现在就抽取：xinheng pull once {0}",
                made.name, made.pull_id, made.every_seconds
            ));
            Ok(())
        }
        PullCommand::List => {
            let pulls = query(house, &op, service::pulls)?;
            if pulls.is_empty() {
                say::line("还没有数据源。用 xinheng pull add 新增。");
            }
            pulls.iter().for_each(show);
            Ok(())
        }
        PullCommand::Once { name } => once(house, name.as_deref()),
        PullCommand::Pause { name } => set(&name, "paused", "已暂停"),
        PullCommand::Resume { name } => set(&name, "active", "已恢复"),
        PullCommand::Remove { name } => set(&name, "removed", "已移除"),
    }
}

fn new(asked: Add) -> Outcome<NewPull> {
    sources::check_link(&asked.url)
        .map_err(|why| Fault::invalid("intake.pull.link", format!("数据源地址有误：{why}。")))?;
    let password = match &asked.password_file {
        None => asked.password,
        Some(path) => {
            let text = files::read_file(path)?;
            let text = String::from_utf8_lossy(&text);
            Some(text.lines().next().unwrap_or_default().to_owned())
        }
    };
    Ok(NewPull {
        name: asked.name,
        url: asked.url,
        password,
        relation: asked.table,
        marker: asked.watermark,
        item: asked.item,
        supplier: asked.supplier,
        mapping: read_mapping(asked.mapping.as_deref())?,
        every_seconds: asked.every,
        back_seconds: asked.back,
    })
}

fn show(pull: &Pull) {
    let state = match (pull.state.as_str(), &pull.last_fault) {
        ("paused", _) => "已暂停".to_owned(),
        (_, Some(fault)) => format!(
            "连续失败 {} 次，{} 后再试：{fault}",
            pull.failures,
            east(pull.due_at)
        ),
        (_, None) if pull.read_at.is_none() => "尚未抽取".to_owned(),
        (_, None) => "正常".to_owned(),
    };
    say::line(format!(
        "{:>6}  {}  {} {} 按 {}  → {}（{}）  已取 {} 行，游标 {}  {state}",
        pull.pull_id,
        pull.name,
        pull.url,
        pull.relation,
        pull.marker,
        pull.item,
        pull.supplier,
        say::count(pull.rows_taken),
        pull.watermark.as_deref().unwrap_or("（从头）")
    ));
    let read = pull.read_at.map_or_else(|| "—".to_owned(), east);
    say::line(format!(
        "        上次抽取 {read}，上次有新数据 {}",
        east(pull.news_at)
    ));
    if pull.unmarked {
        say::line("        注意：有的行游标列为空，抽取不到。请部门补上。");
    }
}

fn east(at: kernel::Instant) -> String {
    (at + chrono::Duration::hours(8))
        .format("%Y-%m-%d %H:%M")
        .to_string()
}

fn once(house: &House, name: Option<&str>) -> Outcome<()> {
    let op = house.op(Actor::operator("本机操作员"), "pull");
    let pulls = match name {
        Some(name) => vec![query(house, &op, |tx, op| service::named(tx, op, name))?],
        None => query(house, &op, service::pulls)?
            .into_iter()
            .filter(|pull| pull.state == "active")
            .collect(),
    };
    let mut fault = None;
    let several = pulls.len() > 1;
    for pull in pulls {
        if let Err(failed) = exhaust(house, pull) {
            // The first fault is told at the end in any case.
            if several {
                say::note(&failed.detail);
            }
            fault.get_or_insert(failed);
        }
    }
    fault.map_or(Ok(()), Err)
}

/// Pulls until there is nothing more, batch by batch.
fn exhaust(house: &House, mut pull: Pull) -> Outcome<()> {
    loop {
        let op = house.op(Actor::operator("本机操作员"), "pull");
        let step = service::pull_once(house, &op, &Databases, &pull)?;
        worker::settle(house, false)?;
        match step.batch {
            None => say::line(format!("{}：没有新数据。", pull.name)),
            Some(batch_id) => {
                let batch = query(house, &op, |tx, _| intake::batch(tx, batch_id))?;
                say::line(format!(
                    "{}：批次 {}，读到 {} 行，入库 {} 条，与已有记录相同 {} 行，退回 {} 行。",
                    pull.name,
                    batch.batch_id,
                    say::count(batch.rows_read),
                    say::count(batch.rows_accepted),
                    say::count(batch.rows_unchanged),
                    say::count(batch.rows_refused)
                ));
            }
        }
        if !step.more {
            return Ok(());
        }
        pull = query(house, &op, |tx, op| {
            service::named(tx, op, &pull.pull_id.to_string())
        })?;
    }
}
