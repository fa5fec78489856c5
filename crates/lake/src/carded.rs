//! How a record and an entity are written on a card.

use policy::{EntityFacts, OPEN, RecordFact};

use crate::format::{Columns, EntityColumns, EntityRow, RecordColumns, Row, relation_number, relation_of};
use crate::varint::{Bytes, put, put_signed};

/// The row before on the same card; zeros at its start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Prior {
    position: i64,
    on: i32,
}

/// A layout whose rows can also stand on cards.
pub(crate) trait Carded: Columns {
    /// Bytes of a block: what is read for one entity. A card of an entity is a dozen bytes, one of records a hundred.
    const BLOCK: usize;
    /// Adds a row to the card of its entity.
    fn encode(row: &Self::Row, prior: &mut Prior, out: &mut Vec<u8>);
    /// The next row of the card of `entity`; `None` when the bytes make no sense.
    fn decode(bytes: &mut Bytes<'_>, entity: i64, prior: &mut Prior) -> Option<Self::Row>;
}

const NAMES: u8 = 1 << 2;
const ENDS: u8 = 1 << 3;
const AMOUNT: u8 = 1 << 4;
const LEVEL: u8 = 1 << 5;
const CODE: u8 = 1 << 6;

/// `bit` where `there`.
fn flag(bit: u8, there: bool) -> u8 {
    if there { bit } else { 0 }
}

impl Carded for RecordColumns {
    const BLOCK: usize = 1 << 11;

    #[inline]
    fn encode(row: &Row, prior: &mut Prior, out: &mut Vec<u8>) {
        let fact = &row.fact;
        let head = relation_number(fact.relation)
            | flag(NAMES, fact.names != 0)
            | flag(ENDS, fact.ends_on != OPEN)
            | flag(AMOUNT, fact.amount_fen != 0)
            | flag(LEVEL, fact.level != 0)
            | flag(CODE, fact.code != 0);
        out.push(head);
        put(out, u64::from(fact.item));
        put_signed(out, fact.record.wrapping_sub(prior.position));
        put_signed(out, i64::from(fact.on).wrapping_sub(i64::from(prior.on)));
        if head & NAMES != 0 {
            put_signed(out, fact.record.wrapping_sub(fact.names));
        }
        if head & ENDS != 0 {
            put_signed(out, i64::from(fact.ends_on).wrapping_sub(i64::from(fact.on)));
        }
        if head & AMOUNT != 0 {
            put_signed(out, fact.amount_fen);
        }
        if head & LEVEL != 0 {
            put_signed(out, i64::from(fact.level));
        }
        if head & CODE != 0 {
            put(out, u64::from(fact.code));
        }
        *prior = Prior {
            position: fact.record,
            on: fact.on,
        };
    }

    #[inline]
    fn decode(bytes: &mut Bytes<'_>, entity: i64, prior: &mut Prior) -> Option<Row> {
        let head = bytes.byte()?;
        let item = u16::try_from(bytes.unsigned()?).ok()?;
        let record = prior.position.wrapping_add(bytes.signed()?);
        let on = i64::from(prior.on).wrapping_add(bytes.signed()?);
        let mut signed = |bit: u8| if head & bit == 0 { Some(0) } else { bytes.signed() };
        let names = signed(NAMES)?;
        let lasts = signed(ENDS)?;
        let amount_fen = signed(AMOUNT)?;
        let level = i32::try_from(signed(LEVEL)?).ok()?;
        let code = if head & CODE == 0 { 0 } else { bytes.unsigned()? };
        let fact = RecordFact {
            record,
            names: if head & NAMES == 0 {
                0
            } else {
                record.wrapping_sub(names)
            },
            relation: relation_of(head & 3),
            item,
            on: i32::try_from(on).ok()?,
            ends_on: if head & ENDS == 0 {
                OPEN
            } else {
                i32::try_from(on.wrapping_add(lasts)).ok()?
            },
            amount_fen,
            level,
            code: u32::try_from(code).ok()?,
        };
        *prior = Prior {
            position: record,
            on: fact.on,
        };
        Some(Row { entity, fact })
    }
}

const ESTABLISHED: u8 = 1;
const CAPITAL: u8 = 2;

impl Carded for EntityColumns {
    const BLOCK: usize = 1 << 9;

    fn encode(row: &EntityRow, _: &mut Prior, out: &mut Vec<u8>) {
        let facts = &row.facts;
        out.push(
            flag(ESTABLISHED, facts.established_on.is_some()) | flag(CAPITAL, facts.capital_fen.is_some()),
        );
        if let Some(day) = facts.established_on {
            put_signed(out, i64::from(day));
        }
        if let Some(capital) = facts.capital_fen {
            put_signed(out, capital);
        }
        for code in [facts.kind, facts.status, facts.industry, facts.division] {
            put(out, u64::from(code));
        }
    }

    fn decode(bytes: &mut Bytes<'_>, entity: i64, _: &mut Prior) -> Option<EntityRow> {
        let head = bytes.byte()?;
        let mut signed = |bit: u8| {
            if head & bit == 0 {
                Some(None)
            } else {
                bytes.signed().map(Some)
            }
        };
        let established_on = signed(ESTABLISHED)?;
        let capital_fen = signed(CAPITAL)?;
        let mut code = || u32::try_from(bytes.unsigned()?).ok();
        let facts = EntityFacts {
            established_on: established_on.map(i32::try_from).transpose().ok()?,
            capital_fen,
            kind: code()?,
            status: code()?,
            industry: code()?,
            division: code()?,
        };
        Some(EntityRow { entity, facts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Relation;
    use proptest::prelude::*;

    fn fact() -> impl Strategy<Value = RecordFact> {
        let numbers = (
            any::<i64>(),
            any::<i64>(),
            any::<u16>(),
            any::<i32>(),
            any::<i32>(),
        );
        (numbers, any::<i64>(), any::<i32>(), any::<u32>(), 0_u8..4).prop_map(
            |((record, names, item, on, ends_on), amount_fen, level, code, relation)| RecordFact {
                record,
                names,
                relation: relation_of(relation),
                item,
                on,
                ends_on,
                amount_fen,
                level,
                code,
            },
        )
    }

    proptest! {
        #[test]
        fn records_come_back_from_their_card(facts in prop::collection::vec(fact(), 1..20), plain in any::<bool>()) {
            let mut out = Vec::new();
            let mut prior = Prior::default();
            let mut rows: Vec<Row> = facts.into_iter().map(|fact| Row { entity: 7, fact }).collect();
            if plain {
                let simple = RecordFact {
                    record: 5, names: 0, relation: Relation::None, item: 1, on: 9, ends_on: OPEN, amount_fen: 0, level: 0, code: 0,
                };
                rows.push(Row { entity: 7, fact: simple });
            }
            for row in &rows {
                RecordColumns::encode(row, &mut prior, &mut out);
            }
            let (mut bytes, mut prior) = (Bytes::new(&out), Prior::default());
            for row in rows {
                prop_assert_eq!(RecordColumns::decode(&mut bytes, 7, &mut prior), Some(row));
            }
            prop_assert!(bytes.is_empty());
        }

        #[test]
        fn entities_come_back_from_their_card(
            established_on in any::<Option<i32>>(), capital_fen in any::<Option<i64>>(), codes in any::<[u32; 4]>(),
        ) {
            let [kind, status, industry, division] = codes;
            let facts = EntityFacts { established_on, capital_fen, kind, status, industry, division };
            let row = EntityRow { entity: 9, facts };
            let mut out = Vec::new();
            EntityColumns::encode(&row, &mut Prior::default(), &mut out);
            let mut bytes = Bytes::new(&out);
            prop_assert_eq!(EntityColumns::decode(&mut bytes, 9, &mut Prior::default()), Some(row));
            prop_assert!(bytes.is_empty());
        }

        #[test]
        fn any_bytes_on_a_card_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let (mut rest, mut prior) = (Bytes::new(&bytes), Prior::default());
            while RecordColumns::decode(&mut rest, 1, &mut prior).is_some() {}
            EntityColumns::decode(&mut Bytes::new(&bytes), 1, &mut Prior::default());
        }
    }
}
