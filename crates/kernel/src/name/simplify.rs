//! Traditional to simplified characters by OpenCC's tables, asked only when a text needs it.

use std::borrow::Cow;
use std::sync::LazyLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;

const FIRST: u32 = 0x3400;
const LAST: u32 = 0xFAFF;
/// Taken for variants by OpenCC, but themselves standard (通用规范汉字表, 2013) and common in names: 东昇 is not 东升.
const STANDARD: &[char] = &['昇', '甦', '陞', '俱', '咤', '甯'];
/// Traditional in some words and standard in others; alone they do not make a text traditional.
const EITHER: &[char] = &['於', '徵', '藉', '瞭', '麽', '夥'];
/// Beside these 乾 is gān, dry, and becomes 干; elsewhere in names it is qián and stays.
const DRY: &[char] = &[
    '饼', '餅', '燥', '洗', '貨', '果', '净', '淨', '粮', '糧', '酪', '菜', '烘', '晾', '晒', '曬', '风',
    '風', '肉', '脱', '脫', '冻', '凍', '烤', '豆',
];

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
                if STANDARD.contains(&c) || EITHER.contains(&c) {
                    return false;
                }
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
        Some(converter) if text.chars().any(changes) => restore(text, converter.convert(text)).into(),
        _ => text.into(),
    }
}

/// Puts back what is no traditional form in a name.
fn restore(original: &str, converted: String) -> String {
    let doubtful = |c: char| c == '乾' || c == '於' || STANDARD.contains(&c);
    if !original.contains(doubtful) || original.chars().count() != converted.chars().count() {
        return converted;
    }
    let before = std::iter::once(' ').chain(original.chars());
    let after = original.chars().skip(1).chain(std::iter::once(' '));
    let places = original.chars().zip(converted.chars()).zip(before.zip(after));
    places
        .map(|((own, new), (before, after))| match own {
            '乾' if DRY.contains(&before) || DRY.contains(&after) => '干',
            '乾' => '乾',
            '於' if matches!(after, '潜' | '潛') => '於',
            own if STANDARD.contains(&own) => own,
            _ => new,
        })
        .collect()
}
