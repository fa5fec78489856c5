//! `xinheng drop`: folders into which departments put files.
use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use house::hall::{House, command, query};
use house::intake::drop::Looks;
use house::intake::drop::model::{DropFile, NewDrop};
use house::intake::drop::service::{self, QUIET_SECONDS};
use kernel::{Actor, Outcome};

use super::import::read_mapping;
use crate::{say, worker};

/// What to do about drop folders.
#[derive(Debug, Subcommand)]
pub enum DropCommand {
    /// 新增投递文件夹：放进去的文件由服务自动入库，再移到 done 或 failed 并附报告
    Add {
        /// 文件夹（须在数据文件夹以外）
        folder: PathBuf,
        /// 提供部门
        #[arg(long)]
        supplier: String,
        /// 目录事项；不写则逐个文件按表头识别
        #[arg(long = "type", alias = "item", value_name = "事项")]
        item: Option<String>,
        /// 列对照文件（TOML）
        #[arg(long)]
        mapping: Option<PathBuf>,
    },
    /// 投递文件夹及最近的文件
    List,
    /// 移除（文件留在原处）
    Remove {
        /// 编号
        drop: i64,
    },
    /// 现在处理一遍所有投递文件夹，然后结束（供定时任务使用；服务运行时不需要）
    Once,
}

/// Does it.
pub fn run(house: &House, what: DropCommand) -> Outcome<()> {
    let op = house.op(Actor::operator("本机操作员"), "drop");
    match what {
        DropCommand::Add {
            folder,
            supplier,
            item,
            mapping,
        } => {
            let new = NewDrop {
                folder,
                supplier,
                item,
                mapping: read_mapping(mapping.as_deref())?,
            };
            let made = service::add(house, &op, &new)?;
            say::line(format!(
                "已新增投递文件夹 {}（编号 {}）。文件停止变化 {QUIET_SECONDS} 秒后开始处理：成功的移到 done，不成功的移到 failed，旁边附报告。",
                made.folder, made.drop_id
            ));
            Ok(())
        }
        DropCommand::List => list(house),
        DropCommand::Remove { drop } => {
            let removed = command(house, &op, |tx, op| service::remove(tx, op, drop))?;
            say::line(format!("已移除投递文件夹 {}。其中的文件没有动。", removed.folder));
            Ok(())
        }
        DropCommand::Once => once(house),
    }
}

fn list(house: &House) -> Outcome<()> {
    const SHOWN: i64 = 5;
    let op = house.op(Actor::operator("本机操作员"), "drop");
    let drops = query(house, &op, service::drops)?;
    if drops.is_empty() {
        say::line("还没有投递文件夹。用 xinheng drop add 新增。");
    }
    for (drop, (taken, done, failed)) in drops {
        say::line(format!(
            "{:>6}  {}  {}  {}  处理中 {taken}，已入库 {done}，未入库 {failed}  {}",
            drop.drop_id,
            drop.folder,
            drop.supplier,
            drop.item.as_deref().unwrap_or("按表头识别"),
            drop.last_fault.as_deref().unwrap_or("正常")
        ));
        let files = query(house, &op, |tx, op| {
            service::files_of(tx, op, drop.drop_id, SHOWN)
        })?;
        for file in files {
            say::line(format!("        {}", line_of(&file)));
        }
    }
    Ok(())
}

fn line_of(file: &DropFile) -> String {
    let state = match file.state.as_str() {
        "done" => "已入库",
        "failed" => "未入库",
        _ => "处理中",
    };
    let batches: Vec<String> = file.batches.iter().map(ToString::to_string).collect();
    let batches = if batches.is_empty() {
        String::new()
    } else {
        format!("  批次 {}", batches.join("、"))
    };
    let moved = file
        .moved_as
        .as_ref()
        .filter(|name| **name != file.name)
        .map_or_else(String::new, |name| format!("（移为 {name}）"));
    let said = file.said.replace('\n', " ");
    format!("{state}  {}{moved}{batches}  {said}", file.name)
}

/// Looks twice, so that what grows is seen to grow, then works until what was taken is digested.
fn once(house: &House) -> Outcome<()> {
    let op = || house.op(Actor::system("投递文件夹"), "drop");
    let quiet = chrono::Duration::seconds(QUIET_SECONDS);
    let mut looks = Looks::default();
    let (mut taken, mut ended) = (0, Vec::new());
    for look in 0..3 {
        if look == 1 {
            rest(Duration::from_secs(u64::try_from(QUIET_SECONDS).unwrap_or(3)));
        }
        let passed = service::pass(house, &op(), &mut looks, quiet)?;
        taken += passed.taken;
        ended.extend(passed.ended);
        worker::settle(house, false)?;
    }
    for file in &ended {
        say::line(line_of(file));
    }
    let failed = ended.iter().filter(|file| file.state == "failed").count();
    say::line(format!(
        "本次取走 {taken} 个文件，办结 {} 个，其中未入库 {failed} 个。",
        ended.len()
    ));
    Ok(())
}

/// Nothing wakes this thread early; a spurious return only looks sooner, and what is not quiet yet is not taken.
fn rest(long: Duration) {
    let until = std::time::Instant::now() + long;
    while let Some(left) = until.checked_duration_since(std::time::Instant::now()) {
        if left.is_zero() {
            return;
        }
        std::thread::park_timeout(left);
    }
}
