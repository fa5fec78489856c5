//! An indicator whose points are its value, and what it gives.

use policy::{Compiled, EntityFacts, Indicator, RecordFact, Records, Scratch, Source, compile};

use crate::support::{bands, indicator, model, symbols};

pub const AS_OF: i32 = 20_000;
pub const FLAG: u16 = 1;
pub const LISTING: u16 = 2;
pub const PENALTY: u16 = 3;
pub const REMOVAL: u16 = 4;

/// Points equal the value, up to 100.
pub fn counting(source: Records) -> Indicator {
    indicator(
        "n",
        Source::Records(source),
        bands(
            &(1..=100)
                .map(|n| (n, i32::try_from(n).unwrap()))
                .collect::<Vec<_>>(),
        ),
    )
}

pub fn compiled(indicators: Vec<Indicator>) -> Compiled {
    compile(&model(indicators, vec![]), &symbols()).unwrap()
}

pub fn points(indicator: Indicator, records: &[RecordFact]) -> i32 {
    compiled(vec![indicator])
        .evaluate(&EntityFacts::default(), records, AS_OF, &mut Scratch::new())
        .points
}
