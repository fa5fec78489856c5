//! 名称: the form under which two spellings of one name are equal, and the parts a name is built of.

mod parts;
mod simplify;
mod words;

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use crate::text::{is_blank, narrow};

pub use parts::NameParts;

/// The form for comparing and searching, never for showing: narrow, simplified, upper case, round brackets, without
/// blanks (one is kept between Latin words), stray pinyin in brackets and ornaments at the ends.
pub fn normalise(raw: &str) -> String {
    if raw.chars().all(|c| is_plain(c) && !simplify::changes(c)) {
        return raw.to_owned();
    }
    let composed: Cow<'_, str> = if raw.chars().any(needs_nfkc) {
        raw.nfkc().collect::<String>().into()
    } else {
        raw.into()
    };
    let folded: String = composed
        .chars()
        .map(|c| bracket(narrow(c)))
        .filter(|c| !is_hidden(*c))
        .collect();
    let bare = without_pinyin(&folded);
    let joined = join(&bare);
    let trimmed = joined.trim_matches(|c| matches!(c, '.' | '。' | '*' | '※' | '`' | '\'' | '"' | ',' | ';'));
    simplify::simplify(trimmed).into_owned()
}

/// Characters that stay as they are: the common Han block without blanks, digits and capitals.
fn is_plain(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}' | '(' | ')' | '0'..='9' | 'A'..='Z')
}

/// Compatibility forms outside the full-width block, which `narrow` handles alone.
fn needs_nfkc(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{2000}'..='\u{33FF}' | '\u{F900}'..='\u{FAFF}' | '\u{FE30}'..='\u{FE4F}'
        | '\u{FF5F}'..='\u{FFEF}' | '\u{1D400}'..='\u{1D7FF}' | '\u{2F800}'..='\u{2FA1F}' | '\u{00A0}'..='\u{00FF}')
        && c != '\u{3000}'
        && !matches!(c, '·' | '—' | '“' | '”' | '‘' | '’' | '〇' | '○')
}

/// All brackets are round; all zeros in Chinese numbers, raised dots and dashes are one.
fn bracket(c: char) -> char {
    match c {
        '〔' | '［' | '[' | '【' | '〈' | '<' | '{' | '﹙' | '《' | '⟨' => '(',
        '〕' | '］' | ']' | '】' | '〉' | '>' | '}' | '﹚' | '》' | '⟩' => ')',
        '○' | '◯' | '⚪' => '〇',
        '•' | '‧' | '∙' | '・' | '˙' => '·',
        '—' | '–' | '─' | '━' | '‐' | '‑' | '−' => '-',
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        other => other.to_ascii_uppercase(),
    }
}

fn is_hidden(c: char) -> bool {
    is_blank(c) && !c.is_whitespace()
}

/// Reading aids that a converter leaves behind: `关(guān)于`. Only a bracket of Latin letters with a tone mark, straight
/// after a Han character, is one; `(AAA)` is part of the name.
fn without_pinyin(text: &str) -> Cow<'_, str> {
    if !text.chars().any(has_tone) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('(') {
        let (head, tail) = rest.split_at(open);
        out.push_str(head);
        let inside = tail
            .get(1..)
            .and_then(|t| t.split_once(')'))
            .map_or("", |(inside, _)| inside);
        let after_han = out.chars().next_back().is_some_and(is_han);
        let aid = inside.chars().any(has_tone) && inside.chars().all(|c| is_letter(c) || c == ' ');
        if after_han && aid {
            rest = tail.split_once(')').map_or("", |(_, after)| after);
        } else {
            out.push('(');
            rest = tail.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out.into()
}

fn has_tone(c: char) -> bool {
    matches!(
        c,
        'ā' | 'á'
            | 'ǎ'
            | 'à'
            | 'ē'
            | 'é'
            | 'ě'
            | 'è'
            | 'ī'
            | 'í'
            | 'ǐ'
            | 'ì'
            | 'ō'
            | 'ó'
            | 'ǒ'
            | 'ò'
            | 'ū'
            | 'ú'
            | 'ǔ'
            | 'ù'
            | 'ǖ'
            | 'ǘ'
            | 'ǚ'
            | 'ǜ'
            | 'ü'
            | 'ń'
            | 'ň'
            | 'ǹ'
            | 'ḿ'
    )
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || has_tone(c) || c == 'ɡ' || c == 'ê'
}

pub(crate) fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}' | '〇')
}

/// Blanks go, except one between two Latin or digit characters.
fn join(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    for c in text.chars() {
        if c.is_whitespace() {
            blank = true;
            continue;
        }
        let wordy = |c: char| c.is_alphanumeric() && !is_han(c);
        if blank && wordy(c) && out.chars().next_back().is_some_and(wordy) {
            out.push(' ');
        }
        blank = false;
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_become_one() {
        for (raw, name) in [
            (
                "东莞市伟奥五金制品厂（普通合伙）",
                "东莞市伟奥五金制品厂(普通合伙)",
            ),
            (
                "华夏天信传感科技 (大连)有限公司",
                "华夏天信传感科技(大连)有限公司",
            ),
            ("青岛即墨针织三厂( 有限公司 )", "青岛即墨针织三厂(有限公司)"),
            ("泰安特种车制造厂 .", "泰安特种车制造厂"),
            (
                "辽阳造纸机械\u{3000}股份有限公司\u{200B}",
                "辽阳造纸机械股份有限公司",
            ),
            ("ＴＣＬ集团", "TCL集团"),
            ("tcl集团", "TCL集团"),
            ("Wonder  Club 广州", "WONDER CLUB广州"),
            ("第二○一九店", "第二〇一九店"),
            ("㈱山本【中国】有限公司", "(株)山本(中国)有限公司"),
            ("", ""),
        ] {
            assert_eq!(normalise(raw), name, "{raw}");
        }
    }

    #[test]
    fn traditional_forms_become_simplified() {
        assert_eq!(
            normalise("東莞市偉奧五金製品廠有限公司"),
            "东莞市伟奥五金制品厂有限公司"
        );
        assert_eq!(
            normalise("臺灣銀行股份有限公司廣州分行"),
            "台湾银行股份有限公司广州分行"
        );
        assert_eq!(normalise("關于深化商事制度改革"), "关于深化商事制度改革");
    }

    #[test]
    fn standard_characters_that_look_traditional_keep_names_apart() {
        assert_eq!(normalise("沈阳东昇商贸有限公司"), "沈阳东昇商贸有限公司");
        assert_eq!(normalise("瀋陽東昇商貿有限公司"), "沈阳东昇商贸有限公司");
        assert_eq!(normalise("建德市乾潭镇"), "建德市乾潭镇");
        assert_eq!(normalise("沈阳乾勝辉创"), "沈阳乾胜辉创");
        assert_eq!(normalise("友乾货物"), "友乾货物");
        assert_eq!(normalise("東莞餅乾廠"), "东莞饼干厂");
        assert_eq!(normalise("於潛關於"), "於潜关于");
        assert_eq!(normalise("海天俱乐部"), "海天俱乐部");
    }

    #[test]
    fn stray_pinyin_goes_and_other_brackets_stay() {
        assert_eq!(normalise("關(guān)于"), "关于");
        assert_eq!(normalise("关（guān）于发（fā）展"), "关于发展");
        assert_eq!(normalise("佳佳(AAA)酒店"), "佳佳(AAA)酒店");
        assert_eq!(normalise("(é)咖啡"), "(é)咖啡");
    }

    #[test]
    fn normalising_twice_changes_nothing_more() {
        for raw in [
            "東莞市 偉奧（中國）",
            "关（guān）于",
            "a b c",
            "．厂．",
            "乾坤后里著",
        ] {
            let once = normalise(raw);
            assert_eq!(normalise(&once), once);
        }
    }
}
