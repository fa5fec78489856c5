//! `xinheng log`: the publication log.
use clap::Subcommand;
use house::hall::{House, log, query};
use kernel::{Actor, Outcome};

use crate::say;

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub enum Log {
    /// 重新计算整个公开日志，并与平台签署的检查点核对
    Verify,
}

/// Does it.
pub fn run(house: &House, what: &Log) -> Outcome<()> {
    match what {
        Log::Verify => {
            let op = house.op(Actor::operator("本机操作员"), "log");
            let size = query(house, &op, |tx, _| log::check(tx, house.keys.suite))?;
            say::line(format!(
                "公开日志共 {} 条，与签名的检查点一致。",
                say::count(i128::from(size))
            ));
            Ok(())
        }
    }
}
