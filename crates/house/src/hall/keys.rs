//! The deployment's suite and keys: the platform key signs checkpoints and transcripts.
use kernel::{Fault, FaultKind, Instant, Outcome};
use proof::text::Time;
use proof::{Key, ProofError, Suite};
use serde::{Deserialize, Serialize};

use super::files::{self, DataFolder};

const FILE: &str = "keys.json";
/// Length of the secret the keys are made of, in bytes.
pub const SECRET_BYTES: usize = 32;

/// The keys of a deployment.
pub struct Keys {
    /// The suite every document names.
    pub suite: Suite,
    /// The platform key.
    pub platform: Key,
    secret: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    suite: String,
    secret: String,
}

impl Keys {
    /// Makes keys from random bytes and keeps the secret in the data folder, readable by its owner only. Keys that a
    /// failed attempt left are used again.
    pub fn create(folder: &DataFolder, suite: Suite, secret: &[u8; SECRET_BYTES]) -> Outcome<Self> {
        if folder.path(FILE).exists() {
            return Self::open(folder);
        }
        let stored = Stored {
            suite: suite.name().to_owned(),
            secret: hex::encode(secret),
        };
        let text = serde_json::to_vec_pretty(&stored).map_err(|e| Fault::internal("密钥无法写出", e))?;
        files::write_secret(&folder.path(FILE), &text)?;
        Self::from_secret(suite, secret)
    }

    /// Reads the keys of a data folder.
    pub fn open(folder: &DataFolder) -> Outcome<Self> {
        let broken = |why: String| {
            let detail = format!(
                "{} 无法使用：{why}。请从备份恢复；没有它不能签署新的文书。",
                folder.path(FILE).display()
            );
            Fault::new(FaultKind::Invalid, "hall.keys.broken", detail)
        };
        let stored: Stored =
            serde_json::from_slice(&folder.read(FILE)?).map_err(|e| broken(e.to_string()))?;
        let suite = Suite::parse(&stored.suite)
            .ok_or_else(|| broken(format!("不认识的密码套件 {}", stored.suite)))?;
        let secret = hex::decode(&stored.secret).map_err(|e| broken(e.to_string()))?;
        Self::from_secret(suite, &secret)
    }

    /// Keys from a secret of at least 32 bytes.
    pub fn from_secret(suite: Suite, secret: &[u8]) -> Outcome<Self> {
        Ok(Self {
            suite,
            platform: Key::from_random(suite, secret).map_err(|fault| proof_fault(&fault))?,
            secret: secret.to_vec(),
        })
    }

    /// A secret of its own for one purpose, always the same for the same words: salts, keyed hashes and the secrets of
    /// subscribers need no place of their own to be kept, and none tells anything about another.
    pub fn derived(&self, purpose: &str) -> [u8; SECRET_BYTES] {
        self.suite
            .mac(&self.secret, "derived")
            .field(purpose.as_bytes())
            .finish()
            .0
    }
}

/// A failure of the proof crate on our own documents is an accident, except where it names what a person sent.
pub fn proof_fault(fault: &ProofError) -> Fault {
    match fault {
        ProofError::Reveals(_) | ProofError::Form(_) => {
            Fault::new(FaultKind::Invalid, "hall.proof.refused", fault.to_string())
        }
        _ => Fault::internal(fault.to_string(), std::io::Error::other(fault.to_string())),
    }
}

/// An instant as documents write it, to the second.
pub fn time_text(at: Instant) -> Outcome<Time> {
    let text = at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    text.parse()
        .map_err(|e: String| Fault::internal("时间无法写入文书", std::io::Error::other(e)))
}
