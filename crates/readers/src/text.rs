//! A window over decoded text: whatever the encoding, what stands in the window is UTF-8, or carries a byte that cannot
//! be UTF-8 at the very place where the file broke its encoding.
//!
//! The encoding: a byte order mark decides; else NUL bytes mostly on one side of the pairs mean UTF-16; else ASCII is taken as
//! it comes until the first other byte, and the chunk it stands in (256 KiB) is judged line by line: UTF-8 unless more
//! lines are only right in GB18030. Later lines that break the encoding found are told as faults of those lines.
use std::io::Read as _;

use encoding_rs::{Decoder, DecoderResult, GB18030, UTF_16BE, UTF_16LE};
use memchr::{memchr_iter, memchr2};

use crate::fault::{ReadFault, unwrapped};
use crate::source::{Stream, some};

/// Bytes read at a time.
const CHUNK: usize = 1 << 18;
/// Stands where a byte could not be decoded; never part of UTF-8.
const WRONG: u8 = 0xFF;
/// The share of NUL bytes (one in so many) from which text counts as UTF-16 without a mark.
const NUL_SHARE: usize = 50;

enum Mode {
    Start,
    Ascii,
    Utf8,
    Decode(Box<Decoder>),
}

/// Decoded text, read forwards.
pub(crate) struct Text {
    raw: Stream,
    mode: Mode,
    chunk: Vec<u8>,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    over: bool,
    failed: Option<std::io::Error>,
}

/// A line in the window, from the place reading stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Nothing left.
    End,
    /// Bytes of the line, and of what ends it (0 at the end of the file).
    Whole { length: usize, end: usize },
    /// No end of line within the limit.
    Long,
}

impl Text {
    pub fn new(raw: Stream) -> Self {
        Self {
            raw,
            mode: Mode::Start,
            chunk: Vec::new(),
            buffer: Vec::new(),
            from: 0,
            to: 0,
            over: false,
            failed: None,
        }
    }

    /// What has been decoded and not been passed.
    pub fn window(&self) -> &[u8] {
        self.buffer.get(self.from..self.to).unwrap_or_default()
    }

    /// Whether the window ends where the file ends.
    pub fn at_end(&self) -> bool {
        self.over
    }

    /// Passes bytes of the window.
    pub fn pass(&mut self, bytes: usize) {
        self.from = self.from.saturating_add(bytes).min(self.to);
    }

    /// Name of the encoding, as far as it is known.
    pub fn encoding(&self) -> &'static str {
        match &self.mode {
            Mode::Start | Mode::Ascii | Mode::Utf8 => "UTF-8",
            Mode::Decode(decoder) if decoder.encoding() == GB18030 => "GB18030",
            Mode::Decode(decoder) => decoder.encoding().name(),
        }
    }

    /// Adds to the window. False when there is nothing more.
    pub fn fill(&mut self) -> Result<bool, ReadFault> {
        if self.over {
            return Ok(false);
        }
        if self.from > 0 {
            self.buffer.copy_within(self.from..self.to, 0);
            self.to -= self.from;
            self.from = 0;
        }
        let before = self.to;
        while self.to == before && !self.over {
            if matches!(self.mode, Mode::Utf8) && self.failed.is_none() {
                let got = self.read_directly()?;
                self.over = got == 0;
            } else {
                self.read_chunk()?;
            }
        }
        Ok(self.to > before)
    }

    fn room(&mut self, bytes: usize) {
        let needed = self.to.saturating_add(bytes);
        if self.buffer.len() < needed {
            self.buffer.resize(needed, 0);
        }
    }

    fn read_directly(&mut self) -> Result<usize, ReadFault> {
        self.room(CHUNK);
        let free = self.buffer.get_mut(self.to..self.to + CHUNK).unwrap_or_default();
        let got = some(&mut self.raw, free);
        self.over = got.is_err();
        let got = got.map_err(unwrapped)?;
        self.to += got;
        Ok(got)
    }

    /// Reads a chunk as full as it gets, so that what is judged by it does not hang on how the bytes arrive.
    fn read_chunk(&mut self) -> Result<(), ReadFault> {
        self.chunk.clear();
        let most = u64::try_from(CHUNK).unwrap_or(u64::MAX);
        if let Some(error) = self.failed.take() {
            self.over = true;
            return Err(unwrapped(error));
        }
        // What came before an error is read first.
        self.failed = (&mut self.raw).take(most).read_to_end(&mut self.chunk).err();
        if self.chunk.is_empty() && self.failed.is_some() {
            return self.read_chunk();
        }
        self.over = self.chunk.is_empty();
        if matches!(self.mode, Mode::Start) {
            self.begin();
        }
        if matches!(self.mode, Mode::Ascii) && !self.chunk.is_ascii() {
            self.mode = judged(&self.chunk)?;
        }
        if matches!(self.mode, Mode::Decode(_)) {
            self.decode();
        } else {
            let chunk = std::mem::take(&mut self.chunk);
            self.room(chunk.len());
            if let Some(free) = self.buffer.get_mut(self.to..self.to + chunk.len()) {
                free.copy_from_slice(&chunk);
                self.to += chunk.len();
            }
            self.chunk = chunk;
        }
        Ok(())
    }

    /// The byte order mark, or what looks like UTF-16 without one.
    fn begin(&mut self) {
        let (mark, mode) = match self.chunk.as_slice() {
            [0xEF, 0xBB, 0xBF, ..] => (3, Mode::Utf8),
            [0xFF, 0xFE, ..] => (2, decoder(UTF_16LE)),
            [0xFE, 0xFF, ..] => (2, decoder(UTF_16BE)),
            chunk => (0, unmarked(chunk)),
        };
        self.mode = mode;
        self.chunk.drain(..mark);
    }

    fn decode(&mut self) {
        let Mode::Decode(decoder) = &mut self.mode else {
            return;
        };
        let mut rest = self.chunk.as_slice();
        loop {
            let most = decoder
                .max_utf8_buffer_length_without_replacement(rest.len())
                .unwrap_or(rest.len().saturating_mul(3))
                .saturating_add(8);
            let needed = self.to.saturating_add(most);
            if self.buffer.len() < needed {
                self.buffer.resize(needed, 0);
            }
            let free = self.buffer.get_mut(self.to..).unwrap_or_default();
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(rest, free, self.over);
            self.to += written;
            rest = rest.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    // There is room: more was asked for than the decoder needs.
                    if let Some(place) = self.buffer.get_mut(self.to) {
                        *place = WRONG;
                        self.to += 1;
                    }
                }
            }
        }
    }

    /// The next line: it ends at `\n`, `\r\n` or a lone `\r`.
    pub fn line(&mut self, limit: usize) -> Result<Line, ReadFault> {
        let mut looked = 0;
        loop {
            let window = self.window();
            if let Some(at) = memchr2(b'\n', b'\r', window.get(looked..).unwrap_or_default()) {
                let length = looked + at;
                if length > limit {
                    return Ok(Line::Long);
                }
                let end = match (window.get(length), window.get(length + 1)) {
                    (Some(b'\r'), Some(b'\n')) => 2,
                    (Some(b'\r'), None) if !self.over => {
                        looked = length;
                        self.fill()?;
                        continue;
                    }
                    _ => 1,
                };
                return Ok(Line::Whole { length, end });
            }
            looked = window.len();
            if looked > limit {
                return Ok(Line::Long);
            }
            if !self.fill()? {
                return Ok(match looked {
                    0 => Line::End,
                    length => Line::Whole { length, end: 0 },
                });
            }
        }
    }

    /// Passes all up to and with the end of the line, however long it is, in flat memory.
    pub fn skip_line(&mut self) -> Result<(), ReadFault> {
        loop {
            let window = self.window();
            let length = window.len();
            if let Some(at) = memchr2(b'\n', b'\r', window) {
                self.pass(at);
                if let Line::Whole { length, end } = self.line(0)? {
                    self.pass(length + end);
                }
                return Ok(());
            }
            self.pass(length);
            if !self.fill()? {
                return Ok(());
            }
        }
    }
}

fn decoder(encoding: &'static encoding_rs::Encoding) -> Mode {
    Mode::Decode(Box::new(encoding.new_decoder_without_bom_handling()))
}

/// UTF-16 without a mark shows by NUL bytes that mostly stand on one side of the pairs.
fn unmarked(chunk: &[u8]) -> Mode {
    let mut sides = [0_usize; 2];
    for at in memchr_iter(0, chunk) {
        if let Some(side) = sides.get_mut(at % 2) {
            *side += 1;
        }
    }
    let [even, odd] = sides;
    // Some Chinese characters have a NUL byte on the other side: 一 is U+4E00.
    let one_sided = even.max(odd) > even.min(odd).saturating_mul(2);
    if even + odd < 2 || (even + odd) < chunk.len() / NUL_SHARE || !one_sided {
        return Mode::Ascii;
    }
    let encoding = if odd > even { UTF_16LE } else { UTF_16BE };
    let (text, wrong) = encoding.decode_without_bom_handling(chunk);
    if wrong || text.contains('\0') {
        Mode::Ascii
    } else {
        decoder(encoding)
    }
}

/// UTF-8 or GB18030, by the lines of the chunk in which the first byte beyond ASCII stands.
fn judged(chunk: &[u8]) -> Result<Mode, ReadFault> {
    let (mut utf8, mut gb) = (0_usize, 0_usize);
    let mut lines = chunk.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        if line.is_ascii() {
            continue;
        }
        let last = lines.peek().is_none();
        match std::str::from_utf8(line) {
            Ok(_) => utf8 += 1,
            // The chunk may end inside a character.
            Err(error) if last && error.error_len().is_none() => utf8 += 1,
            Err(_) if is_gb18030(line, last) => gb += 1,
            Err(_) => {}
        }
    }
    match (utf8, gb) {
        (0, 0) => Err(ReadFault::fatal(
            "readers.text.encoding",
            "文件的编码无法识别：既不是 UTF-8，也不是 GB18030 或 UTF-16。",
            "请另存为“CSV UTF-8”后再提交；如果不是文本文件，请导出为 CSV 或 XLSX。",
        )),
        (utf8, gb) if utf8 >= gb => Ok(Mode::Utf8),
        _ => Ok(decoder(GB18030)),
    }
}

fn is_gb18030(line: &[u8], cut: bool) -> bool {
    let mut decoder = GB18030.new_decoder_without_bom_handling();
    let most = decoder
        .max_utf8_buffer_length_without_replacement(line.len())
        .unwrap_or(0);
    let mut out = vec![0_u8; most];
    let (result, ..) = decoder.decode_to_utf8_without_replacement(line, &mut out, !cut);
    result == DecoderResult::InputEmpty
}
