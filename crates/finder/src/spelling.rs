//! What a name sounds like: for each character its letters and syllables, all usual readings of it.

use std::collections::HashSet;
use std::sync::LazyLock;

use pinyin::ToPinyinMulti as _;

/// Characters a word has at least.
pub const LEAST: usize = 2;
/// Readings of one character that are heeded: the library names the usual ones first, and rare ones would only find what
/// nobody meant.
const READINGS: usize = 3;
/// Letters of the longest syllable (zhuang).
const LONGEST: usize = 6;
/// Ways to cut a word into syllables that are tried.
const MOST_CUTS: usize = 8;

/// The readings of one character, or the character itself where it is a Latin letter or a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sound {
    readings: [&'static str; READINGS],
    count: usize,
}

impl Sound {
    const fn new() -> Self {
        Self {
            readings: [""; READINGS],
            count: 0,
        }
    }

    fn add(&mut self, reading: &'static str) {
        if !reading.is_empty()
            && !self.all().any(|known| known == reading)
            && let Some(free) = self.readings.get_mut(self.count)
        {
            *free = reading;
            self.count += 1;
        }
    }

    /// The readings, each once.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'static str> {
        self.readings.into_iter().take(self.count)
    }

    /// Their first letters, each once.
    pub(crate) fn initials(&self) -> Self {
        let mut initials = Self::new();
        for reading in self.all() {
            initials.add(reading.get(..1).unwrap_or_default());
        }
        initials
    }
}

const LATIN: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

/// The sounds of a name, in order. Brackets, dots and blanks have none.
pub(crate) fn sounds(name: &str) -> Vec<Sound> {
    name.chars().filter_map(sound).collect()
}

fn sound(c: char) -> Option<Sound> {
    let mut sound = Sound::new();
    if c.is_ascii() {
        let at = LATIN.find(c.to_ascii_lowercase())?;
        sound.add(LATIN.get(at..=at)?);
    } else {
        let readings = c.to_pinyin_multi()?;
        for reading in readings {
            sound.add(plain(reading.plain()));
        }
    }
    (sound.count > 0).then_some(sound)
}

/// Written with the letters of a keyboard: ü as v. A few interjections have no vowel of their own and stay out.
fn plain(reading: &'static str) -> &'static str {
    match reading {
        "lü" => "lv",
        "nü" => "nv",
        "lüe" => "lve",
        "nüe" => "nve",
        other if other.bytes().all(|byte| byte.is_ascii_lowercase()) => other,
        _ => "",
    }
}

/// Every syllable there is.
static SYLLABLES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let han = '\u{4E00}'..='\u{9FFF}';
    han.filter_map(sound)
        .flat_map(|sound| sound.all().collect::<Vec<_>>())
        .filter(|syllable| syllable.len() > 1 || matches!(*syllable, "a" | "e" | "o"))
        .collect()
});

/// Ways to cut letters into two or more syllables, the likeliest first: `xian` is xi'an; one syllable alone finds nothing.
pub(crate) fn cuts(letters: &str) -> Vec<Vec<&str>> {
    let syllable = |from: usize, to: usize| letters.get(from..to).filter(|part| SYLLABLES.contains(part));
    // From which places the end can be reached at all, so that a hopeless way is never gone.
    let mut ends = vec![false; letters.len() + 1];
    for from in (0..=letters.len()).rev() {
        let reaches = from == letters.len()
            || (1..=LONGEST).any(|length| {
                syllable(from, from + length).is_some() && ends.get(from + length) == Some(&true)
            });
        if let Some(end) = ends.get_mut(from) {
            *end = reaches;
        }
    }
    let (mut found, mut open) = (Vec::new(), vec![(0, Vec::new())]);
    while let Some((from, begun)) = open.pop() {
        if from == letters.len() {
            if begun.len() >= LEAST {
                found.push(begun);
            }
            if found.len() >= MOST_CUTS {
                break;
            }
            continue;
        }
        // The last one put on the pile is taken first: longer syllables are likelier.
        for to in from + 1..=from + LONGEST {
            if let Some(part) = syllable(from, to).filter(|_| ends.get(to) == Some(&true)) {
                let mut longer = begun.clone();
                longer.push(part);
                open.push((to, longer));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn initials(name: &str) -> Vec<String> {
        let letters = |sound: &Sound| sound.initials().all().collect::<String>();
        sounds(name).iter().map(letters).collect()
    }

    #[test]
    fn every_character_has_its_initial_and_common_ones_all_of_theirs() {
        assert_eq!(initials("汕头金"), ["s", "t", "j"]);
        for (character, letters) in [
            ("重", "zc"),
            ("厦", "sx"),
            ("长", "cz"),
            ("行", "xh"),
            ("乐", "yl"),
        ] {
            let found = initials(character).concat();
            assert!(
                letters.chars().all(|letter| found.contains(letter)),
                "{character}: {found}"
            );
        }
    }

    #[test]
    fn latin_letters_and_digits_sound_as_they_are_written_and_brackets_do_not_sound() {
        assert_eq!(initials("3M(中国)·A"), ["3", "m", "z", "g", "a"]);
        assert!(sounds("()· -").is_empty());
    }

    #[test]
    fn letters_are_cut_into_syllables_in_every_way() {
        assert_eq!(cuts("shantou"), [vec!["shan", "tou"]]);
        assert_eq!(cuts("xian"), [vec!["xi", "an"]]);
        let ways = cuts("fangan");
        assert!(
            ways.contains(&vec!["fang", "an"]) && ways.contains(&vec!["fan", "gan"]),
            "{ways:?}"
        );
        assert!(cuts("stjp").is_empty() && cuts("shan").is_empty());
        assert_eq!(cuts("lvshun"), [vec!["lv", "shun"]]);
    }

    #[test]
    fn a_long_row_of_letters_is_cut_in_few_ways_and_at_once() {
        assert!(cuts(&"anan".repeat(40)).len() <= MOST_CUTS);
        assert!(cuts(&format!("{}x", "anan".repeat(40))).is_empty());
    }
}
