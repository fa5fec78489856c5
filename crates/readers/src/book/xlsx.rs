//! XLSX: the parts of a workbook that say what its cells mean. Sheets are streamed (`sheet.rs`); in memory are the
//! shared texts, bounded by [`crate::Limits::shared_text_bytes`], the styles and the merged regions of the sheet in hand.
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use quick_xml::events::Event;

use super::format::{Meaning, of_builtin, of_code};
use super::sheet::Sheet;
use super::xml::{Xml, add_text, attribute, broken, controls};
use crate::fault::ReadFault;
use crate::limits::{Limits, size};
use crate::source::{Kind, Source};
use crate::zip::Contents;

/// What one shared text costs beside its letters.
const OVERHEAD: usize = 16;

/// What all sheets of a workbook share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    text: String,
    ends: Vec<usize>,
    pub styles: Vec<Meaning>,
    pub from_1904: bool,
}

impl Shared {
    /// The text of a number.
    pub fn text(&self, number: usize) -> Option<&str> {
        let to = *self.ends.get(number)?;
        let from = match number {
            0 => 0,
            _ => *self.ends.get(number - 1)?,
        };
        self.text.get(from..to)
    }
}

/// A workbook whose sheets have not been read yet.
#[derive(Debug)]
pub(crate) struct Book {
    shared: Arc<Shared>,
    sheets: VecDeque<(String, Source)>,
}

/// Where an archive keeps its workbook, when it is one.
pub(crate) fn workbook(contents: &Contents) -> Option<String> {
    contents.find("[Content_Types].xml")?;
    let entry = contents.find("xl/workbook.xml").or_else(|| {
        contents
            .entries
            .iter()
            .find(|entry| entry.name.ends_with("/workbook.xml"))
    })?;
    Some(entry.name.replace('\\', "/"))
}

/// A part another part points to.
struct Relation {
    kind: String,
    target: String,
}

impl Book {
    pub fn open(contents: &Contents, source: &Source, workbook: &str) -> Result<Self, ReadFault> {
        let part = |name: &str| -> Result<Option<Source>, ReadFault> {
            let Some(entry) = contents.find(name) else {
                return Ok(None);
            };
            let member = Arc::new(contents.member(entry)?);
            Ok(Some(source.inside(|_| Kind::Member(member))))
        };
        let (folder, file) = workbook.rsplit_once('/').unwrap_or(("", workbook));
        let relations = match part(&join(folder, &format!("_rels/{file}.rels")))? {
            Some(part) => relations(&part, folder)?,
            None => HashMap::new(),
        };
        let of_kind = |kind: &str| relations.values().find(|relation| relation.kind == kind);
        let mut shared = Shared::default();
        if let Some(relation) = of_kind("styles")
            && let Some(part) = part(&relation.target)?
        {
            shared.styles = styles(&part)?;
        }
        let (named, from_1904) = sheets(&part(workbook)?.ok_or_else(broken)?)?;
        shared.from_1904 = from_1904;
        let mut sheets = VecDeque::new();
        for (name, id) in named {
            let Some(relation) = relations.get(&id) else {
                continue;
            };
            if relation.kind == "worksheet"
                && let Some(part) = part(&relation.target)?
            {
                sheets.push_back((name, part));
            }
        }
        if let Some(relation) = of_kind("sharedStrings")
            && let Some(part) = part(&relation.target)?
        {
            texts(&part, &mut shared)?;
        }
        Ok(Self {
            shared: Arc::new(shared),
            sheets,
        })
    }

    /// The next sheet with its name.
    pub fn next_sheet(&mut self) -> Result<Option<(String, Sheet)>, ReadFault> {
        let Some((name, part)) = self.sheets.pop_front() else {
            return Ok(None);
        };
        Ok(Some((name, Sheet::open(&part, &self.shared)?)))
    }
}

fn join(folder: &str, target: &str) -> String {
    let mut path: Vec<&str> = Vec::new();
    let absolute = target.starts_with('/');
    let folder = if absolute { "" } else { folder };
    for step in folder.split('/').chain(target.split('/')) {
        match step {
            "" | "." => {}
            ".." => {
                path.pop();
            }
            step => path.push(step),
        }
    }
    path.join("/")
}

fn relations(part: &Source, folder: &str) -> Result<HashMap<String, Relation>, ReadFault> {
    let mut xml = Xml::open(part, false)?;
    let mut found = HashMap::new();
    loop {
        match xml.next()? {
            Event::Start(element) if element.local_name().as_ref() == "Relationship" => {
                let (id, kind, target) = (
                    attribute(&element, "Id"),
                    attribute(&element, "Type"),
                    attribute(&element, "Target"),
                );
                if let (Some(id), Some(kind), Some(target)) = (id, kind, target) {
                    let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                    let target = join(folder, &target.replace('\\', "/"));
                    found.insert(id.into_owned(), Relation { kind, target });
                }
                too_many(found.len(), part.limits())?;
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

fn too_many(found: usize, limits: &Limits) -> Result<(), ReadFault> {
    if found > limits.members {
        Err(crate::too_many_members(limits))
    } else {
        Ok(())
    }
}

/// Names of the sheets with their relations, in the order of the tabs, and whether days count from 1904.
fn sheets(part: &Source) -> Result<(Vec<(String, String)>, bool), ReadFault> {
    let mut xml = Xml::open(part, false)?;
    let (mut found, mut from_1904) = (Vec::new(), false);
    loop {
        match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "sheet" => {
                    let pair = attribute(&element, "name").zip(attribute(&element, "id"));
                    found.extend(pair.map(|(name, id)| (name.into_owned(), id.into_owned())));
                    too_many(found.len(), part.limits())?;
                }
                "workbookPr" => {
                    let word = attribute(&element, "date1904");
                    from_1904 = word.is_some_and(|word| matches!(&*word, "1" | "true"));
                }
                _ => {}
            },
            Event::Eof => return Ok((found, from_1904)),
            _ => {}
        }
    }
}

/// What the number of each cell style means.
fn styles(part: &Source) -> Result<Vec<Meaning>, ReadFault> {
    const MOST: usize = 1 << 17;
    let mut xml = Xml::open(part, false)?;
    let mut custom: HashMap<u32, Meaning> = HashMap::new();
    let (mut styles, mut inside) = (Vec::new(), false);
    loop {
        match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "numFmt" => {
                    let id = attribute(&element, "numFmtId").and_then(|id| id.parse().ok());
                    if let Some((id, code)) = id.zip(attribute(&element, "formatCode")) {
                        custom.insert(id, of_code(&code));
                    }
                }
                "cellXfs" => inside = true,
                "xf" if inside => {
                    let id: u32 = attribute(&element, "numFmtId")
                        .and_then(|id| id.parse().ok())
                        .unwrap_or(0);
                    styles.push(custom.get(&id).copied().unwrap_or_else(|| of_builtin(id)));
                }
                _ => {}
            },
            Event::End(element) if element.local_name().as_ref() == "cellXfs" => inside = false,
            Event::Eof => return Ok(styles),
            _ => {}
        }
        if styles.len() > MOST || custom.len() > MOST {
            return Err(broken());
        }
    }
}

/// Reads the texts that cells refer to by number.
fn texts(part: &Source, shared: &mut Shared) -> Result<(), ReadFault> {
    let most = part.limits().shared_text_bytes;
    let mut xml = Xml::open(part, false)?;
    let mut one = String::new();
    let (mut inside, mut phonetic) = (false, false);
    loop {
        match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "si" => one.clear(),
                "t" => inside = !phonetic,
                "rPh" => phonetic = true,
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "si" => {
                    shared.text.push_str(&controls(&one));
                    shared.ends.push(shared.text.len());
                }
                "t" => inside = false,
                "rPh" => phonetic = false,
                _ => {}
            },
            Event::Eof => return Ok(()),
            event if inside => add_text(&event, &mut one),
            _ => {}
        }
        let held = shared.text.len() + one.len() + shared.ends.len() * OVERHEAD;
        if held > most {
            let limit = size(u64::try_from(most).unwrap_or(u64::MAX));
            return Err(ReadFault::fatal(
                "readers.xlsx.texts",
                format!("工作簿中的文字超过 {limit}，无法读取。"),
                "请另存为 CSV 后提交，或拆成几个工作簿。",
            ));
        }
    }
}
