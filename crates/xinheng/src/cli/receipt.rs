//! `xinheng verify-receipt`: checks a signed receipt; needs no data folder and no database.
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use house::hall::files;
use kernel::Outcome;
use proof::receipt::Receipt;

use crate::say;

/// What to check.
#[derive(Debug, Args)]
pub struct VerifyReceipt {
    /// 回执（JSON 文件）
    receipt: PathBuf,
    /// 平台公布的公钥（十六进制）；给出时回执必须由它签署
    #[arg(long, value_name = "公钥")]
    key: Option<String>,
    /// 当时提交的文件；给出时核对回执说的就是它
    #[arg(long, value_name = "文件")]
    file: Option<PathBuf>,
}

/// Checks, and ends with 1 when anything is wrong, 2 when the file is no receipt.
pub fn run(asked: &VerifyReceipt) -> Outcome<ExitCode> {
    const MALFORMED: u8 = 2;
    let receipt = match Receipt::parse(&files::read_file(&asked.receipt)?) {
        Ok(receipt) => receipt,
        Err(fault) => {
            say::note(format!("{}：{fault}", asked.receipt.display()));
            return Ok(ExitCode::from(MALFORMED));
        }
    };
    let received = &receipt.received;
    say::line(format!(
        "回执 {}：{} 于 {}（世界时）提交“{}”，{} 字节，SHA-256 {}",
        received.receipt_id,
        received.supplier,
        received.received_at.as_str(),
        received.file_name,
        received.bytes,
        received.sha256
    ));
    for part in &received.parts {
        let rows = part.rows.map_or_else(
            || "行数未知".to_owned(),
            |rows| format!("{} 行", say::count(rows)),
        );
        let known = if part.known { "，以前已收过" } else { "" };
        say::line(format!(
            "  批次 {}：{} {} {rows}{known}",
            part.batch_id, part.item, part.table
        ));
    }
    for left in &received.left {
        say::line(format!("  未收：{left}"));
    }
    let mut good = true;
    let mut check = |title: &str, holds: bool| {
        say::line(format!("{} {title}", if holds { "通过" } else { "不符" }));
        good &= holds;
    };
    check("签名", receipt.holds());
    if let Some(key) = &asked.key {
        check(
            "公钥是您给出的那一把",
            key.eq_ignore_ascii_case(&hex::encode(&received.key.0)),
        );
    } else {
        say::line(format!(
            "签署的公钥：{}。请与平台公布的核对，或用 --key 给出。",
            hex::encode(&received.key.0)
        ));
    }
    if let Some(file) = &asked.file {
        check(
            "文件就是回执所说的那一个",
            receipt.is_of(&files::read_file(file)?),
        );
    }
    if good {
        say::line("结论：所查各项全部相符。");
        Ok(ExitCode::SUCCESS)
    } else {
        say::line("结论：有不符之处。");
        Ok(ExitCode::FAILURE)
    }
}
