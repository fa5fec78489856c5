//! What may become of a draft, which releases hold when, what a visit found. Pure.
pub mod figures;
pub mod statistics;

use std::collections::BTreeMap;

use kernel::{Actor, ActorKind, Day, FaultKind, Outcome};
use policy::Overlay;
use policy::pack::OutcomeItem;
use serde_json::Value;

use super::model::{GROUND, Kind, Release, Visit};

/// Ways the life of a model says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The actor is no person who can answer for it.
    Nobody,
    /// Drafter and approver are the same person.
    SamePerson(String),
    /// It is in a state in which this cannot be done.
    State(&'static str),
    /// No shadow run of it has ended.
    NotShadowed,
    /// The day lies in the past.
    Past(Day),
    /// A later or equal release waits for its day.
    AnotherWaits(i64, Day),
    /// It is the model in force already.
    InForce,
    /// A text that must be given is empty or too long.
    Text(&'static str),
    /// The same content was handed in before.
    Known(i64),
    /// The window of a shadow run is empty or reaches into the future.
    Window,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Nobody | Self::SamePerson(_) => FaultKind::Forbidden,
            Self::Past(_) | Self::Text(_) | Self::Window => FaultKind::Invalid,
            _ => FaultKind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Nobody => "assess.model.nobody",
            Self::SamePerson(_) => "assess.model.same-person",
            Self::State(_) => "assess.model.state",
            Self::NotShadowed => "assess.model.not-shadowed",
            Self::Past(_) => "assess.model.past",
            Self::AnotherWaits(..) => "assess.model.another-waits",
            Self::InForce => "assess.model.in-force",
            Self::Text(_) => "assess.model.text",
            Self::Known(_) => "assess.model.known",
            Self::Window => "assess.model.window",
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Nobody => "批准模型须由具名的人员办理，程序本身和公众不能批准。请用本人的令牌办理。".into(),
            Self::SamePerson(name) => format!(
                "草案由 {name} 起草，须由另一人批准。请另一人用自己的令牌办理（xinheng token 可为其建立）。"
            ),
            Self::State(state) => format!("草案{state}，不能这样办理。如需修改，请另交一份新的草案。"),
            Self::NotShadowed => "草案还没有完成影子运行。请先运行 xinheng model shadow 草案编号。".into(),
            Self::Past(day) => format!("生效日 {day} 已经过去。模型只能自今天或以后的一天起生效。"),
            Self::AnotherWaits(draft, day) => {
                format!("草案 {draft} 已批准自 {day} 起生效。请选不早于该日的一天，或先撤回那次批准。")
            }
            Self::InForce => "它已经是（或已批准为）最近一次放行的模型，不必再次放行。".into(),
            Self::Text(what) => format!("{what}不能为空，也不能过长。请补上。"),
            Self::Known(draft) => format!("内容相同的草案已经有了：草案 {draft}。请直接使用它。"),
            Self::Window => {
                "检查结果的时间范围为空，或一直到今天及以后。请写过去的一段时间（止日早于今天）。".into()
            }
        }
    }
}

/// Longest text of a title or reason, in characters.
const MOST_TEXT: usize = 2_000;

/// A text somebody must have written.
pub fn said(what: &'static str, text: &str) -> Outcome<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MOST_TEXT {
        return Err(Refusal::Text(what).into());
    }
    Ok(text.to_owned())
}

/// Four eyes (双人原则): who approves is a person and not the one who drafted.
pub fn may_approve(drafted_by: Option<&str>, approver: &Actor) -> Outcome<()> {
    if matches!(approver.kind, ActorKind::System | ActorKind::Public) || approver.name.trim().is_empty() {
        return Err(Refusal::Nobody.into());
    }
    match drafted_by {
        Some(drafter) if drafter.trim() == approver.name.trim() => {
            Err(Refusal::SamePerson(drafter.to_owned()).into())
        }
        _ => Ok(()),
    }
}

/// The release in force on a day, of those that were not withdrawn.
pub fn in_force(releases: &[Release], day: Day) -> Option<&Release> {
    standing(releases).filter(|release| release.from_on <= day).last()
}

/// Releases that were not withdrawn, in the order in which they come into force.
pub fn standing(releases: &[Release]) -> impl Iterator<Item = &Release> {
    let mut standing: Vec<&Release> = releases
        .iter()
        .filter(|release| release.withdrawn_at.is_none())
        .collect();
    standing.sort_by_key(|release| (release.from_on, release.release_id));
    standing.into_iter()
}

/// Whether a draft may be released from a day on.
pub fn may_release(releases: &[Release], draft_id: i64, from: Day, today: Day) -> Outcome<()> {
    if from < today {
        return Err(Refusal::Past(from).into());
    }
    match standing(releases).last() {
        Some(last) if last.from_on > from => Err(Refusal::AnotherWaits(last.draft_id, last.from_on).into()),
        Some(last) if last.draft_id == draft_id => Err(Refusal::InForce.into()),
        None if draft_id == GROUND => Err(Refusal::InForce.into()),
        _ => Ok(()),
    }
}

/// What is shown as the state of a draft: as decided, or by its releases and the day.
pub fn state_of(decided: &str, draft_id: i64, releases: &[Release], today: Day) -> &'static str {
    let mine = |release: &&Release| release.draft_id == draft_id;
    match decided {
        "rejected" => "rejected",
        "withdrawn" => "withdrawn",
        "draft" => "draft",
        "shadowed" => "shadowed",
        _ if in_force(releases, today).is_some_and(|release| release.draft_id == draft_id) => "in-force",
        _ if standing(releases)
            .filter(mine)
            .any(|release| release.from_on > today) =>
        {
            "approved"
        }
        _ => "superseded",
    }
}

/// The title of a state in Chinese.
pub fn state_title(state: &str) -> &'static str {
    match state {
        "draft" => "草案",
        "shadowed" => "已影子运行",
        "approved" => "已批准待生效",
        "in-force" => "现行",
        "superseded" => "已被取代",
        "rejected" => "已否决",
        "withdrawn" => "已撤回",
        _ => "不明",
    }
}

/// The drafts' texts as overlays, each from its release to the day before the next one.
pub fn overlays(releases: &[Release], text: impl Fn(i64) -> Option<(String, String)>) -> Vec<Overlay> {
    let standing: Vec<&Release> = standing(releases).collect();
    let mut found = Vec::new();
    for (at, release) in standing.iter().enumerate() {
        let next = standing.get(at + 1).map(|next| next.from_on);
        let until = next.and_then(|day| day.pred_opt());
        let (Some((file, text)), false) = (text(release.draft_id), next == Some(release.from_on)) else {
            continue;
        };
        found.push(Overlay {
            file,
            text,
            from: release.from_on,
            until,
        });
    }
    found
}

/// One record of an outcome.
pub struct Recorded<'r> {
    /// Number of the entity.
    pub entity_id: i64,
    /// Day of the visit.
    pub on: Day,
    /// Result code.
    pub code: Option<&'r str>,
    /// Its fields.
    pub fields: &'r Value,
}

/// What visits found: records of one entity that share the visit's name and day are one visit, and it found something when
/// one of them did. `problem` says of a result code whether it counts, `None` for a code nobody knows. Returns the visits in
/// order of day and name, and how many records had an unknown code.
pub fn visits<'r>(
    law: &OutcomeItem,
    problem: impl Fn(&str) -> Option<bool>,
    results: impl Iterator<Item = Recorded<'r>>,
) -> (Vec<Visit>, u64) {
    let mut found: BTreeMap<(Day, String), Visit> = BTreeMap::new();
    let mut unknown = 0;
    for result in results {
        let Some(problem) = result.code.and_then(&problem) else {
            unknown += 1;
            continue;
        };
        let text = |name: &str| {
            let field = result.fields.get(name);
            field.and_then(Value::as_str).map(str::trim).unwrap_or_default()
        };
        let name = text(&law.visit).to_owned();
        let kind = text(&law.kind);
        let kind = if law.random.iter().any(|word| word == kind) {
            Kind::Random
        } else if law.directed.iter().any(|word| word == kind) {
            Kind::Directed
        } else {
            Kind::Other
        };
        let visit = found.entry((result.on, name.clone())).or_insert_with(|| Visit {
            entity_id: result.entity_id,
            visit: name,
            on: result.on,
            kind,
            found: false,
        });
        visit.found |= problem;
        visit.kind = visit.kind.min(kind);
    }
    (found.into_values().collect(), unknown)
}

/// A number that looks like chance and is always the same for an entity under a seed (SplitMix64): the entities with the
/// smallest are the sample.
pub fn ticket(seed: u64, entity_id: i64) -> u64 {
    let mut mixed = entity_id
        .unsigned_abs()
        .wrapping_add(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests;
