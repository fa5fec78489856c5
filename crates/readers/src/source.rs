//! Where bytes come from: a file, or what is packed inside of one. A source can be opened again and again.
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::Crc;
use flate2::read::{DeflateDecoder, MultiGzDecoder};

use crate::fault::{ReadFault, unwrapped, wrapped};
use crate::limits::{Limits, size};

/// A stream of bytes that a reading thread can own.
pub(crate) type Stream = Box<dyn Read + Send>;

/// How much of a source is looked at to see what it is.
pub(crate) const HEAD: usize = 1 << 16;
const BUFFER: usize = 1 << 17;

/// A member of a zip, or a part of a workbook.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub file: Arc<File>,
    /// First byte of the packed content in `file`.
    pub start: u64,
    pub packed: u64,
    /// Bytes it says it unpacks to.
    pub size: u64,
    pub crc: u32,
    pub deflated: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    File(Arc<File>),
    Gzip(Arc<Source>),
    Zstd(Arc<Source>),
    Member(Arc<Member>),
}

/// Bytes that can be read any number of times.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    kind: Kind,
    limits: Arc<Limits>,
    /// Unpacked so far, over all layers and members of the file.
    unpacked: Arc<AtomicU64>,
}

impl Source {
    pub fn of_file(file: File, limits: &Arc<Limits>) -> Self {
        Self {
            kind: Kind::File(Arc::new(file)),
            limits: Arc::clone(limits),
            unpacked: Arc::default(),
        }
    }

    /// Something inside this source.
    pub fn inside(&self, kind: impl FnOnce(Arc<Source>) -> Kind) -> Self {
        Self {
            kind: kind(Arc::new(self.clone())),
            limits: Arc::clone(&self.limits),
            unpacked: Arc::clone(&self.unpacked),
        }
    }

    pub fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// Bytes as they lie there; for what is packed, the packed ones.
    fn len(&self) -> io::Result<u64> {
        match &self.kind {
            Kind::File(file) => file.metadata().map(|data| data.len()),
            Kind::Gzip(inner) | Kind::Zstd(inner) => inner.len(),
            Kind::Member(member) => Ok(member.size),
        }
    }

    /// Opens it at its first byte.
    pub fn open(&self) -> Result<Stream, ReadFault> {
        self.stream(true).map_err(unwrapped)
    }

    /// Opens it for a second pass: what it unpacks to has been counted.
    pub fn open_again(&self) -> Result<Stream, ReadFault> {
        self.stream(false).map_err(unwrapped)
    }

    fn stream(&self, counts: bool) -> io::Result<Stream> {
        let meter = |packed: u64| Meter {
            packed,
            out: 0,
            counts,
            limits: Arc::clone(&self.limits),
            total: Arc::clone(&self.unpacked),
        };
        Ok(match &self.kind {
            Kind::File(file) => {
                let end = file.metadata()?.len();
                Box::new(Slice::new(Arc::clone(file), 0, end))
            }
            Kind::Gzip(inner) => {
                let packed = BufReader::with_capacity(BUFFER, inner.stream(counts)?);
                let layer = Layer::new(MultiGzDecoder::new(packed), meter(inner.len()?), "GZIP");
                Box::new(layer)
            }
            Kind::Zstd(inner) => {
                let decoder = zstd::stream::read::Decoder::new(inner.stream(counts)?)?;
                Box::new(Layer::new(decoder, meter(inner.len()?), "ZSTD"))
            }
            Kind::Member(member) => {
                let slice = Slice::new(
                    Arc::clone(&member.file),
                    member.start,
                    member.start.saturating_add(member.packed),
                );
                let packed = BufReader::with_capacity(BUFFER, slice);
                let whole: Stream = if member.deflated {
                    Box::new(DeflateDecoder::new(packed))
                } else {
                    Box::new(packed)
                };
                let checked = Checked::new(whole, Arc::clone(member));
                Box::new(Layer::new(checked, meter(member.packed), "ZIP"))
            }
        })
    }

    /// The first bytes.
    pub fn head(&self) -> Result<Vec<u8>, ReadFault> {
        let mut head = Vec::with_capacity(HEAD);
        let limit = u64::try_from(HEAD).unwrap_or(u64::MAX);
        // A break after some bytes is found again, and then told, by whoever reads on.
        match self.open_again()?.take(limit).read_to_end(&mut head) {
            Err(error) if head.is_empty() => Err(unwrapped(error)),
            _ => Ok(head),
        }
    }

    /// The content as a file that can be read at any place; what is packed goes to a temporary file first, which is gone
    /// when nobody holds it any more.
    pub fn file(&self) -> Result<Arc<File>, ReadFault> {
        if let Kind::File(file) = &self.kind {
            return Ok(Arc::clone(file));
        }
        let no_room = |error: io::Error| {
            ReadFault::fatal(
                "readers.temp.failed",
                format!("压缩包的内容无法解压到临时文件夹：{error}。"),
                "请清理磁盘空间，或先解压再提交。",
            )
        };
        let mut target = match &self.limits.temp {
            Some(folder) => tempfile::tempfile_in(folder),
            None => tempfile::tempfile(),
        }
        .map_err(no_room)?;
        let mut stream = self.open()?;
        let mut buffer = vec![0_u8; BUFFER];
        loop {
            let got = some(&mut stream, &mut buffer).map_err(unwrapped)?;
            if got == 0 {
                return Ok(Arc::new(target));
            }
            io::Write::write_all(&mut target, buffer.get(..got).unwrap_or_default()).map_err(no_room)?;
        }
    }
}

/// Reads once, again when a signal came between.
pub(crate) fn some(stream: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// A part of a file; many can be read at once.
#[derive(Debug)]
pub(crate) struct Slice {
    file: Arc<File>,
    start: u64,
    at: u64,
    end: u64,
}

impl Slice {
    pub fn new(file: Arc<File>, start: u64, end: u64) -> Self {
        Self {
            file,
            start,
            at: start,
            end,
        }
    }
}

impl Read for Slice {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = left.min(buffer.len());
        let got = self
            .file
            .read_at(buffer.get_mut(..most).unwrap_or_default(), self.at)?;
        self.at += u64::try_from(got).unwrap_or(0);
        Ok(got)
    }
}

impl Seek for Slice {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => self.start.checked_add(at),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        match at {
            Some(at) if at >= self.start => {
                self.at = at;
                Ok(at - self.start)
            }
            _ => Err(io::Error::from(io::ErrorKind::InvalidInput)),
        }
    }
}

/// Counts what comes out of a packed layer.
struct Meter {
    packed: u64,
    out: u64,
    counts: bool,
    limits: Arc<Limits>,
    total: Arc<AtomicU64>,
}

impl Meter {
    fn count(&mut self, got: usize) -> io::Result<()> {
        let got = u64::try_from(got).unwrap_or(u64::MAX);
        self.out = self.out.saturating_add(got);
        let total = if self.counts {
            self.total.fetch_add(got, Ordering::Relaxed).saturating_add(got)
        } else {
            self.out
        };
        let limits = &self.limits;
        if total > limits.unpacked_bytes {
            let reason = format!("解压后超过 {}。", size(limits.unpacked_bytes));
            return Err(wrapped(ReadFault::fatal(
                "readers.packed.too-large",
                reason,
                "请拆成几个文件，分别提交。",
            )));
        }
        if self.out > limits.ratio_free_bytes && self.out / limits.ratio.max(1) > self.packed {
            let reason = format!(
                "压缩倍数超过 {} 倍，不像正常的数据文件（疑似“压缩炸弹”），已停止解压。",
                limits.ratio
            );
            return Err(wrapped(ReadFault::fatal(
                "readers.packed.bomb",
                reason,
                "如果内容无误，请解压后直接提交。",
            )));
        }
        Ok(())
    }
}

/// A layer that unpacks: counted, and its errors in words.
struct Layer<R> {
    inner: R,
    meter: Meter,
    form: &'static str,
}

impl<R> Layer<R> {
    fn new(inner: R, meter: Meter, form: &'static str) -> Self {
        Self { inner, meter, form }
    }
}

impl<R: Read> Read for Layer<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match some(&mut self.inner, buffer) {
            Ok(got) => {
                self.meter.count(got)?;
                Ok(got)
            }
            Err(error) => Err(match error.downcast::<ReadFault>() {
                Ok(fault) => wrapped(fault),
                Err(error) => wrapped(broken(self.form, &error)),
            }),
        }
    }
}

fn broken(form: &str, error: &io::Error) -> ReadFault {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        ReadFault::fatal(
            "readers.packed.truncated",
            format!("{form} 压缩内容不完整，后面的部分缺失。"),
            "文件可能没有传完，请重新传送。",
        )
    } else {
        ReadFault::fatal(
            "readers.packed.broken",
            format!("{form} 压缩内容已损坏，无法解压。"),
            "请重新压缩或重新传送。",
        )
    }
}

/// Holds a member to the size and the sum its archive states.
struct Checked {
    inner: Stream,
    member: Arc<Member>,
    crc: Crc,
    out: u64,
}

impl Checked {
    fn new(inner: Stream, member: Arc<Member>) -> Self {
        Self {
            inner,
            member,
            crc: Crc::new(),
            out: 0,
        }
    }
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let got = some(&mut self.inner, buffer)?;
        self.crc.update(buffer.get(..got).unwrap_or_default());
        self.out = self.out.saturating_add(u64::try_from(got).unwrap_or(u64::MAX));
        if self.out > self.member.size {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if got == 0 && self.out < self.member.size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if got == 0 && self.crc.sum() != self.member.crc {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(got)
    }
}
