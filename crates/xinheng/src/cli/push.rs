//! `xinheng push`: records on to an upper platform, entered once.
use clap::Subcommand;
use house::hall::{House, command, query};
use house::intake::push::model::NewTarget;
use house::intake::push::service;
use kernel::{Actor, Outcome};

use crate::say;

/// What to do about pushing on.
#[derive(Debug, Subcommand)]
pub enum PushCommand {
    /// 新增上报目标：把一个目录事项的记录报给上级平台
    Add {
        /// 名称
        name: String,
        /// 目录事项，例如 penalty
        #[arg(long = "type")]
        item: String,
        /// 上级平台地址
        #[arg(long)]
        to: String,
        /// 本平台在上级平台的部门编号
        #[arg(long)]
        supplier: String,
        /// 上级平台的访问令牌
        #[arg(long, env = "XINHENG_PUSH_TOKEN", hide_env_values = true)]
        token: String,
        /// 只报此后收到的记录
        #[arg(long)]
        from_now: bool,
    },
    /// 上报目标与上报率
    List,
    /// 对方退回的记录
    Refusals {
        /// 目标编号
        target: i64,
    },
    /// 暂停
    Pause {
        /// 目标编号
        target: i64,
    },
    /// 恢复
    Resume {
        /// 目标编号
        target: i64,
    },
    /// 移除
    Remove {
        /// 目标编号
        target: i64,
    },
}

/// Does it.
pub fn run(house: &House, what: PushCommand) -> Outcome<()> {
    let op = house.op(Actor::operator("本机操作员"), "push");
    let set = |target: i64, state: &str, done: &str| {
        command(house, &op, |tx, op| service::set_state(tx, op, target, state))?;
        say::line(done);
        Ok(())
    };
    match what {
        PushCommand::Add {
            name,
            item,
            to,
            supplier,
            token,
            from_now,
        } => {
            let new = NewTarget {
                name,
                item,
                url: to,
                supplier,
                token,
                from_now,
            };
            let made = service::add(house, &op, &new)?;
            say::line(format!(
                "已新增上报目标 {}（编号 {}）。服务运行时自动上报。",
                made.name, made.target_id
            ));
            Ok(())
        }
        PushCommand::List => {
            let shares = query(house, &op, service::shares)?;
            if shares.is_empty() {
                say::line("还没有上报目标。用 xinheng push add 新增。");
            }
            let percent = |permille: Option<i64>| {
                permille.map_or_else(|| "—".to_owned(), |n| format!("{}.{}%", n / 10, n % 10))
            };
            for share in shares {
                say::line(format!(
                    "{:>6}  {}  {}  收到 {}  已报 {}（{}）  对方接受 {}（{}）  退回 {}  {}",
                    share.target.target_id,
                    share.target.name,
                    share.target.item,
                    say::count(i128::from(share.received)),
                    say::count(i128::from(share.pushed)),
                    percent(share.pushed_permille),
                    say::count(i128::from(share.acknowledged)),
                    percent(share.acknowledged_permille),
                    say::count(i128::from(share.refused)),
                    share.target.last_fault.as_deref().unwrap_or("正常")
                ));
            }
            Ok(())
        }
        PushCommand::Refusals { target } => {
            const SHOWN: i64 = 200;
            let rows = query(house, &op, |tx, op| {
                service::refusals(tx, op, target, i64::MAX, SHOWN)
            })?;
            if rows.is_empty() {
                say::line("对方没有退回过记录。");
            }
            for row in rows {
                say::line(format!("记录 {}  {}  {}", row.record_id, row.field, row.reason));
            }
            Ok(())
        }
        PushCommand::Pause { target } => set(target, "paused", "已暂停。"),
        PushCommand::Resume { target } => set(target, "active", "已恢复。"),
        PushCommand::Remove { target } => {
            set(target, "removed", "已移除。")?;
            service::forget_token(house, target)
        }
    }
}
