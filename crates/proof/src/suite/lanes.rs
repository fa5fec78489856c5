//! Many short messages that start alike, hashed together: SM3 runs one message in each lane of the machine's vectors.
//!
//! A draw hashes millions of messages of one or two blocks. Each of them alone waits for its own rounds; side by side
//! they fill the vectors (4 to 16 messages, chosen when the program runs). The single hashes of `suite` stay what they
//! are, and the tests hold both against each other. SHA-256 has its own instructions and gains nothing from lanes.
#![expect(
    clippy::inline_always,
    reason = "code that does not become part of the dispatched function is compiled without its vectors"
)]

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch};

mod sm3;

use self::sm3::{IV, compress};
use super::{Hasher, Suite};
use crate::{Digest, wide};

/// Bytes of a block.
const BLOCK: usize = 64;
/// The widest vectors there are hold this many words.
const WIDEST: usize = 16;
/// A good number of messages for one call: enough to fill the lanes, few enough to stay in the nearest cache.
pub(crate) const BATCH: usize = 256;

/// What many messages start with, taken in once.
#[derive(Clone)]
pub(crate) enum Prefix {
    /// SM3, in lanes.
    Lanes(Start),
    /// One message after the other.
    Each(Hasher),
}

/// SM3 after the whole blocks of a prefix.
#[derive(Clone)]
pub(crate) struct Start {
    state: [u32; 8],
    /// Bytes in those blocks.
    taken: u64,
    /// Less than a block, still to be hashed.
    rest: Vec<u8>,
}

/// Room for the messages of one call, kept to be used again.
#[derive(Default)]
pub(crate) struct Room {
    /// The messages, padded to whole blocks.
    bytes: Vec<u8>,
    /// Where each message ends, in blocks.
    ends: Vec<usize>,
}

impl Suite {
    /// Takes in what many messages start with.
    pub(crate) fn prefix(self, bytes: &[u8]) -> Prefix {
        match self {
            Self::Sm3Sm2 => Prefix::Lanes(Start::new(bytes)),
            Self::Sha256Ed25519 => Prefix::Each(self.hasher().with(bytes)),
        }
    }
}

impl Prefix {
    /// Hashes as many messages as `out` has places; `write` appends what follows the prefix in the message of a place.
    pub(crate) fn hash_all(&self, room: &mut Room, out: &mut [Digest], write: impl Fn(usize, &mut Vec<u8>)) {
        self.hash_all_on(Level::new(), room, out, write);
    }

    /// The same with the vectors of a level of the machine.
    fn hash_all_on(
        &self,
        level: Level,
        room: &mut Room,
        out: &mut [Digest],
        write: impl Fn(usize, &mut Vec<u8>),
    ) {
        room.bytes.clear();
        room.ends.clear();
        match self {
            Self::Each(hasher) => {
                for (place, slot) in out.iter_mut().enumerate() {
                    room.bytes.clear();
                    write(place, &mut room.bytes);
                    *slot = hasher.clone().with(&room.bytes).finish();
                }
            }
            Self::Lanes(start) => {
                for place in 0..out.len() {
                    let from = room.bytes.len();
                    room.bytes.extend_from_slice(&start.rest);
                    write(place, &mut room.bytes);
                    pad(&mut room.bytes, from, start.taken);
                    room.ends.push(room.bytes.len() / BLOCK);
                }
                dispatch!(level, simd => in_lanes(simd, &start.state, room, out));
            }
        }
    }
}

/// The padding of SM3 (GB/T 32905-2016, 5.2): a one bit, zeros to the last eight bytes of a block, the length in bits.
fn pad(bytes: &mut Vec<u8>, from: usize, taken: u64) {
    let length = taken + wide(bytes.len() - from);
    bytes.push(0x80);
    let blocks = (bytes.len() - from + 8).div_ceil(BLOCK);
    bytes.resize(from + blocks * BLOCK - 8, 0);
    bytes.extend_from_slice(&(length * 8).to_be_bytes());
}

impl Start {
    fn new(bytes: &[u8]) -> Self {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        let mut state = IV;
        for block in blocks {
            dispatch!(Level::new(), simd => alone(simd, &mut state, block));
        }
        Self {
            state,
            taken: wide(blocks.len() * BLOCK),
            rest: rest.to_vec(),
        }
    }
}

/// One block of one message; every lane does the same. Only prefixes need it.
#[inline(always)]
fn alone<S: Simd>(simd: S, state: &mut [u32; 8], block: &[u8; BLOCK]) {
    let mut lanes = state.map(|word| S::u32s::splat(simd, word));
    let mut words = [S::u32s::splat(simd, 0); 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = S::u32s::splat(simd, u32::from_be_bytes(*bytes));
    }
    compress(simd, &mut lanes, &words);
    for (word, lane) in state.iter_mut().zip(&lanes) {
        *word = lane.as_slice().first().copied().unwrap_or(0);
    }
}

/// Hashes the padded messages of a room, as many at a time as there are lanes.
#[inline(always)]
fn in_lanes<S: Simd>(simd: S, start: &[u32; 8], room: &Room, out: &mut [Digest]) {
    let (blocks, _) = room.bytes.as_chunks::<BLOCK>();
    let lanes = S::u32s::LEN;
    let mut words = [[0_u32; WIDEST]; 16];
    let mut from = 0;
    for (group, slots) in room.ends.chunks(lanes).zip(out.chunks_mut(lanes)) {
        let mut state = start.map(|word| S::u32s::splat(simd, word));
        // First block and number of blocks of every lane; lanes without a message stay empty.
        let mut spans = [(0_usize, 0_usize); WIDEST];
        for (span, end) in spans.iter_mut().zip(group) {
            *span = (from, end - from);
            from = *end;
        }
        let most = spans.iter().map(|span| span.1).max().unwrap_or(0);
        for step in 0..most {
            for (lane, (first, count)) in spans.iter().enumerate() {
                // A lane whose message has ended goes on with old words; nobody looks at it any more.
                if let Some(block) = blocks.get(first + step).filter(|_| step < *count) {
                    scatter(block, lane, &mut words);
                }
            }
            let mut block = [S::u32s::splat(simd, 0); 16];
            for (vector, row) in block.iter_mut().zip(&words) {
                *vector = S::u32s::from_slice(simd, row.split_at(lanes).0);
            }
            compress(simd, &mut state, &block);
            for (lane, (slot, span)) in slots.iter_mut().zip(&spans).enumerate() {
                if span.1 == step + 1 {
                    *slot = gather::<S>(&state, lane);
                }
            }
        }
    }
}

/// Puts the words of a block into one lane.
#[inline(always)]
fn scatter(block: &[u8; BLOCK], lane: usize, words: &mut [[u32; WIDEST]; 16]) {
    for (row, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        if let Some(word) = row.get_mut(lane) {
            *word = u32::from_be_bytes(*bytes);
        }
    }
}

/// The hash that stands in one lane.
#[inline(always)]
fn gather<S: Simd>(state: &[S::u32s; 8], lane: usize) -> Digest {
    let mut digest = Digest::default();
    for (bytes, vector) in digest.0.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = vector.as_slice().get(lane).copied().unwrap_or(0).to_be_bytes();
    }
    digest
}

/// The two halves of an HMAC (RFC 2104) under a key of at most one block; a longer key is hashed first.
#[derive(Clone)]
pub(crate) struct MacPrefix {
    inner: Prefix,
    outer: Prefix,
}

impl Suite {
    /// `MAC[label]` under `key` with key, label and the bytes every message starts with already taken in.
    pub(crate) fn mac_prefix(self, key: &[u8], label: &str, start: &[u8]) -> MacPrefix {
        let block = self.key_block(key);
        let inner = [
            &block.map(|byte| byte ^ 0x36),
            super::label_bytes(label).as_slice(),
            start,
        ]
        .concat();
        MacPrefix {
            inner: self.prefix(&inner),
            outer: self.prefix(&block.map(|byte| byte ^ 0x5c)),
        }
    }
}

impl MacPrefix {
    /// Authenticates as many messages as `out` has places.
    pub(crate) fn finish_all(
        &self,
        room: &mut Room,
        out: &mut [Digest],
        write: impl Fn(usize, &mut Vec<u8>),
    ) {
        let mut inner = [Digest::default(); BATCH];
        for (part, out) in out.chunks_mut(BATCH).enumerate() {
            let (inner, _) = inner.split_at_mut(out.len());
            let write = |place: usize, bytes: &mut Vec<u8>| write(part * BATCH + place, bytes);
            self.inner.hash_all(room, inner, write);
            let of = |place: usize| inner.get(place).copied().unwrap_or_default();
            let write = |place: usize, bytes: &mut Vec<u8>| bytes.extend_from_slice(&of(place).0);
            self.outer.hash_all(room, out, write);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every kind of vectors this machine has.
    fn levels() -> Vec<Level> {
        let best = Level::new();
        let mut levels = vec![best];
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(best.as_sse2().map(Level::Sse2));
            levels.extend(best.as_sse4_2().map(Level::Sse4_2));
            levels.extend(best.as_avx2().map(Level::Avx2));
        }
        levels
    }

    fn agrees(suite: Suite, prefix: &[u8], tails: &[Vec<u8>]) -> Result<(), TestCaseError> {
        let singly: Vec<Digest> = tails
            .iter()
            .map(|tail| suite.hasher().with(prefix).with(tail).finish())
            .collect();
        for level in levels() {
            // A room that was used before, and places that hold something else.
            let mut room = Room {
                bytes: vec![1; 99],
                ends: vec![7],
            };
            let mut together = vec![Digest([0xaa; 32]); tails.len()];
            suite
                .prefix(prefix)
                .hash_all_on(level, &mut room, &mut together, |place, bytes| {
                    bytes.extend_from_slice(&tails[place]);
                });
            prop_assert_eq!(&together, &singly, "{:?}", level);
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn messages_hashed_together_have_the_hashes_they_have_alone(
            prefix in prop::collection::vec(any::<u8>(), 0..200),
            tails in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..40),
        ) {
            agrees(Suite::Sm3Sm2, &prefix, &tails)?;
            agrees(Suite::Sha256Ed25519, &prefix, &tails)?;
        }

        #[test]
        fn codes_made_together_are_those_made_alone(
            key in prop::collection::vec(any::<u8>(), 0..100),
            start in prop::collection::vec(any::<u8>(), 0..100),
            tails in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..40),
            times in 1_usize..20,
        ) {
            let tails = vec![tails; times].concat(); // more than one batch now and then
            for suite in [Suite::Sm3Sm2, Suite::Sha256Ed25519] {
                let mut together = vec![Digest::default(); tails.len()];
                suite.mac_prefix(&key, "salt", &start).finish_all(&mut Room::default(), &mut together, |place, bytes| {
                    bytes.extend_from_slice(&tails[place]);
                });
                let mac = suite.mac(&key, "salt").with(&start);
                let singly: Vec<Digest> = tails.iter().map(|tail| mac.clone().with(tail).finish()).collect();
                prop_assert_eq!(together, singly);
            }
        }
    }

    #[test]
    fn every_length_around_the_borders_of_blocks_is_padded_as_it_should_be() {
        for prefix in [0, 1, 55, 56, 63, 64, 65, 119, 120, 128] {
            let tails: Vec<Vec<u8>> = (0..140).map(|length| vec![0x5a; length]).collect();
            agrees(Suite::Sm3Sm2, &vec![0xc3; prefix], &tails).unwrap();
        }
    }
}
