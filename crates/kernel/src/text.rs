//! Folding of characters, and the trait duties every text-like code shares.

/// Full-width forms (！ to ～) and the ideographic blank become their ASCII selves.
pub(crate) fn narrow(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c).saturating_sub(0xFEE0)).unwrap_or(c),
        other => other,
    }
}

/// Blanks and the invisible characters that spreadsheets and copied pages leave behind.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}')
}

/// A code as it was meant: narrow, upper case, without blanks and the apostrophe that spreadsheets put in front.
pub(crate) fn fold_code(raw: &str) -> String {
    raw.chars()
        .map(narrow)
        .filter(|c| !is_blank(*c) && !matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '`'))
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// `Display`, `FromStr` and serde for a type with `parse(&str)` and `as_str()`.
macro_rules! text_code {
    ($name:ty, $fault:ty) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl std::str::FromStr for $name {
            type Err = $fault;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use text_code;
