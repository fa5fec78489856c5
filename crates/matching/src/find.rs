//! From a row to its candidates, and what is to be done with it.

use std::collections::BTreeSet;

use kernel::{Division, Outcome};
use policy::pack::Matching;
use serde::{Deserialize, Serialize};

use crate::index::Index;
use crate::keys::{keys_of_query, organisation, registration};
use crate::places::Places;
use crate::reading::Reading;
use crate::score::{Candidate, score};
use crate::written::Written;

/// How many candidates are shown.
const SHOWN: usize = 5;

/// What a row says of whom it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The code as written.
    pub written: Written,
    /// Its name, and other names it says it had.
    pub names: Vec<Reading>,
    /// Registration number, where given (or written where the code belongs).
    pub reg_no: Option<String>,
    /// Divisions the row's place may mean.
    pub places: Vec<Division>,
    /// Address as written.
    pub address: String,
}

impl Query {
    /// Reads what a row says; what it does not say is empty.
    pub fn new(code: &str, name: &str, reg_no: &str, place: &str, address: &str, places: &Places) -> Self {
        let written = Written::read(code);
        let own: String = reg_no.chars().filter(char::is_ascii_digit).collect();
        let reg_no = if own.is_empty() {
            written.registration_no().map(str::to_owned)
        } else {
            Some(own)
        };
        Self {
            names: if name.trim().is_empty() {
                Vec::new()
            } else {
                Reading::all_of(name, places)
            },
            reg_no,
            places: places.resolve(place.trim()),
            address: address.to_owned(),
            written,
        }
    }
}

/// What is to be done with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Linked to the best candidate by itself, and marked.
    Link,
    /// A person decides.
    Ask,
    /// Left unlinked.
    Leave,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What is to be done.
    pub answer: Answer,
    /// Why, in Chinese.
    pub because: String,
    /// Candidates from the lower threshold on, the best first, five at most.
    pub candidates: Vec<Candidate>,
}

/// Finds the entities a row may be about.
pub fn find(index: &mut impl Index, rules: &Matching, query: &Query, places: &Places) -> Outcome<Finding> {
    let most = usize::try_from(rules.block).unwrap_or(1);
    let mut ids = BTreeSet::new();
    match &query.written {
        Written::Absent => {}
        Written::Right(_) => return Ok(nothing("代码正确，不需要按名称匹配")),
        Written::Organisation(code) => {
            ids.extend(
                index
                    .under(organisation(code.as_str()), most)?
                    .unwrap_or_default(),
            );
        }
        Written::Wrong(wrong) => {
            ids.extend(index.coded(&wrong.near)?);
            const TELLING: usize = 12;
            if wrong.begins.len() >= TELLING {
                ids.extend(index.beginning(&wrong.begins, most)?.unwrap_or_default());
            }
        }
    }
    if let Some(number) = &query.reg_no {
        ids.extend(index.under(registration(number), most)?.unwrap_or_default());
    }
    for key in keys_of_query(&query.names) {
        ids.extend(index.under(key, most)?.unwrap_or_default());
    }
    let ids: Vec<i64> = ids.into_iter().collect();
    let mut candidates: Vec<Candidate> = index
        .known(&ids)?
        .iter()
        .filter_map(|known| score(rules, query, known, places))
        .filter(|candidate| candidate.score >= rules.lower)
        .collect();
    candidates.sort_by_key(|candidate| (std::cmp::Reverse(candidate.score), candidate.entity_id));
    Ok(decide(rules, query, candidates))
}

fn nothing(because: &str) -> Finding {
    Finding {
        answer: Answer::Leave,
        because: because.to_owned(),
        candidates: Vec::new(),
    }
}

fn decide(rules: &Matching, query: &Query, mut candidates: Vec<Candidate>) -> Finding {
    let Some(best) = candidates.first() else {
        return nothing("没有得分达到下限的主体");
    };
    let second = candidates.get(1).map_or(0, |candidate| candidate.score);
    let (answer, because) = if best.score < rules.upper {
        (
            Answer::Ask,
            format!(
                "最高得分 {} 未达到自动关联的上限 {}，由人工判断",
                best.score, rules.upper
            ),
        )
    } else if query.written.is_wrong() {
        (
            Answer::Ask,
            format!("得分 {}，但所写代码有误，代码只能由人工更正", best.score),
        )
    } else if best.score - second < rules.margin {
        let because = format!(
            "得分最高的两个主体（{}、{second}）过于接近，由人工判断",
            best.score
        );
        (Answer::Ask, because)
    } else {
        (
            Answer::Link,
            format!("得分 {} 达到自动关联的上限 {}", best.score, rules.upper),
        )
    };
    candidates.truncate(SHOWN);
    Finding {
        answer,
        because,
        candidates,
    }
}
