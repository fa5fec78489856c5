//! Chance as a function of the seed: every draw comes from a stream named by seed, label and key.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of chance. The reduction to a range is written out here, so that bytes do not depend on the version of
/// a distribution library.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of `key` (an entity's credit code, for example) under `label` in the city of `seed`.
    pub fn of(seed: u64, label: &str, key: &str) -> Self {
        let first = mix(seed ^ digest(label));
        let second = mix(first ^ digest(key));
        let mut start = [0_u8; 32];
        let words = [seed, first, second, mix(second)];
        for (slot, byte) in start
            .iter_mut()
            .zip(words.iter().flat_map(|word| word.to_le_bytes()))
        {
            *slot = byte;
        }
        Self(ChaCha8Rng::from_seed(start))
    }

    /// A number below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u32) -> u32 {
        let wide = u64::from(self.0.next_u32()) * u64::from(end);
        u32::try_from(wide >> 32).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True `parts` times in ten thousand.
    pub fn chance(&mut self, parts: u32) -> bool {
        self.below(10_000) < parts
    }

    /// How often something with a yearly rate (parts of ten thousand) happened in one year; after each time it is
    /// a third less likely to happen again.
    pub fn times(&mut self, rate: u32) -> u32 {
        let mut left = rate.min(9_500);
        let mut count = 0;
        while count < 9 && self.chance(left) {
            count += 1;
            left = left * 2 / 3;
        }
        count
    }

    /// One of `list`; `None` when it is empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let at = self.below(u32::try_from(list.len()).unwrap_or(u32::MAX));
        usize::try_from(at).ok().and_then(|at| list.get(at))
    }

    /// One of the words; empty when there is none.
    pub fn word(&mut self, list: &[&'static str]) -> &'static str {
        self.pick(list).copied().unwrap_or("")
    }

    /// One of `list`, as often as its weight says; `None` when all weights are 0.
    pub fn weighted<'a, T>(&mut self, list: &'a [T], weight: impl Fn(&T) -> u32) -> Option<&'a T> {
        let total: u32 = list.iter().map(&weight).sum();
        let mut left = self.below(total);
        for one in list {
            let share = weight(one);
            if left < share {
                return Some(one);
            }
            left -= share;
        }
        None
    }
}

/// FNV-1a.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The finaliser of SplitMix64.
fn mix(word: u64) -> u64 {
    let mut word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
