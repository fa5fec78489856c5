//! The container of Excel 97–2003 files (MS-CFB): finds one stream by its name. Every chain is held to the number of
//! sectors the file has, so no file makes it run in circles.
use crate::fault::ReadFault;

const HEADER: usize = 512;
const ENTRY: usize = 128;
/// Numbers from here on end a chain or stand for nothing.
const LAST: u32 = 0xFFFF_FFFA;
/// Streams shorter than this lie in the small sectors.
const SMALL: usize = 4096;
const SMALL_SHIFT: u32 = 6;
const IN_HEADER: usize = 109;

pub(crate) fn broken() -> ReadFault {
    ReadFault::fatal(
        "readers.xls.broken",
        "XLS 工作簿已损坏或不完整，无法读取。",
        "请用 Excel 或 WPS 打开检查后另存为 XLSX，再提交。",
    )
}

/// Little-endian numbers of a record; none where it is too short.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    fn fixed<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at.checked_add(N)?)?.try_into().ok()
    }
    pub fn u8(self, at: usize) -> Option<u8> {
        self.0.get(at).copied()
    }
    pub fn u16(self, at: usize) -> Option<u16> {
        self.fixed(at).map(u16::from_le_bytes)
    }
    pub fn u32(self, at: usize) -> Option<u32> {
        self.fixed(at).map(u32::from_le_bytes)
    }
    pub fn f64(self, at: usize) -> Option<f64> {
        self.fixed(at).map(f64::from_le_bytes)
    }
    pub fn from(self, at: usize) -> Bytes<'a> {
        Bytes(self.0.get(at..).unwrap_or_default())
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A container in memory.
pub(crate) struct Container<'a> {
    data: &'a [u8],
    shift: u32,
    table: Vec<u32>,
    small_table: Vec<u32>,
    small: Vec<u8>,
    entries: Vec<(String, u32, usize)>,
}

impl<'a> Container<'a> {
    pub fn open(data: &'a [u8]) -> Result<Self, ReadFault> {
        Self::read(data).ok_or_else(broken)
    }

    fn read(data: &'a [u8]) -> Option<Self> {
        let header = Bytes(data);
        let shift = match header.u16(30)? {
            9 => 9,
            12 => 12,
            _ => return None,
        };
        let mut container = Self {
            data,
            shift,
            table: Vec::new(),
            small_table: Vec::new(),
            small: Vec::new(),
            entries: Vec::new(),
        };
        container.table = container.sectors_of_table(header)?;
        let directory = container.chain(header.u32(48)?)?;
        for entry in directory.chunks_exact(ENTRY) {
            let entry = Bytes(entry);
            let letters = usize::from(entry.u16(64)?).min(64) / 2;
            let units: Vec<u16> = (0..letters.saturating_sub(1))
                .filter_map(|at| entry.u16(at * 2))
                .collect();
            let name = String::from_utf16_lossy(&units);
            container
                .entries
                .push((name, entry.u32(116)?, place(entry.u32(120)?)));
        }
        let (_, root, length) = container.entries.first()?.clone();
        if header.u32(64)? > 0 && root < LAST {
            let bytes = container.chain(header.u32(60)?)?;
            container.small_table = numbers(&bytes);
            container.small = container.chain(root)?;
            container.small.truncate(length);
        }
        Some(container)
    }

    /// How many sectors the file can have.
    fn most(&self) -> usize {
        (self.data.len() >> self.shift) + 1
    }

    fn sector(&self, number: u32) -> Option<&'a [u8]> {
        // The header takes the place of one sector.
        let size = 1_usize << self.shift;
        let from = place(number).checked_add(1)?.checked_mul(size)?;
        let rest = self.data.get(from..)?;
        // The last sector may be short.
        (!rest.is_empty()).then(|| rest.get(..size).unwrap_or(rest))
    }

    /// The table of chains, whose own sectors are listed in the header and in a chain of lists behind it.
    fn sectors_of_table(&self, header: Bytes<'_>) -> Option<Vec<u32>> {
        let mut list: Vec<u32> = (0..IN_HEADER).filter_map(|at| header.u32(76 + at * 4)).collect();
        let mut next = header.u32(68)?;
        let mut lists = 0;
        while next < LAST {
            lists += 1;
            if lists > self.most() {
                return None;
            }
            let mut more = numbers(self.sector(next)?);
            next = more.pop()?;
            list.extend(more);
        }
        list.retain(|number| *number < LAST);
        if list.len() > self.most() {
            return None;
        }
        let mut table = Vec::new();
        for number in list {
            table.extend(numbers(self.sector(number)?));
        }
        Some(table)
    }

    fn chain(&self, start: u32) -> Option<Vec<u8>> {
        let (mut out, mut next) = (Vec::new(), start);
        for _ in 0..self.most() {
            if next >= LAST {
                return Some(out);
            }
            out.extend_from_slice(self.sector(next)?);
            next = *self.table.get(place(next))?;
        }
        None
    }

    pub fn has(&self, name: &str) -> bool {
        self.entries
            .iter()
            .any(|(other, ..)| other.eq_ignore_ascii_case(name))
    }

    /// The content of a stream; none when there is no such stream or it cannot be read.
    pub fn stream(&self, name: &str) -> Option<Vec<u8>> {
        let entry = self
            .entries
            .iter()
            .find(|(other, ..)| other.eq_ignore_ascii_case(name))?;
        let (_, start, length) = entry.clone();
        let mut content = if length < SMALL {
            self.small_chain(start)?
        } else {
            self.chain(start)?
        };
        content.truncate(length);
        Some(content)
    }

    fn small_chain(&self, start: u32) -> Option<Vec<u8>> {
        let (mut out, mut next) = (Vec::new(), start);
        for _ in 0..=self.small_table.len() {
            if next >= LAST {
                return Some(out);
            }
            let from = place(next).checked_mul(1 << SMALL_SHIFT)?;
            let rest = self.small.get(from..)?;
            out.extend_from_slice(rest.get(..1 << SMALL_SHIFT).unwrap_or(rest));
            next = *self.small_table.get(place(next))?;
        }
        None
    }
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    let each = bytes.chunks_exact(4);
    each.filter_map(|four| Bytes(four).u32(0)).collect()
}

/// Bytes of the header; a shorter file is none.
pub(crate) fn is_whole(data: &[u8]) -> bool {
    data.len() > HEADER
}
