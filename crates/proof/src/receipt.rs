//! Receipts (回执): the platform says with its signature what it received, from whom and when. Whoever holds one proves it
//! without asking the platform again.

use serde::{Deserialize, Serialize};

use crate::text::{Hex, Time};
use crate::{Digest, Key, ProofError, Suite, canonical, key};

/// Name and version of the document.
pub const FORMAT: &str = "xinheng-receipt/1";

/// One table of what was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Catalogue item (目录事项).
    pub item: String,
    /// Name of the table; empty where the file is one table.
    pub table: String,
    /// Number of the batch (批次).
    pub batch_id: i64,
    /// Rows without headings and blank ones, as counted when it was received; absent when the table could not be read to
    /// its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
    /// The same content had been received before, as the same batch.
    pub known: bool,
}

/// What was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Received {
    /// [`FORMAT`].
    pub format: String,
    /// Name of the suite of the signature.
    pub suite: String,
    /// Number of the receipt.
    pub receipt_id: i64,
    /// Department that supplied it.
    pub supplier: String,
    /// The file as its supplier calls it; empty for records without a file.
    pub file_name: String,
    /// When.
    pub received_at: Time,
    /// SHA-256 of the very bytes that were received, whatever the suite: any computer can count it.
    pub sha256: Digest,
    /// How many bytes.
    pub bytes: u64,
    /// The tables taken in.
    pub parts: Vec<Part>,
    /// Tables that were not taken in, and why.
    pub left: Vec<String>,
    /// Public key of the platform.
    pub key: Hex,
}

/// A signed receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// What was received.
    pub received: Received,
    /// Signature over label and canonical `received`.
    pub signature: Hex,
}

/// `lp("xinheng-receipt/1") ‖ JCS(received)`.
fn signed_bytes(received: &Received) -> Result<Vec<u8>, ProofError> {
    let mut out = crate::suite::length_prefix(FORMAT.as_bytes()).to_vec();
    out.extend_from_slice(FORMAT.as_bytes());
    out.extend(canonical::to_vec(received)?);
    Ok(out)
}

impl Receipt {
    /// Signs what was received. The suite, the key and the format are those of the signer.
    pub fn sign(key: &Key, mut received: Received) -> Result<Self, ProofError> {
        FORMAT.clone_into(&mut received.format);
        key.suite().name().clone_into(&mut received.suite);
        received.key = Hex(key.public());
        let signature = Hex(key.sign(&signed_bytes(&received)?)?);
        Ok(Self { received, signature })
    }

    /// The document: canonical JSON, the same bytes every time.
    pub fn text(&self) -> Result<String, ProofError> {
        let bytes = canonical::to_vec(self)?;
        String::from_utf8(bytes).map_err(|e| ProofError::NotCanonical(e.to_string()))
    }

    /// Reads a document.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        let receipt: Self =
            serde_json::from_slice(bytes).map_err(|e| ProofError::Malformed(format!("不是回执：{e}")))?;
        if receipt.received.format != FORMAT {
            let why = format!("不认识的回执格式“{}”", receipt.received.format);
            return Err(ProofError::Malformed(why));
        }
        Ok(receipt)
    }

    /// Whether the signature is right under the key named in the receipt. That this key is the platform's is to be known
    /// from elsewhere.
    pub fn holds(&self) -> bool {
        let Some(suite) = Suite::parse(&self.received.suite) else {
            return false;
        };
        signed_bytes(&self.received)
            .is_ok_and(|bytes| key::verify(suite, &self.received.key.0, &bytes, &self.signature.0))
    }

    /// Whether these bytes are what was received.
    pub fn is_of(&self, content: &[u8]) -> bool {
        self.received.bytes == crate::wide(content.len())
            && self.received.sha256 == Suite::Sha256Ed25519.hash(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(suite: Suite) -> Receipt {
        let key = Key::from_random(suite, &[5; 32]).unwrap();
        let content = b"a,b\n1,2\n";
        let received = Received {
            format: String::new(),
            suite: String::new(),
            receipt_id: 17,
            supplier: "440511-scjg".into(),
            file_name: "处罚.csv".into(),
            received_at: "2026-06-01T01:00:00Z".parse().unwrap(),
            sha256: Suite::Sha256Ed25519.hash(content),
            bytes: 8,
            parts: vec![Part {
                item: "penalty".into(),
                table: String::new(),
                batch_id: 16,
                rows: Some(1),
                known: false,
            }],
            left: Vec::new(),
            key: Hex(Vec::new()),
        };
        Receipt::sign(&key, received).unwrap()
    }

    #[test]
    fn a_receipt_read_again_holds_and_has_the_same_bytes() {
        for suite in [Suite::Sm3Sm2, Suite::Sha256Ed25519] {
            let receipt = receipt(suite);
            let text = receipt.text().unwrap();
            let again = Receipt::parse(text.as_bytes()).unwrap();
            assert!(again.holds());
            assert_eq!(again.text().unwrap(), text);
            assert!(again.is_of(b"a,b\n1,2\n"));
            assert!(!again.is_of(b"a,b\n1,3\n"));
        }
    }

    #[test]
    fn a_receipt_changed_anywhere_or_signed_by_another_does_not_hold() {
        let good = receipt(Suite::Sm3Sm2);
        let refuse = |change: &dyn Fn(&mut Receipt)| {
            let mut receipt = good.clone();
            change(&mut receipt);
            assert!(!receipt.holds(), "{receipt:?}");
        };
        refuse(&|receipt| receipt.received.bytes += 1);
        refuse(&|receipt| receipt.received.supplier.push('x'));
        refuse(&|receipt| receipt.received.parts[0].rows = Some(2));
        refuse(&|receipt| receipt.received.parts.clear());
        refuse(&|receipt| receipt.received.left.push(String::new()));
        refuse(&|receipt| receipt.received.received_at = "2026-06-01T01:00:01Z".parse().unwrap());
        refuse(&|receipt| receipt.received.suite = "sha256-ed25519".into());
        refuse(&|receipt| {
            let other = Key::from_random(Suite::Sm3Sm2, &[6; 32]).unwrap();
            receipt.received.key = Hex(other.public());
        });
        assert!(Receipt::parse(b"{}").is_err());
        let mut other = good.clone();
        other.received.format = "xinheng-receipt/2".into();
        assert!(Receipt::parse(other.text().unwrap().as_bytes()).is_err());
    }
}
