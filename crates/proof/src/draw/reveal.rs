//! Contributions, reveals (揭示) and the void document (作废书) of a draw.

use serde::{Deserialize, Serialize};

use super::commitment::{Commitment, Contributor};
use crate::suite::PROTOCOL;
use crate::text::{Hex, Time};
use crate::{Digest, ProofError, Suite, canonical};

/// A contributor's part: the promise before and the value after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution {
    /// Who contributes.
    pub name: String,
    /// 16 to 64 bytes kept secret until the reveal.
    pub value: Vec<u8>,
}

impl Contribution {
    /// The promise to publish: `H[contribution](lp(name) ‖ lp(value))`.
    pub fn commit(&self, suite: Suite) -> Digest {
        suite
            .labelled("contribution")
            .field(self.name.as_bytes())
            .field(&self.value)
            .finish()
    }

    /// Whether this value keeps what was promised and has 16 to 64 bytes.
    pub fn verify(&self, suite: Suite, promised: &Digest) -> bool {
        fits(&self.value) && self.commit(suite) == *promised
    }

    /// The document to publish.
    pub fn reveal(&self) -> Reveal {
        Reveal {
            name: self.name.clone(),
            value: Hex(self.value.clone()),
        }
    }
}

/// A value has 16 to 64 bytes.
fn fits(value: &[u8]) -> bool {
    (16..=64).contains(&value.len())
}

/// A revealed value (揭示).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    /// Who.
    pub name: String,
    /// The value.
    pub value: Hex,
}

impl Reveal {
    /// Whether this is what the contributor owed. A beacon's value is only measured: compare it with its source.
    pub fn keeps(&self, suite: Suite, contributor: &Contributor) -> bool {
        let promised = match contributor {
            Contributor::Party { commitment, .. } => {
                suite
                    .labelled("contribution")
                    .field(self.name.as_bytes())
                    .field(&self.value.0)
                    .finish()
                    == *commitment
            }
            Contributor::Beacon { .. } => true,
        };
        promised && fits(&self.value.0) && self.name == contributor.name()
    }

    /// Hash of the reveal as a published document, `H(JCS({attempt, campaign, name, value}))`.
    pub fn document_hash(&self, suite: Suite, commitment: &Commitment) -> Result<Digest, ProofError> {
        #[derive(Serialize)]
        struct Document<'a> {
            attempt: u64,
            campaign: &'a str,
            name: &'a str,
            value: &'a Hex,
        }
        let (attempt, campaign) = (commitment.attempt, commitment.campaign.as_str());
        let document = Document {
            attempt,
            campaign,
            name: &self.name,
            value: &self.value,
        };
        Ok(suite.hash(&canonical::to_vec(&document)?))
    }
}

/// Why an attempt was voided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VoidReason {
    /// A reveal did not come in time.
    Missing,
    /// A reveal does not match its promise.
    Mismatch,
}

/// The void document (作废书): published when a reveal is missing or wrong, named by the next attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Void {
    /// Always `void`.
    pub kind: String,
    /// Always `xinheng-draw/1`.
    pub protocol: String,
    /// Name of the suite.
    pub suite: String,
    /// Campaign code.
    pub campaign: String,
    /// The attempt voided.
    pub attempt: u64,
    /// Its commitment.
    pub commitment_hash: Digest,
    /// Why.
    pub reason: VoidReason,
    /// Those at fault, in the order of the commitment.
    pub contributors: Vec<String>,
    /// When.
    pub voided_at: Time,
}

impl Void {
    /// The void that the reveals at hand call for; `None` when every reveal is there and right. A wrong reveal counts
    /// before a missing one.
    pub fn of(
        suite: Suite,
        commitment: &Commitment,
        reveals: &[Reveal],
        voided_at: Time,
    ) -> Result<Option<Self>, ProofError> {
        let (mut missing, mut wrong) = (Vec::new(), Vec::new());
        for contributor in &commitment.contributors {
            match reveals.iter().find(|reveal| reveal.name == contributor.name()) {
                None => missing.push(contributor.name().to_owned()),
                Some(reveal) if !reveal.keeps(suite, contributor) => {
                    wrong.push(contributor.name().to_owned());
                }
                Some(_) => {}
            }
        }
        let (reason, contributors) = match (wrong.is_empty(), missing.is_empty()) {
            (false, _) => (VoidReason::Mismatch, wrong),
            (true, false) => (VoidReason::Missing, missing),
            (true, true) => return Ok(None),
        };
        Ok(Some(Self {
            kind: "void".to_owned(),
            protocol: PROTOCOL.to_owned(),
            suite: suite.name().to_owned(),
            campaign: commitment.campaign.clone(),
            attempt: commitment.attempt,
            commitment_hash: commitment.hash(suite)?,
            reason,
            contributors,
            voided_at,
        }))
    }

    /// The hash the next attempt carries.
    pub fn hash(&self, suite: Suite) -> Result<Digest, ProofError> {
        Ok(suite.hash(&canonical::to_vec(self)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contribution_keeps_its_promise_only_with_the_same_name_and_value() {
        let one = Contribution {
            name: "公证处".into(),
            value: vec![1; 16],
        };
        let promised = one.commit(Suite::Sm3Sm2);
        assert!(one.verify(Suite::Sm3Sm2, &promised));
        assert!(
            !Contribution {
                name: "公证".into(),
                ..one.clone()
            }
            .verify(Suite::Sm3Sm2, &promised)
        );
        assert!(
            !Contribution {
                value: vec![2; 16],
                ..one.clone()
            }
            .verify(Suite::Sm3Sm2, &promised)
        );
        let short = Contribution {
            value: vec![1; 15],
            ..one
        };
        assert!(!short.verify(Suite::Sm3Sm2, &short.commit(Suite::Sm3Sm2)));
    }
}
