//! Block keys: short numbers under which entities that may be meant lie together, the same in memory and in a table.
//!
//! Of a name: the whole of its letters; stem and trade; every second character of these from the first and from the second
//! on (one wrong character spoils only one of the two); its first and last half; the stem. Of the numbers: the organisation code, the registration
//! number. All are hashes of 64 bits, stable for ever: they are stored.

use crate::reading::Reading;

/// A block key.
pub type Key = i64;

/// A stem or a half of fewer characters leads to too many.
const LEAST: usize = 2;

/// The keys under which a name is kept.
fn keys_of_name(name: &Reading, into: &mut Vec<Key>) {
    into.push(hash('n', &name.full));
    bare_keys(&name.bare, into);
    if name.stem.chars().count() >= LEAST {
        into.push(hash('s', &name.stem));
    }
}

fn bare_keys(bare: &str, into: &mut Vec<Key>) {
    if bare.is_empty() {
        return;
    }
    into.push(hash('b', bare));
    let length = bare.chars().count();
    if length > LEAST {
        for (half, skip) in [('e', 0), ('o', 1)] {
            let letters: String = bare.chars().skip(skip).step_by(2).collect();
            if letters.chars().count() >= LEAST {
                into.push(hash(half, &format!("{length}{letters}")));
            }
        }
    }
    halves(bare, length, into);
}

/// The first and the last half as those of a text of so many characters: a missing character spoils only one of the two.
fn halves(bare: &str, length: usize, into: &mut Vec<Key>) {
    const SHORTEST: usize = 5;
    let here = bare.chars().count();
    if length >= SHORTEST && here >= SHORTEST - 1 {
        let first: String = bare.chars().take(length.div_ceil(2)).collect();
        let last: String = bare.chars().skip(here - length / 2).collect();
        into.push(hash('f', &format!("{length}{first}")));
        into.push(hash('l', &format!("{length}{last}")));
    }
}

/// The keys under which an entity is kept: its names and its numbers.
pub fn keys_of_entity(subject_no: &str, reg_no: Option<&str>, names: &[Reading]) -> Vec<Key> {
    const WHOLE: usize = 18;
    let mut keys = Vec::new();
    for name in names {
        keys_of_name(name, &mut keys);
    }
    if subject_no.len() == WHOLE
        && let Some(inside) = subject_no.get(8..17)
    {
        keys.push(organisation(inside));
    }
    keys.extend(reg_no.map(registration));
    if subject_no.len() < WHOLE {
        keys.push(registration(subject_no));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The keys under which what a row says is looked for; the most telling first.
pub fn keys_of_query(names: &[Reading]) -> Vec<Key> {
    let mut keys = Vec::new();
    for name in names {
        keys_of_name(name, &mut keys);
        // One character too many: left out here, the rest is a name that is kept.
        let letters: Vec<char> = name.bare.chars().collect();
        const LONGEST: usize = 16;
        if (4..=LONGEST).contains(&letters.len()) {
            for at in 0..letters.len() {
                let rest: String = letters
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| *i != at)
                    .map(|(_, c)| *c)
                    .collect();
                keys.push(hash('b', &rest));
            }
        }
        // One character too few.
        halves(&name.bare, letters.len() + 1, &mut keys);
        // A wrong character in a place hides it: the name may begin behind two or three characters.
        if name.place.is_empty() {
            for skip in [2, 3] {
                let rest: String = letters.iter().skip(skip).collect();
                if rest.chars().count() > LEAST {
                    bare_keys(&rest, &mut keys);
                }
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    keys.retain(|key| seen.insert(*key));
    keys
}

/// The key of the whole of a name's letters.
pub fn whole_name(letters: &str) -> Key {
    hash('n', letters)
}

/// The key of any text that no name and no number shares: addresses, codes of other entities.
pub fn text_key(text: &str) -> Key {
    hash('t', text)
}

/// The key of a 组织机构代码.
pub fn organisation(code: &str) -> Key {
    hash('g', code)
}

/// The key of a 注册号.
pub fn registration(number: &str) -> Key {
    hash('r', number)
}

/// FNV-1a over kind and text: written out because it must never change.
fn hash(kind: char, text: &str) -> Key {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let mut state = OFFSET;
    let mut buffer = [0_u8; 4];
    for byte in kind.encode_utf8(&mut buffer).bytes().chain(text.bytes()) {
        state ^= u64::from(byte);
        state = state.wrapping_mul(PRIME);
    }
    i64::from_ne_bytes(state.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Places;

    fn shared(a: &str, b: &str) -> usize {
        let places = Places::standard();
        let kept = keys_of_entity("", None, &[Reading::of(b, places)]);
        keys_of_query(&[Reading::of(a, places)])
            .iter()
            .filter(|key| kept.contains(key))
            .count()
    }

    #[test]
    fn keys_never_change() {
        assert_eq!(hash('n', "东莞市伟奥五金制品有限公司"), 8_683_728_551_798_951_130);
    }

    #[test]
    fn every_usual_slip_leaves_a_key_in_common() {
        let name = "东莞市伟奥五金制品有限公司";
        for written in [
            "东莞市伟奥五金制品",
            "伟奥五金制品有限公司",
            "东莞市伟粤五金制品有限公司",
            "东莞市伟奥五金刷品有限公司",
            "东莞市伟奥五金制品有限公可",
            "东完市伟奥五金制品有限公司",
            "东莞市伟奥奥五金制品有限公司",
            "东莞市伟五金制品有限公司",
            "东莞市伟奥五金品有限公司",
            "东莞市伟奥五金制品有限责任公司",
            "东莞市伟奥物流有限公司",
        ] {
            assert!(shared(written, name) > 0, "{written}");
        }
        assert_eq!(shared("青岛海尔电冰箱有限公司", name), 0);
    }
}
