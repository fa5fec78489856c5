//! How rows go wrong.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::LazyLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use kernel::CreditCode;
use matching::{Places, Reading, look_alikes_of};

use crate::table::Entity;

/// A row as somebody hands it over.
#[derive(Default)]
pub struct Case {
    pub code: String,
    pub name: String,
    pub place: String,
    pub address: String,
}

/// One way to go wrong.
pub struct Kind {
    pub title: &'static str,
    /// The row has a wrong code.
    pub code: bool,
    /// The firm is not in the index.
    pub absent: bool,
    /// The row is about nobody in the index: a branch, another city.
    pub nobody: bool,
    pub spoil: fn(&Entity, &[Entity], &mut Chance) -> Option<Case>,
}

const fn kind(title: &'static str, spoil: fn(&Entity, &[Entity], &mut Chance) -> Option<Case>) -> Kind {
    Kind {
        title,
        code: false,
        absent: false,
        nobody: false,
        spoil,
    }
}

const fn coded(title: &'static str, spoil: fn(&Entity, &[Entity], &mut Chance) -> Option<Case>) -> Kind {
    Kind {
        title,
        code: true,
        absent: false,
        nobody: false,
        spoil,
    }
}

const fn nobody(title: &'static str, spoil: fn(&Entity, &[Entity], &mut Chance) -> Option<Case>) -> Kind {
    Kind {
        title,
        code: false,
        absent: false,
        nobody: true,
        spoil,
    }
}

pub const KINDS: &[Kind] = &[
    kind("name as registered", |e, _, _| named(e.name.clone())),
    kind("name as registered, and the address", |e, _, _| {
        let address = (!e.address.is_empty()).then(|| e.address.clone())?;
        Some(Case {
            name: e.name.clone(),
            address,
            ..Case::default()
        })
    }),
    kind("full and half width", |e, _, c| widths(&e.name, c)),
    kind("traditional characters", |e, _, _| traditional(&e.name)),
    kind("other brackets", |e, _, c| brackets(&e.name, c)),
    kind("brackets left out", |e, _, _| {
        changed(&e.name, e.name.replace(['(', ')', '（', '）'], ""))
    }),
    kind("place moved to the front", |e, _, _| moved(&e.normal)),
    kind("legal form left out", |e, _, _| {
        let rest = e
            .normal
            .strip_suffix("有限责任公司")
            .or_else(|| e.normal.strip_suffix("股份有限公司"))
            .or_else(|| e.normal.strip_suffix("有限公司"))
            .or_else(|| e.normal.strip_suffix("专业合作社"))?;
        (rest.chars().count() >= 4)
            .then(|| rest.to_owned())
            .and_then(named)
    }),
    kind("legal form written otherwise", |e, _, _| {
        let rest = e
            .normal
            .strip_suffix("有限公司")
            .filter(|rest| !rest.ends_with("股份"))?;
        named(format!("{rest}有限责任公司"))
    }),
    kind("place left out, the row tells the city", |e, _, _| {
        let rest = e.normal.strip_prefix(&place_of(&e.normal)?)?.to_owned();
        (rest.chars().count() >= 4).then(|| Case {
            name: rest,
            place: e.city.clone(),
            ..Case::default()
        })
    }),
    kind("one wrong character", |e, all, c| {
        named(one_wrong(&e.normal, all, c)?)
    }),
    kind("one character that looks alike", |e, _, c| {
        named(look_alike(&e.normal, c)?)
    }),
    kind("one character missing", |e, _, c| {
        let mut letters: Vec<char> = e.normal.chars().collect();
        letters.remove(c.below(letters.len()));
        named(letters.into_iter().collect())
    }),
    kind("one character doubled", |e, _, c| {
        let mut letters: Vec<char> = e.normal.chars().collect();
        let at = c.below(letters.len());
        letters.insert(at, *letters.get(at)?);
        named(letters.into_iter().collect())
    }),
    nobody("branch asked, only the parent known", |e, all, c| {
        let city = &all.get(c.below(all.len()))?.city;
        let ends = ["有限公司", "有限责任公司"]
            .iter()
            .any(|form| e.normal.ends_with(form));
        let word = ["分公司", "第二分公司", "办事处", "分店"].get(c.below(4))?;
        ends.then(|| format!("{}{city}{word}", e.normal)).and_then(named)
    }),
    nobody("parent asked, only a branch known", |e, _, _| {
        let branch = Reading::of(&e.name, Places::standard()).branch;
        let at = e.normal.rfind(&branch).filter(|_| branch.chars().count() > 3)?;
        e.normal.get(..at).map(str::to_owned).and_then(named)
    }),
    nobody("same words in another city", |e, all, c| {
        let (own, other) = (place_of(&e.normal)?, &all.get(c.below(all.len()))?);
        let place = place_of(&other.normal)?;
        let outside = own != place && e.division.get(..4) != other.division.get(..4);
        let rest = e.normal.strip_prefix(own.as_str())?;
        outside.then(|| format!("{place}{rest}")).and_then(named)
    }),
    Kind {
        title: "firm not registered, name as it is",
        code: false,
        absent: true,
        nobody: false,
        spoil: |e, _, _| named(e.name.clone()),
    },
    Kind {
        title: "firm not registered, one wrong character",
        code: false,
        absent: true,
        nobody: false,
        spoil: |e, all, c| named(one_wrong(&e.normal, all, c)?),
    },
    coded("code with one wrong character", |e, _, c| {
        with_code(e.name.clone(), wrong_code(&e.code, c)?)
    }),
    coded("code with two neighbours swapped", |e, _, c| {
        with_code(e.name.clone(), swapped_code(&e.code, c)?)
    }),
    coded("code cut by a spreadsheet (…000)", |e, _, _| {
        CreditCode::parse(&e.code)
            .ok()
            .filter(|_| e.code.bytes().all(|b| b.is_ascii_digit()))?;
        with_code(e.name.clone(), format!("{}000", e.code.get(..15)?))
    }),
    coded("code as 9.14E+17", |e, _, _| {
        CreditCode::parse(&e.code).ok()?;
        let (a, b) = (e.code.get(..1)?, e.code.get(1..3)?);
        with_code(e.name.clone(), format!("{a}.{b}E+17"))
    }),
    coded("code wrong, one wrong character in the name", |e, all, c| {
        with_code(one_wrong(&e.normal, all, c)?, wrong_code(&e.code, c)?)
    }),
    coded("code wrong, no name", |e, _, c| {
        with_code(String::new(), wrong_code(&e.code, c)?)
    }),
    coded(
        "组织机构代码 instead of the code, one wrong character in the name",
        |e, all, c| {
            CreditCode::parse(&e.code).ok()?.org_code()?;
            with_code(one_wrong(&e.normal, all, c)?, e.code.get(8..17)?.to_owned())
        },
    ),
    Kind {
        title: "code wrong, firm not registered",
        code: true,
        absent: true,
        nobody: false,
        spoil: |e, _, c| with_code(e.name.clone(), wrong_code(&e.code, c)?),
    },
];

fn named(name: String) -> Option<Case> {
    Some(Case {
        name,
        ..Case::default()
    })
}

fn with_code(name: String, code: String) -> Option<Case> {
    Some(Case {
        name,
        code,
        ..Case::default()
    })
}

fn changed(before: &str, after: String) -> Option<Case> {
    (before != after).then_some(after).and_then(named)
}

/// A place in front that the table of places knows.
fn place_of(normal: &str) -> Option<String> {
    let reading = Reading::of(normal, Places::standard());
    (!reading.means.is_empty() && normal.starts_with(&reading.place)).then_some(reading.place)
}

fn widths(name: &str, chance: &mut Chance) -> Option<Case> {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            '!'..='~' if chance.below(2) == 0 => out.extend(char::from_u32(u32::from(c) + 0xFEE0)),
            '（' => out.push('('),
            '）' => out.push(')'),
            other => out.push(other),
        }
        if chance.below(12) == 0 {
            out.push(['\u{3000}', ' ', '\u{200B}'].get(chance.below(3)).copied()?);
        }
    }
    changed(name, out)
}

fn traditional(name: &str) -> Option<Case> {
    static CONVERTER: LazyLock<Option<OpenCC>> =
        LazyLock::new(|| OpenCC::from_config(BuiltinConfig::S2t).ok());
    changed(name, CONVERTER.as_ref()?.convert(name))
}

fn brackets(name: &str, chance: &mut Chance) -> Option<Case> {
    let (open, close) = [
        ("[", "]"),
        ("【", "】"),
        ("〔", "〕"),
        ("<", ">"),
        ("（", ")"),
        ("(", "）"),
    ]
    .get(chance.below(6))
    .copied()?;
    changed(name, name.replace(['(', '（'], open).replace([')', '）'], close))
}

/// `天信科技(大连)有限公司` → `大连天信科技有限公司`.
fn moved(normal: &str) -> Option<Case> {
    let (before, rest) = normal.split_once('(')?;
    let (inside, after) = rest.split_once(')')?;
    (Places::standard().knows(inside) && !after.is_empty() && !before.is_empty())
        .then(|| format!("{inside}{before}{after}"))
        .and_then(named)
}

fn one_wrong(normal: &str, all: &[Entity], chance: &mut Chance) -> Option<String> {
    let mut letters: Vec<char> = normal.chars().collect();
    let at = chance.below(letters.len());
    let other: Vec<char> = all.get(chance.below(all.len()))?.normal.chars().collect();
    let letter = *other.get(chance.below(other.len()))?;
    let place = letters
        .get_mut(at)
        .filter(|now| **now != letter && now.is_alphanumeric() && letter.is_alphanumeric())?;
    *place = letter;
    Some(letters.into_iter().collect())
}

fn look_alike(normal: &str, chance: &mut Chance) -> Option<String> {
    let mut letters: Vec<char> = normal.chars().collect();
    let places: Vec<usize> = (0..letters.len())
        .filter(|at| letters.get(*at).is_some_and(|c| !look_alikes_of(*c).is_empty()))
        .collect();
    let at = *places.get(chance.below(places.len().max(1)))?;
    let alike = look_alikes_of(*letters.get(at)?);
    *letters.get_mut(at)? = *alike.get(chance.below(alike.len()))?;
    Some(letters.into_iter().collect())
}

pub fn wrong_code(code: &str, chance: &mut Chance) -> Option<String> {
    CreditCode::parse(code).ok()?;
    let mut letters: Vec<char> = code.chars().collect();
    let at = chance.below(letters.len());
    let alphabet: Vec<char> = if (2..8).contains(&at) {
        "0123456789"
    } else {
        "0123456789ABCDEFGHJKLMNPQRTUWXY"
    }
    .chars()
    .collect();
    *letters.get_mut(at)? = *alphabet.get(chance.below(alphabet.len()))?;
    let wrong: String = letters.into_iter().collect();
    CreditCode::parse(&wrong).is_err().then_some(wrong)
}

fn swapped_code(code: &str, chance: &mut Chance) -> Option<String> {
    CreditCode::parse(code).ok()?;
    let mut letters: Vec<char> = code.chars().collect();
    let at = chance.below(letters.len() - 1);
    letters.swap(at, at + 1);
    let wrong: String = letters.into_iter().collect();
    CreditCode::parse(&wrong).is_err().then_some(wrong)
}

/// Numbers that look random and are the same in every run.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        Self(hasher.finish() | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let limit = u64::try_from(limit.max(1)).unwrap_or(1);
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % limit).unwrap_or(0)
    }
}
