//! `xinheng verify`: checks the documents of a draw; needs no data folder and no database.
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use house::hall::files;
use kernel::{Fault, FaultKind, Outcome};
use proof::draw::Sealed;
use proof::verify::{Material, Outcome as Found, verify};

use crate::say;

/// What to check.
#[derive(Debug, Args)]
pub struct Verify {
    /// 抽取文书（公开的 JSON 文件）
    transcript: PathBuf,
    /// 审计材料（抽查对象名单、人员名录和名单密钥）
    #[arg(long, value_name = "文件", conflicts_with = "firm")]
    pool: Option<PathBuf>,
    /// 本企业的材料
    #[arg(long, value_name = "文件")]
    firm: Option<PathBuf>,
    /// 平台公布的公钥（十六进制）;给出时文书必须由它签署
    #[arg(long, value_name = "公钥")]
    key: Option<String>,
}

/// Checks, prints every check, and ends with 1 when any failed, 2 when a file cannot be read as what it should be.
pub fn run(asked: &Verify) -> Outcome<ExitCode> {
    const MALFORMED: u8 = 2;
    let sealed = match Sealed::parse(&files::read_file(&asked.transcript)?) {
        Ok(sealed) => sealed,
        Err(fault) => {
            say::note(format!("{}:{fault}", asked.transcript.display()));
            return Ok(ExitCode::from(MALFORMED));
        }
    };
    let material = match asked.pool.as_ref().or(asked.firm.as_ref()) {
        None => None,
        Some(path) => match Material::parse(&files::read_file(path)?) {
            Ok(material) => Some(material),
            Err(fault) => {
                say::note(format!("{}:{fault}", path.display()));
                return Ok(ExitCode::from(MALFORMED));
            }
        },
    };
    let report = verify(&sealed, material.as_ref());
    for check in &report.checks {
        let word = match &check.outcome {
            Found::Pass => "通过".to_owned(),
            Found::Fail => "不符".to_owned(),
            Found::Needs(level) => format!("需要{}", level.word()),
        };
        say::line(format!(
            "{word:<8} {:<18} {}  {}",
            check.name, check.title, check.detail
        ));
    }
    let pinned = asked
        .key
        .as_ref()
        .is_none_or(|key| *key == hex::encode(&sealed.transcript.key.0));
    if !pinned {
        let detail = "文书不是由您给出的公钥签署的。请到平台公布公钥的地方核对。";
        say::fault(&Fault::new(FaultKind::Conflict, "verify.key.other", detail));
    }
    if report.holds() && pinned {
        say::line("结论：所查各项全部相符。");
        Ok(ExitCode::SUCCESS)
    } else {
        say::line(format!("结论：有不符之处：{}。", report.failed().join("、")));
        Ok(ExitCode::FAILURE)
    }
}
