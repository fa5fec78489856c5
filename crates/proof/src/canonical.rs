//! Canonical JSON (RFC 8785) restricted to integers, and strict reading of the same.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ProofError;

/// The largest magnitude that every JSON reader keeps exactly, 2^53 − 1 (RFC 8785 section 3.2.2.3).
pub const LARGEST: u64 = 9_007_199_254_740_991;

/// Writes a value as canonical JSON: no white space, keys ordered by UTF-16 code units, integers only.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, ProofError> {
    let value = serde_json::to_value(value).map_err(|error| ProofError::NotCanonical(error.to_string()))?;
    let mut out = Vec::with_capacity(256);
    write_value(&value, &mut out)?;
    Ok(out)
}

fn write_value(value: &Value, out: &mut Vec<u8>) -> Result<(), ProofError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => {
            let whole = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
            match whole {
                Some(magnitude) if magnitude <= LARGEST => {
                    out.extend_from_slice(number.to_string().as_bytes());
                }
                _ => {
                    return Err(ProofError::NotCanonical(format!(
                        "数字 {number} 不是 2^53 以内的整数"
                    )));
                }
            }
        }
        Value::String(text) => write_text(text, out),
        Value::Array(list) => {
            out.push(b'[');
            for (position, entry) in list.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_value(entry, out)?;
            }
            out.push(b']');
        }
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by(|left, right| left.0.encode_utf16().cmp(right.0.encode_utf16()));
            out.push(b'{');
            for (position, (name, entry)) in entries.into_iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_text(name, out);
                out.push(b':');
                write_value(entry, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// Writes one JSON string with exactly the escapes of RFC 8785 section 3.2.2.2.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..=0x1f => {
                out.extend_from_slice(b"\\u00");
                for nibble in [byte >> 4, byte & 15] {
                    out.push(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0'));
                }
            }
            other => out.push(other),
        }
    }
    out.push(b'"');
}

/// Reads a document strictly: UTF-8, no key twice, integers only and within 2^53 − 1, all text in NFC, then the
/// shape of `T` (which denies unknown keys). White space and key order are free; what is hashed is written anew.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ProofError> {
    let malformed = |error: serde_json::Error| ProofError::Malformed(error.to_string());
    serde_json::from_slice::<Strict>(bytes).map_err(malformed)?;
    serde_json::from_slice(bytes).map_err(malformed)
}

/// Walks any JSON without keeping it and refuses what our documents may not hold.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Strict)
    }
}

fn text_in_nfc<E: de::Error>(text: &str) -> Result<(), E> {
    if text.is_ascii() || unicode_normalization::is_nfc(text) {
        Ok(())
    } else {
        Err(E::custom(format!("text is not in NFC: {text:?}")))
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON with integers only")
    }
    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self, E> {
        if number <= LARGEST {
            Ok(self)
        } else {
            Err(E::custom(format!("integer too large: {number}")))
        }
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self, E> {
        self.visit_u64(number.unsigned_abs())
    }
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self, E> {
        Err(E::custom(format!("not an integer: {number}")))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self, E> {
        text_in_nfc(text).map(|()| self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Strict>()?.is_some() {}
        Ok(self)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            text_in_nfc(&name)?;
            map.next_value::<Strict>()?;
            if let Some(name) = seen.replace(name) {
                return Err(de::Error::custom(format!("key twice: {name:?}")));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc_8785_keys_are_ordered_by_utf16_units() {
        // RFC 8785 section 3.2.3.
        let value: Value = serde_json::from_str(
            "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\
             \"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\",\
             \"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
        )
        .unwrap();
        let text = String::from_utf8(to_vec(&value).unwrap()).unwrap();
        let order = [
            "Carriage Return",
            "One",
            "Control",
            "Latin Small",
            "Euro Sign",
            "Emoji",
            "Hebrew",
        ]
        .map(|word| text.find(word).unwrap());
        assert!(order.is_sorted(), "{text}");
    }

    #[test]
    fn rfc_8785_strings_and_literals_are_written_as_in_section_3_2_2() {
        let value: Value = serde_json::from_str(
            r#"{"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#,
        )
        .unwrap();
        let expected = "{\"literals\":[null,true,false],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        assert_eq!(String::from_utf8(to_vec(&value).unwrap()).unwrap(), expected);
    }

    #[test]
    fn floats_large_integers_and_repeated_keys_are_refused() {
        for text in [
            "1.5",
            "1e3",
            "9007199254740992",
            "-9007199254740992",
            "{\"a\":1,\"a\":1}",
            "\"e\u{301}\"",
            "[1",
        ] {
            assert!(parse::<Value>(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse::<Value>(b"{\"a\":[-9007199254740991, \"\xc3\xa9\"]}").is_ok());
        assert!(to_vec(&1.0).is_err());
        assert!(to_vec(&u64::MAX).is_err());
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_document_is_written_as_serde_json_canonicalizer_writes_it(value in documents()) {
            prop_assert_eq!(to_vec(&value).unwrap(), serde_json_canonicalizer::to_vec(&value).unwrap());
        }
    }
}
