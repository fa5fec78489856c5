//! The compression function of SM3 (GB/T 32905-2016), one message in each lane.
#![expect(
    clippy::inline_always,
    reason = "code that does not become part of the dispatched function is compiled without its vectors"
)]
#![expect(
    clippy::indexing_slicing,
    reason = "rounds are cut to 64 and places in the ring to 16; the tests go through all of them"
)]

use fearless_simd::Simd;
use fearless_simd::prelude::*;

/// GB/T 32905-2016, 4.1.
pub(super) const IV: [u32; 8] = [
    0x7380_166f,
    0x4914_b2b9,
    0x1724_42d7,
    0xda8a_0600,
    0xa96f_30bc,
    0x1631_38aa,
    0xe38d_ee4d,
    0xb0fb_0e4e,
];

/// The round constants (4.2), each already turned left by its round.
const TURNED: [u32; 64] = {
    let mut turned = [0; 64];
    let (mut at, mut round) = (0, 0);
    while at < 64 {
        let constant: u32 = if at < 16 { 0x79cc_4519 } else { 0x7a87_9d8a };
        turned[at] = constant.rotate_left(round % 32);
        at += 1;
        round += 1;
    }
    turned
};

#[inline(always)]
fn turn<S: Simd, const BY: u32>(word: S::u32s) -> S::u32s {
    (word << BY) | (word >> (32 - BY))
}

/// The compression function (5.3) in every lane.
#[inline(always)]
pub(super) fn compress<S: Simd>(simd: S, state: &mut [S::u32s; 8], block: &[S::u32s; 16]) {
    let mut words = *block; // the sixteen words still needed, in a ring
    let mut registers = *state;
    for number in 0..16 {
        registers = round::<S, true, true>(simd, registers, &mut words, number);
    }
    for number in 16..52 {
        registers = round::<S, false, true>(simd, registers, &mut words, number);
    }
    for number in 52..64 {
        registers = round::<S, false, false>(simd, registers, &mut words, number);
    }
    for (word, register) in state.iter_mut().zip(registers) {
        *word ^= register;
    }
}

/// One round (5.3.3). All but the last twelve also make a new word (5.3.2) and put it into the place of the oldest.
#[inline(always)]
#[expect(
    clippy::many_single_char_names,
    reason = "the registers have these names in the standard"
)]
fn round<S: Simd, const EARLY: bool, const RENEW: bool>(
    simd: S,
    registers: [S::u32s; 8],
    words: &mut [S::u32s; 16],
    number: usize,
) -> [S::u32s; 8] {
    let [a, b, c, d, e, f, g, h] = registers;
    let ring = |ahead: usize| (number + ahead) & 15;
    let (word, fourth) = (words[ring(0)], words[ring(4)]);
    let a12 = turn::<S, 12>(a);
    let ss1 = turn::<S, 7>(a12 + e + S::u32s::splat(simd, TURNED[number & 63]));
    let ss2 = ss1 ^ a12;
    let ff = if EARLY { a ^ b ^ c } else { (a & b) | ((a | b) & c) };
    let gg = if EARLY { e ^ f ^ g } else { ((f ^ g) & e) ^ g };
    let tt1 = ff + d + ss2 + (word ^ fourth);
    let tt2 = gg + h + ss1 + word;
    let p0 = tt2 ^ turn::<S, 9>(tt2) ^ turn::<S, 17>(tt2);
    if RENEW {
        let mixed = word ^ words[ring(7)] ^ turn::<S, 15>(words[ring(13)]);
        let p1 = mixed ^ turn::<S, 15>(mixed) ^ turn::<S, 23>(mixed);
        words[ring(0)] = p1 ^ turn::<S, 7>(words[ring(3)]) ^ words[ring(10)];
    }
    [tt1, a, turn::<S, 9>(b), c, p0, e, turn::<S, 19>(f), g]
}
