//! Staged rows on disk: frames of checked rows, written one after another into a file of the data folder.
//!
//! A frame tells its length and a sum over its content, so that what a crash or a power cut left is recognised when it is
//! read back; the rows are then checked once more from the kept file of the supplier.
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use kernel::{Day, Fault, FaultKind, Outcome};

use super::super::model::{Draft, Staged};
use super::super::rules;

/// Code of the fault of a staged file that is not as it was written.
pub const DAMAGED: &str = "intake.stage.damaged";

/// First word of a frame; the last digit is the version of the format.
const MARK: u64 = u64::from_be_bytes(*b"XH-ROWS1");
/// Mark, number of rows, length of the rows in bytes, sum over the rows.
const HEAD: usize = 32;
/// The longest frame believed; a longer one is damage.
const LONGEST: u64 = 1 << 30;

/// Checked rows, encoded.
#[derive(Debug, Default)]
pub struct Frame {
    bytes: Vec<u8>,
    rows: u64,
}

impl Frame {
    /// Adds a checked row.
    pub fn push(&mut self, draft: &Draft) {
        let (kind, marks) = rules::describe(&draft.subject);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&draft.line.to_le_bytes());
        let flags = [
            draft.withdraws,
            draft.on.is_some(),
            draft.ends_on.is_some(),
            draft.amount_fen.is_some(),
            draft.level.is_some(),
            draft.code.is_some(),
        ];
        let flags = flags
            .iter()
            .rev()
            .fold(0_u8, |bits, flag| bits << 1 | u8::from(*flag));
        self.bytes.push(flags);
        for number in [
            draft.on.map_or(0, day_number),
            draft.ends_on.map_or(0, day_number),
            draft.amount_fen.unwrap_or(0),
            draft.level.unwrap_or(0),
        ] {
            self.bytes.extend_from_slice(&number.to_le_bytes());
        }
        for text in [
            draft.subject.as_str(),
            kind,
            &marks,
            &draft.record_key,
            &draft.digest(),
            draft.code.as_deref().unwrap_or_default(),
            &draft.payload,
        ] {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            self.bytes.extend_from_slice(&length.to_le_bytes());
            self.bytes.extend_from_slice(text.as_bytes());
        }
        let length = u32::try_from(self.bytes.len() - start - 4).unwrap_or(u32::MAX);
        if let Some(place) = self.bytes.get_mut(start..start + 4) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        self.rows += 1;
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The rows, borrowed.
    pub fn staged(&self) -> Outcome<Vec<Staged<'_>>> {
        let mut rows = Vec::with_capacity(usize::try_from(self.rows).unwrap_or(0));
        let mut rest = Taker(&self.bytes);
        while !rest.0.is_empty() {
            let row = rest.u32().and_then(|length| rest.bytes(length));
            let row = row.and_then(|bytes| Taker(bytes).row());
            rows.push(row.ok_or_else(damaged)?);
        }
        Ok(rows)
    }
}

fn damaged() -> Fault {
    let detail = "暂存的数据不完整（可能是断电或磁盘故障造成的），将从原始文件重新核对。";
    Fault::new(FaultKind::Internal, DAMAGED, detail)
}

fn day_number(day: Day) -> i64 {
    i64::from(policy::day_number(day))
}

/// Takes a row apart.
struct Taker<'f>(&'f [u8]);

impl<'f> Taker<'f> {
    fn bytes(&mut self, length: usize) -> Option<&'f [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    fn u32(&mut self) -> Option<usize> {
        let bytes = self.bytes(4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    }

    fn i64(&mut self) -> Option<i64> {
        self.bytes(8)?.try_into().ok().map(i64::from_le_bytes)
    }

    fn text(&mut self) -> Option<&'f str> {
        let length = self.u32()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }

    fn row(&mut self) -> Option<Staged<'f>> {
        let line = self.i64()?;
        let flags = *self.bytes(1)?.first()?;
        let has = |bit: u8| flags >> bit & 1 == 1;
        let [on, ends_on, amount, level] = [self.i64()?, self.i64()?, self.i64()?, self.i64()?];
        let day = |number: i64| i32::try_from(number).ok().and_then(policy::day_of_number);
        Some(Staged {
            line,
            subject_no: self.text()?,
            subject_kind: self.text()?,
            marks: self.text()?,
            record_key: self.text()?,
            digest: self.text()?,
            on: if has(1) { Some(day(on)?) } else { None },
            ends_on: if has(2) { Some(day(ends_on)?) } else { None },
            amount_fen: has(3).then_some(amount),
            level: has(4).then_some(level),
            code: Some(self.text()?).filter(|_| has(5)),
            withdraws: has(0),
            payload: self.text()?,
        })
    }
}

/// A sum that any lost, torn or overwritten block changes.
fn sum(rows: u64, bytes: &[u8]) -> u64 {
    let mix = |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let words = bytes.chunks_exact(8);
    let rest = words.remainder();
    let sum = words.fold(mix(MARK, rows), |sum, word| {
        mix(sum, word.try_into().map_or(0, u64::from_le_bytes))
    });
    rest.iter().fold(sum, |sum, byte| mix(sum, u64::from(*byte)))
}

fn unwritable(error: std::io::Error) -> Fault {
    if kernel::fault::is_full(&error) {
        let detail = "磁盘已满，暂存数据无法写入，已核对的部分不会丢失。请腾出空间后重新导入同一个文件，会从中断处接着做。";
        return Fault::new(FaultKind::Internal, super::DISK_FULL, detail).with_source(error);
    }
    Fault::internal(
        format!(
            "暂存数据无法写入：{}。请检查磁盘和权限。",
            kernel::fault::in_words(&error)
        ),
        error,
    )
}

/// The staged file of a batch, being written.
pub struct Writer {
    file: File,
    /// Where the next frame goes.
    pub end: u64,
}

impl Writer {
    /// Goes on after `end` bytes of a file; `None` when it has become shorter, so that it must be begun anew.
    pub fn open(path: &Path, end: u64) -> Outcome<Option<Self>> {
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(unwritable)?;
        if file.metadata().map_err(unwritable)?.len() < end {
            return Ok(None);
        }
        // What a killed run wrote after its last commit is written again.
        file.set_len(end).map_err(unwritable)?;
        file.seek(SeekFrom::Start(end)).map_err(unwritable)?;
        Ok(Some(Self { file, end }))
    }

    /// Adds a frame.
    pub fn put(&mut self, frame: &Frame) -> Outcome<()> {
        if frame.is_empty() {
            return Ok(());
        }
        let length = u64::try_from(frame.bytes.len()).unwrap_or(u64::MAX);
        let mut head = Vec::with_capacity(HEAD);
        for word in [MARK, frame.rows, length, sum(frame.rows, &frame.bytes)] {
            head.extend_from_slice(&word.to_le_bytes());
        }
        self.file.write_all(&head).map_err(unwritable)?;
        self.file.write_all(&frame.bytes).map_err(unwritable)?;
        self.end += length + u64::try_from(HEAD).unwrap_or(0);
        Ok(())
    }
}

/// Reads the frames of a staged file up to `end`.
pub struct Reader {
    file: BufReader<File>,
    left: u64,
}

impl Reader {
    /// Opens a staged file.
    pub fn open(path: &Path, end: u64) -> Outcome<Self> {
        let file = File::open(path).map_err(|_| damaged())?;
        Ok(Self {
            file: BufReader::new(file),
            left: end,
        })
    }

    fn next(&mut self) -> Option<Frame> {
        let mut head = [0_u8; HEAD];
        self.file.read_exact(&mut head).ok()?;
        let mut words = head
            .chunks_exact(8)
            .filter_map(|word| word.try_into().ok().map(u64::from_le_bytes));
        let (mark, rows, length, told) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let whole = length.checked_add(u64::try_from(HEAD).ok()?)?;
        if mark != MARK || length > LONGEST || whole > self.left {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        self.file.read_exact(&mut bytes).ok()?;
        self.left -= whole;
        (sum(rows, &bytes) == told).then_some(Frame { bytes, rows })
    }
}

impl Iterator for Reader {
    type Item = Outcome<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        (self.left > 0).then(|| Self::next(self).ok_or_else(damaged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(line: i64) -> Draft {
        Draft {
            line,
            subject: kernel::SubjectNo::parse("91440511MA4000004Y").unwrap(),
            record_key: "罚1号".into(),
            on: Day::from_ymd_opt(2026, 3, 4),
            ends_on: None,
            amount_fen: Some(-5),
            level: None,
            code: Some("罚款".into()),
            withdraws: line % 2 == 0,
            payload: r#"{"a":"乙"}"#.into(),
        }
    }

    #[test]
    fn rows_come_back_as_they_were_and_damage_of_any_byte_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        let mut frame = Frame::default();
        frame.push(&draft(7));
        frame.push(&draft(8));
        let mut writer = Writer::open(&path, 0).unwrap().unwrap();
        writer.put(&frame).unwrap();
        writer.put(&frame).unwrap();
        let end = writer.end;
        let frames: Vec<Frame> = Reader::open(&path, end).unwrap().map(Result::unwrap).collect();
        assert_eq!(frames.len(), 2);
        let rows = frames[1].staged().unwrap();
        let (given, found) = (draft(8), rows[1]);
        assert_eq!(
            (found.line, found.subject_no, found.record_key, found.withdraws),
            (8, given.subject.as_str(), "罚1号", true)
        );
        assert_eq!((found.on, found.ends_on), (given.on, None));
        assert_eq!(
            (found.amount_fen, found.level, found.code),
            (Some(-5), None, Some("罚款"))
        );
        assert_eq!(
            (found.payload, found.digest),
            (given.payload.as_str(), given.digest().as_str())
        );
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            std::fs::write(&path, &bytes).unwrap();
            assert!(
                Reader::open(&path, end).unwrap().any(|frame| frame.is_err()),
                "byte {at}"
            );
        }
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(Reader::open(&path, end).unwrap().any(|frame| frame.is_err()));
        assert!(
            Writer::open(&path, end).unwrap().is_none(),
            "a shorter file is begun anew"
        );
    }
}
