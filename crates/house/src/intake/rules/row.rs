//! What one row says: a draft, or everything that is wrong with it. What depends on the item and the columns only is
//! worked out once a file, not once a row.

use kernel::{CitizenId, Day};
use policy::ItemMode;
use policy::pack::{CodeTable, Field, FieldType, Item, PackOn, Unit};

use super::super::model::{Draft, LooseDraft, Refusal};
use super::super::whose::model::Who;
use super::columns::{Column, Columns, NAME_FIELD};
use super::reference::not_in;
use super::subject::read_subject;
use super::value::{FOREVER, Read, Wrong, end_of, is_forever, read_money};
use super::{read_day, reference, tidy};

/// Words in the column of deeds that mean: take it back.
const WITHDRAWAL_WORDS: &[&str] = &["撤销", "删除", "撤回", "withdraw"];

/// Reads the rows of one file.
pub struct Checker<'p> {
    item: &'p Item,
    /// Column of the code of the entity.
    subject: Option<usize>,
    /// Columns that say what is to be done with a row.
    deeds: Vec<usize>,
    /// Columns of a reject report: number of its batch and line in it.
    sent_back: Option<(usize, usize)>,
    /// In the order of the catalogue: so refusals are told.
    fields: Vec<Reader<'p>>,
    /// Places in `fields` in the order of their names: so the payload is written.
    by_name: Vec<usize>,
    /// Places in `fields` of the fields of the key, in its order.
    key: Vec<Option<usize>>,
    /// Says how grave a row without a level of its own is.
    levels: Option<&'p CodeTable>,
}

/// One field of the item and how it is read.
struct Reader<'p> {
    field: &'p Field,
    /// Its column, then that of the field that speaks in its place, each with the unit of its amounts.
    columns: [Option<(usize, Unit)>; 2],
    default: Option<String>,
    /// Whether a day speaks in its place: written in many ways, it must not become many keys.
    day_instead: bool,
    /// Whether its columns may hold two days in one cell (起止), of which the second is meant.
    spans: bool,
    table: Option<&'p CodeTable>,
    required: bool,
    in_key: bool,
    fact: Fact,
}

/// Which column of a record a field fills.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fact {
    None,
    On,
    Until,
    Amount,
    Level,
    Code,
}

fn fact_of(item: &Item, name: &str, kind: FieldType) -> Fact {
    let names = |fact: &Option<String>| fact.as_deref() == Some(name);
    match kind {
        FieldType::Day if names(&item.facts.on) => Fact::On,
        FieldType::Day if names(&item.facts.until) => Fact::Until,
        FieldType::Money if names(&item.facts.amount) => Fact::Amount,
        FieldType::Integer if names(&item.facts.level) => Fact::Level,
        FieldType::Day | FieldType::Integer => Fact::None,
        _ if names(&item.facts.code) => Fact::Code,
        _ => Fact::None,
    }
}

/// Fields that say whom a row is about beside its code and its name, where an item has them.
const REG_NO_FIELD: &str = "registration_no";
const ORG_CODE_FIELD: &str = "org_code";
const ADDRESS_FIELD: &str = "address";
const PLACE_FIELDS: &[&str] = &["province", "city", "county"];

/// What a row is good for.
#[derive(Debug)]
pub enum Judged {
    /// It becomes a record of the entity it names.
    Good(Draft),
    /// Good but for the code: its entity has to be found by other means.
    Loose(LooseDraft),
    /// Everything that is wrong with it.
    Refused(Vec<Refusal>),
}

/// What is known of a row while it is read.
struct Reading {
    line: i64,
    faults: Vec<Refusal>,
}

impl Reading {
    fn refuse(&mut self, field: &str, value: &str, code: &str, reason: String, suggestion: Option<String>) {
        self.faults.push(Refusal {
            line: self.line,
            field: field.to_owned(),
            value: value.to_owned(),
            code: code.into(),
            reason,
            suggestion,
        });
    }
}

impl<'p> Checker<'p> {
    /// For the rows of a file with these columns.
    pub fn new(law: &PackOn<'p>, item: &'p Item, columns: &Columns) -> Self {
        let at = |wanted: &Column| columns.columns.iter().position(|column| column == wanted);
        let instead = |field: &Field| {
            let name = field.instead.as_ref()?;
            item.fields.iter().position(|other| other.name == *name)
        };
        let fields: Vec<Reader<'p>> = item
            .fields
            .iter()
            .enumerate()
            .map(|(place, field)| Reader {
                columns: [Some(place), instead(field)].map(|place| columns.of_field(place?)),
                default: columns.defaults.get(&field.name).cloned(),
                day_instead: instead(field)
                    .and_then(|place| item.fields.get(place))
                    .is_some_and(|other| other.kind == FieldType::Day),
                spans: field.headings.iter().any(|heading| heading.ends_with("起止")),
                table: field
                    .table
                    .as_deref()
                    .and_then(|name| law.table(name).ok())
                    .map(|answer| answer.value),
                required: field.required && field.kind != FieldType::Subject,
                in_key: item.key.contains(&field.name),
                fact: fact_of(item, &field.name, field.kind),
                field,
            })
            .collect();
        let mut by_name: Vec<usize> = (0..fields.len()).collect();
        by_name.sort_by_key(|place| fields.get(*place).map(|reader| reader.field.name.as_str()));
        let place = |name: &String| fields.iter().position(|reader| reader.field.name == *name);
        Self {
            item,
            subject: at(&Column::Subject),
            deeds: (0..columns.columns.len())
                .filter(|place| columns.columns.get(*place) == Some(&Column::Deed))
                .collect(),
            by_name,
            key: item.key.iter().map(place).collect(),
            levels: law.level_table(item),
            sent_back: columns.sent_back(),
            fields,
        }
    }

    /// Which refused row this one takes the place of, when it comes from a reject report: batch and line.
    pub fn corrects<'c>(&self, cell: impl Fn(usize) -> Option<&'c str>) -> Option<(i64, i64)> {
        let (batch, line) = self.sent_back?;
        let number = |at: usize| cell(at)?.trim().parse::<i64>().ok();
        Some((number(batch)?, number(line)?))
    }

    /// Reads one row, whose cells `cell` gives by column: a draft, or everything that is wrong with it. A row without a
    /// right code is wrong.
    pub fn read<'c>(
        &self,
        line: i64,
        cell: impl Fn(usize) -> Option<&'c str>,
    ) -> Result<Draft, Vec<Refusal>> {
        match self.judge(line, &cell) {
            Judged::Good(draft) => Ok(draft),
            Judged::Refused(faults) => Err(faults),
            Judged::Loose(_) => Err(read_subject(self.code_cell(&cell), line)
                .err()
                .into_iter()
                .collect()),
        }
    }

    fn code_cell<'c>(&self, cell: &impl Fn(usize) -> Option<&'c str>) -> &'c str {
        self.subject.and_then(cell).unwrap_or_default()
    }

    /// Reads one row, whose cells `cell` gives by column, and says what it is good for.
    pub fn judge<'c>(&self, line: i64, cell: &impl Fn(usize) -> Option<&'c str>) -> Judged {
        let mut reading = Reading {
            line,
            faults: Vec::new(),
        };
        if let Some(refused) = self.item.refusal(|name| self.written(name, cell)) {
            let title = self.item.field(&refused.field).map_or("", |field| &field.title);
            let value = self.written(&refused.field, cell).unwrap_or_default();
            reading.refuse(title, &value, "intake.row.not-ours", refused.reason.clone(), None);
            return Judged::Refused(reading.faults);
        }
        let subject = read_subject(self.code_cell(cell), line);
        let withdraws = self
            .deeds
            .iter()
            .filter_map(|at| cell(*at))
            .any(|cell| WITHDRAWAL_WORDS.contains(&cell.trim()));
        let mut draft = Facts::default();
        let mut values: Vec<Option<Read<'_>>> = Vec::with_capacity(self.fields.len());
        for reader in &self.fields {
            let value = reader.read(cell, withdraws, &mut reading);
            if let Some(value) = &value {
                draft.place(reader.fact, value);
            }
            values.push(value);
        }
        let needs_day = self.item.mode != ItemMode::State && !withdraws;
        if needs_day && draft.on.is_none() && reading.faults.is_empty() {
            reading.refuse(
                "on",
                "",
                "intake.field.missing",
                "缺少业务发生日期。".into(),
                None,
            );
        }
        let told = || self.levels?.level_of(draft.code.as_deref()?).map(i64::from);
        draft.level = draft.level.or_else(told);
        let whole = reading.faults.is_empty();
        match subject {
            Ok(subject) if whole => Judged::Good(Draft {
                line,
                subject,
                record_key: self.key_of(&values),
                on: draft.on,
                ends_on: draft.ends_on,
                amount_fen: draft.amount_fen,
                level: draft.level,
                code: draft.code,
                withdraws,
                payload: self.payload(&values),
            }),
            Ok(_) => Judged::Refused(reading.faults),
            // What takes a record back has to say whose; and a number of a person is not kept.
            Err(fault) if !whole || withdraws || CitizenId::parse(&fault.value).is_ok() => {
                reading.faults.insert(0, fault);
                Judged::Refused(reading.faults)
            }
            Err(fault) => match self.who(fault.value.clone(), cell) {
                None => Judged::Refused(vec![fault]),
                Some(who) => Judged::Loose(LooseDraft {
                    line,
                    who,
                    record_key: self.key_of(&values),
                    on: draft.on,
                    ends_on: draft.ends_on,
                    amount_fen: draft.amount_fen,
                    level: draft.level,
                    code: draft.code,
                    payload: self.payload(&values),
                }),
            },
        }
    }

    /// Whom a row says it is about beside its code; `None`: it does not say.
    fn who<'c>(&self, code: String, cell: &impl Fn(usize) -> Option<&'c str>) -> Option<Who> {
        let said = |name: &str| self.written(name, cell).unwrap_or_default();
        let who = Who {
            // 组织机构代码 stands in for a code that is not given: it is part of it.
            code: if code.is_empty() {
                said(ORG_CODE_FIELD)
            } else {
                code
            },
            name: said(NAME_FIELD),
            reg_no: said(REG_NO_FIELD),
            place: PLACE_FIELDS.iter().map(|name| said(name)).collect(),
            address: said(ADDRESS_FIELD),
        };
        let says = self.item.field(NAME_FIELD).is_some()
            && !(who.name.is_empty() && who.reg_no.is_empty() && who.address.is_empty());
        says.then_some(who)
    }

    /// What is written under a field, as it is written.
    fn written<'c>(&self, name: &str, cell: &impl Fn(usize) -> Option<&'c str>) -> Option<String> {
        let reader = self.fields.iter().find(|reader| reader.field.name == name)?;
        let (at, _) = (*reader.columns.first()?)?;
        cell(at).map(|text| tidy(text).to_owned())
    }

    /// The key of a record: its key fields joined; empty where the item keeps one record an entity.
    fn key_of(&self, values: &[Option<Read<'_>>]) -> String {
        let mut key = String::new();
        for (number, place) in self.key.iter().enumerate() {
            if number > 0 {
                key.push('|');
            }
            if let Some(Some(value)) = place.and_then(|place| values.get(place)) {
                key.push_str(&value.text());
            }
        }
        key
    }

    /// The fields as understood, as the text of a JSON object, in the order of their names.
    fn payload(&self, values: &[Option<Read<'_>>]) -> String {
        let mut out = String::with_capacity(512);
        out.push('{');
        for place in &self.by_name {
            let (Some(reader), Some(Some(value))) = (self.fields.get(*place), values.get(*place)) else {
                continue;
            };
            if out.len() > 1 {
                out.push(',');
            }
            push_json(&mut out, &reader.field.name);
            out.push(':');
            push_json(&mut out, &value.text());
        }
        out.push('}');
        out
    }
}

/// Writes a text as JSON does: quotes, backslashes and control characters escaped.
pub fn push_json(out: &mut String, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

#[derive(Default)]
struct Facts {
    on: Option<Day>,
    ends_on: Option<Day>,
    amount_fen: Option<i64>,
    level: Option<i64>,
    code: Option<String>,
}

impl Facts {
    /// Puts a value into the column the catalogue names for its field.
    fn place(&mut self, fact: Fact, read: &Read<'_>) {
        match (fact, read) {
            (Fact::On, Read::Day(day)) => self.on = Some(*day),
            (Fact::Until, Read::Day(day)) => self.ends_on = Some(*day),
            (Fact::Amount, Read::Money(fen)) => self.amount_fen = Some(*fen),
            (Fact::Level, Read::Integer(number)) => self.level = Some(*number),
            (Fact::Code, Read::Text(code)) => self.code = Some(code.clone().into_owned()),
            _ => {}
        }
    }
}

impl Reader<'_> {
    fn read<'a, 'c: 'a>(
        &'a self,
        cell: &impl Fn(usize) -> Option<&'c str>,
        withdraws: bool,
        reading: &mut Reading,
    ) -> Option<Read<'a>> {
        let [own, instead] = self.columns;
        let text_at = |column: Option<(usize, Unit)>| {
            let (at, unit) = column?;
            let text = tidy(cell(at)?);
            (!text.is_empty()).then_some((text, unit))
        };
        let own = text_at(own);
        if own.is_none()
            && self.day_instead
            && let Some(day) = text_at(instead).and_then(|(text, _)| read_day(text))
        {
            return Some(Read::Text(day.to_string().into()));
        }
        let second = if own.is_none() { text_at(instead) } else { None };
        if second.is_some() && self.table.is_some() {
            // A score is no grade: it only says that the row is not empty here.
            return None;
        }
        let written = own.or(second);
        let default = || (self.default.as_deref().unwrap_or_default(), self.field.unit);
        let (text, unit) = written.unwrap_or_else(default);
        if text.is_empty() {
            if self.required && (!withdraws || self.in_key) {
                let reason = format!("“{}”不能为空。", self.field.title);
                reading.refuse(&self.field.title, "", "intake.field.missing", reason, None);
            }
            return None;
        }
        let text = if self.spans { end_of(text) } else { text };
        match self.value(text, unit) {
            Ok(value) => Some(value),
            Err((reason, suggestion)) => {
                reading.refuse(
                    &self.field.title,
                    text,
                    "intake.field.invalid",
                    reason,
                    suggestion,
                );
                None
            }
        }
    }

    fn value<'a>(&'a self, text: &'a str, unit: Unit) -> Result<Read<'a>, Wrong> {
        match self.field.kind {
            FieldType::Text | FieldType::Subject => Ok(Read::Text(text.into())),
            FieldType::Day if is_forever(text) => Ok(Read::Text(FOREVER.into())),
            FieldType::Day => read_day(text).map(Read::Day).ok_or_else(|| {
                (
                    format!("“{text}”不是有效日期。"),
                    Some("请写成 2026-03-04 这样的形式。".to_owned()),
                )
            }),
            FieldType::Money => read_money(text, unit),
            FieldType::Integer => {
                // Suppliers write levels as words (较大), and records keep their numbers.
                let number = match self.table {
                    Some(table) => table.resolve(text).ok_or_else(|| not_in(table, text))?,
                    None => text,
                };
                number
                    .parse::<i64>()
                    .map(Read::Integer)
                    .map_err(|_| (format!("“{text}”不是整数。"), Some("请只写数字。".to_owned())))
            }
            FieldType::Code => self.table.map_or(Ok(Read::Text(text.into())), |table| {
                let found = if self.field.several {
                    table.resolve_several(text)
                } else {
                    table.resolve(text)
                };
                found
                    .map(|code| Read::Text(code.into()))
                    .ok_or_else(|| not_in(table, text))
            }),
            FieldType::Division => reference::division(text).map(|code| Read::Text(code.into())),
            FieldType::Industry => reference::industry(text).map(|code| Read::Text(code.into())),
        }
    }
}
