//! `xinheng init`: a new deployment.
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use house::hall::Clock;
use house::hall::files::Settings;
use kernel::Outcome;

use crate::rim;
use crate::say;

/// What a new deployment is to be.
#[derive(Debug, Args)]
pub struct Init {
    /// 数据库:sqlite:文件名（在数据文件夹中）或 postgres://用户@主机/库
    #[arg(long, default_value = "sqlite:xinheng.db")]
    database: String,
    /// 政策包：内置的名称，或文件夹路径
    #[arg(long, default_value = "base")]
    pack: String,
    /// 密码套件:sm3-sm2 或 sha256-ed25519
    #[arg(long, default_value = "sm3-sm2")]
    suite: String,
}

/// Makes it.
pub fn run(data: &Path, init: Init, clock: Arc<dyn Clock>) -> Outcome<()> {
    let settings = Settings {
        database: init.database,
        pack: init.pack,
        suite: init.suite,
    };
    let (house, token) = rim::init(data, settings, clock)?;
    say::line(format!("已建立 {}。", data.display()));
    say::line(format!("  数据库：{}", house.db.url()));
    let pack = house.law.pack();
    say::line(format!("  政策包：{}（摘要 {}）", pack.title(), pack.hash()));
    say::line(format!(
        "  平台公钥（{}）：{}",
        house.keys.suite.name(),
        hex::encode(house.keys.platform.public())
    ));
    say::line("操作员令牌（只显示这一次，请妥善保存）：");
    say::line(format!("  {token}"));
    say::line(
        "下一步：xinheng import office 部门.json 人员.json，xinheng import entities 登记.csv，xinheng classify。",
    );
    Ok(())
}
