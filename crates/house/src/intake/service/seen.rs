//! Which entities are surely new: a filter of fixed size over the codes that have been seen. A first bulk load asks the
//! database about next to none of them.
use std::hash::{BuildHasher as _, RandomState};

/// Bits for one code: with four probes one new code in four hundred is looked up in vain.
const BITS_EACH: u64 = 16;
const PROBES: u32 = 4;
/// 128 KiB to 64 MiB.
const SIZES: (u64, u64) = (1 << 20, 1 << 29);

/// A Bloom filter.
pub struct Seen {
    words: Vec<u64>,
    bits: u64,
    hasher: RandomState,
}

impl Seen {
    /// For about so many codes; more make it less sure, never wrong.
    pub fn with_room(codes: u64) -> Self {
        let bits = codes
            .saturating_mul(BITS_EACH)
            .clamp(SIZES.0, SIZES.1)
            .next_power_of_two();
        let words = usize::try_from(bits / 64).unwrap_or(1);
        Self {
            words: vec![0; words],
            bits,
            hasher: RandomState::new(),
        }
    }

    fn probes(&self, code: &str) -> impl Iterator<Item = (usize, u64)> + use<> {
        let hash = self.hasher.hash_one(code);
        let (start, step, bits) = (hash, hash.rotate_left(32) | 1, self.bits);
        (0..PROBES).map(move |probe| {
            let bit = start.wrapping_add(step.wrapping_mul(u64::from(probe))) & (bits - 1);
            (usize::try_from(bit / 64).unwrap_or(0), 1 << (bit % 64))
        })
    }

    /// Notes a code.
    pub fn add(&mut self, code: &str) {
        for (word, bit) in self.probes(code) {
            if let Some(word) = self.words.get_mut(word) {
                *word |= bit;
            }
        }
    }

    /// Whether a code may have been noted. `false` is certain.
    pub fn might_hold(&self, code: &str) -> bool {
        self.probes(code)
            .all(|(word, bit)| self.words.get(word).is_some_and(|word| word & bit != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn what_was_noted_is_always_held_and_little_else() {
        let mut seen = Seen::with_room(100_000);
        let code = |number: u32| format!("91440511MA{number:08}");
        (0..100_000).for_each(|number| seen.add(&code(number)));
        assert!((0..100_000).all(|number| seen.might_hold(&code(number))));
        let wrong = (100_000..200_000)
            .filter(|number| seen.might_hold(&code(*number)))
            .count();
        assert!(wrong < 1_000, "{wrong} of 100,000 strangers taken for known");
    }
}
