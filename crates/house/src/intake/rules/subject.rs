//! The code of the entity a row is about, and what would make a wrong one right.
use kernel::{CodeFault, SubjectNo};

use super::super::model::Refusal;
use super::tidy;

/// The code in a cell, or what is wrong with it.
pub(super) fn read_subject(cell: &str, line: i64) -> Result<SubjectNo, Refusal> {
    let text = tidy(cell);
    SubjectNo::parse(text).map_err(|fault| {
        let (reason, suggestion) = if text.is_empty() {
            (
                "没有统一社会信用代码。".to_owned(),
                Some("请补上 18 位统一社会信用代码或 15 位注册号。".to_owned()),
            )
        } else {
            (fault.to_string(), suggestion_of(&fault))
        };
        Refusal {
            line,
            field: "统一社会信用代码".into(),
            value: text.to_owned(),
            code: "intake.subject.invalid".into(),
            reason,
            suggestion,
        }
    })
}

fn suggestion_of(fault: &CodeFault) -> Option<String> {
    const SHOWN: usize = 3;
    let codes: Vec<&str> = fault.corrections.iter().take(SHOWN).map(String::as_str).collect();
    (!codes.is_empty()).then(|| format!("是否为：{}?请核对证照后改正。", codes.join(" 或 ")))
}
