//! A name taken apart: place, stem, trade, legal form, branch.
//!
//! The order is that of 企业名称登记管理规定 (rev. 2020), art. 6. Names follow no grammar, so this is a reading for
//! grouping and searching, never a ground for a decision.

use super::{normalise, words};

/// The parts of a normalised name; an absent part is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameParts {
    /// 行政区划名称, in front (`东莞市`) or in brackets behind the stem (`大连` in 天信(大连)有限公司).
    pub place: String,
    /// 字号.
    pub stem: String,
    /// 行业 or 经营特点: `五金制品`.
    pub trade: String,
    /// 组织形式: `有限公司`, `厂(普通合伙)`.
    pub legal_form: String,
    /// What follows the legal form: `杭州分公司`.
    pub branch: String,
}

impl NameParts {
    /// Takes a name apart, knowing of places only the provinces and what their endings give away (市, 县, 区 …).
    pub fn of(raw: &str) -> Self {
        Self::of_with(raw, |_| false)
    }

    /// As `of`, with the caller's table of places: asked with short forms such as `东莞`.
    pub fn of_with(raw: &str, known: impl Fn(&str) -> bool) -> Self {
        let name = normalise(raw);
        let (head, branch) = split_branch(&name);
        let (core, legal_form) = split_legal_form(head);
        let (mut place, rest) = split_place(core, &known);
        let mut rest = rest.to_owned();
        if place.is_empty()
            && let Some((found, without)) = bracketed_place(&rest, &known)
        {
            (place, rest) = (found, without);
        }
        let (stem, trade) = split_trade(&rest);
        Self {
            place,
            stem: stem.to_owned(),
            trade: trade.to_owned(),
            legal_form: legal_form.to_owned(),
            branch: branch.to_owned(),
        }
    }
}

/// Cuts behind the first company form that something follows: `…有限公司|杭州分公司`.
fn split_branch(name: &str) -> (&str, &str) {
    let ends = words::COMPANY_FORMS.iter().filter_map(|form| {
        let at = name.find(form)?;
        Some((at, at.checked_add(form.len())?))
    });
    // The earliest form, and of those that begin there the longest.
    let Some((at, end)) = ends.min_by_key(|(at, end)| (*at, usize::MAX - *end)) else {
        return (name, "");
    };
    if name
        .get(..at)
        .is_none_or(|before| before.ends_with(['分', '支', '子']))
    {
        return (name, "");
    }
    let after = name.get(end..).unwrap_or_default();
    let bracket = words::FORM_BRACKETS
        .iter()
        .find(|bracket| after.starts_with(**bracket));
    let cut = end.saturating_add(bracket.map_or(0, |bracket| bracket.len()));
    name.split_at_checked(cut).unwrap_or((name, ""))
}

/// Cuts off the legal form with its bracket: `伟奥五金制品|厂(普通合伙)`.
fn split_legal_form(head: &str) -> (&str, &str) {
    let bracket = words::FORM_BRACKETS
        .iter()
        .find(|bracket| head.ends_with(**bracket));
    let bare = bracket
        .and_then(|bracket| head.strip_suffix(bracket))
        .unwrap_or(head);
    let form = words::COMPANY_FORMS
        .iter()
        .chain(words::OTHER_FORMS)
        .find(|form| bare.ends_with(**form));
    let core = form.and_then(|form| bare.strip_suffix(form)).unwrap_or(bare);
    if core.is_empty() {
        (head, "")
    } else {
        (core, head.get(core.len()..).unwrap_or_default())
    }
}

/// Takes places off the front as long as at least one character is left for the stem.
fn split_place<'a>(core: &'a str, known: &impl Fn(&str) -> bool) -> (String, &'a str) {
    let mut rest = core;
    while let Some(next) = one_place(rest, rest.len() < core.len(), known) {
        if next.is_empty() {
            break;
        }
        rest = next;
    }
    let taken = core.len().saturating_sub(rest.len());
    (core.get(..taken).unwrap_or_default().to_owned(), rest)
}

/// What is left behind one place. Below a place already found also 区, 镇, 乡, 街道 count as endings.
fn one_place<'a>(rest: &'a str, below: bool, known: &impl Fn(&str) -> bool) -> Option<&'a str> {
    if let Some(after) = words::PROVINCES
        .iter()
        .find_map(|province| rest.strip_prefix(province))
    {
        let after = words::PROVINCE_ENDINGS
            .iter()
            .find_map(|end| after.strip_prefix(end))
            .unwrap_or(after);
        return Some(after);
    }
    let endings: &[&str] = if below {
        words::LOWER_ENDINGS
    } else {
        words::UPPER_ENDINGS
    };
    // Starts of the rest by length in characters: 2 to 8 with an ending, 2 to 6 for a known short form.
    let starts = || {
        rest.char_indices()
            .map(|(at, c)| at.saturating_add(c.len_utf8()))
            .zip(1_usize..)
            .skip(1)
    };
    for (end, _) in starts().take_while(|(_, length)| *length <= 8) {
        let (start, after) = rest.split_at_checked(end)?;
        let Some(ending) = endings.iter().find(|ending| start.ends_with(**ending)) else {
            continue;
        };
        let doubled =
            after.starts_with(*ending) || words::NOT_AN_ENDING.iter().any(|word| after.starts_with(word));
        if !doubled && start.len() > ending.len() && !start.contains('(') {
            return Some(after);
        }
    }
    let longest = starts()
        .take_while(|(_, length)| *length <= 6)
        .filter_map(|(end, _)| rest.split_at_checked(end))
        .filter(|(start, _)| known(start))
        .last();
    longest.map(|(_, after)| after)
}

/// `天信科技(大连)` → `大连`, `天信科技`.
fn bracketed_place(core: &str, known: &impl Fn(&str) -> bool) -> Option<(String, String)> {
    let (before, tail) = core.split_once('(')?;
    let (inside, after) = tail.split_once(')')?;
    let is_place = inside == "中国"
        || words::PROVINCES.contains(&inside)
        || known(inside)
        || (inside.chars().count() > 2 && words::UPPER_ENDINGS.iter().any(|ending| inside.ends_with(ending)));
    (is_place && !before.is_empty()).then(|| (inside.to_owned(), format!("{before}{after}")))
}

/// Takes trade words off the end as long as two characters are left for the stem.
fn split_trade(core: &str) -> (&str, &str) {
    let mut stem = core;
    while let Some(shorter) = words::TRADES
        .iter()
        .filter_map(|trade| stem.strip_suffix(trade))
        .min_by_key(|s| s.len())
    {
        if shorter.chars().count() < 2 {
            break;
        }
        stem = shorter;
    }
    (stem, core.get(stem.len()..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(raw: &str) -> [String; 5] {
        let known = |place: &str| matches!(place, "大连" | "杭州" | "东莞" | "深圳" | "温州");
        let NameParts {
            place,
            stem,
            trade,
            legal_form,
            branch,
        } = NameParts::of_with(raw, known);
        [place, stem, trade, legal_form, branch]
    }

    #[test]
    fn a_name_falls_into_its_parts() {
        for (name, expected) in [
            (
                "东莞市伟奥五金制品厂（普通合伙）",
                ["东莞市", "伟奥", "五金制品", "厂(普通合伙)", ""],
            ),
            (
                "大连嘉蓝环保科技有限公司",
                ["大连", "嘉蓝", "环保科技", "有限公司", ""],
            ),
            (
                "天克成箱包(深圳)有限公司",
                ["深圳", "天克成", "箱包", "有限公司", ""],
            ),
            (
                "上海耀丰工程造价咨询有限公司绍兴市分公司",
                ["上海", "耀丰", "工程造价咨询", "有限公司", "绍兴市分公司"],
            ),
            (
                "佛山市南海区富利盈彩印厂",
                ["佛山市南海区", "富利盈", "彩印", "厂", ""],
            ),
            (
                "广西壮族自治区桂平市越大装饰工程有限公司",
                ["广西壮族自治区桂平市", "越大", "装饰工程", "有限公司", ""],
            ),
            (
                "缙云县壶镇镇晓忠机床配件加工厂",
                ["缙云县壶镇镇", "晓忠", "机床配件", "加工厂", ""],
            ),
            (
                "南丹县九龙沟生态农业专业合作社",
                ["南丹县", "九龙沟", "生态农业", "专业合作社", ""],
            ),
            (
                "中国移动通信集团广东有限公司江门分公司杜阮营业厅",
                ["", "中国移动通信集团广东", "", "有限公司", "江门分公司杜阮营业厅"],
            ),
        ] {
            assert_eq!(parts(name), expected, "{name}");
        }
    }

    #[test]
    fn the_parts_of_a_name_without_any_form_are_its_stem() {
        assert_eq!(parts("微光"), ["", "微光", "", "", ""]);
        assert_eq!(parts(""), ["", "", "", "", ""]);
        assert_eq!(parts("有限公司"), ["", "有限公司", "", "", ""]);
    }

    #[test]
    fn a_market_is_not_a_city() {
        assert_eq!(parts("大利市场管理有限公司")[0], "");
        assert_eq!(
            NameParts::of("东莞伟奥厂").place,
            "",
            "without a table of places the short form is not known"
        );
    }
}
