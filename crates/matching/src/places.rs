//! Place names (行政区划名称) as they stand in names of firms, and which divisions they may mean.

use std::collections::HashMap;
use std::sync::LazyLock;

use kernel::Division;

/// Endings by kind of place; the short form leaves them out. A district (区) is never meant by its short form: too many
/// stems are called like one.
const ENDINGS: &[&str] = &[
    "特别行政区",
    "自治州",
    "自治县",
    "自治旗",
    "自治区",
    "地区",
    "林区",
    "省",
    "市",
    "县",
    "盟",
    "旗",
];
/// The people an autonomous place is named after; the short form ends before it.
const PEOPLES: &[&str] = &[
    "壮族",
    "回族",
    "维吾尔",
    "朝鲜族",
    "土家族",
    "苗族",
    "侗族",
    "布依族",
    "藏族",
    "羌族",
    "彝族",
    "白族",
    "傣族",
    "景颇族",
    "傈僳族",
    "哈尼族",
    "蒙古族",
    "哈萨克",
    "柯尔克孜",
    "满族",
    "瑶族",
    "仫佬族",
    "毛南族",
    "黎族",
    "畲族",
    "达斡尔族",
    "土族",
    "撒拉族",
    "保安族",
    "东乡族",
    "裕固族",
    "仡佬族",
    "水族",
    "拉祜族",
    "佤族",
    "布朗族",
    "纳西族",
    "独龙族",
    "怒族",
    "普米族",
    "锡伯",
    "塔吉克",
    "各族",
];
/// Longest place name, in characters.
const LONGEST: usize = 15;

/// Names of places and the divisions each may mean.
#[derive(Debug, Default)]
pub struct Places {
    names: HashMap<String, Vec<Division>>,
}

static STANDARD: LazyLock<Places> =
    LazyLock::new(|| Places::from_table(include_str!("../../../packs/reference/divisions.csv")));

impl Places {
    /// The divisions of today, down to the county.
    pub fn standard() -> &'static Self {
        &STANDARD
    }

    /// From rows `code,name,…` below a heading; only places down to the county are taken.
    pub fn from_table(table: &str) -> Self {
        const COUNTY_DIGITS: usize = 6;
        let mut places = Self::default();
        for row in table.lines().skip(1) {
            let mut cells = row.split(',');
            let (Some(code), Some(name)) = (cells.next(), cells.next()) else {
                continue;
            };
            let Ok(division) = Division::parse(code) else {
                continue;
            };
            if code.len() != COUNTY_DIGITS
                || matches!(name, "市辖区" | "县")
                || name.ends_with("直辖县级行政区划")
            {
                continue;
            }
            places.names.entry(name.to_owned()).or_default().push(division);
            if let Some(short) = short_form(name) {
                let means = places.names.entry(short.to_owned()).or_default();
                if !means.contains(&division) {
                    means.push(division);
                }
            }
        }
        places
    }

    /// Whether a text is the name of a place.
    pub fn knows(&self, text: &str) -> bool {
        self.names.contains_key(text)
    }

    /// The divisions a place as written may mean: a code, a name, or names from the larger to the smaller
    /// (`广西壮族自治区桂平市`). Empty where nothing in it is known.
    pub fn resolve(&self, text: &str) -> Vec<Division> {
        if let Ok(division) = Division::parse(text) {
            return vec![division];
        }
        let mut found: Vec<Division> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let Some((length, means)) = self.longest(rest) else {
                // An ending the table leaves out, or a town: what was found so far stands.
                rest = rest
                    .char_indices()
                    .nth(1)
                    .and_then(|(at, _)| rest.get(at..))
                    .unwrap_or_default();
                continue;
            };
            let deeper: Vec<Division> = means
                .iter()
                .filter(|inner| found.is_empty() || found.iter().any(|outer| outer.contains(inner)))
                .copied()
                .collect();
            if !deeper.is_empty() {
                found = deeper;
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        found
    }

    /// The longest known name at the beginning of a text, by its length in bytes.
    fn longest(&self, text: &str) -> Option<(usize, &[Division])> {
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).take(LONGEST);
        ends.collect::<Vec<_>>().into_iter().rev().find_map(|end| {
            let means = self.names.get(text.get(..end)?)?;
            Some((end, means.as_slice()))
        })
    }
}

/// `东莞市` → `东莞`, `广西壮族自治区` → `广西`; `None` where the name has no short form of two characters or more.
fn short_form(name: &str) -> Option<&str> {
    let bare = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending))?;
    let people = PEOPLES
        .iter()
        .filter_map(|people| bare.find(people))
        .filter(|at| *at > 0)
        .min();
    let short = people.and_then(|at| bare.get(..at)).unwrap_or(bare);
    (short.chars().count() >= 2).then_some(short)
}

/// Whether two lists of possible divisions can mean the same place, one inside the other included.
pub(crate) fn can_agree(a: &[Division], b: &[Division]) -> bool {
    a.iter().any(|x| b.iter().any(|y| x.contains(y) || y.contains(x)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<String> {
        Places::standard()
            .resolve(text)
            .iter()
            .map(|d| d.as_str().to_owned())
            .collect()
    }

    #[test]
    fn a_place_is_known_by_its_long_and_its_short_name() {
        assert_eq!(codes("东莞市"), ["441900"]);
        assert_eq!(codes("东莞"), ["441900"]);
        assert_eq!(codes("广西壮族自治区桂平市"), ["450881"]);
        assert_eq!(codes("广州市天河区"), ["440106"]);
        assert_eq!(codes("440106"), ["440106"]);
        assert_eq!(codes("延边"), ["222400"]);
        assert!(codes("不存在").is_empty());
    }

    #[test]
    fn a_name_of_many_places_means_each_of_them_until_the_place_above_is_named() {
        assert!(codes("鼓楼区").len() > 1);
        assert_eq!(codes("南京市鼓楼区").len(), 1);
        assert!(!Places::standard().knows("天河"), "districts have no short form");
    }
}
