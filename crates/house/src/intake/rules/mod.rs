//! Which columns a file has, and what a row says: pure decisions from text and the catalogue.
mod columns;
mod reference;

use kernel::{Amount, CodeFault, Day, SubjectNo};
use policy::ItemMode;
use policy::pack::{Field, FieldType, Item, PackOn, Unit};
use serde_json::{Map, Value};

use columns::Column;
pub use columns::Columns;

use super::model::{Draft, Refusal};

/// Words in that column that mean: take it back.
const WITHDRAWAL_WORDS: &[&str] = &["撤销", "删除", "撤回", "withdraw"];

/// Reads one row: a draft, or everything that is wrong with it.
pub fn read_row(
    law: &PackOn<'_>,
    item: &Item,
    columns: &Columns,
    line: i64,
    cells: &[String],
) -> Result<Draft, Vec<Refusal>> {
    let mut reading = Reading {
        line,
        faults: Vec::new(),
        payload: Map::new(),
    };
    if let Some(refused) = item.refusal(|name| columns.written(item, name, cells)) {
        let title = item
            .field(&refused.field)
            .map_or_else(String::new, |field| field.title.clone());
        let value = columns.written(item, &refused.field, cells).unwrap_or_default();
        return Err(vec![Refusal {
            line,
            field: title,
            value,
            code: "intake.row.not-ours".into(),
            reason: refused.reason.clone(),
            suggestion: None,
        }]);
    }
    let subject = reading.subject(columns, cells);
    let withdraws = columns
        .columns
        .iter()
        .zip(cells)
        .any(|(column, cell)| *column == Column::Deed && WITHDRAWAL_WORDS.contains(&cell.trim()));
    let mut facts = Facts::default();
    for (place, field) in item.fields.iter().enumerate() {
        let (mut text, unit) = columns
            .cell(item, place, cells)
            .map_or((String::new(), field.unit), |(text, unit)| (tidy(text), unit));
        if text.is_empty() {
            text = columns.defaults.get(&field.name).cloned().unwrap_or_default();
        }
        if text.is_empty() {
            if field.required
                && field.kind != FieldType::Subject
                && (!withdraws || item.key.contains(&field.name))
            {
                reading.refuse(
                    field,
                    "",
                    "intake.field.missing",
                    format!("“{}”不能为空。", field.title),
                    None,
                );
            }
            continue;
        }
        reading.field(law, item, (field, unit), &text, &mut facts);
    }
    let record_key = key_of(item, &reading.payload);
    let needs_day = item.mode != ItemMode::State && !withdraws;
    if needs_day && facts.on.is_none() && reading.faults.is_empty() {
        reading.faults.push(Refusal {
            line,
            field: "on".into(),
            value: String::new(),
            code: "intake.field.missing".into(),
            reason: "缺少业务发生日期。".into(),
            suggestion: None,
        });
    }
    match (subject, reading.faults.is_empty()) {
        (Some(subject), true) => Ok(Draft {
            line,
            subject,
            record_key,
            on: facts.on,
            ends_on: facts.ends_on,
            amount_fen: facts.amount_fen,
            level: facts.level,
            code: facts.code,
            withdraws,
            payload: reading.payload,
        }),
        _ => Err(reading.faults),
    }
}

/// The key of a record: its key fields joined; empty where the item keeps one record an entity.
fn key_of(item: &Item, payload: &Map<String, Value>) -> String {
    let parts = item
        .key
        .iter()
        .map(|name| payload.get(name).and_then(Value::as_str).unwrap_or_default());
    parts.collect::<Vec<_>>().join("|")
}

/// Blanks of every kind taken off both ends; the words that registers write for "nothing" become nothing.
fn tidy(text: &str) -> String {
    let text =
        text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}' || c == '\0');
    if matches!(
        text,
        "N/A" | "n/a" | "NULL" | "null" | "-" | "--" | "—" | "无" | "/"
    ) {
        String::new()
    } else {
        text.to_owned()
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
    /// Puts a value into the columns the catalogue names for its field.
    fn place(&mut self, item: &Item, field: &str, read: &Read) {
        let names = |fact: &Option<String>| fact.as_deref() == Some(field);
        match read {
            Read::Day(day) if names(&item.facts.on) => self.on = Some(*day),
            Read::Day(day) if names(&item.facts.until) => self.ends_on = Some(*day),
            Read::Money(fen) if names(&item.facts.amount) => self.amount_fen = Some(*fen),
            Read::Integer(number) if names(&item.facts.level) => self.level = Some(*number),
            Read::Text(code) if names(&item.facts.code) => self.code = Some(code.clone()),
            _ => {}
        }
    }
}

struct Reading {
    line: i64,
    faults: Vec<Refusal>,
    payload: Map<String, Value>,
}

impl Reading {
    fn refuse(&mut self, field: &Field, value: &str, code: &str, reason: String, suggestion: Option<String>) {
        self.faults.push(Refusal {
            line: self.line,
            field: field.title.clone(),
            value: value.to_owned(),
            code: code.into(),
            reason,
            suggestion,
        });
    }

    fn subject(&mut self, columns: &Columns, cells: &[String]) -> Option<SubjectNo> {
        let at = columns
            .columns
            .iter()
            .position(|column| *column == Column::Subject)?;
        let text = tidy(cells.get(at).map_or("", String::as_str));
        match SubjectNo::parse(&text) {
            Ok(subject) => Some(subject),
            Err(fault) => {
                let (reason, suggestion) = if text.is_empty() {
                    (
                        "没有统一社会信用代码。".to_owned(),
                        Some("请补上 18 位统一社会信用代码或 15 位注册号。".to_owned()),
                    )
                } else {
                    (fault.to_string(), suggestion_of(&fault))
                };
                self.faults.push(Refusal {
                    line: self.line,
                    field: "统一社会信用代码".into(),
                    value: text,
                    code: "intake.subject.invalid".into(),
                    reason,
                    suggestion,
                });
                None
            }
        }
    }

    fn field(
        &mut self,
        law: &PackOn<'_>,
        item: &Item,
        (field, unit): (&Field, Unit),
        text: &str,
        facts: &mut Facts,
    ) {
        match read_value(law, field, unit, text) {
            Ok(read) => {
                facts.place(item, &field.name, &read);
                self.payload
                    .insert(field.name.clone(), Value::String(read.text()));
            }
            Err((reason, suggestion)) => {
                self.refuse(field, text, "intake.field.invalid", reason, suggestion);
            }
        }
    }
}

enum Read {
    Text(String),
    Day(Day),
    Money(i64),
    Integer(i64),
}

impl Read {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Day(day) => day.to_string(),
            Self::Money(fen) => format!("{}.{:02}", fen / 100, fen.unsigned_abs() % 100),
            Self::Integer(number) => number.to_string(),
        }
    }
}

type Wrong = (String, Option<String>);

fn read_value(law: &PackOn<'_>, field: &Field, unit: Unit, text: &str) -> Result<Read, Wrong> {
    match field.kind {
        FieldType::Text | FieldType::Subject => Ok(Read::Text(text.to_owned())),
        FieldType::Day if is_forever(text) => Ok(Read::Text(FOREVER.to_owned())),
        FieldType::Day => read_day(text).map(Read::Day).ok_or_else(|| {
            (
                format!("“{text}”不是有效日期。"),
                Some("请写成 2026-03-04 这样的形式。".to_owned()),
            )
        }),
        FieldType::Money => read_money(text, unit),
        FieldType::Integer => text
            .parse::<i64>()
            .map(Read::Integer)
            .map_err(|_| (format!("“{text}”不是整数。"), Some("请只写数字。".to_owned()))),
        FieldType::Code => {
            let Some(table) = field.table.as_deref().and_then(|name| law.table(name).ok()) else {
                return Ok(Read::Text(text.to_owned()));
            };
            let table = table.value;
            let found = if field.several {
                table.resolve_several(text)
            } else {
                table.resolve(text)
            };
            found.map(|code| Read::Text(code.to_owned())).ok_or_else(|| {
                const SHOWN: usize = 8;
                let known = table
                    .values
                    .iter()
                    .take(SHOWN)
                    .map(|code| code.title.as_str())
                    .collect::<Vec<_>>()
                    .join("、");
                (
                    format!("“{text}”不在代码表“{}”中。", table.title),
                    Some(format!("可用的有：{known}。")),
                )
            })
        }
        FieldType::Division => reference::division(text).map(Read::Text),
        FieldType::Industry => reference::industry(text).map(Read::Text),
    }
}

/// What is kept for a day that means "no end".
const FOREVER: &str = "长期";

/// Whether a day means that there is no end: registers write 9999-9-9, or say so.
fn is_forever(text: &str) -> bool {
    matches!(
        text,
        FOREVER | "永久" | "永久有效" | "长期有效" | "无固定期限" | "无期限"
    ) || read_day(text).is_some_and(|day| chrono::Datelike::year(&day) >= 9999)
}

/// A day in any of the usual spellings: 2026-03-04, 2026/3/4, 2026.3.4, 20260304, 2026年3月4日， with or without a time.
pub fn read_day(text: &str) -> Option<Day> {
    let date = text.split([' ', 'T', ' ']).next().unwrap_or(text);
    let digits = |part: &str| part.parse::<u32>().ok();
    if date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()) {
        let year = date.get(..4)?.parse().ok()?;
        return Day::from_ymd_opt(year, digits(date.get(4..6)?)?, digits(date.get(6..8)?)?);
    }
    let mut parts = date
        .split(['-', '/', '.', '年', '月', '日'])
        .filter(|part| !part.is_empty());
    let year: i32 = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let (month, day) = (digits(parts.next()?)?, digits(parts.next()?)?);
    if parts.next().is_some() {
        None
    } else {
        Day::from_ymd_opt(year, month, day)
    }
}

/// Renminbi in any usual spelling. An amount in another currency is kept as it is written and gives no figure: rates of
/// exchange are not the record's business.
fn read_money(text: &str, unit: Unit) -> Result<Read, Wrong> {
    let amount =
        Amount::parse_under(text, if unit == Unit::Yuan { "" } else { unit.text() }).ok_or_else(|| {
            (
                format!("“{text}”不是金额。"),
                Some("请写数字和单位，例如 5000元、50万元。".to_owned()),
            )
        })?;
    Ok(amount
        .fen()
        .map_or_else(|| Read::Text(text.to_owned()), |fen| Read::Money(fen.get())))
}

fn suggestion_of(fault: &CodeFault) -> Option<String> {
    const SHOWN: usize = 3;
    let codes: Vec<&str> = fault.corrections.iter().take(SHOWN).map(String::as_str).collect();
    (!codes.is_empty()).then(|| format!("是否为：{}?请核对证照后改正。", codes.join(" 或 ")))
}

/// Kind of the number that keys an entity, and what is unusual about it, as stored.
pub fn describe(subject: &SubjectNo) -> (&'static str, String) {
    match subject {
        SubjectNo::Uscc(code) => {
            let marks = code.marks_by(reference::is_authority);
            let mut words = Vec::new();
            if marks.inner_check_wrong {
                words.push("inner-check");
            }
            if marks.unknown_division {
                words.push("unknown-authority");
            }
            ("uscc", words.join(","))
        }
        SubjectNo::RegNo(_) => ("regno", String::new()),
    }
}
