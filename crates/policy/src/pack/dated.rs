//! Dated rows: versions of one code, checked for overlaps and gaps, laid over those of another pack.

use std::collections::HashMap;

use kernel::Day;

use super::fault::{PackFault, Place};
use super::references::{Kind, Reference};
use super::sheet::Sheet;
use crate::model::Basis;

/// One version of one value.
#[derive(Debug, Clone)]
pub(super) struct Version<T> {
    pub code: String,
    /// First day as written.
    pub from: Day,
    /// Last day as written.
    pub until: Option<Day>,
    /// First day in force after overlaying.
    pub begin: Day,
    /// Last day in force; `None` = open.
    pub last: Option<Day>,
    pub basis: Basis,
    pub place: Place,
    pub references: Vec<Reference>,
    /// `None`: withdrawn from this day.
    body: Option<T>,
}

impl<T> Version<T> {
    pub fn body(&self) -> Option<&T> {
        self.body.as_ref()
    }

    fn holds(&self, day: Day) -> bool {
        self.begin <= day && self.last.is_none_or(|last| day <= last)
    }
}

/// All versions of all codes of one kind of row; codes in the order they first appear, versions by day.
#[derive(Debug, Clone)]
pub(super) struct Dated<T> {
    chains: Vec<Vec<Version<T>>>,
    places: HashMap<String, usize>,
}

impl<T> Default for Dated<T> {
    fn default() -> Self {
        Self {
            chains: Vec::new(),
            places: HashMap::new(),
        }
    }
}

/// `from` and `basis` for the rows of a file that do not say them.
#[derive(Debug, Clone, Default)]
pub(super) struct Defaults {
    from: Option<Day>,
    basis: Option<(Basis, Place)>,
}

impl Defaults {
    /// Reads `[default]`.
    pub fn read(top: &Sheet<'_>) -> Self {
        let Some(sheet) = top.maybe_sheet("default") else {
            return Self::default();
        };
        let basis = sheet.maybe_sheet("basis").map(|basis| read_basis(&basis));
        let defaults = Self {
            from: sheet.maybe_day("from"),
            basis,
        };
        sheet.finish();
        defaults
    }
}

/// Reads `{ source, article }`.
pub(super) fn read_basis(sheet: &Sheet<'_>) -> (Basis, Place) {
    let basis = Basis {
        source: sheet.text("source"),
        title: String::new(),
        article: sheet.text("article"),
    };
    let place = sheet.place_of("source");
    sheet.finish();
    (basis, place)
}

/// A row's own code, checked for its letters.
pub(super) fn own_code(sheet: &Sheet<'_>) -> String {
    let code = sheet.text("code");
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '/');
    if !code.chars().all(fits) {
        sheet.fault(
            "code",
            format!("code = \"{code}\" 含有不能用的字符"),
            "只用字母、数字、-、.",
        );
    }
    code
}

/// `model/code` for the rows of a model.
pub(super) fn code_in_model(sheet: &Sheet<'_>) -> String {
    let model = sheet.text("model");
    sheet.refer("model", Kind::Model, &model);
    format!("{model}/{}", own_code(sheet))
}

impl<T> Dated<T> {
    /// Reads all rows `[[name]]` of a file.
    pub fn read(
        top: &Sheet<'_>,
        name: &'static str,
        defaults: &Defaults,
        code: fn(&Sheet<'_>) -> String,
        parse: impl Fn(&Sheet<'_>) -> T,
    ) -> Self {
        let mut dated = Self::default();
        top.source().take_references();
        for sheet in top.sheets(name) {
            let version = read_version(&sheet, defaults, code, &parse);
            dated.push(version);
        }
        dated.close(top);
        dated
    }

    fn push(&mut self, version: Version<T>) {
        let place = *self
            .places
            .entry(version.code.clone())
            .or_insert(self.chains.len());
        match self.chains.get_mut(place) {
            Some(chain) => chain.push(version),
            None => self.chains.push(vec![version]),
        }
    }

    /// Sorts the versions of each code, refuses overlaps and gaps, and fixes the last days.
    fn close(&mut self, top: &Sheet<'_>) {
        for chain in &mut self.chains {
            chain.sort_by_key(|version| version.from);
            let starts: Vec<Day> = chain.iter().skip(1).map(|version| version.from).collect();
            for (version, next) in chain.iter_mut().zip(starts) {
                let day_before = next.pred_opt();
                match version.until {
                    _ if next == version.from => {
                        report(
                            top,
                            version,
                            format!("{} 自 {next} 起写了两次", version.code),
                            "同一代码同一 from 只写一行",
                        );
                    }
                    Some(until) if until >= next => {
                        let what = format!("{} 的有效期与自 {next} 起的下一版重叠", version.code);
                        report(
                            top,
                            version,
                            what,
                            format!("until 应为 {} 或不写", day_before.unwrap_or(next)),
                        );
                    }
                    Some(until) if Some(until) != day_before => {
                        let what = format!("{} 在 {until} 之后、{next} 之前没有值", version.code);
                        report(
                            top,
                            version,
                            what,
                            format!("until 应为 {} 或不写", day_before.unwrap_or(next)),
                        );
                    }
                    _ => {}
                }
                version.last = version.until.or(day_before);
            }
        }
    }

    fn chain(&self, code: &str) -> &[Version<T>] {
        self.places
            .get(code)
            .and_then(|place| self.chains.get(*place))
            .map_or(&[], Vec::as_slice)
    }

    /// The version in force on a day; `None` when there is none or it is withdrawn.
    pub fn at(&self, code: &str, day: Day) -> Option<&Version<T>> {
        self.chain(code)
            .iter()
            .find(|version| version.holds(day))
            .filter(|version| version.body.is_some())
    }

    /// All versions in force on a day, in the order of the files.
    pub fn on(&self, day: Day) -> impl Iterator<Item = &Version<T>> {
        self.chains.iter().filter_map(move |chain| {
            chain
                .iter()
                .find(|version| version.holds(day))
                .filter(|version| version.body.is_some())
        })
    }

    /// All versions of all codes.
    pub fn all(&self) -> impl Iterator<Item = &Version<T>> {
        self.chains.iter().flatten()
    }

    /// Whether a value is in force on every day of the range.
    pub fn covers(&self, code: &str, begin: Day, last: Day) -> bool {
        self.always(code, begin, last, |_| true)
    }

    /// Whether on every day of the range a value is in force that satisfies `fits`.
    pub fn always(&self, code: &str, begin: Day, last: Day, fits: impl Fn(&T) -> bool) -> bool {
        let mut day = begin;
        loop {
            let Some(version) = self
                .at(code, day)
                .filter(|version| version.body.as_ref().is_some_and(&fits))
            else {
                return false;
            };
            match version
                .last
                .filter(|end| *end < last)
                .and_then(|end| end.succ_opt())
            {
                Some(next) => day = next,
                None => return true,
            }
        }
    }

    /// Fills in what only the whole pack knows of a row.
    pub fn each_mut(&mut self, mut work: impl FnMut(&mut Basis)) {
        self.chains
            .iter_mut()
            .flatten()
            .for_each(|version| work(&mut version.basis));
    }
}

impl<T> Dated<T> {
    /// Keeps what holds from one day to another (the last included), and lets nothing begin before.
    pub fn within(&mut self, from: Day, until: Option<Day>) {
        for chain in &mut self.chains {
            for version in chain.iter_mut() {
                version.begin = version.begin.max(from);
                version.from = version.begin;
                version.last = match (version.last, until) {
                    (Some(last), Some(until)) => Some(last.min(until)),
                    (last, until) => last.or(until),
                };
            }
            chain.retain(|version| version.last.is_none_or(|last| version.begin <= last));
        }
    }

    /// The last day on which a version begins.
    pub fn last_begin(&self) -> Option<Day> {
        self.all().map(|version| version.begin).max()
    }
}

impl<T: Clone> Dated<T> {
    /// Lays `top` over this: from the first day `top` gives for a code it speaks alone; after its end this speaks again.
    pub fn overlaid(mut self, top: &Self) -> Self {
        for chain in &top.chains {
            let (Some(first), Some(end)) = (chain.first(), chain.last()) else {
                continue;
            };
            let place = *self.places.entry(first.code.clone()).or_insert(self.chains.len());
            let under = self.chains.get(place).cloned().unwrap_or_default();
            let mut merged = Vec::new();
            for version in &under {
                if version.begin < first.begin {
                    let mut before = version.clone();
                    let cut = first.begin.pred_opt();
                    before.last = before.last.map_or(cut, |last| cut.map(|cut| cut.min(last)));
                    merged.push(before);
                }
            }
            merged.extend(chain.iter().cloned());
            if let Some(resumed) = end.last.and_then(|last| last.succ_opt()) {
                for version in under
                    .iter()
                    .filter(|version| version.last.is_none_or(|last| last >= resumed))
                {
                    let mut after = version.clone();
                    after.begin = after.begin.max(resumed);
                    merged.push(after);
                }
            }
            match self.chains.get_mut(place) {
                Some(slot) => *slot = merged,
                None => self.chains.push(merged),
            }
        }
        self
    }
}

fn report<T>(top: &Sheet<'_>, version: &Version<T>, what: String, right: impl Into<String>) {
    top.source().keep(PackFault {
        place: version.place.clone(),
        what,
        right: right.into(),
    });
}

fn read_version<T>(
    sheet: &Sheet<'_>,
    defaults: &Defaults,
    code: fn(&Sheet<'_>) -> String,
    parse: &impl Fn(&Sheet<'_>) -> T,
) -> Version<T> {
    let code = code(sheet);
    let from = sheet
        .maybe_day("from")
        .or(defaults.from)
        .unwrap_or_else(|| sheet.day("from"));
    let until = sheet.maybe_day("until");
    if until.is_some_and(|until| until < from) {
        sheet.fault(
            "until",
            format!("有效期为空：until 早于 from（{from}）"),
            "until 是有效的最后一天，不能早于 from",
        );
    }
    let own = sheet.maybe_sheet("basis").map(|basis| read_basis(&basis));
    let (basis, at) = own.or_else(|| defaults.basis.clone()).unwrap_or_else(|| {
        sheet.fault(
            "basis",
            "缺少 basis（依据）",
            "写明 basis = { source = \"文件代码\", article = \"条款\" }",
        );
        (Basis::default(), sheet.place())
    });
    if !basis.source.is_empty() {
        sheet.refer_at(at, Kind::Source, &basis.source);
    }
    let withdrawn = sheet.flag("withdrawn");
    let body = (!withdrawn).then(|| parse(sheet));
    sheet.finish();
    let references = sheet.source().take_references();
    Version {
        code,
        from,
        until,
        begin: from,
        last: until,
        basis,
        place: sheet.place(),
        references,
        body,
    }
}
