//! A name of a firm as matching reads it: its parts, and the forms under which it is compared.

use std::borrow::Cow;

use kernel::Division;
use kernel::name::{NameParts, normalise};

use crate::places::Places;

/// Legal forms in which one wrong character is seen through; longer ones stand first.
const MENDED: &[&str] = &["股份有限公司", "有限责任公司", "专业合作社", "有限公司"];
/// Endings that say: this is a branch of somebody.
const BRANCH_ENDINGS: &[&str] = &[
    "分公司",
    "支公司",
    "分店",
    "分行",
    "支行",
    "分部",
    "分厂",
    "分理处",
    "办事处",
    "代表处",
    "联络处",
    "分社",
    "分所",
    "分院",
    "分校",
];
/// Words in brackets before a name a firm had or goes by: `…有限公司（原…有限公司）`.
const FORMERLY: &[&str] = &[
    "(原名称:",
    "(原名:",
    "(原名",
    "(原:",
    "(原",
    "(曾用名:",
    "(曾用名",
    "(现名:",
    "(现名",
    "(现更名为",
    "(更名为",
    "(现为",
];

/// A name, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// Normalised: widths, traditional forms, brackets.
    pub name: String,
    /// Letters only: the name without brackets, blanks and marks.
    pub full: String,
    /// Place as written.
    pub place: String,
    /// Divisions the place may mean.
    pub means: Vec<Division>,
    /// 字号.
    pub stem: String,
    /// 字号 and 行业: what is left without place, form and branch.
    pub bare: String,
    /// Legal form.
    pub form: String,
    /// What follows the legal form; or the whole name's ending where it is that of a branch.
    pub branch: String,
}

impl Reading {
    /// Reads a name with a table of places.
    pub fn of(raw: &str, places: &Places) -> Self {
        let name = normalise(raw);
        let mended = mend(&name);
        let parts = NameParts::of_with(&mended, |place| places.knows(place));
        let mut bare = letters(&parts.stem);
        bare.push_str(&letters(&parts.trade));
        let mut branch = letters(&parts.branch);
        if branch.is_empty()
            && let Some(ending) = branch_ending(&name)
        {
            ending.clone_into(&mut branch);
        }
        Self {
            full: letters(&name),
            means: places.resolve(&parts.place),
            stem: letters(&parts.stem),
            bare,
            form: letters(&parts.legal_form),
            branch,
            place: parts.place,
            name,
        }
    }

    /// Every name a text gives: the name itself, and one in brackets that it says it had before (or has now).
    pub fn all_of(raw: &str, places: &Places) -> Vec<Self> {
        let name = normalise(raw);
        let mark = FORMERLY
            .iter()
            .find_map(|mark| name.find(mark).map(|at| (at, *mark)));
        let Some((at, mark)) = mark.filter(|(at, _)| *at > 0) else {
            return vec![Self::of(raw, places)];
        };
        let main = name.get(..at).unwrap_or_default();
        let rest = name.get(at + mark.len()..).unwrap_or_default();
        // 原 may begin a stem as well (原野): only what reads like a whole name, to the end, is taken.
        const SHORTEST: usize = 6;
        let other = rest
            .strip_suffix(')')
            .unwrap_or_default()
            .trim_start_matches([':', '"', ' ']);
        if other.chars().count() < SHORTEST {
            return vec![Self::of(raw, places)];
        }
        vec![Self::of(main, places), Self::of(other, places)]
    }

    /// Whether it names a branch.
    pub fn is_branch(&self) -> bool {
        !self.branch.is_empty()
    }

    /// Length of stem and trade in characters.
    pub fn length(&self) -> usize {
        self.bare.chars().count()
    }
}

fn branch_ending(name: &str) -> Option<&'static str> {
    let bare = name.trim_end_matches(')');
    BRANCH_ENDINGS
        .iter()
        .find(|ending| bare.ends_with(**ending))
        .copied()
}

/// The name with a legal form at its end in which one character was wrong.
fn mend(name: &str) -> Cow<'_, str> {
    if name.ends_with("公司") || name.ends_with("合作社") {
        let whole = MENDED.iter().any(|form| name.ends_with(form));
        if whole || name.ends_with("分公司") || name.ends_with("支公司") {
            return name.into();
        }
    }
    for form in MENDED {
        let length = form.chars().count();
        let total = name.chars().count();
        if total < length + 2 {
            continue;
        }
        let wrong = name
            .chars()
            .skip(total - length)
            .zip(form.chars())
            .filter(|(a, b)| a != b)
            .count();
        if wrong == 1 {
            let mut mended: String = name.chars().take(total - length).collect();
            mended.push_str(form);
            return mended.into();
        }
    }
    name.into()
}

/// Letters and digits of any script.
pub(crate) fn letters(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric() || *c == '〇')
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Reading {
        Reading::of(raw, Places::standard())
    }

    #[test]
    fn one_wrong_character_in_the_legal_form_is_seen_through() {
        let wrong = read("东莞市伟奥五金制品有隈公司");
        assert_eq!(
            (wrong.bare.as_str(), wrong.form.as_str()),
            ("伟奥五金制品", "有限公司")
        );
        assert_eq!(read("东莞市伟奥五金制品公司").form, "公司");
    }

    #[test]
    fn a_name_in_brackets_that_it_had_before_is_a_second_name() {
        let names = Reading::all_of(
            "安徽省水利设计研究总院股份有限公司（原安徽省水利设计研究总院有限公司）",
            Places::standard(),
        );
        assert_eq!(names.len(), 2);
        assert_eq!(names[0].form, "股份有限公司");
        assert_eq!(names[1].name, "安徽省水利设计研究总院有限公司");
        assert_eq!(Reading::all_of("天野(原野)有限公司", Places::standard()).len(), 1);
    }

    #[test]
    fn a_branch_is_seen_with_and_without_the_form_of_its_parent() {
        assert_eq!(
            read("上海耀丰工程造价咨询有限公司绍兴市分公司").branch,
            "绍兴市分公司"
        );
        assert!(read("耀丰工程造价咨询绍兴分公司").is_branch());
        assert!(!read("上海耀丰工程造价咨询有限公司").is_branch());
    }
}
