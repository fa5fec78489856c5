//! 统一社会信用代码 (GB 32100-2015): eighteen characters, two check digits, one of them inside.

use crate::code::fault::{CodeFault, CodeKind, CodeReason, lookalike, one_slip_away};
use crate::code::{OrgCode, is_province, org};
use crate::text::{fold_code, text_code};

const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// 3^(i−1) mod 31.
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// 统一社会信用代码: eighteen characters whose check character has been verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CreditCode([u8; 18]);

/// What is unusual about an accepted code. Real registers hold such codes: they are noted, never refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// The authority in characters 3–8 is in no table of divisions.
    pub unknown_division: bool,
    /// Characters 9–17 fail their own check (GB 11714).
    pub inner_check_wrong: bool,
}

impl Marks {
    /// Whether anything is unusual.
    pub const fn any(self) -> bool {
        self.unknown_division || self.inner_check_wrong
    }
}

impl CreditCode {
    /// Reads a code in any width and case, with blanks and a spreadsheet's apostrophe.
    /// Refused: wrong length, characters outside the alphabet (I, O, S, V, Z), letters in 3–8, wrong check (18).
    pub fn parse(raw: &str) -> Result<Self, CodeFault> {
        if let Some(code) = Self::at_once(raw) {
            return Ok(code);
        }
        let text = fold_code(raw);
        let kind = CodeKind::Credit;
        if text.chars().count() != 18 {
            return Err(CodeFault::of_length(kind, &text, "18"));
        }
        let stranger = text.chars().zip(1..).find(|(c, at)| !fits(*at, *c));
        let Ok(bytes) = <[u8; 18]>::try_from(text.as_bytes()) else {
            // Eighteen characters but more bytes: one of them is a stranger from outside ASCII.
            let (found, position) = stranger.unwrap_or(('?', 1));
            return Err(CodeFault::plain(kind, CodeReason::Character { position, found }));
        };
        let reason = match (stranger, check_of(&bytes), bytes.last().copied()) {
            (Some((found, position)), _, _) => CodeReason::Character { position, found },
            (None, Some(expected), Some(found)) if expected != found => CodeReason::Check {
                position: 18,
                found: found.into(),
                expected: expected.into(),
            },
            _ => return Ok(Self(bytes)),
        };
        Err(CodeFault {
            kind,
            reason,
            corrections: corrections(&bytes),
        })
    }

    /// The way of most codes: already in canonical form, so nothing is folded or allocated.
    pub(crate) fn at_once(raw: &str) -> Option<Self> {
        let bytes = <[u8; 18]>::try_from(raw.as_bytes()).ok()?;
        is_valid(&bytes).then_some(Self(bytes))
    }

    /// Eighteen characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Characters 3–8: division of the registering authority as written. `100000` is the national authority.
    pub fn authority(&self) -> &str {
        self.as_str().get(2..8).unwrap_or_default()
    }

    /// Characters 9–17: the organisation code inside, whether or not its own check holds.
    pub fn organisation(&self) -> &str {
        self.as_str().get(8..17).unwrap_or_default()
    }

    /// The organisation code inside, where its own check holds.
    pub fn org_code(&self) -> Option<OrgCode> {
        OrgCode::parse(self.organisation()).ok()
    }

    /// What is unusual, as far as the code itself can tell: of the division only the province is judged.
    pub fn marks(&self) -> Marks {
        self.marks_by(|division| matches!(division.as_bytes(), [a, b, ..] if is_province(*a, *b)))
    }

    /// What is unusual, with the caller's table of divisions (all years: authorities outlive their codes).
    pub fn marks_by(&self, known: impl FnOnce(&str) -> bool) -> Marks {
        Marks {
            unknown_division: !known(self.authority()),
            inner_check_wrong: !org::is_valid(self.organisation().as_bytes()),
        }
    }

    /// Registering department and kind of body, characters 1–2 (GB 32100-2015, table 1; `None`: not in it).
    pub fn body(&self) -> Option<&'static str> {
        let [department, kind, ..] = self.0;
        Some(match (department, kind) {
            (b'1', b'1') => "机关",
            (b'1', b'2') => "事业单位",
            (b'1', b'3') => "编办直接管理机构编制的群众团体",
            (b'2', b'1') => "外国常驻新闻机构",
            (b'3', b'1') => "律师执业机构",
            (b'3', b'2') => "公证处",
            (b'3', b'3') => "基层法律服务所",
            (b'3', b'4') => "司法鉴定机构",
            (b'3', b'5') => "仲裁委员会",
            (b'4', b'1') => "外国在华文化中心",
            (b'5', b'1') => "社会团体",
            (b'5', b'2') => "民办非企业单位",
            (b'5', b'3') => "基金会",
            (b'6', b'1') => "外国旅游部门常驻代表机构",
            (b'6', b'2') => "港澳台地区旅游部门常驻内地（大陆）代表机构",
            (b'7', b'1') => "宗教活动场所",
            (b'7', b'2') => "宗教院校",
            (b'8', b'1') => "基层工会",
            (b'9', b'1') => "企业",
            (b'9', b'2') => "个体工商户",
            (b'9', b'3') => "农民专业合作社",
            (b'A', b'1') => "军队事业单位",
            (b'N', b'1') => "组级集体经济组织",
            (b'N', b'2') => "村级集体经济组织",
            (b'N', b'3') => "乡镇级集体经济组织",
            (b'1'..=b'8' | b'A' | b'N', b'9') | (b'Y', b'1') => "其他",
            _ => return None,
        })
    }
}

fn fits(position: usize, c: char) -> bool {
    let Ok(byte) = u8::try_from(c) else { return false };
    if (3..=8).contains(&position) {
        byte.is_ascii_digit()
    } else {
        value(byte).is_some()
    }
}

/// Value 0–30 in the alphabet that leaves out I, O, S, V and Z.
const fn value(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'H' => Some(byte - b'A' + 10),
        b'J'..=b'N' => Some(byte - b'J' + 18),
        b'P'..=b'R' => Some(byte - b'P' + 23),
        b'T' | b'U' => Some(byte - b'T' + 26),
        b'W'..=b'Y' => Some(byte - b'W' + 28),
        _ => None,
    }
}

/// The check character that the first seventeen demand. Remainder 0 gives `0`, hence the second `mod 31`.
fn check_of(bytes: &[u8]) -> Option<u8> {
    let mut sum = 0;
    for (byte, weight) in bytes.iter().zip(WEIGHTS) {
        sum += u32::from(value(*byte)?) * weight;
    }
    ALPHABET.get(usize::try_from((31 - sum % 31) % 31).ok()?).copied()
}

fn is_valid(bytes: &[u8]) -> bool {
    bytes.len() == 18
        && bytes.iter().skip(2).take(6).all(u8::is_ascii_digit)
        && check_of(bytes).is_some_and(|check| bytes.last() == Some(&check))
}

/// Accepted codes one slip away; those whose inner check and province hold come first. A code written with
/// several of the left-out letters is offered with all of them read as the digits they resemble.
fn corrections(wrong: &[u8; 18]) -> Vec<String> {
    let read_again = wrong.map(|byte| lookalike(byte).unwrap_or(byte));
    let mut found = Vec::new();
    if read_again != *wrong && is_valid(&read_again) {
        found.push(String::from_utf8_lossy(&read_again).into_owned());
    }
    let mut near = one_slip_away(wrong, ALPHABET, is_valid);
    near.sort_by_key(|text| {
        CreditCode::at_once(text).map(|code| {
            let marks = code.marks();
            (
                marks.inner_check_wrong,
                marks.unknown_division,
                code.body().is_none(),
            )
        })
    });
    near.retain(|text| !found.contains(text));
    found.append(&mut near);
    found
}

text_code!(CreditCode, CodeFault);
