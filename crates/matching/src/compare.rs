//! Two names side by side: what agrees, what differs, and what makes them two firms whatever else agrees.

use crate::look_alike::look_alike;
use crate::places::can_agree;
use crate::reading::{Reading, letters};

/// How stem and trade (字号、行业) agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordMatch {
    /// Equal.
    Same,
    /// One character taken for one that looks alike: as written, as it is.
    LookAlike(char, char),
    /// One wrong character, or two neighbours swapped.
    OneWrong(char, char),
    /// One character too few or too many.
    OneMissing(char),
    /// Two wrong characters in a long name.
    TwoWrong,
    /// Equal stems, and one trade begins with the other.
    TradeLonger,
    /// Only the stems are equal.
    StemOnly,
    /// Nothing worth telling.
    Different,
}

/// How the legal forms (组织形式) agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormMatch {
    /// Equal.
    Same,
    /// Two ways to write one: 有限公司, 有限责任公司.
    Similar,
    /// One name has none.
    Missing,
    /// Two different ones.
    Other,
}

/// How the places in the names agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceMatch {
    /// The same place.
    Same,
    /// One character is wrong.
    Slip,
    /// One lies within the other: 广东, 东莞.
    Nested,
    /// They exclude each other: two firms.
    Exclude,
    /// They are written differently, and one is not known.
    Unclear,
    /// A name has none.
    Unknown,
}

/// Two names side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameMatch {
    /// Stem and trade.
    pub words: WordMatch,
    /// Legal form.
    pub form: FormMatch,
    /// Place.
    pub place: PlaceMatch,
    /// Every letter is the same, in the same order.
    pub exact: bool,
    /// Equal parts in another order.
    pub rearranged: bool,
    /// One is a branch and the other is not, or they are two branches.
    pub other_branch: bool,
}

/// Forms that are written for one another.
const LIMITED: &[&str] = &["有限公司", "有限责任公司", "公司"];
const JOINT_STOCK: &[&str] = &["股份有限公司", "股份有限责任公司"];
/// Brackets behind a form that may be left out.
const TAILS: &[&str] = &[
    "特殊普通合伙",
    "普通合伙",
    "有限合伙",
    "个人独资",
    "个体工商户",
    "微型企业",
    "小微企业",
];
/// Length from which two wrong characters still leave a name recognisable.
const LONG: usize = 6;

/// Compares a name as written with one as known.
pub fn compare_names(written: &Reading, known: &Reading) -> NameMatch {
    let mut place = places(written, known);
    let mut words = words(written, known);
    let mut form = forms(&written.form, &known.form);
    // A wrong character can make a name fall into other parts: then the whole tells.
    let apart = words == WordMatch::Different || form == FormMatch::Other || place == PlaceMatch::Unclear;
    if (apart || words == WordMatch::StemOnly || words == WordMatch::TradeLonger)
        && written.full != known.full
    {
        match slip(&written.full, &known.full) {
            Slip::One(at, wrong, right) => {
                let front = letters(&known.place).chars().count();
                let back = known
                    .full
                    .chars()
                    .count()
                    .saturating_sub(letters(&known.form).chars().count());
                if known.full.starts_with(&letters(&known.place)) && at < front {
                    words = WordMatch::Same;
                    place = if place == PlaceMatch::Exclude {
                        place
                    } else {
                        PlaceMatch::Slip
                    };
                    form = FormMatch::Same;
                } else if at >= back && !known.is_branch() {
                    (words, form) = (WordMatch::Same, FormMatch::Similar);
                } else {
                    words = wrong_one(wrong, right);
                    form = FormMatch::Same;
                }
            }
            Slip::Missing(letter) if apart => {
                (words, form) = (WordMatch::OneMissing(letter), FormMatch::Same)
            }
            _ => {}
        }
    } else if written.full == known.full {
        (words, form) = (WordMatch::Same, FormMatch::Same);
        if place == PlaceMatch::Unknown && !(written.place.is_empty() && known.place.is_empty()) {
            place = PlaceMatch::Same;
        }
    }
    let same = words == WordMatch::Same && form == FormMatch::Same && place == PlaceMatch::Same;
    NameMatch {
        words,
        form,
        place,
        exact: written.full == known.full,
        rearranged: same && written.full != known.full && sorted(&written.full) == sorted(&known.full),
        other_branch: other_branch(written, known),
    }
}

fn sorted(text: &str) -> Vec<char> {
    let mut letters: Vec<char> = text.chars().collect();
    letters.sort_unstable();
    letters
}

fn other_branch(written: &Reading, known: &Reading) -> bool {
    let (a, b) = (written.branch.as_str(), known.branch.as_str());
    if a.is_empty() || b.is_empty() {
        return a.is_empty() != b.is_empty();
    }
    // Where the parent's form is left out only the ending of the branch is seen.
    !(a.ends_with(b)
        || b.ends_with(a)
        || matches!(slip(a, b), Slip::One(_, wrong, right) if look_alike(wrong, right)))
}

fn places(written: &Reading, known: &Reading) -> PlaceMatch {
    let (a, b) = (letters(&written.place), letters(&known.place));
    if a.is_empty() || b.is_empty() {
        return PlaceMatch::Unknown;
    }
    if a == b {
        return PlaceMatch::Same;
    }
    if !written.means.is_empty() && !known.means.is_empty() {
        return if written.means.iter().any(|place| known.means.contains(place)) {
            PlaceMatch::Same
        } else if can_agree(&written.means, &known.means) {
            PlaceMatch::Nested
        } else {
            PlaceMatch::Exclude
        };
    }
    match slip(&a, &b) {
        Slip::One(..) => PlaceMatch::Slip,
        _ if a.starts_with(&b) || b.starts_with(&a) => PlaceMatch::Nested,
        _ => PlaceMatch::Unclear,
    }
}

fn words(written: &Reading, known: &Reading) -> WordMatch {
    if written.bare.is_empty() || known.bare.is_empty() {
        return WordMatch::Different;
    }
    match slip(&written.bare, &known.bare) {
        Slip::None => WordMatch::Same,
        Slip::One(_, wrong, right) if known.length() > 1 => wrong_one(wrong, right),
        Slip::Missing(letter) if known.length() > 2 => WordMatch::OneMissing(letter),
        Slip::Two if known.length() >= LONG => WordMatch::TwoWrong,
        _ if written.stem.chars().count() < 2 || written.stem != known.stem => WordMatch::Different,
        _ if written.bare.starts_with(&known.bare) || known.bare.starts_with(&written.bare) => {
            WordMatch::TradeLonger
        }
        _ => WordMatch::StemOnly,
    }
}

fn wrong_one(wrong: char, right: char) -> WordMatch {
    if look_alike(wrong, right) {
        WordMatch::LookAlike(wrong, right)
    } else {
        WordMatch::OneWrong(wrong, right)
    }
}

fn forms(a: &str, b: &str) -> FormMatch {
    if a == b {
        return FormMatch::Same;
    }
    if a.is_empty() || b.is_empty() {
        return FormMatch::Missing;
    }
    let (a, b) = (without_tail(a), without_tail(b));
    let family = |forms: &[&str]| forms.contains(&a) && forms.contains(&b);
    if a == b || family(LIMITED) || family(JOINT_STOCK) {
        FormMatch::Similar
    } else {
        FormMatch::Other
    }
}

fn without_tail(form: &str) -> &str {
    let tail = TAILS
        .iter()
        .find_map(|tail| form.strip_suffix(tail))
        .filter(|rest| !rest.is_empty());
    tail.unwrap_or(form)
}

/// How one text becomes the other.
enum Slip {
    None,
    /// One other character (or two neighbours swapped), at a place counted in characters.
    One(usize, char, char),
    /// One character less or more.
    Missing(char),
    /// Two other characters.
    Two,
    Far,
}

fn slip(a: &str, b: &str) -> Slip {
    if a == b {
        return Slip::None;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let left = a.len().min(b.len()).saturating_sub(head);
    let tail = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take(left)
        .take_while(|(x, y)| x == y)
        .count();
    let middle = |text: &[char]| -> Vec<char> {
        text.get(head..text.len().saturating_sub(tail))
            .unwrap_or_default()
            .to_vec()
    };
    let (x, y) = (middle(&a), middle(&b));
    match (x.as_slice(), y.as_slice()) {
        ([wrong], [right]) => Slip::One(head, *wrong, *right),
        ([p, q], [r, s]) if p == s && q == r => Slip::One(head, *p, *r),
        ([only], []) | ([], [only]) => Slip::Missing(*only),
        _ if a.len() == b.len() && a.iter().zip(&b).filter(|(x, y)| x != y).count() == 2 => Slip::Two,
        _ => Slip::Far,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Places;

    fn compare(written: &str, known: &str) -> NameMatch {
        let places = Places::standard();
        compare_names(&Reading::of(written, places), &Reading::of(known, places))
    }

    #[test]
    fn widths_forms_of_characters_and_brackets_are_one_name() {
        for written in [
            "東莞市偉奧五金製品有限公司",
            "东莞市伟奥五金制品有限公司 ",
            "东莞市伟奥五金制品有限公司．",
        ] {
            let found = compare(written, "东莞市伟奥五金制品有限公司");
            assert_eq!(
                (found.words, found.form, found.place),
                (WordMatch::Same, FormMatch::Same, PlaceMatch::Same)
            );
        }
        let moved = compare("大连天信科技有限公司", "天信科技（大连）有限公司");
        assert!(moved.rearranged && moved.words == WordMatch::Same && moved.place == PlaceMatch::Same);
        let dropped = compare("天信科技大连有限公司", "天信科技(大连)有限公司");
        assert_eq!((dropped.words, dropped.form), (WordMatch::Same, FormMatch::Same));
    }

    #[test]
    fn a_wrong_character_is_found_in_every_part() {
        assert_eq!(
            compare("东莞市伟澳五金制品有限公司", "东莞市伟奥五金制品有限公司").words,
            WordMatch::LookAlike('澳', '奥')
        );
        assert_eq!(
            compare("东莞市伟粤五金制品有限公司", "东莞市伟奥五金制品有限公司").words,
            WordMatch::OneWrong('粤', '奥')
        );
        let place = compare("东完市伟奥五金制品有限公司", "东莞市伟奥五金制品有限公司");
        assert_eq!((place.words, place.place), (WordMatch::Same, PlaceMatch::Slip));
        let place = compare("广洲伟奥五金制品有限公司", "广州伟奥五金制品有限公司");
        assert_eq!((place.words, place.place), (WordMatch::Same, PlaceMatch::Slip));
        let form = compare("东莞市伟奥五金制品有限公可", "东莞市伟奥五金制品有限公司");
        assert_eq!(
            (form.words, form.form == FormMatch::Other),
            (WordMatch::Same, false)
        );
    }

    #[test]
    fn the_same_words_in_another_city_are_another_firm() {
        let other = compare("广州市伟奥五金制品有限公司", "东莞市伟奥五金制品有限公司");
        assert_eq!((other.words, other.place), (WordMatch::Same, PlaceMatch::Exclude));
        assert_eq!(
            compare("杭州伟奥五金有限公司", "广州伟奥五金有限公司").place,
            PlaceMatch::Exclude
        );
        assert_eq!(
            compare("广东伟奥五金有限公司", "东莞市伟奥五金有限公司").place,
            PlaceMatch::Nested
        );
        assert_eq!(
            compare("东莞伟奥五金有限公司", "东莞市伟奥五金有限公司").place,
            PlaceMatch::Same
        );
    }

    #[test]
    fn a_branch_is_not_its_parent() {
        assert!(compare("上海耀丰工程有限公司绍兴分公司", "上海耀丰工程有限公司").other_branch);
        assert!(compare("上海耀丰工程有限公司", "上海耀丰工程有限公司绍兴分公司").other_branch);
        assert!(compare("上海耀丰工程有限公司嘉兴分公司", "上海耀丰工程有限公司绍兴分公司").other_branch);
        assert!(!compare("上海耀丰工程有限公司绍兴分公司", "上海耀丰工程有限公司绍兴分公司").other_branch);
        assert!(compare("上海耀丰工程分公司", "上海耀丰工程有限公司").other_branch);
    }

    #[test]
    fn legal_forms_are_equal_alike_absent_or_other() {
        let form = |a: &str, b: &str| compare(a, b).form;
        assert_eq!(
            form("东莞市伟奥五金有限责任公司", "东莞市伟奥五金有限公司"),
            FormMatch::Similar
        );
        assert_eq!(
            form("东莞市伟奥五金", "东莞市伟奥五金有限公司"),
            FormMatch::Missing
        );
        assert_eq!(
            form("东莞市伟奥五金厂", "东莞市伟奥五金有限公司"),
            FormMatch::Other
        );
        assert_eq!(
            form("东莞市伟奥五金厂", "东莞市伟奥五金厂(普通合伙)"),
            FormMatch::Similar
        );
        assert_eq!(form("华夏集团股份有限公司", "华夏集团有限公司"), FormMatch::Other);
    }

    #[test]
    fn a_name_with_another_trade_keeps_its_stem() {
        assert_eq!(
            compare("大连嘉蓝环保科技有限公司", "大连嘉蓝环保有限公司").words,
            WordMatch::TradeLonger
        );
        assert_eq!(
            compare("大连嘉蓝环保科技有限公司", "大连嘉蓝物流有限公司").words,
            WordMatch::StemOnly
        );
    }
}
