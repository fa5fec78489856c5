//! Money in whole fen, and the many ways registers spell an amount.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::{is_blank, narrow};

/// An amount of renminbi in fen (分).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(pub i64);

/// The currencies found in registers of capital.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(
    missing_docs,
    reason = "the ISO 4217 codes name themselves; FRF and DEM remain in old registrations"
)]
pub enum Currency {
    Cny,
    Usd,
    Hkd,
    Mop,
    Twd,
    Jpy,
    Krw,
    Eur,
    Gbp,
    Chf,
    Cad,
    Aud,
    Sgd,
    Frf,
    Dem,
}

/// Names after "元" has been taken off both ends.
const NAMES: &[(&str, Currency)] = &[
    ("", Currency::Cny),
    ("人民币", Currency::Cny),
    ("RMB", Currency::Cny),
    ("CNY", Currency::Cny),
    ("美", Currency::Usd),
    ("美金", Currency::Usd),
    ("USD", Currency::Usd),
    ("港", Currency::Hkd),
    ("港币", Currency::Hkd),
    ("香港", Currency::Hkd),
    ("HKD", Currency::Hkd),
    ("澳门", Currency::Mop),
    ("澳门币", Currency::Mop),
    ("新台币", Currency::Twd),
    ("台币", Currency::Twd),
    ("日", Currency::Jpy),
    ("日币", Currency::Jpy),
    ("JPY", Currency::Jpy),
    ("韩", Currency::Krw),
    ("韩币", Currency::Krw),
    ("欧", Currency::Eur),
    ("EUR", Currency::Eur),
    ("英镑", Currency::Gbp),
    ("GBP", Currency::Gbp),
    ("瑞士法郎", Currency::Chf),
    ("加", Currency::Cad),
    ("加拿大", Currency::Cad),
    ("澳", Currency::Aud),
    ("澳大利亚", Currency::Aud),
    ("新加坡", Currency::Sgd),
    ("法国法郎", Currency::Frf),
    ("德国马克", Currency::Dem),
];

/// Multiples; the longer word first.
const MULTIPLES: &[(&str, i128)] = &[
    ("千万", 10_000_000),
    ("百万", 1_000_000),
    ("十万", 100_000),
    ("万", 10_000),
    ("亿", 100_000_000),
    ("千", 1_000),
    ("百", 100),
];

/// An amount with its currency. Never converted: no rate is law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Amount {
    /// Hundredths of the currency's unit (分, cents), whatever the currency.
    pub hundredths: i64,
    /// Currency.
    pub currency: Currency,
}

impl Amount {
    /// Reads `50.8000(万)`, `160万人民币`, `1,000(万元人民币)`, `500.000000万美元`, `人民币３０００万元整`, `1234.56`.
    /// No currency is renminbi; no unit is yuan. `None`: no number, a sign, or brackets whose unit was lost
    /// (`50()`): such an amount is unknown, not small. Beyond hundredths it rounds half up.
    pub fn parse(raw: &str) -> Option<Self> {
        Self::read(raw, "")
    }

    /// As `parse`, for a column whose heading names the unit (`注册资本（万元）`): used where a cell is a bare number
    /// or its unit was lost.
    pub fn parse_under(raw: &str, unit: &str) -> Option<Self> {
        Self::read(raw, unit)
    }

    fn read(raw: &str, heading: &str) -> Option<Self> {
        let text: String = raw
            .chars()
            .map(narrow)
            .filter(|c| !is_blank(*c) && !matches!(c, ',' | '¥' | '￥'))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let number_at = text.find(|c: char| c.is_ascii_digit())?;
        let (before, rest) = text.split_at(number_at);
        let number_end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(number_end);
        let mut unit: String = after
            .chars()
            .filter(|c| !matches!(c, '(' | ')' | '[' | ']'))
            .collect();
        if unit.is_empty() {
            if !after.is_empty() && heading.is_empty() {
                return None;
            }
            heading.clone_into(&mut unit);
        }
        let unit = unit.strip_suffix('整').unwrap_or(&unit);
        let (name, multiple) = MULTIPLES
            .iter()
            .find_map(|(word, multiple)| Some((unit.strip_prefix(word)?, *multiple)))
            .unwrap_or((unit, 1));
        let currency = match (currency_named(before)?, currency_named(name)?) {
            (first, Currency::Cny) => first,
            (Currency::Cny, second) => second,
            (first, second) if first == second => first,
            _ => return None,
        };
        Some(Self {
            hundredths: hundredths(number, multiple)?,
            currency,
        })
    }

    /// The amount in fen, where it is renminbi.
    pub fn fen(self) -> Option<Fen> {
        (self.currency == Currency::Cny).then_some(Fen(self.hundredths))
    }
}

fn currency_named(word: &str) -> Option<Currency> {
    let bare = word.strip_prefix('元').unwrap_or(word);
    let bare = bare
        .strip_suffix('元')
        .or_else(|| bare.strip_suffix('圆'))
        .unwrap_or(bare);
    NAMES
        .iter()
        .find(|(name, _)| *name == bare)
        .map(|(_, currency)| *currency)
}

/// `50.8000` × multiple, in hundredths.
fn hundredths(number: &str, multiple: i128) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || whole.is_empty() || number.len() > 30 {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let exact = digits.checked_mul(multiple)?.checked_mul(100)?;
    i64::try_from(exact.checked_add(scale / 2)? / scale).ok()
}

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Reads a Chinese amount (see `Amount::parse`); `None` also for an amount in another currency.
    pub fn parse(raw: &str) -> Option<Self> {
        Amount::parse(raw)?.fen()
    }

    /// Whole yuan; `None` beyond what fits.
    pub fn from_yuan(yuan: i64) -> Option<Self> {
        yuan.checked_mul(100).map(Self)
    }

    /// The bare number of fen.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Sum; `None` beyond what fits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Difference; `None` beyond what fits.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The fraction `numerator`/`denominator` of the amount, rounded down (towards minus infinity).
    pub fn fraction(self, numerator: i64, denominator: i64) -> Option<Self> {
        let product = i128::from(self.0).checked_mul(i128::from(numerator))?;
        let share = (denominator > 0).then(|| product.div_euclid(i128::from(denominator)))?;
        i64::try_from(share).ok().map(Self)
    }
}

/// `1,234.56`: yuan with separators, always two decimals.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let yuan = (magnitude / 100).to_string();
        let mut grouped = String::with_capacity(yuan.len() * 2);
        for (at, c) in yuan.chars().enumerate() {
            if at > 0 && (yuan.len() - at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(c);
        }
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{grouped}.{:02}", magnitude % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spellings_of_the_registers_become_fen() {
        for (text, fen) in [
            ("50.8000(万)", 50_800_000),
            ("160万人民币", 160_000_000),
            ("3000万元人民币", 3_000_000_000),
            ("1,000(万元(人民币))", 1_000_000_000),
            ("1,234.5（万人民币元）", 1_234_500_000),
            ("100（万元（人民币））", 100_000_000),
            ("300( 万人民币元)", 300_000_000),
            ("500万元", 500_000_000),
            ("１００万", 100_000_000),
            ("人民币５０００元整", 500_000),
            ("￥1,234.56", 123_456),
            ("2.5亿元", 25_000_000_000),
            ("3百万元", 300_000_000),
            ("1234.56", 123_456),
            ("0.00005万元", 50),
            ("0.000001万元", 1),
            ("0", 0),
        ] {
            assert_eq!(Fen::parse(text), Some(Fen(fen)), "{text}");
        }
    }

    #[test]
    fn another_currency_keeps_its_name_and_is_never_fen() {
        for (text, hundredths, currency) in [
            ("500.000000万美元", 500_000_000, Currency::Usd),
            ("2,000(万香港元)", 2_000_000_000, Currency::Hkd),
            ("10(万元(港币))", 10_000_000, Currency::Hkd),
            ("12万元美元", 12_000_000, Currency::Usd),
            ("8,000(万日元)", 8_000_000_000, Currency::Jpy),
            ("30(万法国法郎)", 30_000_000, Currency::Frf),
            ("USD 5万", 5_000_000, Currency::Usd),
        ] {
            assert_eq!(
                Amount::parse(text),
                Some(Amount { hundredths, currency }),
                "{text}"
            );
            assert_eq!(Fen::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_none() {
        for text in [
            "",
            "N/A",
            "-",
            "万人民币",
            "50()",
            "2,000()",
            "-5万元",
            "1.2.3万",
            "E-5万人民币",
            "5万卢布",
            "9.1E+17",
            "美元5万日元",
        ] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
        assert_eq!(
            Fen::parse("99999999999999999999万"),
            None,
            "beyond sixty-four bits"
        );
    }

    #[test]
    fn the_heading_gives_a_bare_number_its_unit() {
        assert_eq!(
            Amount::parse_under("50", "万元").unwrap().fen(),
            Some(Fen(50_000_000))
        );
        assert_eq!(
            Amount::parse_under("50()", "万元").unwrap().fen(),
            Some(Fen(50_000_000))
        );
        assert_eq!(
            Amount::parse_under("50元", "万元").unwrap().fen(),
            Some(Fen(5_000))
        );
    }

    #[test]
    fn an_amount_is_shown_in_yuan_with_separators() {
        for (fen, shown) in [
            (123_456, "1,234.56"),
            (0, "0.00"),
            (5, "0.05"),
            (-100_000_001, "-1,000,000.01"),
            (99_999, "999.99"),
        ] {
            assert_eq!(Fen(fen).to_string(), shown);
            if fen >= 0 {
                assert_eq!(Fen::parse(shown), Some(Fen(fen)));
            }
        }
        assert_eq!(Fen(i64::MIN).to_string(), "-92,233,720,368,547,758.08");
    }

    #[test]
    fn a_fraction_is_rounded_down_without_floats() {
        assert_eq!(Fen(100).fraction(1, 3), Some(Fen(33)));
        assert_eq!(Fen(i64::MAX).fraction(1, 1), Some(Fen(i64::MAX)));
        assert_eq!(Fen(1).fraction(1, 0), None);
    }
}
