//! The table of contents of a zip: read by hand so that nothing in it decides how much memory is taken.
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use encoding_rs::GB18030;
use memchr::memmem;

use crate::fault::{ReadFault, unwrapped};
use crate::limits::Limits;
use crate::source::Member;

/// First bytes of a zip.
pub(crate) const MAGIC: &[u8] = b"PK\x03\x04";
/// First bytes of a zip without members.
pub(crate) const EMPTY: &[u8] = b"PK\x05\x06";
const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";
const ENTRY: &[u8] = b"PK\x01\x02";
const END_BYTES: usize = 22;
const ENTRY_BYTES: usize = 46;
const LOCAL_BYTES: u64 = 30;
/// How far from the end of the file the end record is looked for: a comment may follow it.
const TAIL: u64 = (1 << 16) + 22;
/// Bytes of the table of contents that are read, per member allowed.
const PER_MEMBER: usize = 4096;

/// A member as the table of contents has it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub name: String,
    pub encrypted: bool,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    local: u64,
}

/// The table of contents.
#[derive(Debug)]
pub(crate) struct Contents {
    pub file: Arc<File>,
    pub entries: Vec<Entry>,
}

fn truncated() -> ReadFault {
    ReadFault::fatal(
        "readers.zip.truncated",
        "压缩包（ZIP 或 XLSX）不完整，找不到目录部分。",
        "文件可能没有传完，请重新传送。",
    )
}

fn broken() -> ReadFault {
    ReadFault::fatal(
        "readers.zip.broken",
        "压缩包（ZIP 或 XLSX）的目录已损坏。",
        "请重新压缩，或用 Excel 打开后另存。",
    )
}

/// Little-endian numbers of a record.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn bytes<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at.checked_add(N)?)?.try_into().ok()
    }
    fn u16(&self, at: usize) -> Option<u16> {
        self.bytes(at).map(u16::from_le_bytes)
    }
    fn u32(&self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_le_bytes)
    }
    fn u64(&self, at: usize) -> Option<u64> {
        self.bytes(at).map(u64::from_le_bytes)
    }
}

fn read(file: &File, at: u64, bytes: usize) -> Result<Vec<u8>, ReadFault> {
    let mut buffer = vec![0_u8; bytes];
    file.read_exact_at(&mut buffer, at)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => truncated(),
            _ => unwrapped(error),
        })?;
    Ok(buffer)
}

impl Contents {
    /// Reads the table of contents.
    pub fn read(file: &Arc<File>, limits: &Limits) -> Result<Self, ReadFault> {
        let length = file.metadata().map_err(unwrapped)?.len();
        let start = length.saturating_sub(TAIL);
        let tail = read(file, start, usize::try_from(length - start).unwrap_or(0))?;
        let at = memmem::rfind(&tail, END).ok_or_else(truncated)?;
        let end = tail
            .get(at..)
            .filter(|end| end.len() >= END_BYTES)
            .ok_or_else(truncated)?;
        let end_at = start + u64::try_from(at).unwrap_or(0);
        let (count, bytes, offset) = directory(file, &Fields(end), end_at)?;
        if count > u64::try_from(limits.members).unwrap_or(u64::MAX) {
            return Err(crate::too_many_members(limits));
        }
        // Something may stand before the zip; the table ends where the end record begins.
        let before = end_at.saturating_sub(offset.saturating_add(bytes));
        let before = if end.starts_with(END) && bytes > 0 && read(file, offset, 4)? == ENTRY {
            0
        } else {
            before
        };
        let most = limits.members.saturating_mul(PER_MEMBER);
        let bytes = usize::try_from(bytes)
            .ok()
            .filter(|bytes| *bytes <= most)
            .ok_or_else(broken)?;
        if offset.saturating_add(before) > length {
            return Err(truncated());
        }
        let table = read(file, offset.saturating_add(before), bytes)?;
        let entries = entries(&table, count, before).ok_or_else(broken)?;
        Ok(Self {
            file: Arc::clone(file),
            entries,
        })
    }

    /// The entry under a name, whatever its case and slashes.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| entry.name.replace('\\', "/").eq_ignore_ascii_case(name))
    }

    /// Where the content of a member lies.
    pub fn member(&self, entry: &Entry) -> Result<Member, ReadFault> {
        if entry.encrypted {
            return Err(ReadFault::fatal(
                "readers.zip.encrypted",
                "压缩包设有密码，无法读取。",
                "请解压后提交，或去掉密码重新压缩。",
            ));
        }
        let deflated = match entry.method {
            0 => false,
            8 => true,
            other => {
                return Err(ReadFault::fatal(
                    "readers.zip.method",
                    format!("压缩包使用了不支持的压缩方法（编号 {other}）。"),
                    "请用普通的 ZIP（Deflate）方式重新压缩。",
                ));
            }
        };
        let local = read(&self.file, entry.local, usize::try_from(LOCAL_BYTES).unwrap_or(0))?;
        let fields = Fields(&local);
        if !local.starts_with(MAGIC) {
            return Err(broken());
        }
        let (name, extra) = fields.u16(26).zip(fields.u16(28)).ok_or_else(broken)?;
        Ok(Member {
            file: Arc::clone(&self.file),
            start: entry
                .local
                .saturating_add(LOCAL_BYTES)
                .saturating_add(u64::from(name))
                .saturating_add(u64::from(extra)),
            packed: entry.packed,
            size: entry.size,
            crc: entry.crc,
            deflated,
        })
    }
}

/// How many entries the table has, its bytes and where it begins.
fn directory(file: &File, end: &Fields<'_>, end_at: u64) -> Result<(u64, u64, u64), ReadFault> {
    let plain = || Some((end.u16(10)?, end.u32(12)?, end.u32(16)?));
    let (count, bytes, offset) = plain().ok_or_else(truncated)?;
    if count != u16::MAX && bytes != u32::MAX && offset != u32::MAX {
        return Ok((u64::from(count), u64::from(bytes), u64::from(offset)));
    }
    let locator_at = end_at.checked_sub(20).ok_or_else(broken)?;
    let locator = read(file, locator_at, 20)?;
    if !locator.starts_with(LOCATOR_64) {
        return Ok((u64::from(count), u64::from(bytes), u64::from(offset)));
    }
    let at = Fields(&locator).u64(8).ok_or_else(broken)?;
    let record = read(file, at, 56)?;
    let fields = Fields(&record);
    let large = || Some((fields.u64(32)?, fields.u64(40)?, fields.u64(48)?));
    large().filter(|_| record.starts_with(END_64)).ok_or_else(broken)
}

fn entries(table: &[u8], count: u64, before: u64) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut rest = table;
    for _ in 0..count {
        let fields = Fields(rest);
        if !rest.starts_with(ENTRY) {
            return None;
        }
        let (name, extra, comment) = (fields.u16(28)?, fields.u16(30)?, fields.u16(32)?);
        let name_end = ENTRY_BYTES + usize::from(name);
        let extra_end = name_end + usize::from(extra);
        let flags = fields.u16(8)?;
        let mut entry = Entry {
            name: file_name(rest.get(ENTRY_BYTES..name_end)?, flags & 0x800 != 0),
            encrypted: flags & 1 != 0,
            method: fields.u16(10)?,
            crc: fields.u32(16)?,
            packed: u64::from(fields.u32(20)?),
            size: u64::from(fields.u32(24)?),
            local: u64::from(fields.u32(42)?),
        };
        large_sizes(&mut entry, rest.get(name_end..extra_end)?);
        entry.local = entry.local.checked_add(before)?;
        entries.push(entry);
        rest = rest.get(extra_end + usize::from(comment)..)?;
    }
    Some(entries)
}

/// Sizes and places that do not fit 32 bits stand in an extra field.
fn large_sizes(entry: &mut Entry, extra: &[u8]) {
    let mut rest = extra;
    while let Some((id, length)) = Fields(rest).u16(0).zip(Fields(rest).u16(2)) {
        let end = 4 + usize::from(length);
        let Some(body) = rest.get(4..end) else { return };
        if id == 1 {
            let mut at = 0;
            for value in [&mut entry.size, &mut entry.packed, &mut entry.local] {
                if *value == u64::from(u32::MAX)
                    && let Some(large) = Fields(body).u64(at)
                {
                    *value = large;
                    at += 8;
                }
            }
            return;
        }
        rest = rest.get(end..).unwrap_or_default();
    }
}

/// Names without the flag for UTF-8 are GB18030 when made by Chinese office programs.
fn file_name(raw: &[u8], utf8: bool) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) if utf8 => String::from_utf8_lossy(raw).into_owned(),
        Err(_) => GB18030.decode_without_bom_handling(raw).0.into_owned(),
    }
}
