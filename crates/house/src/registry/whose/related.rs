//! Related entities (关联企业): who shares a legal representative, an address, a head or an investor with an entity, each with
//! the records it rests on.
use std::collections::{BTreeMap, BTreeSet};

use db::Tx;
use kernel::page::{Cursor, Page};
use kernel::{Fault, Outcome, SubjectNo};
use matching::{text_key, whole_name};
use serde_json::Value;

use super::super::model::Entity;
use super::super::rules::REGISTRATION;
use super::super::service as register;
use super::model::Relation;
use super::{jobs, rules, store};
use crate::hall::keys::Keys;
use crate::hall::{InJurisdiction as _, Op};
use crate::intake;
use crate::intake::model::Record;

/// Kinds in the order in which they are listed, with their titles: the surest first.
const KINDS: [(&str, &str); 7] = [
    ("head", "所属总公司"),
    ("branch", "分支机构"),
    ("investor", "投资人"),
    ("investment", "对外投资"),
    ("stated", "部门认定的关联"),
    ("address", "同一住所"),
    ("legal-person", "同一法定代表人（负责人）"),
];
/// From so many entities on an address says that it is registered at by many.
const CROWDED: i64 = 50;
/// Entities of one name that are looked at.
const NAMESAKES: i64 = 20;
/// Relations looked at for one page; what was not reached waits behind the cursor.
const MOST_LOOKED_AT: usize = 2_000;
const NEVER: i64 = i64::MAX;

/// Where relations of a kind come from.
enum Source {
    /// Entities under a tie.
    Tie(&'static str, i64),
    /// Firms that a record about the entity itself names.
    Firms(Vec<String>, i64),
}

/// The entity whose relations are asked for.
struct Asked {
    entity: Entity,
    registration: Record,
    records: Vec<Record>,
    /// Keys under which others name it.
    named: [i64; 2],
}

/// A page of the relations of an entity to others that the actor reaches.
pub fn related(
    tx: &mut Tx,
    op: &Op,
    keys: &Keys,
    subject_no: &str,
    cursor: Option<&str>,
    limit: i64,
) -> Outcome<Page<Relation>> {
    let (mut kind, mut after): (usize, i64) =
        cursor.map_or(Ok((0, 0)), |text| Cursor::from_text(text).decode())?;
    let asked = asked(tx, op, subject_no)?;
    let full = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut items, mut looked_at) = (Vec::new(), 0);
    while let Some((code, title)) = KINDS.get(kind) {
        let sources = sources(code, &asked, keys);
        loop {
            let page = others(tx, &sources, after, limit.saturating_add(1))?;
            let ended = page.len() <= full;
            for (entity_id, records) in page {
                if items.len() >= full || looked_at >= MOST_LOOKED_AT {
                    let next = Cursor::encode(&(kind, after))?.into_string();
                    return Ok(Page {
                        items,
                        next: Some(next),
                        total: None,
                    });
                }
                looked_at += 1;
                after = entity_id;
                if let Some(relation) = relation(tx, op, &asked, (code, title), entity_id, &records)? {
                    items.push(relation);
                }
            }
            if ended {
                break;
            }
        }
        (kind, after) = (kind + 1, 0);
    }
    Ok(Page::whole(items))
}

fn asked(tx: &mut Tx, op: &Op, subject_no: &str) -> Outcome<Asked> {
    const TYING: [&str; 3] = ["annual-report", "equity", "relation-risk"];
    let entity = register::by_no(tx, op, subject_no)?;
    let registration =
        intake::service::newest_of(tx, entity.entity_id, REGISTRATION, NEVER)?.ok_or_else(Fault::hidden)?;
    let mut records = intake::service::records_of(tx, entity.entity_id, op.at)?;
    records.retain(|record| TYING.contains(&record.item.as_str()));
    let mut standing = Vec::with_capacity(records.len());
    for record in records {
        if !intake::service::is_taken_back(tx, entity.entity_id, record.record_id)? {
            standing.push(record);
        }
    }
    Ok(Asked {
        named: [
            whole_name(&rules::letters(&entity.name)),
            text_key(&entity.subject_no),
        ],
        registration,
        records: standing,
        entity,
    })
}

fn sources(kind: &str, asked: &Asked, keys: &Keys) -> Vec<Source> {
    let ties = |tie: &'static str| asked.named.iter().map(move |key| Source::Tie(tie, *key));
    let firms = |tie: &str| -> Vec<Source> {
        let of = |record: &Record| {
            let (kind, firms) = rules::firms_of(&record.item, &record.payload)?;
            (kind == tie && !firms.is_empty()).then_some(Source::Firms(firms, record.record_id))
        };
        asked.records.iter().filter_map(of).collect()
    };
    let payload = &asked.registration.payload;
    match kind {
        "legal-person" => match rules::person(payload).as_str() {
            "" => Vec::new(),
            person => vec![Source::Tie(rules::PERSON, jobs::person_key_of(keys, person))],
        },
        "address" => rules::address_key(&asked.entity.address)
            .map(|key| Source::Tie(rules::ADDRESS, key))
            .into_iter()
            .collect(),
        "head" => {
            let by_no = rules::head_no(payload).map(|no| no.as_str().to_owned());
            let firms = by_no
                .into_iter()
                .chain(rules::head_letters(&asked.entity.name))
                .collect();
            vec![Source::Firms(firms, asked.registration.record_id)]
        }
        "branch" => ties(rules::HEAD).collect(),
        "investor" => ties(rules::INVESTS).chain(firms(rules::HELD)).collect(),
        "investment" => ties(rules::HELD).chain(firms(rules::INVESTS)).collect(),
        _ => ties(rules::STATED).chain(firms(rules::STATED)).collect(),
    }
}

/// Entities of some sources after a number, at most so many, each with the records that name it.
fn others(tx: &mut Tx, sources: &[Source], after: i64, limit: i64) -> Outcome<BTreeMap<i64, BTreeSet<i64>>> {
    let mut found: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for source in sources {
        match source {
            Source::Tie(kind, key) => {
                for (entity, record) in store::tied(tx, (kind, *key), after, limit)? {
                    found.entry(entity).or_default().insert(record);
                }
            }
            Source::Firms(firms, record) => {
                for firm in firms {
                    for entity in firms_named(tx, firm)?
                        .into_iter()
                        .filter(|entity| *entity > after)
                    {
                        found.entry(entity).or_default().insert(*record);
                    }
                }
            }
        }
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(found.into_iter().take(most).collect())
}

/// Entities that a text names: by code, or by the very letters of their name.
fn firms_named(tx: &mut Tx, text: &str) -> Outcome<Vec<i64>> {
    if let Ok(subject) = SubjectNo::parse(text) {
        return store::coded(tx, &[subject.as_str().to_owned()]);
    }
    let letters = rules::letters(text);
    let ids = store::under(tx, whole_name(&letters), NAMESAKES)?;
    let mut entities = register::of_numbers(tx, &ids)?;
    entities.retain(|entity| rules::letters(&entity.name) == letters);
    Ok(entities.into_iter().map(|entity| entity.entity_id).collect())
}

/// The relation to an entity, if it still holds and the actor reaches it.
fn relation(
    tx: &mut Tx,
    op: &Op,
    asked: &Asked,
    (kind, title): (&str, &str),
    entity_id: i64,
    records: &BTreeSet<i64>,
) -> Outcome<Option<Relation>> {
    if entity_id == asked.entity.entity_id {
        return Ok(None);
    }
    let Some(other) = register::of_numbers(tx, &[entity_id])?.pop() else {
        return Ok(None);
    };
    if !op.actor.scope.covers(&other.jurisdiction()) {
        return Ok(None);
    }
    let Some(found) = holds(tx, asked, kind, &other, records)? else {
        return Ok(None);
    };
    Ok(Some(Relation {
        kind: kind.to_owned(),
        title: title.to_owned(),
        subject_no: other.subject_no,
        name: other.name,
        strength: if found.strong { "strong" } else { "weak" }.to_owned(),
        said: found.said,
        records: found.records,
        entity_id,
    }))
}

/// A relation that holds.
struct Holds {
    strong: bool,
    said: String,
    records: Vec<i64>,
}

fn holds(
    tx: &mut Tx,
    asked: &Asked,
    kind: &str,
    other: &Entity,
    records: &BTreeSet<i64>,
) -> Outcome<Option<Holds>> {
    let own = asked.registration.record_id;
    let by_registration = matches!(kind, "legal-person" | "address" | "branch" | "head");
    if !by_registration {
        let mut standing = Vec::new();
        for record in records {
            let about_own = asked.records.iter().any(|one| one.record_id == *record);
            if about_own || !intake::service::is_taken_back(tx, other.entity_id, *record)? {
                standing.push(*record);
            }
        }
        let said = match kind {
            "investor" | "investment" => "年度报告或股权登记中写明名称（代码）",
            _ => "由提供部门认定",
        };
        return Ok((!standing.is_empty()).then(|| Holds {
            strong: true,
            said: said.to_owned(),
            records: standing,
        }));
    }
    let Some(theirs) = intake::service::newest_of(tx, other.entity_id, REGISTRATION, NEVER)? else {
        return Ok(None);
    };
    let both = vec![own, theirs.record_id];
    let (mine, payload) = (&asked.registration.payload, &theirs.payload);
    let found = match kind {
        "legal-person" => same_person((mine, payload), &asked.entity, other),
        "address" => return same_address(tx, asked, other, both),
        "branch" => of_head((&other.name, payload), &asked.named),
        _ => {
            let named = [
                whole_name(&rules::letters(&other.name)),
                text_key(&other.subject_no),
            ];
            of_head((&asked.entity.name, mine), &named)
        }
    };
    Ok(found.map(|(strong, said)| Holds {
        strong,
        said,
        records: both,
    }))
}

/// The name alone is weak: many people are called alike. With the same county or the same door it says more.
fn same_person((mine, theirs): (&Value, &Value), own: &Entity, other: &Entity) -> Option<(bool, String)> {
    const COUNTY: usize = 6;
    if rules::person(mine) != rules::person(theirs) {
        return None;
    }
    let door = rules::address_key(&own.address);
    if door.is_some() && door == rules::address_key(&other.address) {
        return Some((true, "登记的法定代表人（负责人）同名，且住所相同".into()));
    }
    let county = own.division.get(..COUNTY);
    if county.is_some() && county == other.division.get(..COUNTY) {
        return Some((
            false,
            "登记的法定代表人（负责人）同名，且在同一区县；没有证件号码可比，仍须核对".into(),
        ));
    }
    Some((
        false,
        "登记的法定代表人（负责人）同名；仅凭姓名不能认定是同一人".into(),
    ))
}

fn same_address(tx: &mut Tx, asked: &Asked, other: &Entity, records: Vec<i64>) -> Outcome<Option<Holds>> {
    let key = rules::address_key(&asked.entity.address);
    let Some(key) = key.filter(|_| key == rules::address_key(&other.address)) else {
        return Ok(None);
    };
    let crowd = store::crowd(tx, (rules::ADDRESS, key), CROWDED)?;
    let (strong, said) = if crowd >= CROWDED {
        (
            false,
            format!("登记住所相同；这一住所登记过 {CROWDED} 户以上，可能是集中登记地址"),
        )
    } else {
        (true, format!("登记住所相同；这一住所登记过 {crowd} 户"))
    };
    Ok(Some(Holds {
        strong,
        said,
        records,
    }))
}

fn of_head((name, payload): (&str, &Value), named: &[i64; 2]) -> Option<(bool, String)> {
    let keys = rules::head_keys(name, payload);
    let [by_name, by_code] = named;
    if keys.contains(by_code) {
        Some((true, "登记中写明隶属企业的代码".into()))
    } else {
        keys.contains(by_name)
            .then(|| (true, "分支机构名称冠以该企业名称".into()))
    }
}
