//! Text shapes of the documents: lower-case hex, instants and days.

use serde::{Deserialize, Serialize};

/// Reads lower-case hex; anything else is `None`.
pub(crate) fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    hex::decode(text).ok()
}

/// Bytes of any length, written as lower-case hex (keys, signatures, contributed values).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hex(pub Vec<u8>);

impl std::fmt::Debug for Hex {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&hex::encode(&self.0))
    }
}

impl TryFrom<String> for Hex {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        hex_bytes(&text)
            .map(Self)
            .ok_or_else(|| format!("not lower-case hex: {text:?}"))
    }
}

impl From<Hex> for String {
    fn from(hex: Hex) -> Self {
        hex::encode(hex.0)
    }
}

/// Two decimal digits at a place, as a number.
fn two(bytes: &[u8], at: usize) -> Option<u32> {
    let digit = |offset: usize| {
        bytes
            .get(at + offset)
            .and_then(|byte| byte.is_ascii_digit().then(|| u32::from(byte - b'0')))
    };
    Some(digit(0)? * 10 + digit(1)?)
}

fn is_day(bytes: &[u8]) -> bool {
    let read = || {
        let year = two(bytes, 0)? * 100 + two(bytes, 2)?;
        let (month, day) = (two(bytes, 5)?, two(bytes, 8)?);
        let dashes = bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
        let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
        let last = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 0,
        };
        Some(bytes.len() == 10 && dashes && year > 0 && (1..=last).contains(&day))
    };
    read().unwrap_or(false)
}

fn is_time(bytes: &[u8]) -> bool {
    let read = || {
        let shape = bytes.len() == 20
            && bytes.get(10) == Some(&b'T')
            && bytes.get(13) == Some(&b':')
            && bytes.get(16) == Some(&b':')
            && bytes.get(19) == Some(&b'Z');
        Some(
            shape
                && is_day(bytes.get(..10)?)
                && two(bytes, 11)? < 24
                && two(bytes, 14)? < 60
                && two(bytes, 17)? < 60,
        )
    };
    read().unwrap_or(false)
}

macro_rules! shaped {
    ($(#[$doc:meta])* $name:ident, $test:ident, $words:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                if $test(text.as_bytes()) { Ok(Self(text)) } else { Err(format!(concat!("not ", $words, ": {:?}"), text)) }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}

shaped!(
    /// An instant in UTC to the second, `YYYY-MM-DDTHH:MM:SSZ`; text order is time order.
    Time, is_time, "an instant YYYY-MM-DDTHH:MM:SSZ"
);
shaped!(
    /// A calendar day, `YYYY-MM-DD`; text order is time order.
    Day, is_day, "a day YYYY-MM-DD"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_days_and_instants_are_read() {
        for day in ["2026-02-28", "2024-02-29", "2026-12-31"] {
            assert!(day.parse::<Day>().is_ok(), "{day}");
        }
        for day in [
            "2026-02-29",
            "2026-13-01",
            "2026-1-05",
            "2026-00-10",
            "2026-01-00",
            "２026-01-01",
            "",
        ] {
            assert!(day.parse::<Day>().is_err(), "{day}");
        }
        assert!("2026-01-05T23:59:59Z".parse::<Time>().is_ok());
        for time in [
            "2026-01-05T24:00:00Z",
            "2026-01-05 10:00:00Z",
            "2026-01-05T10:00:00+08:00",
            "2026-01-05T10:00:60Z",
        ] {
            assert!(time.parse::<Time>().is_err(), "{time}");
        }
    }

    #[test]
    fn hex_is_lower_case_and_whole_bytes() {
        assert_eq!(hex_bytes("00ff"), Some(vec![0, 255]));
        for text in ["0", "FF", "0g"] {
            assert_eq!(hex_bytes(text), None, "{text}");
        }
    }
}
