//! How records become an entity and a credit file. Pure.
use std::borrow::Cow;

use kernel::{Day, Instant, SubjectNo, name};
use policy::pack::{Item, ItemGroup, PackOn};
use policy::{Fate, OPEN, RecordFact, day_number};
use serde::Deserialize;

use super::model::{Entity, FileGroup, Statement};
use crate::hall::local_day;
use crate::intake::model::{Record, Relation};

/// The catalogue item an entity's own data come from.
pub const REGISTRATION: &str = "registration";

/// What a registration says of its entity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// Name.
    pub name: String,
    /// The form of the name for comparing.
    pub name_key: String,
    /// Kind of entity.
    pub kind: String,
    /// Status of the registration.
    pub status: String,
    /// Day of founding.
    pub established_on: Option<Day>,
    /// Registered capital in fen.
    pub capital_fen: Option<i64>,
    /// Industry code.
    pub industry: String,
    /// Division code.
    pub division: String,
    /// Address.
    pub address: String,
}

/// The fields of a registration that describe the entity, borrowed from the text where it has no escapes.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Registration<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow)]
    established_on: Cow<'a, str>,
    #[serde(borrow)]
    capital: Cow<'a, str>,
    #[serde(borrow)]
    industry: Cow<'a, str>,
    #[serde(borrow)]
    division: Cow<'a, str>,
    #[serde(borrow)]
    address: Cow<'a, str>,
}

/// What the payload of a registration, as the text of a JSON object, says of its entity.
pub fn described(subject_no: &str, payload: &str) -> Described {
    let said: Registration<'_> = serde_json::from_str(payload).unwrap_or_default();
    Described {
        name_key: name_key(&said.name),
        name: said.name.into_owned(),
        kind: said.kind.into_owned(),
        status: said.status.into_owned(),
        established_on: said.established_on.parse::<Day>().ok(),
        capital_fen: fen_of(&said.capital),
        industry: said.industry.into_owned(),
        division: if is_division(&said.division) {
            said.division.into_owned()
        } else {
            authority_of(subject_no)
        },
        address: said.address.into_owned(),
    }
}

impl Described {
    /// The entity, as of a record.
    pub fn entity(&self, entity_id: i64, subject_no: &str, record: (i64, Instant)) -> Entity {
        Entity {
            entity_id,
            subject_no: subject_no.to_owned(),
            name: self.name.clone(),
            kind: self.kind.clone(),
            status: self.status.clone(),
            established_on: self.established_on,
            capital_fen: self.capital_fen,
            industry: self.industry.clone(),
            division: self.division.clone(),
            address: self.address.clone(),
            record_id: record.0,
            updated_at: record.1,
        }
    }
}

/// The entity a registration record describes.
pub fn entity_of(record: &Record) -> Entity {
    let said = described(&record.subject_no, &record.payload.to_string());
    let as_of = (record.record_id, record.received_at);
    said.entity(record.subject_id, &record.subject_no, as_of)
}

/// Whether a division is written as a code; names are not resolved here.
fn is_division(text: &str) -> bool {
    kernel::Division::parse(text).is_ok()
}

/// Where nothing better is known, the place of the registering authority: characters 3 to 8 of the code.
fn authority_of(subject_no: &str) -> String {
    SubjectNo::parse(subject_no).map_or_else(|_| String::new(), |subject| subject.authority().to_owned())
}

fn fen_of(yuan: &str) -> Option<i64> {
    let (whole, part) = yuan.split_once('.')?;
    let whole: i64 = whole.parse().ok()?;
    let part: i64 = part.parse().ok()?;
    whole.checked_mul(100)?.checked_add(part)
}

/// The form under which a name is compared: widths, brackets, blanks and traditional forms made one.
pub fn name_key(text: &str) -> String {
    name::normalise(text)
}

/// Whether an entity of a status has left the register and comes after those that have not; a status nobody knows has not.
pub fn is_closed(status: &str) -> bool {
    kernel::EntityStatus::parse(status).is_ok_and(|status| !status.is_alive())
}

/// Words a question may have at most.
const MOST_WORDS: usize = 8;
/// Characters a word may have at most.
const LONGEST_WORD: usize = 60;

/// The words of a question in the form under which names are compared. A word of one character would find everything and
/// is refused, like a question without words.
pub fn words(asked: &str) -> Result<Vec<String>, String> {
    let words: Vec<String> = asked
        .split_whitespace()
        .map(name_key)
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        return Err("没有写要查的名称。请写名称中的至少两个字、拼音首字母，或代码的开头。".into());
    }
    if words.len() > MOST_WORDS {
        return Err(format!(
            "一次最多查 {MOST_WORDS} 个词，给了 {} 个。请只留最能区分的几个。",
            words.len()
        ));
    }
    for word in &words {
        let length = word.chars().count();
        if length < finder::LEAST {
            return Err(format!("“{word}”只有一个字，范围太大。每个词至少写两个字。"));
        }
        if length > LONGEST_WORD {
            return Err(format!(
                "有一个词长 {length} 个字，最多 {LONGEST_WORD} 个。请写名称中的一段。"
            ));
        }
    }
    Ok(words)
}

/// Characters a code must begin with to be looked for as one.
const LEAST_OF_CODE: usize = 4;
/// Characters of the longest code.
const LONGEST_CODE: usize = 18;

/// The question as the beginning of a code, if it may be one: digits and capitals, a digit first.
pub fn code_beginning(words: &[String]) -> Option<&str> {
    let [word] = words else { return None };
    let plain = word
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let begins = word.starts_with(|first: char| first.is_ascii_digit());
    (plain && begins && (LEAST_OF_CODE..=LONGEST_CODE).contains(&word.len())).then_some(word)
}

/// What is left of a record for telling what became of it: who names whom, and the days.
pub fn link(record_id: i64, (relation, names_id): (Relation, i64), on: Day, ends: Option<Day>) -> RecordFact {
    RecordFact {
        record: record_id,
        names: names_id,
        relation: match relation {
            Relation::None => policy::Relation::None,
            Relation::Corrects => policy::Relation::Corrects,
            Relation::Withdraws => policy::Relation::Withdraws,
            Relation::Ends => policy::Relation::Ends,
        },
        item: 0,
        on: day_number(on),
        ends_on: ends.map_or(OPEN, day_number),
        amount_fen: 0,
        level: 0,
        code: 0,
    }
}

/// What stands in the file: the records in four groups, each with what became of it on the day of the law. `records` are
/// all of one entity; the chains are those the evaluator counts by.
pub fn groups(law: &PackOn<'_>, records: &[Record]) -> Vec<FileGroup> {
    let links: Vec<RecordFact> = records
        .iter()
        .map(|record| {
            let names = (record.relation, record.names_id.unwrap_or(0));
            link(record.record_id, names, record.on_day, record.ends_day)
        })
        .collect();
    let fates = policy::resolve(&links, day_number(law.day()));
    let order = [
        (ItemGroup::Basic, "basic", "基本信息"),
        (ItemGroup::Operating, "operating", "经营信息"),
        (ItemGroup::Good, "good", "良好信息"),
        (ItemGroup::Warning, "warning", "警示信息"),
    ];
    let in_group = |group: ItemGroup| {
        let mut statements: Vec<Statement> = records
            .iter()
            .zip(&fates)
            .filter_map(|(record, fate)| {
                // What was said under an item that no version of the catalogue has any more stays said, under its code.
                let (title, of) = item_of(law, record)
                    .map_or((record.item.as_str(), ItemGroup::Operating), |item| {
                        (item.title.as_str(), item.group)
                    });
                let state = state_of(law, record, fate).filter(|_| of == group)?;
                Some(statement(record, title, state))
            })
            .collect();
        statements.sort_by_key(|statement| std::cmp::Reverse((statement.on, statement.record_id)));
        statements
    };
    order
        .into_iter()
        .map(|(group, code, title)| FileGroup {
            code: code.into(),
            title: title.into(),
            statements: in_group(group),
        })
        .collect()
}

/// The catalogue item a record was read under: the version of the day it came in, else the one of the law's day. A later
/// version, or none any more, changes nothing of what was said.
fn item_of<'p>(law: &PackOn<'p>, record: &Record) -> Option<&'p Item> {
    let then = law.pack().on(local_day(record.received_at)).item(&record.item);
    let found = then.or_else(|_| law.item(&record.item)).ok()?;
    Some(found.value)
}

/// The state a file shows, and the record that brought it about; `None`: a withdrawal, which is no statement.
fn state_of(law: &PackOn<'_>, record: &Record, fate: &Fate) -> Option<(&'static str, Option<i64>)> {
    if record.relation == Relation::Withdraws {
        return None;
    }
    match *fate {
        Fate::Speaks { ended_by: None, .. } => Some(("current", None)),
        // An end dated ahead does not act yet, so whatever ended the record has happened.
        Fate::Speaks { ended_by, .. } => Some(("ended", ended_by)),
        Fate::Corrected { by } => Some(("corrected", Some(by))),
        Fate::Withdrawn { by } => Some(("withdrawn", Some(by))),
        Fate::Silent => (record.on_day > law.day()).then_some(("ahead", None)),
    }
}

fn statement(record: &Record, title: &str, (state, changed_by): (&str, Option<i64>)) -> Statement {
    Statement {
        record_id: record.record_id,
        item: record.item.clone(),
        title: title.to_owned(),
        on: record.on_day,
        until: record.ends_day,
        content: record.payload.clone(),
        state: state.to_owned(),
        changed_by,
        supplier: record.supplier.clone(),
        source: record.source.clone(),
        batch_id: record.batch_id,
        line: record.line,
        received_at: record.received_at,
    }
}

/// The last instant of a day in China: what was known "on day X" is what was known when it ended.
pub fn end_of(day: Day) -> Instant {
    const EAST_EIGHT_SECONDS: i64 = 8 * 3600;
    let midnight = day
        .succ_opt()
        .unwrap_or(day)
        .and_time(chrono::NaiveTime::MIN)
        .and_utc();
    midnight - chrono::Duration::seconds(EAST_EIGHT_SECONDS) - chrono::Duration::microseconds(1)
}
