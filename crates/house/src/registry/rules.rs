//! How records become an entity and a credit file. Pure.
use std::collections::HashMap;

use kernel::{Day, Instant, SubjectNo, name};
use policy::pack::{ItemGroup, PackOn};
use serde_json::Value;

use super::model::{Entity, FileGroup, Statement};
use crate::intake::model::{Record, Relation};

/// The catalogue item an entity's own data come from.
pub const REGISTRATION: &str = "registration";

/// The entity a registration record describes.
pub fn entity_of(record: &Record) -> Entity {
    let text = |field: &str| {
        record
            .payload
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let division = text("division");
    Entity {
        entity_id: record.subject_id,
        subject_no: record.subject_no.clone(),
        name: text("name"),
        kind: text("kind"),
        status: text("status"),
        established_on: text("established_on").parse::<Day>().ok(),
        capital_fen: fen_of(&text("capital")),
        industry: text("industry"),
        division: if is_division(&division) {
            division
        } else {
            authority_of(&record.subject_no)
        },
        address: text("address"),
        record_id: record.record_id,
        updated_at: record.received_at,
    }
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

/// What stands in the file: the records in four groups, each with what became of it.
pub fn groups(law: &PackOn<'_>, records: &[Record]) -> Vec<FileGroup> {
    let mut fate: HashMap<i64, (&'static str, i64)> = HashMap::new();
    for record in records {
        if let Some(named) = record.names_id {
            let state = match record.relation {
                Relation::Corrects => "corrected",
                Relation::Withdraws => "withdrawn",
                Relation::Ends => "ended",
                Relation::None => continue,
            };
            fate.insert(named, (state, record.record_id));
        }
    }
    let order = [
        (ItemGroup::Basic, "basic", "基本信息"),
        (ItemGroup::Operating, "operating", "经营信息"),
        (ItemGroup::Good, "good", "良好信息"),
        (ItemGroup::Warning, "warning", "警示信息"),
    ];
    let in_group = |group: ItemGroup| {
        let mut statements: Vec<Statement> = records
            .iter()
            .filter(|record| record.relation != Relation::Withdraws)
            .filter_map(|record| {
                let item = law.item(&record.item).ok()?.value;
                (item.group == group).then(|| statement(record, &item.title, fate.get(&record.record_id)))
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

fn statement(record: &Record, title: &str, fate: Option<&(&'static str, i64)>) -> Statement {
    Statement {
        record_id: record.record_id,
        item: record.item.clone(),
        title: title.to_owned(),
        on: record.on_day,
        until: record.ends_day,
        content: record.payload.clone(),
        state: fate.map_or("current", |(state, _)| state).to_owned(),
        changed_by: fate.map(|(_, by)| *by),
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
