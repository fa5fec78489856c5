//! Rows of quality (归集质量): how much each dimension of what a supplier hands over weighs in its score.

use super::dated::own_code;
use super::on::{PackOn, Silent};
use super::sheet::Sheet;

/// The seven dimensions in the order in which they are shown, with their titles.
pub const DIMENSIONS: &[(&str, &str)] = &[
    ("completeness", "完整性"),
    ("format", "规范性"),
    ("redundancy", "冗余"),
    ("linkage", "关联性"),
    ("accuracy", "准确性"),
    ("timeliness", "及时性"),
    ("coverage", "覆盖面"),
];

/// How much a dimension weighs beside the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight(pub i64);

impl Weight {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        const MOST: i64 = 1_000;
        Self(sheet.whole("weight", 0..=MOST))
    }
}

/// The code of a dimension, which must be a known one.
pub(super) fn dimension_code(sheet: &Sheet<'_>) -> String {
    let code = own_code(sheet);
    if !code.is_empty() && !DIMENSIONS.iter().any(|(known, _)| *known == code) {
        let known: Vec<&str> = DIMENSIONS.iter().map(|(known, _)| *known).collect();
        let right = format!("可用：{}", known.join("、"));
        sheet.fault("code", format!("code = \"{code}\" 不认识"), right);
    }
    code
}

impl PackOn<'_> {
    /// The weight of each dimension on the day, in the order of [`DIMENSIONS`].
    ///
    /// # Errors
    /// [`Silent`]: a dimension has no weight on the day.
    pub fn quality_weights(&self) -> Result<Vec<i64>, Silent> {
        let rows = &self.content().quality;
        let weight = |code: &str| Ok(self.ask(rows, "dimension", code)?.value.0);
        DIMENSIONS.iter().map(|(code, _)| weight(code)).collect()
    }
}
