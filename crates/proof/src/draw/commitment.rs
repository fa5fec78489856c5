//! The commitment (承诺书): everything fixed before any entropy is known, and its rules of form.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::suite::PROTOCOL;
use crate::text::{Day, Time};
use crate::{Digest, ProofError, Suite, canonical};

/// Size and root of a committed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeHead {
    /// Number of rows.
    pub size: u64,
    /// Merkle root over the salted rows.
    pub root: Digest,
}

/// The policy pack in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackName {
    /// Its name.
    pub name: String,
    /// Its content hash.
    pub hash: Digest,
}

/// A drawing ratio (抽查比例) as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// Numerator.
    pub num: u64,
    /// Denominator, not zero.
    pub den: u64,
}

/// One stratum of an item's pool under an opaque label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stratum {
    /// Opaque label, `s1`, `s2` …
    pub label: String,
    /// Candidates in it.
    pub size: u64,
    /// How many are drawn.
    pub quota: u64,
    /// The ratio the quota comes from; null when the pack gives the quota itself.
    pub ratio: Option<Ratio>,
}

/// How many candidates a rule removed before the pool was fixed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// The rule's code.
    pub rule: String,
    /// How many it removed.
    pub removed: u64,
}

/// One inspection item (抽查事项) of the campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Item code.
    pub item: String,
    /// Department that inspects it.
    pub department: String,
    /// Qualification an inspector needs; empty = none.
    pub qualification: String,
    /// Its committed pool.
    pub pool: TreeHead,
    /// Its strata.
    pub strata: Vec<Stratum>,
    /// Length of the reserve of every stratum.
    pub reserve: u64,
    /// What was left out, and why.
    pub exclusions: Vec<Exclusion>,
}

impl Item {
    /// The stratum of a label.
    pub fn stratum(&self, label: &str) -> Option<&Stratum> {
        self.strata.iter().find(|stratum| stratum.label == label)
    }
}

/// How teams are formed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamRule {
    /// Places when one department goes alone, at least 2.
    pub alone: u64,
    /// Places of each department when several go together, at least 1.
    pub joint: u64,
    /// Places in all when several go together, at least 2.
    pub total: u64,
    /// An inspector whose load has reached this gets no more.
    pub load_cap: u64,
    /// Department that leads.
    pub initiator: String,
    /// Day on which certificates must be valid.
    pub on: Day,
}

/// A source of entropy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Contributor {
    /// A party who committed to a value.
    Party {
        /// Who.
        name: String,
        /// `H[contribution](lp(name) ‖ lp(value))`.
        commitment: Digest,
    },
    /// A public beacon whose future round is named.
    Beacon {
        /// Who.
        name: String,
        /// Where the value will be published.
        source: String,
        /// Which round.
        round: String,
    },
}

impl Contributor {
    /// The contributor's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Party { name, .. } | Self::Beacon { name, .. } => name,
        }
    }
}

/// The commitment of one attempt at a campaign's draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// Always `commitment`.
    pub kind: String,
    /// Always `xinheng-draw/1`.
    pub protocol: String,
    /// Name of the suite.
    pub suite: String,
    /// Campaign code.
    pub campaign: String,
    /// 1 for the first attempt.
    pub attempt: u64,
    /// Hash of the void document of the attempt before; null for the first.
    pub previous_void: Option<Digest>,
    /// When it was made.
    pub committed_at: Time,
    /// The policy pack in force.
    pub pack: PackName,
    /// The items, in the order that counts.
    pub items: Vec<Item>,
    /// Where every candidate is.
    pub places: TreeHead,
    /// The inspector roll.
    pub roll: TreeHead,
    /// How teams are formed.
    pub team: TeamRule,
    /// The sources of entropy, in the order that counts.
    pub contributors: Vec<Contributor>,
    /// Deadline for reveals.
    pub reveal_by: Time,
}

/// `ceil(size × num ∕ den)`, at most `size`; 0 when `den` is 0. Exact for all inputs.
pub fn quota(size: u64, num: u64, den: u64) -> u64 {
    if den == 0 {
        return 0;
    }
    let drawn = (u128::from(size) * u128::from(num)).div_ceil(u128::from(den));
    u64::try_from(drawn).unwrap_or(u64::MAX).min(size)
}

impl Commitment {
    /// The constant words at the head of every commitment.
    pub const KIND: &'static str = "commitment";

    /// The hash that stands for the commitment: plain `H(JCS(commitment))`.
    pub fn hash(&self, suite: Suite) -> Result<Digest, ProofError> {
        Ok(suite.hash(&canonical::to_vec(self)?))
    }

    /// The suite named, if it is one of ours.
    pub fn suite(&self) -> Option<Suite> {
        Suite::parse(&self.suite)
    }

    /// The item of a code.
    pub fn item(&self, code: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.item == code)
    }

    /// Which rules of form are broken, as Chinese sentences; empty when all are kept.
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut expect = |kept: bool, sentence: &str| {
            if !kept {
                found.push(sentence.to_owned());
            }
        };
        expect(self.attempt >= 1, "次数应从 1 起");
        expect(
            (self.attempt == 1) == self.previous_void.is_none(),
            "首次抽取不得引用作废书,再次抽取必须引用",
        );
        expect(self.committed_at <= self.reveal_by, "揭示截止时间早于承诺时间");
        expect(!self.items.is_empty(), "没有抽查事项");
        expect(
            unique(self.items.iter().map(|item| item.item.as_str())),
            "抽查事项代码重复",
        );
        expect(self.contributors.len() >= 2, "随机数提供方少于两个");
        expect(
            unique(self.contributors.iter().map(Contributor::name)),
            "随机数提供方名称重复",
        );
        expect(self.team.alone >= 2, "单部门检查人员少于 2 人");
        expect(self.team.joint >= 1, "联合检查每部门人员少于 1 人");
        expect(self.team.total >= 2, "联合检查人员合计少于 2 人");
        for item in &self.items {
            found.extend(item.problems());
        }
        found
    }

    /// A new commitment has the right head words; used before hashing it for the first time.
    pub fn require_form(&self) -> Result<(), ProofError> {
        let mut problems = self.problems();
        if self.kind != Self::KIND || self.protocol != PROTOCOL || self.suite().is_none() {
            problems.push("文件种类、协议或套件不符".to_owned());
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(ProofError::Form(problems))
        }
    }
}

impl Item {
    fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        if !unique(self.strata.iter().map(|stratum| stratum.label.as_str())) {
            found.push(format!("事项 {} 的分组标签重复", self.item));
        }
        let sum: u128 = self.strata.iter().map(|stratum| u128::from(stratum.size)).sum();
        if sum != u128::from(self.pool.size) {
            found.push(format!(
                "事项 {} 各组合计 {sum},对象库为 {}",
                self.item, self.pool.size
            ));
        }
        for stratum in &self.strata {
            let right = match stratum.ratio {
                None => stratum.quota <= stratum.size,
                Some(ratio) => ratio.den > 0 && stratum.quota == quota(stratum.size, ratio.num, ratio.den),
            };
            if !right {
                found.push(format!(
                    "事项 {} 的 {} 组名额 {} 不合比例或超出组内户数",
                    self.item, stratum.label, stratum.quota
                ));
            }
        }
        found
    }
}

fn unique<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = BTreeSet::new();
    names.all(|name| seen.insert(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_the_exact_ceiling_and_never_above_the_size() {
        let cases = [
            (1000, 3, 100, 30),
            (1001, 3, 100, 31),
            (1, 1, 1_000_000, 1),
            (0, 1, 2, 0),
            (10, 0, 5, 0),
            (10, 7, 5, 10),
            (10, 1, 0, 0),
            (u64::MAX, u64::MAX, 1, u64::MAX),
            (u64::MAX, u64::MAX - 1, u64::MAX, u64::MAX - 1),
        ];
        for (size, num, den, expected) in cases {
            assert_eq!(quota(size, num, den), expected, "{size} × {num}/{den}");
        }
    }
}
