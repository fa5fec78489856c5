//! Checking a draw: every check of the protocol by name, at the level of the material in hand.
//!
//! Each check takes the values stated in the file as they stand and tests one link, so one false link fails one check:
//! the commitment is tied to its hash, the hash and the values to the seed, the seed to the tickets, and so on.

use serde::{Deserialize, Serialize};

use crate::draw::{AuditorMaterial, FirmMaterial, Sealed};
use crate::{ProofError, Suite, canonical};

mod auditor;
mod firm;
mod public;

/// What a check still needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// A proof of publication in the file.
    Log,
    /// The material of a firm.
    Firm,
    /// The material of an auditor.
    Auditor,
    /// A suite this program knows.
    Suite,
}

impl Need {
    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Firm => "firm",
            Self::Auditor => "auditor",
            Self::Suite => "suite",
        }
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// It cannot be made with what is in hand.
    Needs(Need),
}

/// One check of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Fixed English name.
    pub name: &'static str,
    /// Chinese title.
    pub title: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// A Chinese sentence on what was found.
    pub detail: String,
}

/// All checks, in the order of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The checks.
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether no check failed. Checks that need more do not count against it.
    pub fn holds(&self) -> bool {
        self.failed().is_empty()
    }

    /// Names of the failed checks.
    pub fn failed(&self) -> Vec<&'static str> {
        self.checks
            .iter()
            .filter(|check| check.outcome == Outcome::Fail)
            .map(|check| check.name)
            .collect()
    }
}

/// What somebody holds beside the public file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Material {
    /// A firm's own row.
    Firm(FirmMaterial),
    /// Everything.
    Auditor(AuditorMaterial),
}

impl Material {
    /// Reads a material file.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        #[derive(Deserialize)]
        struct Head {
            kind: String,
        }
        let head: Head =
            serde_json::from_slice(bytes).map_err(|error| ProofError::Malformed(error.to_string()))?;
        match head.kind.as_str() {
            "firm" => canonical::parse(bytes).map(Self::Firm),
            "auditor" => canonical::parse(bytes).map(Self::Auditor),
            other => Err(ProofError::Malformed(format!(
                "unknown kind of material: {other:?}"
            ))),
        }
    }
}

impl Sealed {
    /// Reads a public file.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        canonical::parse(bytes)
    }
}

/// Why a check did not pass.
enum Miss {
    Fail(String),
    Needs(Need),
}

/// A check's finding: the sentence of a pass, or why not.
type Finding = Result<String, Miss>;

fn fail<T>(sentence: impl Into<String>) -> Result<T, Miss> {
    Err(Miss::Fail(sentence.into()))
}

/// Passes with one sentence or fails with the other.
fn settle(holds: bool, pass: &str, failure: &str) -> Finding {
    if holds { Ok(pass.to_owned()) } else { fail(failure) }
}

impl From<ProofError> for Miss {
    fn from(error: ProofError) -> Self {
        Self::Fail(error.to_string())
    }
}

/// Name and title of every check, in order.
const CHECKS: [(&str, &str); 22] = [
    ("protocol", "协议版本"),
    ("suite", "密码套件"),
    ("commitment-form", "承诺书格式"),
    ("commitment-hash", "承诺书摘要"),
    ("commitment-logged", "承诺先于揭示公布"),
    ("contributions", "各方随机数"),
    ("seed", "随机种子"),
    ("signature", "平台签名"),
    ("log-inclusion", "公布日志"),
    ("opened-rows", "已公开的行"),
    ("opened-tickets", "已公开行的签号"),
    ("firm-row", "本企业的行"),
    ("firm-ticket", "本企业的签号"),
    ("firm-chance", "本企业的抽中机会"),
    ("pool-roots", "抽查对象名录库"),
    ("places-root", "对象所在地"),
    ("roll-root", "检查人员名录库"),
    ("selection", "抽中名单"),
    ("reserves", "候补名单"),
    ("cutoffs", "入选界限"),
    ("teams", "检查人员选派"),
    ("selected-root", "结果摘要"),
];

/// Checks a public file with whatever material is in hand. Never panics.
pub fn verify(sealed: &Sealed, material: Option<&Material>) -> Report {
    let suite = Suite::parse(&sealed.transcript.suite);
    let mut findings: Vec<Finding> = vec![
        public::protocol(sealed),
        public::suite(sealed),
        public::form(sealed),
    ];
    if let Some(suite) = suite {
        findings.extend(public::rest(suite, sealed));
        match material {
            Some(Material::Firm(firm)) => findings.extend(firm::checks(suite, sealed, firm)),
            _ => findings.extend((0..3).map(|_| Err(Miss::Needs(Need::Firm)))),
        }
        match material {
            Some(Material::Auditor(held)) => findings.extend(auditor::checks(suite, sealed, held)),
            _ => findings.extend((0..8).map(|_| Err(Miss::Needs(Need::Auditor)))),
        }
    }
    findings.resize_with(CHECKS.len(), || Err(Miss::Needs(Need::Suite)));
    Report {
        checks: CHECKS
            .iter()
            .zip(findings)
            .map(|((name, title), finding)| check(name, title, finding))
            .collect(),
    }
}

fn check(name: &'static str, title: &'static str, finding: Finding) -> Check {
    let (outcome, detail) = match finding {
        Ok(detail) => (Outcome::Pass, detail),
        Err(Miss::Fail(detail)) => (Outcome::Fail, detail),
        Err(Miss::Needs(need)) => {
            let words = match need {
                Need::Log => "文件未附公布日志证明,暂不能核对。",
                Need::Firm => "须有企业自己的材料方可核对。",
                Need::Auditor => "须有监督人员的材料方可核对。",
                Need::Suite => "密码套件不认识,不能核对。",
            };
            (Outcome::Needs(need), words.to_owned())
        }
    };
    Check {
        name,
        title,
        outcome,
        detail,
    }
}
