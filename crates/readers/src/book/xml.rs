//! XML parts of a workbook as a stream of events, in bounded memory.
use std::borrow::Cow;
use std::io::{self, BufReader, Read};

use memchr::{memchr, memrchr};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::fault::{ReadFault, unwrapped, wrapped};
use crate::source::{Source, Stream, some};

const BUFFER: usize = 1 << 16;

/// A part being read.
pub(crate) struct Xml {
    reader: Reader<BufReader<Tame>>,
    buffer: Vec<u8>,
}

impl Xml {
    pub fn open(source: &Source, again: bool) -> Result<Self, ReadFault> {
        let stream = if again {
            source.open_again()?
        } else {
            source.open()?
        };
        let tame = Tame {
            inner: stream,
            since: 0,
            most: source.limits().row_bytes,
        };
        let mut reader = Reader::from_reader(BufReader::with_capacity(BUFFER, tame));
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        Ok(Self {
            reader,
            buffer: Vec::new(),
        })
    }

    /// The next event; an element without content comes as its start and its end.
    pub fn next(&mut self) -> Result<Event<'_>, ReadFault> {
        self.buffer.clear();
        self.reader
            .read_event_into(&mut self.buffer)
            .map_err(|error| match error {
                quick_xml::Error::Io(error) => {
                    let plain = io::Error::new(error.kind(), error.to_string());
                    std::sync::Arc::try_unwrap(error).map_or_else(|_| unwrapped(plain), unwrapped)
                }
                _ => broken(),
            })
    }
}

pub(crate) fn broken() -> ReadFault {
    ReadFault::fatal(
        "readers.xlsx.broken",
        "XLSX 工作簿的内容已损坏，无法继续读取。",
        "请用 Excel 或 WPS 打开检查后另存，再提交。",
    )
}

/// The value of an attribute, whatever its namespace.
pub(crate) fn attribute<'a>(element: &'a BytesStart<'_>, name: &str) -> Option<Cow<'a, str>> {
    let mut attributes = element.attributes();
    let found = attributes
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)?;
    if memchr(b'&', found.value.as_bytes()).is_none() {
        return Some(found.value);
    }
    Some(Cow::Owned(
        quick_xml::escape::unescape(&found.value).ok()?.into_owned(),
    ))
}

/// Adds what a text event says; other events say nothing.
pub(crate) fn add_text(event: &Event<'_>, text: &mut String) {
    match event {
        Event::Text(plain) => text.push_str(&plain.xml10_content()),
        Event::CData(plain) => text.push_str(&plain.xml10_content()),
        Event::GeneralRef(reference) => {
            if let Ok(Some(character)) = reference.resolve_char_ref() {
                text.push(character);
            } else if let Some(known) = quick_xml::escape::resolve_predefined_entity(reference) {
                text.push_str(known);
            }
        }
        _ => {}
    }
}

/// Spreadsheets write control characters as `_x000D_`; this writes them back.
pub(crate) fn controls(text: &str) -> Cow<'_, str> {
    const LENGTH: usize = 7;
    if !text.contains("_x") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at..at + LENGTH).filter(|code| code.ends_with('_'));
        let character = code
            .and_then(|code| code.get(2..LENGTH - 1))
            .filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|code| u32::from_str_radix(code, 16).ok())
            .and_then(char::from_u32);
        let (shown, used) = character.map_or((None, at + 2), |character| (Some(character), at + LENGTH));
        out.push_str(
            rest.get(..if shown.is_some() { at } else { used })
                .unwrap_or_default(),
        );
        out.extend(shown);
        rest = rest.get(used..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Lets through only XML whose tags and texts stay below a length, as each is kept in memory whole.
struct Tame {
    inner: Stream,
    since: usize,
    most: usize,
}

impl Read for Tame {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = some(&mut self.inner, buffer)?;
        let bytes = buffer.get(..got).unwrap_or_default();
        // Every event ends at one of these.
        let last = memrchr(b'<', bytes).max(memrchr(b'>', bytes));
        self.since = last.map_or(self.since.saturating_add(got), |at| got - at);
        if self.since > self.most {
            let limit = crate::limits::size(u64::try_from(self.most).unwrap_or(u64::MAX));
            return Err(wrapped(ReadFault::fatal(
                "readers.xlsx.cell-too-long",
                format!("工作簿中有一段文字超过 {limit}，已停止读取。"),
                "一个单元格最多 32,767 个字；请检查文件是否正常。",
            )));
        }
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_back_and_other_text_stays() {
        assert_eq!(controls("a_x000D_b"), "a\rb");
        assert_eq!(controls("_x4E2D__x_xyz_x00"), "中_x_xyz_x00");
        assert_eq!(controls("中_x0"), "中_x0");
    }
}
