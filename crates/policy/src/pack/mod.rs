//! Policy packs: a folder of dated rows, read, checked, laid over its base, and asked.

mod basics;
mod cases;
mod catalogue;
mod catalogue_rows;
mod check;
mod collect;
mod content;
mod dated;
mod draw;
mod fault;
mod inspection;
mod line_rows;
mod lineup;
mod matching;
mod model_rows;
mod on;
mod overlay;
mod quality;
mod references;
mod release;
mod rules;
mod sheet;
mod spelling;
mod toml_tree;
mod tree;
mod values;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use kernel::{Calendar, Day};
use sha2::{Digest, Sha256};

pub use basics::{SourceDocument, YearNotice};
pub use catalogue::{
    Code, CodeTable, FactFields, FactValues, Field, FieldType, Item, ItemGroup, Share, normal_heading,
};
pub use check::{CaseResult, CheckReport};
pub use collect::{Collect, Period, Publication, Refuse, Unit};
pub use draw::{
    Contributors, Exclusion, ExclusionRule, Floor, Frequency, FrequencyScope, Load, Ratio, Reserve, Team,
    Unclassed,
};
pub use fault::{PackFault, Place};
pub use inspection::{CheckItem, CheckKind, Follow, FollowAction, ResultCode, SubjectFilter};
pub use matching::{Matching, THRESHOLDS as MATCHING_THRESHOLDS, WEIGHTS as MATCHING_WEIGHTS};
pub use on::{Answer, PackOn, Silent, Trace};
pub use overlay::Overlay;
pub use quality::DIMENSIONS as QUALITY_DIMENSIONS;
pub use release::{GateMeasure, OutcomeItem, Rail, ReleaseGate};
pub use rules::{
    Alarm, CheckContent, ClassEffect, Colour, DayUnit, Deadline, Measure, MeasureEnd, MeasureKind, OnSite,
    Strength, Trigger,
};
pub use tree::{Folder, Memory, SourceTree};
pub use values::Fraction;

use cases::Cases;
use content::Content;

use crate::symbols::{ItemSymbol, Symbols};

/// How many packs may extend each other.
const DEEPEST: usize = 8;

/// A pack in force: its own rows over those of the packs it extends.
#[derive(Debug, Clone)]
pub struct Pack {
    content: Content,
    /// Cases with the pack they come from, the farthest base first.
    cases: Vec<(String, Cases)>,
    /// Codes of base cases this pack answers differently.
    overridden: Vec<String>,
    hash: String,
    calendar: Calendar,
    symbols: Arc<Symbols>,
    /// The pack that released models are laid over, when any is.
    ground: Option<Arc<Pack>>,
}

/// One pack as read, before overlaying.
struct Layer {
    name: String,
    content: Content,
    files: Vec<(String, String)>,
}

impl Pack {
    /// Reads the pack in a folder; the packs it extends lie beside it.
    ///
    /// # Errors
    /// Everything that is wrong, in order of place.
    pub fn load(folder: &Path) -> Result<Self, Vec<PackFault>> {
        let name = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let root = folder
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or_else(|| Path::new("."));
        Self::from_sources(&Folder::new(root), &name)
    }

    /// Reads a pack from a tree of files.
    ///
    /// # Errors
    /// Everything that is wrong, in order of place.
    pub fn from_sources(tree: &impl SourceTree, name: &str) -> Result<Self, Vec<PackFault>> {
        let mut faults = Vec::new();
        let layers = read_layers(tree, name, &mut faults);
        let hash = hash_of(&layers);
        let mut cases = Vec::new();
        let mut overridden = Vec::new();
        let mut whole = Content::default();
        for layer in layers.into_iter().rev() {
            let mut content = layer.content;
            check_overrides(&content, &cases, &mut faults);
            overridden.extend(content.head.overrides.iter().map(|(case, _)| case.clone()));
            cases.push((layer.name, std::mem::take(&mut content.cases)));
            whole = whole.overlaid(content);
        }
        whole.settle(&mut faults);
        check_case_codes(&cases, &mut faults);
        let years = whole.years.values().map(|year| year.days.clone());
        let calendar = Calendar::from_years(years).unwrap_or_else(|fault| {
            if faults.is_empty() {
                let place = Place {
                    file: format!("{name}/calendar.toml").into(),
                    ..Place::default()
                };
                let right = "两个年度的通知对同一天说法不同，请核对".to_owned();
                faults.push(PackFault {
                    place,
                    what: format!("日历有误：{fault}"),
                    right,
                });
            }
            Calendar::default()
        });
        let symbols = Arc::new(symbols_of(&whole));
        let pack = Self {
            content: whole,
            cases,
            overridden,
            hash,
            calendar,
            symbols,
            ground: None,
        };
        if faults.is_empty() {
            pack.check_models(&mut faults);
        }
        faults.sort();
        faults.dedup();
        if faults.is_empty() { Ok(pack) } else { Err(faults) }
    }

    /// Code of the pack.
    pub fn code(&self) -> &str {
        &self.content.head.code
    }

    /// Title of the pack.
    pub fn title(&self) -> &str {
        &self.content.head.title
    }

    /// Division the pack is for.
    pub fn division(&self) -> Option<&str> {
        self.content.head.division.as_deref()
    }

    /// SHA-256 (hex) over all files of the pack and of those it extends, in order of name, line ends as `\n`.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The numbering of items and codes, over all dates of the pack.
    pub fn symbols(&self) -> &Arc<Symbols> {
        &self.symbols
    }

    /// Working days of the years in `calendar.toml`.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// A document by code.
    pub fn source(&self, code: &str) -> Option<&SourceDocument> {
        self.content.sources.get(code)
    }

    /// The values in force on a day.
    pub fn on(&self, day: Day) -> PackOn<'_> {
        PackOn::new(self, day)
    }
}

/// Reads the pack and all it extends, nearest first.
fn read_layers(tree: &impl SourceTree, name: &str, faults: &mut Vec<PackFault>) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    let mut next = Some((
        name.to_owned(),
        Place {
            file: name.into(),
            ..Place::default()
        },
    ));
    while let Some((name, place)) = next.take() {
        let mut fault = |what: String, right: &str| {
            faults.push(PackFault {
                place: place.clone(),
                what,
                right: right.to_owned(),
            });
        };
        if layers.len() >= DEEPEST || layers.iter().any(|layer| layer.name == name) {
            fault(
                format!("extends 绕回到 {name}，或超过{DEEPEST}层"),
                "改正 extends",
            );
            break;
        }
        let Ok(mut files) = tree.list(&name) else {
            fault(
                format!("读不到政策包 {name}"),
                "检查文件夹名称；被继承的包放在同一目录下",
            );
            break;
        };
        files.sort();
        if !files.iter().any(|file| file == "pack.toml") {
            fault(format!("政策包 {name} 没有 pack.toml"), "补上 pack.toml");
        }
        let mut layer = Layer {
            name: name.clone(),
            content: Content::default(),
            files: Vec::new(),
        };
        for file in files.into_iter().filter(|file| file != "README.md") {
            match tree.read(&name, &file) {
                Ok(text) => {
                    let text = text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n");
                    layer.content.read_file(&name, &file, text.clone(), faults);
                    layer.files.push((format!("{name}/{file}"), text));
                }
                Err(error) => faults.push(PackFault {
                    place: Place {
                        file: format!("{name}/{file}").into(),
                        ..Place::default()
                    },
                    what: format!("读不出来（{error}）"),
                    right: "应为 UTF-8 文本".to_owned(),
                }),
            }
        }
        next.clone_from(&layer.content.head.extends);
        layers.push(layer);
    }
    layers
}

fn hash_of(layers: &[Layer]) -> String {
    let mut files: Vec<&(String, String)> = layers.iter().flat_map(|layer| &layer.files).collect();
    files.sort();
    let mut hash = Sha256::new();
    for (name, text) in files {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(Sha256::digest(text.as_bytes()));
    }
    hex::encode(hash.finalize())
}

fn symbols_of(content: &Content) -> Symbols {
    use crate::model::Scoring;
    let items = content.items.all().filter_map(|version| {
        let item = version.body()?;
        let (title, ends) = (item.title.clone(), item.ends.clone());
        Some(ItemSymbol {
            code: version.code.clone(),
            title,
            mode: item.mode,
            ends,
        })
    });
    let tables = content.tables.all().filter_map(|version| version.body());
    let mut codes: Vec<String> = tables
        .flat_map(|table| table.values.iter().map(|value| value.code.clone()))
        .collect();
    codes.extend(lineup::named_codes(content));
    for indicator in content.indicators.all().filter_map(|version| version.body()) {
        if let Scoring::Map(entries) = &indicator.scoring {
            codes.extend(entries.iter().map(|entry| entry.code.clone()));
        }
        if let crate::model::Source::Records(records) = &indicator.source {
            codes.extend(records.condition.codes.iter().cloned());
        }
    }
    Symbols::new(items, codes)
}

/// Every case that is overridden must exist in a pack below.
fn check_overrides(content: &Content, below: &[(String, Cases)], faults: &mut Vec<PackFault>) {
    for (case, place) in &content.head.overrides {
        let known = below
            .iter()
            .any(|(_, cases)| cases.codes().any(|(code, _)| code == case));
        if !known {
            let what = format!("被继承的政策包中没有用例 {case}");
            faults.push(PackFault {
                place: place.clone(),
                what,
                right: "改正用例代码，或删去此 [[override]]".to_owned(),
            });
        }
    }
}

/// Codes of cases are unique over all layers.
fn check_case_codes(cases: &[(String, Cases)], faults: &mut Vec<PackFault>) {
    let mut seen: HashMap<&str, &Place> = HashMap::new();
    for (code, place) in cases.iter().flat_map(|(_, cases)| cases.codes()) {
        if let Some(first) = seen.insert(code, place) {
            let what = format!("用例 {code} 与 {}:{} 的重名", first.file, first.line);
            faults.push(PackFault {
                place: place.clone(),
                what,
                right: "给用例另起代码".to_owned(),
            });
        }
    }
}
