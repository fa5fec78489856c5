//! What a row asks for, what stands on both sides, and what ties entities together. Pure.
use kernel::SubjectNo;
use kernel::name::normalise;
use matching::{Candidate, Key, Places, Query, Reading, normal_address, text_key, whole_name};
use serde_json::Value;

use super::super::model::Entity;
use super::model::{CandidateView, Reason, Side};
use crate::intake::whose::model::Who;

/// What a row asks matching for.
pub fn query(who: &Who) -> Query {
    Query::new(
        &who.code,
        &who.name,
        &who.reg_no,
        &who.place,
        &who.address,
        Places::standard(),
    )
}

/// The keys a row that found nobody waits under: a new entity under one of them may be meant.
pub fn wanted(query: &Query) -> Vec<Key> {
    let mut keys = matching::keys_of_query(&query.names);
    if let matching::Written::Organisation(code) = &query.written {
        keys.push(matching::organisation(code.as_str()));
    }
    if let matching::Written::Wrong(wrong) = &query.written {
        let inside = wrong.near.iter().filter_map(|code| code.get(8..17));
        keys.extend(inside.map(matching::organisation));
    }
    keys.extend(query.reg_no.as_deref().map(matching::registration));
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The explained score, line by line.
pub fn reasons(candidate: &Candidate) -> Vec<Reason> {
    let reason = |part: &matching::Component| Reason {
        code: part.code.clone(),
        points: part.points,
        sentence: part.sentence.clone(),
    };
    candidate.components.iter().map(reason).collect()
}

/// A candidate with both sides.
pub fn candidate_view(who: &Who, candidate: &Candidate, entity: &Entity) -> CandidateView {
    CandidateView {
        subject_no: entity.subject_no.clone(),
        name: entity.name.clone(),
        score: candidate.score,
        reasons: reasons(candidate),
        sides: sides(who, entity),
    }
}

/// Both sides field by field.
pub fn sides(who: &Who, entity: &Entity) -> Vec<Side> {
    let side = |field: &str, written: &str, known: &str, form: fn(&str) -> String| {
        let (a, b) = (form(written), form(known));
        Side {
            field: field.to_owned(),
            written: written.to_owned(),
            known: known.to_owned(),
            agrees: (!a.is_empty() && !b.is_empty()).then_some(a == b),
        }
    };
    let own_no = if entity.subject_no.len() == 15 {
        entity.subject_no.as_str()
    } else {
        ""
    };
    vec![
        side("统一社会信用代码", &who.code, &entity.subject_no, |text| {
            normalise(text)
        }),
        side("名称", &who.name, &entity.name, normalise),
        side("注册号", &who.reg_no, own_no, normalise),
        side("地区", &who.place, &entity.division, |_| String::new()),
        side("住所", &who.address, &entity.address, normal_address),
    ]
}

/// Kinds of ties as they are kept.
pub const PERSON: &str = "person";
/// One address.
pub const ADDRESS: &str = "address";
/// A branch, under its head.
pub const HEAD: &str = "head";
/// An investor, under what it invested in.
pub const INVESTS: &str = "invests";
/// An entity, under who holds its equity.
pub const HELD: &str = "held";
/// An entity, under whom a department said it is tied to.
pub const STATED: &str = "stated";

fn said<'v>(payload: &'v Value, name: &str) -> &'v str {
    payload.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The person a registration names, in the form that is hashed; empty where it names none.
pub fn person(payload: &Value) -> String {
    normalise(said(payload, "legal_person"))
}

/// The key of an address that is long enough to be one door.
pub fn address_key(address: &str) -> Option<Key> {
    const TELLING: usize = 8;
    let normal = normal_address(address);
    let one_door = normal.chars().count() >= TELLING && normal.chars().any(|c| c.is_ascii_digit());
    one_door.then(|| text_key(&normal))
}

/// The letters of a name.
pub fn letters(name: &str) -> String {
    Reading::of(name, Places::standard()).full
}

/// The letters of the name of a branch's head; `None`: not a branch, or its name does not say whose.
pub fn head_letters(name: &str) -> Option<String> {
    const SHORTEST: usize = 4;
    let reading = Reading::of(name, Places::standard());
    let head = reading.full.strip_suffix(reading.branch.as_str())?;
    (reading.is_branch() && head.chars().count() >= SHORTEST).then(|| head.to_owned())
}

/// The code of the head that a registration names (隶属企业).
pub fn head_no(payload: &Value) -> Option<SubjectNo> {
    SubjectNo::parse(said(payload, "parent_no")).ok()
}

/// Under which keys a branch lies: the name and the code of its head.
pub fn head_keys(name: &str, payload: &Value) -> Vec<Key> {
    let by_name = head_letters(name).map(|head| whole_name(&head));
    by_name
        .into_iter()
        .chain(head_no(payload).map(|no| text_key(no.as_str())))
        .collect()
}

/// Names of firms in a running text: 甲公司、乙公司；丙公司.
pub fn firms_in(text: &str) -> Vec<String> {
    const SHORTEST: usize = 4;
    const MOST: usize = 100;
    let parts = text.split(['、', ',', '，', ';', '；', '\n', '|', '/']);
    let names = parts
        .map(str::trim)
        .filter(|part| part.chars().count() >= SHORTEST);
    names.take(MOST).map(str::to_owned).collect()
}

/// Firms that a record about an entity says it invested in, or who holds its equity, or whom it is said to be tied to.
pub fn firms_of(item: &str, payload: &Value) -> Option<(&'static str, Vec<String>)> {
    match item {
        "annual-report" => Some((INVESTS, firms_in(said(payload, "investments")))),
        "equity" => Some((HELD, firms_in(said(payload, "holder")))),
        "relation-risk" => Some((
            STATED,
            [said(payload, "related_no"), said(payload, "related_name")]
                .into_iter()
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .collect(),
        )),
        _ => None,
    }
}

/// The key of a firm as another names it: by its code, or by the letters of its name.
pub fn firm_key(text: &str) -> Key {
    SubjectNo::parse(text).map_or_else(|_| whole_name(&letters(text)), |no| text_key(no.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_branch_is_read_from_its_name() {
        assert_eq!(
            head_letters("上海耀丰工程造价咨询有限公司绍兴市分公司").as_deref(),
            Some("上海耀丰工程造价咨询有限公司")
        );
        assert_eq!(head_letters("上海耀丰工程造价咨询有限公司"), None);
    }

    #[test]
    fn firms_are_read_from_a_running_text_and_keyed_by_code_or_name() {
        assert_eq!(
            firms_in("甲乙丙公司、丁戊己公司；无"),
            ["甲乙丙公司", "丁戊己公司"]
        );
        assert_eq!(firm_key("９１440511MA4000004Y"), text_key("91440511MA4000004Y"));
        assert_eq!(
            firm_key("东莞市伟奥五金制品有限公司"),
            firm_key("東莞市偉奧五金製品有限公司")
        );
    }

    #[test]
    fn an_address_that_names_no_door_ties_nobody() {
        assert_eq!(address_key("广东省汕头市金平区"), None);
        assert!(address_key("汕头市金平区示例路１号") == address_key("汕头市金平区示例路1号"));
    }
}
