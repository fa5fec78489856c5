//! What an entity is really like: hidden from the platform, behind everything it does and everything an inspector finds.

use crate::code::Body;
use crate::dice::Dice;
use crate::trade::{Sector, TRADES, Trade};

/// The hidden nature of one entity, a function of the seed and its credit code alone.
#[derive(Debug, Clone, Copy)]
pub struct Nature {
    /// 0 exemplary … 1000 as bad as can be.
    pub badness: u32,
    /// 0 tiny … 4 large.
    pub scale: u32,
    /// What it does.
    pub trade: &'static Trade,
    /// Nobody is found at the registered address.
    pub lost: bool,
    /// It does not trade any more.
    pub dormant: bool,
}

/// Steps of badness: share in a thousand, from, to. Set so that a sensible classification comes out near the figures
/// cities report (about 65 % low, 25 % ordinary, 8 % higher, 2 % high risk).
const STEPS: [(u32, u32, u32); 4] = [(640, 0, 150), (250, 150, 420), (85, 420, 720), (25, 720, 1000)];
const SCALES: [[(u32, u32); 5]; 3] = [
    [(0, 900), (1, 90), (2, 10), (3, 0), (4, 0)],
    [(0, 300), (1, 430), (2, 200), (3, 60), (4, 10)],
    [(0, 300), (1, 600), (2, 100), (3, 0), (4, 0)],
];

impl Nature {
    /// The nature of the entity with this credit code in the city of `seed`.
    pub fn of(seed: u64, code: &str) -> Self {
        let mut dice = Dice::of(seed, "nature", code);
        let body = Body::of(code);
        let at = match body {
            Body::Individual => 0,
            Body::Company => 1,
            Body::Cooperative => 2,
        };
        let trade = dice
            .weighted(TRADES, |one| one.weights.get(at).copied().unwrap_or(0))
            .unwrap_or(&FALLBACK);
        let (low, high) = dice
            .weighted(&STEPS, |step| step.0)
            .map_or((0, 0), |step| (step.1, step.2));
        let badness = dice.between(low, high);
        let scales = SCALES.get(at).map_or(&[][..], |row| &row[..]);
        let scale = dice.weighted(scales, |row| row.1).map_or(0, |row| row.0);
        let worst = badness * badness / 1000;
        Self {
            badness,
            scale,
            trade,
            lost: dice.chance(30 + worst * 3),
            dormant: dice.chance(200 + badness),
        }
    }

    /// A yearly rate (parts of ten thousand) between `best` and `worst`, growing with the square of badness.
    pub fn rate(&self, best: u32, worst: u32) -> u32 {
        let square = self.badness * self.badness / 1000;
        if worst >= best {
            best + (worst - best) * square / 1000
        } else {
            best - (best - worst) * square / 1000
        }
    }
}

/// Never chosen while the table of trades has weights.
const FALLBACK: Trade = Trade {
    industry: "F5299",
    word: "商店",
    weights: [1, 1, 1],
    sector: Sector::Shop,
};
