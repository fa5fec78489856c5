//! A city made by arithmetic: the record at a position and the entity at an index are functions of nothing else.
//!
//! One record in sixteen follows up an earlier one of the same entity: it ends a listing or penalty, corrects, or withdraws.
//! Only first records are followed up, so a rival without recursion can say the same. One entity in fifty is fifty times
//! as busy; days do not follow positions, so records come late; some are dated after the day of the classification.

use std::collections::HashMap;

use lake::{EntityRow, Row};
use policy::{EntityFacts, OPEN, RecordFact, Relation, Symbols};

use crate::Done;

/// 2026-06-30.
pub(crate) const AS_OF: i32 = 20_634;

/// Item, share per mille, codes, highest level, most yuan, longest time to its end in days (0 = open).
type Kind = (&'static str, u64, &'static [&'static str], u64, u64, u64);

const KINDS: &[Kind] = &[
    (
        "social-security",
        300,
        &[
            "paid", "paid", "paid", "paid", "paid", "paid", "paid", "unpaid", "zero",
        ],
        200,
        0,
        0,
    ),
    (
        "annual-report",
        190,
        &["on-time", "on-time", "on-time", "on-time", "late", "zero"],
        300,
        90_000_000,
        0,
    ),
    (
        "change",
        110,
        &[
            "name",
            "address",
            "legal-person",
            "capital",
            "capital-cut",
            "shareholder",
            "scope",
        ],
        0,
        0,
        0,
    ),
    (
        "inspection-result",
        90,
        &["01", "01", "01", "01", "02", "03", "04", "05", "06", "07", "08"],
        0,
        0,
        0,
    ),
    ("licence", 70, &[""], 0, 0, 1_800),
    ("registration", 40, &[""], 0, 0, 0),
    (
        "complaint",
        50,
        &["proven", "unproven", "mediated", "open"],
        0,
        0,
        0,
    ),
    (
        "penalty",
        25,
        &["fine", "warning", "confiscate-income", "suspend-licence", "close"],
        5,
        500_000,
        1_100,
    ),
    ("abnormal-listing", 15, &["1", "2", "3", "4"], 0, 0, 0),
    ("annual-report-missing", 12, &[""], 0, 0, 0),
    (
        "commitment",
        20,
        &["fulfilled", "fulfilled", "pending", "breached"],
        0,
        0,
        0,
    ),
    ("honour", 10, &[""], 3, 0, 1_500),
    ("product-test", 18, &["pass", "pass", "pass", "fail"], 0, 0, 0),
    ("equity", 10, &["pledged", "frozen"], 0, 0, 900),
    ("arrears", 8, &["supplier", "wage"], 0, 3_000_000, 700),
    (
        "address-flag",
        12,
        &["cluster", "virtual", "residential", "shared"],
        150,
        0,
        0,
    ),
    (
        "relation-risk",
        10,
        &["legal-person", "investor", "branch", "agent"],
        5,
        0,
        900,
    ),
    ("court-default", 3, &[""], 0, 0, 1_000),
    ("serious-listing", 1, &["food", "refusal"], 0, 0, 1_095),
    ("opinion", 5, &[""], 5, 0, 0),
    ("licence-revoked", 1, &[""], 0, 0, 0),
];

const STATUSES: &[&str] = &["1", "1", "1", "1", "1", "1", "1", "2", "7", "8"];
const SORTS: &[&str] = &[
    "1110", "1130", "1151", "1152", "1153", "1190", "4530", "4540", "9100", "9500",
];
const TRADES: &[&str] = &[
    "F5212", "F5122", "C2631", "I6410", "H6210", "E4710", "L7211", "C1511", "A0111", "O8011",
];
const AREAS: &[&str] = &[
    "440511", "440507", "440512", "440513", "440514", "440515", "440523",
];

/// Scatters bits; splitmix64's last step.
fn mix(seed: u64) -> u64 {
    let a = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let b = (a ^ (a >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let c = (b ^ (b >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    c ^ (c >> 31)
}

/// A source of numbers for one thing.
struct Dice(u64);

impl Dice {
    fn new(kind: u64, number: u64) -> Self {
        Self(mix(number ^ mix(kind)))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 = mix(self.0);
        self.0 % limit.max(1)
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        let at = usize::try_from(self.below(u64::try_from(texts.len()).unwrap_or(1))).unwrap_or(0);
        texts.get(at).copied().unwrap_or("")
    }
}

pub(crate) struct City {
    entities: u64,
    items: HashMap<&'static str, u16>,
    symbols: Symbols,
}

impl City {
    /// A city of the pack's items and codes; one the pack does not know is refused.
    pub(crate) fn new(entities: u64, symbols: &Symbols) -> Done<Self> {
        let enders = ["abnormal-removal", "repair", "serious-removal"];
        let names = KINDS.iter().map(|kind| kind.0).chain(enders);
        let items: HashMap<_, _> = names.map(|name| (name, symbols.item(name))).collect();
        let codes = KINDS.iter().flat_map(|kind| kind.2).chain(STATUSES).chain(SORTS);
        let unknown_code = codes
            .copied()
            .find(|code| !code.is_empty() && symbols.code(code) == 0);
        let unknown_item = items
            .iter()
            .find(|(_, number)| **number == 0)
            .map(|(name, _)| *name);
        match unknown_item.or(unknown_code) {
            Some(unknown) => Err(format!("the pack does not know {unknown}").into()),
            None => Ok(Self {
                entities,
                items,
                symbols: symbols.clone(),
            }),
        }
    }

    fn number(index: u64) -> Done<i64> {
        Ok(i64::try_from(1_000 + index * 3)?)
    }

    pub(crate) fn entity(&self, index: u64) -> Done<EntityRow> {
        let mut dice = Dice::new(1, index);
        let age = i32::try_from(dice.below(9_000))?;
        let capital = i64::try_from(dice.below(1_000))? * 1_000_000;
        let facts = EntityFacts {
            established_on: (dice.below(100) > 0).then_some(AS_OF - age),
            capital_fen: (dice.below(20) > 0).then_some(capital),
            kind: self.symbols.code(dice.pick(SORTS)),
            status: self.symbols.code(dice.pick(STATUSES)),
            industry: self.symbols.nearest(dice.pick(TRADES)),
            division: self.symbols.nearest(dice.pick(AREAS)),
        };
        Ok(EntityRow {
            entity: Self::number(index)?,
            facts,
        })
    }

    /// The earlier position this one follows up, if it does.
    fn followed(position: u64) -> Option<u64> {
        let mut dice = Dice::new(2, position);
        let base = position
            .checked_sub(1 + dice.below(4_000))
            .filter(|base| *base > 0);
        base.filter(|_| Dice::new(3, position).below(16) == 0 && position > 1)
    }

    fn holder(&self, position: u64) -> Done<i64> {
        let mut dice = Dice::new(4, position);
        let busy = dice.below(5) == 0;
        let index = if busy {
            dice.below(self.entities.div_ceil(50)) * 50
        } else {
            dice.below(self.entities)
        };
        Self::number(index.min(self.entities.saturating_sub(1)))
    }

    pub(crate) fn record(&self, position: u64) -> Done<Row> {
        let base = Self::followed(position).filter(|base| Self::followed(*base).is_none());
        match base {
            None => Ok(Row {
                entity: self.holder(position)?,
                fact: self.first(position)?.0,
            }),
            Some(base) => Ok(Row {
                entity: self.holder(base)?,
                fact: self.follow_up(position, base)?,
            }),
        }
    }

    /// A record at `position` of the entity at `index`, whoever that position would fall to.
    pub(crate) fn later(&self, position: u64, index: u64) -> Done<Row> {
        Ok(Row {
            entity: Self::number(index)?,
            fact: self.first(position)?.0,
        })
    }

    /// The entity at `index` with the attributes of another.
    pub(crate) fn moved(&self, index: u64) -> Done<EntityRow> {
        let other = self.entity(index + self.entities)?;
        Ok(EntityRow {
            entity: Self::number(index)?,
            ..other
        })
    }

    fn first(&self, position: u64) -> Done<(RecordFact, &'static str)> {
        let mut dice = Dice::new(5, position);
        let mut share = dice.below(KINDS.iter().map(|kind| kind.1).sum());
        let mut chosen = KINDS.first().ok_or("no kinds")?;
        for kind in KINDS {
            chosen = kind;
            match share.checked_sub(kind.1) {
                Some(rest) => share = rest,
                None => break,
            }
        }
        let (item, _, codes, level, yuan, lasts) = *chosen;
        let on = AS_OF + 20 - i32::try_from(dice.below(2_000))?;
        let ends_on = if lasts == 0 {
            OPEN
        } else {
            on + 1 + i32::try_from(dice.below(lasts))?
        };
        let fact = RecordFact {
            record: i64::try_from(position)?,
            names: 0,
            relation: Relation::None,
            item: self.items.get(item).copied().unwrap_or(0),
            on,
            ends_on,
            amount_fen: i64::try_from(dice.below(yuan + 1))? * 100,
            level: i32::try_from(if level == 0 { 0 } else { 1 + dice.below(level) })?,
            code: self.symbols.code(dice.pick(codes)),
        };
        Ok((fact, item))
    }

    fn follow_up(&self, position: u64, base: u64) -> Done<RecordFact> {
        let (first, item) = self.first(base)?;
        let mut dice = Dice::new(6, position);
        let later = i32::try_from(dice.below(400))?;
        let ender = match item {
            "abnormal-listing" => Some("abnormal-removal"),
            "penalty" => Some("repair"),
            "serious-listing" => Some("serious-removal"),
            _ => None,
        };
        let names = i64::try_from(base)?;
        if let Some(ender) = ender.filter(|_| dice.below(10) < 7) {
            let fact = RecordFact {
                names,
                relation: Relation::Ends,
                on: first.on + later,
                ends_on: OPEN,
                ..first
            };
            let item = self.items.get(ender).copied().unwrap_or(0);
            return Ok(RecordFact {
                record: i64::try_from(position)?,
                item,
                ..fact
            });
        }
        let relation = if dice.below(10) < 7 {
            Relation::Corrects
        } else {
            Relation::Withdraws
        };
        let (other, _) = self.first(position)?;
        let on = first.on + later / 20;
        let fact = RecordFact {
            names,
            relation,
            on,
            ends_on: first.ends_on,
            amount_fen: other.amount_fen / 2,
            ..first
        };
        Ok(RecordFact {
            record: i64::try_from(position)?,
            ..fact
        })
    }
}
