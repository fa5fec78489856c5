//! Traditional to simplified characters by OpenCC's tables, asked only when a text needs it.

use std::borrow::Cow;
use std::sync::LazyLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;

const FIRST: u32 = 0x3400;
const LAST: u32 = 0xFAFF;

/// The converter and, one bit per character, which characters it changes. Made at first use.
struct Tables {
    converter: Option<OpenCC>,
    changing: Vec<u64>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    // The tables are compiled in; if they could not be read, names stay as they are written.
    let converter = OpenCC::from_config(BuiltinConfig::T2s).ok();
    let mut changing = Vec::new();
    for start in (FIRST..=LAST).step_by(64) {
        let mut word = 0_u64;
        for bit in 0..64 {
            let changes = char::from_u32(start + bit).is_some_and(|c| {
                let alone = c.to_string();
                converter
                    .as_ref()
                    .is_some_and(|converter| converter.convert(&alone) != alone)
            });
            word |= u64::from(changes) << bit;
        }
        changing.push(word);
    }
    Tables { converter, changing }
});

/// Whether the character is a traditional form.
pub(super) fn changes(c: char) -> bool {
    let Some(offset) = u32::from(c).checked_sub(FIRST) else {
        return false;
    };
    usize::try_from(offset / 64)
        .ok()
        .and_then(|at| TABLES.changing.get(at))
        .is_some_and(|word| word >> (offset % 64) & 1 == 1)
}

/// The text in simplified characters; untouched where none of its characters is a traditional form.
pub(super) fn simplify(text: &str) -> Cow<'_, str> {
    match &TABLES.converter {
        Some(converter) if text.chars().any(changes) => converter.convert(text).into(),
        _ => text.into(),
    }
}
