//! Texts of XLS files, in one or two bytes a letter, with the marks of rich text passed over.
use super::cfb::Bytes;
use super::xls::Coding;

/// Two bytes a letter.
const WIDE: u8 = 1;
/// What East Asian office programs add follows the letters.
const EXTENDED: u8 = 4;
/// Runs of formats follow the letters.
const RICH: u8 = 8;

/// A text whose length stands in two bytes.
pub(crate) fn long(fields: Bytes<'_>, coding: Coding) -> Option<String> {
    let letters = usize::from(fields.u16(0)?);
    if !coding.wide {
        return page(fields.from(2), letters, coding);
    }
    let flags = fields.u8(2)?;
    let marks = if flags & RICH != 0 { 2 } else { 0 } + if flags & EXTENDED != 0 { 4 } else { 0 };
    Some(plain(fields.from(3 + marks), letters, flags))
}

/// A text whose length stands in one byte.
pub(crate) fn short(fields: Bytes<'_>, coding: Coding) -> Option<String> {
    let letters = usize::from(fields.u8(0)?);
    if coding.wide {
        Some(plain(fields.from(2), letters, fields.u8(1)?))
    } else {
        page(fields.from(1), letters, coding)
    }
}

fn page(fields: Bytes<'_>, bytes: usize, coding: Coding) -> Option<String> {
    let raw = fields.0.get(..bytes)?;
    Some(coding.page.decode_without_bom_handling(raw).0.into_owned())
}

/// Letters as far as the record goes; a text that goes on in another record is cut there.
fn plain(fields: Bytes<'_>, letters: usize, flags: u8) -> String {
    let mut units = Vec::new();
    add(fields.0, letters, flags, &mut units);
    String::from_utf16_lossy(&units)
}

/// Adds letters of a piece; gives how many there were and how many bytes they took.
fn add(bytes: &[u8], letters: usize, flags: u8, units: &mut Vec<u16>) -> (usize, usize) {
    if flags & WIDE == 0 {
        let here = letters.min(bytes.len());
        units.extend(bytes.iter().take(here).map(|byte| u16::from(*byte)));
        (here, here)
    } else {
        let here = letters.min(bytes.len() / 2);
        let pairs = bytes.chunks_exact(2).take(here);
        units.extend(pairs.filter_map(|pair| Bytes(pair).u16(0)));
        (here, here * 2)
    }
}

/// The table of shared texts, which goes over many records; a text may be cut anywhere between two of its letters, and
/// then says anew how they are written.
pub(crate) struct Pieces<'a> {
    records: Vec<&'a [u8]>,
    piece: usize,
    at: usize,
}

impl<'a> Pieces<'a> {
    pub fn new(records: Vec<&'a [u8]>) -> Self {
        Self {
            records,
            piece: 0,
            at: 8,
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.records
            .get(self.piece)
            .and_then(|piece| piece.get(self.at..))
            .unwrap_or_default()
    }

    /// Goes to the next record when this one is used up.
    fn settle(&mut self) {
        while self.rest().is_empty() && self.piece < self.records.len() {
            self.piece += 1;
            self.at = 0;
        }
    }

    fn byte(&mut self) -> Option<u8> {
        self.settle();
        let byte = self.rest().first().copied()?;
        self.at += 1;
        Some(byte)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    fn pass(&mut self, bytes: usize) -> Option<()> {
        let mut left = bytes;
        while left > 0 {
            self.settle();
            let here = self.rest().len().min(left);
            if here == 0 {
                return None;
            }
            self.at += here;
            left -= here;
        }
        Some(())
    }

    /// All texts up to the first that is not whole.
    pub fn texts(mut self) -> Vec<Box<str>> {
        let mut texts = Vec::new();
        while let Some(text) = self.text() {
            texts.push(text.into());
        }
        texts
    }

    fn text(&mut self) -> Option<String> {
        let mut left = usize::from(self.u16()?);
        let mut flags = self.byte()?;
        let runs = if flags & RICH != 0 {
            usize::from(self.u16()?)
        } else {
            0
        };
        let extended = if flags & EXTENDED != 0 {
            let (low, high) = (self.u16()?, self.u16()?);
            usize::try_from(u32::from(low) | u32::from(high) << 16).ok()?
        } else {
            0
        };
        let mut units = Vec::new();
        while left > 0 {
            if self.rest().is_empty() {
                self.settle();
                flags = self.byte()?;
            }
            let (letters, bytes) = add(self.rest(), left, flags, &mut units);
            if letters == 0 {
                return None;
            }
            self.at += bytes;
            left -= letters;
        }
        self.pass(runs.checked_mul(4)?)?;
        self.pass(extended)?;
        Some(String::from_utf16_lossy(&units))
    }
}
