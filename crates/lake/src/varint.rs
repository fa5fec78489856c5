//! Whole numbers in as few bytes as they need: seven bits a byte, the sign in the lowest bit.

/// Adds an unsigned number.
#[inline]
pub(crate) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        let [low, ..] = number.to_le_bytes();
        out.push(low | 0x80);
        number >>= 7;
    }
    let [low, ..] = number.to_le_bytes();
    out.push(low);
}

/// Adds a signed number.
#[inline]
pub(crate) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put(out, (number.wrapping_shl(1) ^ (number >> 63)).cast_unsigned());
}

/// Bytes being read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte; `None` at the end.
    #[inline]
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// The next unsigned number; `None` at the end or when it is none.
    #[inline]
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        let mut shift = 0_u32;
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
            shift = shift.checked_add(7).filter(|shift| *shift < 64)?;
        }
    }

    /// The next signed number.
    #[inline]
    pub(crate) fn signed(&mut self) -> Option<i64> {
        let folded = self.unsigned()?;
        Some((folded >> 1).cast_signed() ^ (folded & 1).cast_signed().wrapping_neg())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back_as_they_went_in(numbers in prop::collection::vec((any::<i64>(), any::<u64>()), 0..20)) {
            let mut bytes = Vec::new();
            for (signed, unsigned) in &numbers {
                put_signed(&mut bytes, *signed);
                put(&mut bytes, *unsigned);
            }
            let mut rest = Bytes::new(&bytes);
            for (signed, unsigned) in numbers {
                prop_assert_eq!((rest.signed(), rest.unsigned()), (Some(signed), Some(unsigned)));
            }
            prop_assert!(rest.is_empty() && rest.byte().is_none());
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut rest = Bytes::new(&bytes);
            while rest.signed().is_some() {}
        }
    }
}
