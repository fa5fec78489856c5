//! Signing keys of both suites: made from bytes given as an argument, signing and verifying without chance.

use ed25519_dalek::Signer as _;
use sm2::dsa::signature::{Signer as _, Verifier as _};

use crate::{ProofError, Suite};

/// The distinguishing identifier of GB/T 32918 when none is agreed.
pub const SM2_USER: &str = "1234567812345678";

/// A signing key. Signatures are deterministic: RFC 8032 for Ed25519, RFC 6979 nonces for SM2.
#[derive(Clone)]
pub enum Key {
    /// SM2 over the recommended curve of GB/T 32918.5.
    Sm2(Box<sm2::dsa::SigningKey>),
    /// Ed25519.
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "Key({}, {})",
            self.suite().name(),
            hex::encode(self.public())
        )
    }
}

impl Key {
    /// The key of a 32-byte seed: the private number itself for SM2 (refused outside 1 … n − 2), the secret of RFC 8032
    /// for Ed25519.
    pub fn from_seed(suite: Suite, seed: &[u8; 32]) -> Result<Self, ProofError> {
        match suite {
            Suite::Sha256Ed25519 => Ok(Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(
                seed,
            )))),
            Suite::Sm3Sm2 => {
                let refused = |_| ProofError::Key("SM2 私钥须在 1 与 n−2 之间".to_owned());
                let key = sm2::dsa::SigningKey::from_slice(SM2_USER, seed).map_err(refused)?;
                // n − 1 passes the range check of the curve but makes 1 + d vanish; a trial signature finds it.
                key.try_sign(b"").map_err(refused)?;
                Ok(Self::Sm2(Box::new(key)))
            }
        }
    }

    /// A key from at least 32 random bytes: hashed with a counter until the result is a seed of the suite.
    pub fn from_random(suite: Suite, random: &[u8]) -> Result<Self, ProofError> {
        if random.len() < 32 {
            return Err(ProofError::Key("随机字节不足 32 个".to_owned()));
        }
        (0..=u8::MAX)
            .find_map(|counter| {
                let seed = suite.labelled("key").field(random).with(&[counter]).finish();
                Self::from_seed(suite, &seed.0).ok()
            })
            .ok_or_else(|| ProofError::Key("随机字节不可用".to_owned()))
    }

    /// The suite the key belongs to.
    pub fn suite(&self) -> Suite {
        match self {
            Self::Sm2(_) => Suite::Sm3Sm2,
            Self::Ed25519(_) => Suite::Sha256Ed25519,
        }
    }

    /// The public key: 65 bytes 04‖x‖y for SM2, 32 bytes for Ed25519.
    pub fn public(&self) -> Vec<u8> {
        match self {
            Self::Sm2(key) => key.verifying_key().to_sec1_bytes().into_vec(),
            Self::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
        }
    }

    /// Signs a message; 64 bytes (r‖s for SM2, with Z of the default user as GB/T 32918.2 asks).
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ProofError> {
        match self {
            Self::Sm2(key) => {
                let signature = key
                    .try_sign(message)
                    .map_err(|_| ProofError::Key("SM2 签名失败".to_owned()))?;
                Ok(signature.to_bytes().to_vec())
            }
            Self::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
        }
    }
}

/// Whether a signature is right. Wrong lengths and points off the curve are simply wrong.
pub fn verify(suite: Suite, public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    match suite {
        Suite::Sm3Sm2 => {
            // The crate would also take the compressed form; our documents know only 04‖x‖y.
            if public.len() != 65 {
                return false;
            }
            let Ok(key) = sm2::dsa::VerifyingKey::from_sec1_bytes(SM2_USER, public) else {
                return false;
            };
            let Ok(signature) = sm2::dsa::Signature::from_slice(signature) else {
                return false;
            };
            key.verify(message, &signature).is_ok()
        }
        Suite::Sha256Ed25519 => {
            let Ok(public) = <&[u8; 32]>::try_from(public) else {
                return false;
            };
            let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(public) else {
                return false;
            };
            let Ok(signature) = <&[u8; 64]>::try_from(signature) else {
                return false;
            };
            key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature))
                .is_ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text.replace(' ', "")).unwrap()
    }

    #[test]
    fn ed25519_gives_test_3_of_rfc_8032() {
        let seed = bytes("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
            .try_into()
            .unwrap();
        let key = Key::from_seed(Suite::Sha256Ed25519, &seed).unwrap();
        assert_eq!(
            hex::encode(key.public()),
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
        );
        let expected = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
                        18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
        assert_eq!(key.sign(&[0xaf, 0x82]).unwrap(), bytes(expected));
        assert!(verify(
            Suite::Sha256Ed25519,
            &key.public(),
            &[0xaf, 0x82],
            &bytes(expected)
        ));
    }

    // GB/T 32918.5-2017 annex A.2: recommended curve, message "message digest", user 1234567812345678.
    const PRIVATE: &str = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8";
    const PUBLIC: &str = "04 09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020\
                          CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13";
    const SIGNATURE: &str = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3\
                             B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA";

    #[test]
    fn sm2_verifies_the_example_of_gb_t_32918_5() {
        let key = Key::from_seed(Suite::Sm3Sm2, &bytes(PRIVATE).try_into().unwrap()).unwrap();
        assert_eq!(key.public(), bytes(PUBLIC));
        assert!(verify(
            Suite::Sm3Sm2,
            &bytes(PUBLIC),
            b"message digest",
            &bytes(SIGNATURE)
        ));
        assert!(!verify(
            Suite::Sm3Sm2,
            &bytes(PUBLIC),
            b"message digesT",
            &bytes(SIGNATURE)
        ));
    }

    #[test]
    fn a_signature_holds_for_its_message_and_key_only() {
        for suite in [Suite::Sm3Sm2, Suite::Sha256Ed25519] {
            let key = Key::from_random(suite, &[7; 40]).unwrap();
            let other = Key::from_random(suite, &[8; 40]).unwrap();
            let signature = key.sign("公示".as_bytes()).unwrap();
            assert_eq!(signature, key.sign("公示".as_bytes()).unwrap());
            assert!(verify(suite, &key.public(), "公示".as_bytes(), &signature));
            assert!(!verify(suite, &other.public(), "公示".as_bytes(), &signature));
            assert!(!verify(suite, &key.public(), "公告".as_bytes(), &signature));
            assert!(!verify(suite, &key.public(), "公示".as_bytes(), &signature[1..]));
            assert!(!verify(suite, &[], "公示".as_bytes(), &signature));
        }
    }

    #[test]
    fn unusable_private_numbers_are_refused() {
        // n − 1 of the recommended curve, and zero.
        let last = bytes("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54122")
            .try_into()
            .unwrap();
        assert!(Key::from_seed(Suite::Sm3Sm2, &last).is_err());
        assert!(Key::from_seed(Suite::Sm3Sm2, &[0; 32]).is_err());
        assert!(Key::from_random(Suite::Sm3Sm2, &[1; 31]).is_err());
    }
}
