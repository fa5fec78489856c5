//! The shape of the index: its fields, the order of what is found, and the tiers that make the first come first.

use tantivy::Term;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions,
};

/// Changes whenever an index made before would be read wrongly; such an index is made anew.
pub(crate) const FORMAT: u32 = 1;

pub(crate) const GRAMS: &str = "grams";
pub(crate) const INITIALS: &str = "initials";
pub(crate) const SYLLABLES: &str = "syllables";

/// Lengths of names (in characters) with which a new tier begins, after the first.
const STEPS: [usize; 11] = [5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 18];
/// Tiers of those in operation; those that are not follow in as many.
const OPEN: u8 = 12;
/// How many tiers there are.
pub(crate) const TIERS: u8 = 2 * OPEN;
/// Longest length that counts in the order.
const LONGEST: usize = 127;
const NUMBER_BITS: u32 = 48;
const LENGTH_BITS: u32 = 7;

/// The fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) number: Field,
    pub(crate) order: Field,
    pub(crate) grams: Field,
    pub(crate) initials: Field,
    pub(crate) syllables: Field,
    pub(crate) place: Field,
    pub(crate) status: Field,
}

impl Shape {
    pub(crate) fn new() -> (Self, Schema) {
        let mut schema = Schema::builder();
        let text = |tokens: &str| {
            let indexing = TextFieldIndexing::default()
                .set_tokenizer(tokens)
                .set_fieldnorms(false)
                .set_index_option(IndexRecordOption::WithFreqsAndPositions);
            TextOptions::default().set_indexing_options(indexing)
        };
        let shape = Self {
            number: schema.add_u64_field("number", INDEXED),
            order: schema.add_u64_field("order", FAST),
            grams: schema.add_text_field(GRAMS, text(GRAMS)),
            initials: schema.add_text_field(INITIALS, text(INITIALS)),
            syllables: schema.add_text_field(SYLLABLES, text(SYLLABLES)),
            place: schema.add_text_field("place", STRING),
            status: schema.add_text_field("status", STRING),
        };
        (shape, schema.build())
    }
}

/// Where an entry stands among all: in operation before not, short before long, then by number. One number, compared as such.
pub(crate) fn order(closed: bool, length: usize, number: u64) -> u64 {
    let length = u64::try_from(length.min(LONGEST)).unwrap_or(0);
    (u64::from(closed) << (LENGTH_BITS + NUMBER_BITS)) | (length << NUMBER_BITS) | number_of(number)
}

/// The number in an order.
pub(crate) const fn number_of(order: u64) -> u64 {
    order & ((1 << NUMBER_BITS) - 1)
}

/// The tier of an order: every order of a tier is smaller than every order of the next. Each tier has terms of its own, so
/// that a search looks through them one after another and stops when it has enough, however much else there is.
pub(crate) fn tier_of(order: u64) -> u8 {
    let closed = order >> (LENGTH_BITS + NUMBER_BITS) > 0;
    let length = usize::try_from((order >> NUMBER_BITS) & ((1 << LENGTH_BITS) - 1)).unwrap_or(LONGEST);
    let step = STEPS.iter().filter(|step| length >= **step).count();
    let step = u8::try_from(step).unwrap_or(OPEN - 1).min(OPEN - 1);
    if closed { OPEN + step } else { step }
}

/// What the terms of a tier begin with.
pub(crate) fn sign_of(tier: u8) -> char {
    char::from(b'A' + tier.min(TIERS))
}

/// A term of a tier.
pub(crate) fn term(field: Field, tier: u8, text: &str) -> Term {
    Term::from_field_text(field, &format!("{}{text}", sign_of(tier)))
}

/// The place that everything lies in that lies anywhere.
pub(crate) const ANYWHERE: &str = "*";
/// Digits of the levels of places.
const LEVELS: [usize; 5] = [2, 4, 6, 9, 12];

/// The places, given by beginnings of their codes, that a place lies in.
pub(crate) fn places(code: &str) -> impl Iterator<Item = &str> {
    let levels = LEVELS.iter().filter_map(|digits| code.get(..*digits));
    (!code.is_empty()).then_some(ANYWHERE).into_iter().chain(levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_its_parts_and_tiers_follow_it() {
        let mut orders = Vec::new();
        for closed in [false, true] {
            for length in 0..140 {
                for number in [0, 1, (1 << NUMBER_BITS) - 1] {
                    orders.push(order(closed, length, number));
                    assert_eq!(number_of(order(closed, length, number)), number);
                }
            }
        }
        let shortened = orders
            .iter()
            .take_while(|order| *order >> NUMBER_BITS < 127)
            .count();
        assert!(orders[..shortened].is_sorted());
        let mut tiers: Vec<u8> = orders.iter().map(|order| tier_of(*order)).collect();
        assert!(tiers.is_sorted());
        tiers.dedup();
        assert_eq!(tiers, (0..TIERS).collect::<Vec<_>>());
    }

    #[test]
    fn a_place_lies_in_all_above_it() {
        assert_eq!(
            places("440511001").collect::<Vec<_>>(),
            ["*", "44", "4405", "440511", "440511001"]
        );
        assert_eq!(places("").count(), 0);
    }
}
