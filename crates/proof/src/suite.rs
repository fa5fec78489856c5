//! The two hash and signature suites, labelled hashing, and HMAC.

use std::fmt;

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sm3::{Digest as _, Sm3};

mod lanes;

pub(crate) use lanes::{BATCH, MacPrefix, Prefix, Room};

/// The protocol's name; every labelled hash starts with it.
pub const PROTOCOL: &str = "xinheng-draw/1";

/// A hash of 32 bytes, written as lower-case hex. Ordered as a big-endian number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Reads 64 lower-case hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        crate::text::hex_bytes(text)?.try_into().ok().map(Self)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl TryFrom<String> for Digest {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::from_hex(&text).ok_or_else(|| format!("not 64 lower-case hex digits: {text:?}"))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// A suite of hash and signature, named in every document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// SM3 (GB/T 32905) and SM2 (GB/T 32918): the default in mainland government networks.
    Sm3Sm2,
    /// SHA-256 and Ed25519 (RFC 8032).
    Sha256Ed25519,
}

impl Suite {
    /// The name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sm3Sm2 => "sm3-sm2",
            Self::Sha256Ed25519 => "sha256-ed25519",
        }
    }

    /// The suite of a name, if it is one of ours.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Sm3Sm2, Self::Sha256Ed25519]
            .into_iter()
            .find(|suite| suite.name() == name)
    }

    /// A fresh hash of the suite.
    pub fn hasher(self) -> Hasher {
        match self {
            Self::Sm3Sm2 => Hasher::Sm3(Sm3::new()),
            Self::Sha256Ed25519 => Hasher::Sha256(Sha256::new()),
        }
    }

    /// Plain, unlabelled hash `H`.
    pub fn hash(self, data: &[u8]) -> Digest {
        self.hasher().with(data).finish()
    }

    /// `H[label]` with the label already taken in; clone it to share the prefix among many inputs.
    pub fn labelled(self, label: &str) -> Hasher {
        self.hasher().with(&label_bytes(label))
    }

    /// RFC 2104: a key of at most one block is filled up with zeros, a longer one is hashed first.
    fn key_block(self, key: &[u8]) -> [u8; 64] {
        let short = if key.len() > 64 {
            self.hash(key).0.to_vec()
        } else {
            key.to_vec()
        };
        let mut block = [0_u8; 64];
        block.iter_mut().zip(short).for_each(|(slot, byte)| *slot = byte);
        block
    }

    /// `MAC[label]` under `key` with key and label already taken in; clone it to share them.
    pub fn mac(self, key: &[u8], label: &str) -> Mac {
        let block = self.key_block(key);
        let mac = match self {
            Self::Sm3Sm2 => Mac::Sm3(Hmac::new(&block.into())),
            Self::Sha256Ed25519 => Mac::Sha256(Hmac::new(&block.into())),
        };
        mac.with(&label_bytes(label))
    }
}

/// `lp("xinheng-draw/1/" + label)`.
pub(crate) fn label_bytes(label: &str) -> Vec<u8> {
    let name = format!("{PROTOCOL}/{label}");
    let mut out = length_prefix(name.as_bytes()).to_vec();
    out.extend_from_slice(name.as_bytes());
    out
}

/// The four length bytes that `lp` puts before `data`; documents are far below 4 GiB.
pub(crate) fn length_prefix(data: &[u8]) -> [u8; 4] {
    u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// A running hash; cloning keeps the work done on a shared prefix.
#[derive(Clone)]
pub enum Hasher {
    /// SM3.
    Sm3(Sm3),
    /// SHA-256.
    Sha256(Sha256),
}

impl Hasher {
    /// Takes in bytes.
    pub fn update(&mut self, data: &[u8]) {
        match self {
            Self::Sm3(hash) => hash.update(data),
            Self::Sha256(hash) => hash.update(data),
        }
    }

    /// Takes in bytes and hands itself on.
    #[must_use]
    pub fn with(mut self, data: &[u8]) -> Self {
        self.update(data);
        self
    }

    /// Takes in `lp(data)`: four length bytes, then the data.
    #[must_use]
    pub fn field(self, data: &[u8]) -> Self {
        self.with(&length_prefix(data)).with(data)
    }

    /// The hash of everything taken in.
    pub fn finish(self) -> Digest {
        match self {
            Self::Sm3(hash) => Digest(hash.finalize().into()),
            Self::Sha256(hash) => Digest(hash.finalize().into()),
        }
    }
}

/// A running HMAC; cloning keeps the work done on the key and a shared prefix.
#[derive(Clone)]
pub enum Mac {
    /// HMAC with SM3.
    Sm3(Hmac<Sm3>),
    /// HMAC with SHA-256.
    Sha256(Hmac<Sha256>),
}

impl Mac {
    /// Takes in bytes and hands itself on.
    #[must_use]
    pub fn with(mut self, data: &[u8]) -> Self {
        match &mut self {
            Self::Sm3(mac) => mac.update(data),
            Self::Sha256(mac) => mac.update(data),
        }
        self
    }

    /// Takes in `lp(data)`.
    #[must_use]
    pub fn field(self, data: &[u8]) -> Self {
        self.with(&length_prefix(data)).with(data)
    }

    /// The authentication code of everything taken in.
    pub fn finish(self) -> Digest {
        match self {
            Self::Sm3(mac) => Digest(mac.finalize().into_bytes().into()),
            Self::Sha256(mac) => Digest(mac.finalize().into_bytes().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sm3_gives_the_examples_of_gb_t_32905() {
        let abc = Suite::Sm3Sm2.hash(b"abc");
        assert_eq!(
            abc.to_string(),
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
        );
        let long = Suite::Sm3Sm2.hash("abcd".repeat(16).as_bytes());
        assert_eq!(
            long.to_string(),
            "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
        );
    }

    #[test]
    fn sha256_gives_the_example_of_fips_180() {
        let abc = Suite::Sha256Ed25519.hash(b"abc");
        assert_eq!(
            abc.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    /// HMAC as RFC 2104 writes it, for keys of at most one block.
    fn hmac_by_hand(suite: Suite, key: &[u8], data: &[u8]) -> Digest {
        let pad = |with: u8| {
            (0..64)
                .map(|at| key.get(at).copied().unwrap_or(0) ^ with)
                .collect::<Vec<u8>>()
        };
        let inner = suite.hasher().with(&pad(0x36)).with(data).finish();
        suite.hasher().with(&pad(0x5c)).with(&inner.0).finish()
    }

    #[test]
    fn hmac_is_rfc_2104_with_the_label_in_front() {
        // RFC 4231 test case 2 pins the hand-written form, the hand-written form pins the suite's.
        let known = hmac_by_hand(Suite::Sha256Ed25519, b"Jefe", b"what do ya want for nothing?");
        assert_eq!(
            known.to_string(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        for suite in [Suite::Sm3Sm2, Suite::Sha256Ed25519] {
            let mut message = label_bytes("salt");
            message.extend_from_slice(b"\0\0\0\x03abc");
            assert_eq!(
                suite.mac(b"key", "salt").field(b"abc").finish(),
                hmac_by_hand(suite, b"key", &message)
            );
        }
    }
}
