//! `xinheng policy`: checks packs and shows what they hold.
mod model;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use kernel::Outcome;
use policy::pack::Pack;

use crate::{packs, say};

/// What to do with packs.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// 检查政策包文件夹：格式、依据、引用、案例；有问题时退出码为 1
    Check {
        /// 政策包文件夹，可以写几个
        #[arg(required = true)]
        folders: Vec<PathBuf>,
    },
    /// 列出内置的政策包
    List,
    /// 显示一个分类模型：分组、指标、来源、计分、理由、依据；不写代码时列出全部模型
    Model {
        /// 模型代码
        code: Option<String>,
        /// 政策包
        #[arg(long, default_value = "base")]
        pack: String,
        /// 哪一天有效的，不写为今天
        #[arg(long)]
        on: Option<kernel::Day>,
    },
    /// 列出目录事项
    Items {
        /// 政策包
        #[arg(long, default_value = "base")]
        pack: String,
    },
}

/// Does it.
pub fn run(what: &Policy) -> Outcome<ExitCode> {
    match what {
        Policy::Check { folders } => {
            let mut good = true;
            for folder in folders {
                good &= check(folder);
            }
            Ok(if good {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Policy::List => {
            for name in packs::names().iter().filter(|name| *name != "reference") {
                let pack = packs::open(name)?;
                say::line(format!("{name}  {}  摘要 {}", pack.title(), pack.hash()));
            }
            Ok(ExitCode::SUCCESS)
        }
        Policy::Model { code, pack, on } => {
            let pack = packs::open(pack)?;
            model::show(&pack, code.as_deref(), on.unwrap_or_else(crate::rim::today))?;
            Ok(ExitCode::SUCCESS)
        }
        Policy::Items { pack } => {
            let pack = packs::open(pack)?;
            let today = crate::rim::today();
            for item in pack.on(today).items() {
                let fields: Vec<&str> = item
                    .value
                    .fields
                    .iter()
                    .map(|field| field.title.as_str())
                    .collect();
                say::line(format!(
                    "{:<24} {}：{}",
                    item.trace.code,
                    item.value.title,
                    fields.join("、")
                ));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(folder: &Path) -> bool {
    match Pack::load(folder) {
        Err(faults) => {
            for fault in &faults {
                say::line(fault.to_string());
            }
            say::line(format!("{}:{} 处问题。", folder.display(), faults.len()));
            false
        }
        Ok(pack) => {
            let report = pack.check();
            for failure in report.failures() {
                say::line(format!(
                    "{} {}({}):{}",
                    failure.place,
                    failure.case,
                    failure.title,
                    failure.differs.join(";")
                ));
            }
            let failed = report.failures().count();
            say::line(format!(
                "{}（{}）：{} 个案例，{} 个不符。摘要 {}",
                folder.display(),
                pack.title(),
                report.cases.len(),
                failed,
                pack.hash()
            ));
            report.passed()
        }
    }
}
