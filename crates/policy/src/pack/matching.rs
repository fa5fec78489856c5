//! Rows of matching (主体匹配): what agreement between a row and an entity is worth, and from which score on what is done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::dated::own_code;
use super::on::{Answer, PackOn, Silent};
use super::sheet::Sheet;

/// Everything `[[threshold]]` may fix, with the range each lies in.
pub const THRESHOLDS: &[(&str, i64, i64)] = &[
    ("upper", 1, 1000),
    ("lower", 0, 1000),
    ("margin", 0, 1000),
    ("block", 1, 10_000),
];

/// Everything `[[weight]]` may weigh; most points a weight can give or take.
pub const WEIGHTS: &[&str] = &[
    "name-same",
    "name-look-alike",
    "name-one-wrong",
    "name-one-missing",
    "name-two-wrong",
    "name-trade-longer",
    "name-stem-only",
    "name-exact",
    "name-rearranged",
    "name-former",
    "form-same",
    "form-similar",
    "form-missing",
    "form-other",
    "place-same",
    "place-fits",
    "place-slip",
    "place-nested",
    "place-other",
    "length-2",
    "length-3",
    "length-4",
    "length-5",
    "length-6",
    "address-same",
    "address-similar",
    "address-other",
    "code-slip",
    "code-cut",
    "code-organisation",
    "code-other",
    "registration-no-same",
    "registration-no-other",
];

/// One number of a dated row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number(pub i64);

impl Number {
    pub(super) fn threshold(sheet: &Sheet<'_>) -> Self {
        let code = sheet.text("code");
        let range = THRESHOLDS.iter().find(|(known, _, _)| *known == code);
        let (_, least, most) = range.copied().unwrap_or(("", 0, i64::MAX));
        Self(sheet.maybe_whole("value", least..=most).unwrap_or_else(|| {
            if !sheet.has("value") {
                sheet.fault("value", "缺少 value", "请写整数");
            }
            least
        }))
    }

    pub(super) fn weight(sheet: &Sheet<'_>) -> Self {
        const MOST: i64 = 1000;
        Self(sheet.maybe_whole("points", -MOST..=MOST).unwrap_or_else(|| {
            if !sheet.has("points") {
                sheet.fault("points", "缺少 points", "请写 -1000 至 1000 的整数");
            }
            0
        }))
    }
}

/// The code of a threshold, which must be a known one.
pub(super) fn threshold_code(sheet: &Sheet<'_>) -> String {
    let known: Vec<&str> = THRESHOLDS.iter().map(|(code, _, _)| *code).collect();
    known_code(sheet, &known)
}

/// The code of a weight, which must be a known one.
pub(super) fn weight_code(sheet: &Sheet<'_>) -> String {
    known_code(sheet, WEIGHTS)
}

fn known_code(sheet: &Sheet<'_>, known: &[&str]) -> String {
    let code = own_code(sheet);
    if !code.is_empty() && !known.contains(&code.as_str()) {
        sheet.fault(
            "code",
            format!("code = \"{code}\" 不认识"),
            format!("可用：{}", known.join("、")),
        );
    }
    code
}

/// How rows without a right code find their entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matching {
    /// From this score on a row is linked by itself.
    pub upper: i64,
    /// From this score on a person is asked; below it the row waits unlinked.
    pub lower: i64,
    /// By how much the best must be ahead of the second to be linked by itself.
    pub margin: i64,
    /// Entities under one block key above which the key says too little to be followed.
    pub block: i64,
    /// Points of each agreement or disagreement.
    pub weights: BTreeMap<String, i64>,
}

impl PackOn<'_> {
    /// How rows without a right code find their entity, on the day; the trace is that of the upper threshold.
    ///
    /// # Errors
    /// [`Silent`]: a threshold or weight has no value on the day.
    pub fn matching(&self) -> Result<Answer<Matching>, Silent> {
        let content = (&self.content().match_thresholds, &self.content().match_weights);
        let upper = self.ask(content.0, "threshold", "upper")?;
        let number =
            |code: &str| -> Result<i64, Silent> { Ok(self.ask(content.0, "threshold", code)?.value.0) };
        let mut weights = BTreeMap::new();
        for code in WEIGHTS {
            let weight = self.ask(content.1, "weight", code)?;
            weights.insert((*code).to_owned(), weight.value.0);
        }
        let value = Matching {
            upper: upper.value.0,
            lower: number("lower")?,
            margin: number("margin")?,
            block: number("block")?,
            weights,
        };
        Ok(Answer {
            value,
            trace: upper.trace,
        })
    }
}
