//! The score of one entity for one row: a sum of weights, each told in a sentence.

use kernel::Division;
use policy::pack::Matching;
use serde::{Deserialize, Serialize};

use crate::address::{AddressMatch, compare_addresses};
use crate::compare::{FormMatch, NameMatch, PlaceMatch, WordMatch, compare_names};
use crate::find::Query;
use crate::index::Known;
use crate::places::{Places, can_agree};
use crate::reading::Reading;
use crate::written::CodeMatch;

/// Highest score.
const FULL: i64 = 1000;

/// One agreement or disagreement, with what it is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Code of the weight in the pack; `barred` for what excludes the entity whatever else agrees.
    pub code: String,
    /// Points given or taken.
    pub points: i64,
    /// What was seen, in Chinese.
    pub sentence: String,
}

/// An entity that may be meant, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Number of the entity.
    pub entity_id: i64,
    /// Its code.
    pub subject_no: String,
    /// Its present name.
    pub name: String,
    /// 0 to 1000.
    pub score: i64,
    /// The sum, part by part.
    pub components: Vec<Component>,
}

/// Adds up weights and keeps the sentences.
struct Sum<'r> {
    rules: &'r Matching,
    total: i64,
    components: Vec<Component>,
}

impl Sum<'_> {
    fn add(&mut self, code: &str, sentence: impl Into<String>) {
        let points = self.rules.weights.get(code).copied().unwrap_or(0);
        self.total += points;
        self.components.push(Component {
            code: code.to_owned(),
            points,
            sentence: sentence.into(),
        });
    }
}

/// Scores one entity. `None`: nothing agrees that would be worth telling.
pub fn score(rules: &Matching, query: &Query, known: &Known, places: &Places) -> Option<Candidate> {
    let mut numbers = Sum {
        rules,
        total: 0,
        components: Vec::new(),
    };
    score_numbers(&mut numbers, query, known);
    let mut best: Option<(Sum<'_>, bool)> = None;
    let readings = known.names(places);
    for written in &query.names {
        for (nth, reading) in readings.iter().enumerate() {
            let found = compare_names(written, reading);
            let mut sum = Sum {
                rules,
                total: 0,
                components: Vec::new(),
            };
            if found.words == WordMatch::Different {
                continue;
            }
            score_name(&mut sum, written, reading, &found, nth > 0);
            score_place(&mut sum, query, (written, reading), known, found.place, places);
            let barred = found.other_branch || found.place == PlaceMatch::Exclude;
            if barred {
                sum.components.push(bar(written, reading, &found));
                sum.total = 0;
            }
            // A name that is barred speaks only where no other one does.
            let better = best
                .as_ref()
                .is_none_or(|(other, out)| (!barred, sum.total) > (!*out, other.total));
            if better {
                best = Some((sum, barred));
            }
        }
    }
    let (mut total, mut components, mut barred) = (numbers.total, numbers.components, false);
    match best {
        Some((sum, out)) => {
            total += sum.total;
            components.splice(0..0, sum.components);
            barred = out;
        }
        None if total <= 0 => return None,
        None => {}
    }
    if !barred {
        let mut rest = Sum {
            rules,
            total: 0,
            components: Vec::new(),
        };
        score_address(&mut rest, query, known);
        total += rest.total;
        components.append(&mut rest.components);
    }
    // What is barred by its name may still be what the number says: then a person decides.
    let most = if barred {
        rules.upper.saturating_sub(1)
    } else {
        FULL
    };
    Some(Candidate {
        entity_id: known.entity_id,
        subject_no: known.subject_no.clone(),
        name: known.name.clone(),
        score: total.clamp(0, most.clamp(0, FULL)),
        components,
    })
}

fn bar(written: &Reading, known: &Reading, found: &NameMatch) -> Component {
    let sentence = if found.other_branch {
        match (written.branch.as_str(), known.branch.as_str()) {
            ("", branch) => format!("主体是分支机构（{branch}），来文所写的不是，总公司与分支机构不得互认"),
            (branch, "") => format!("来文所写的是分支机构（{branch}），主体不是，总公司与分支机构不得互认"),
            (a, b) => format!("是两个不同的分支机构（{a}、{b}）"),
        }
    } else {
        format!(
            "名称中的行政区划不同（{}、{}），字号相同也是两家",
            written.place, known.place
        )
    };
    Component {
        code: "barred".to_owned(),
        points: 0,
        sentence,
    }
}

fn score_name(sum: &mut Sum<'_>, written: &Reading, known: &Reading, found: &NameMatch, former: bool) {
    let (a, b) = (&written.bare, &known.bare);
    match found.words {
        WordMatch::Same => sum.add("name-same", format!("字号和行业用语折叠后一致（{b}）")),
        WordMatch::LookAlike(x, y) => sum.add(
            "name-look-alike",
            format!("一字之差，“{x}”与“{y}”形近，疑为识别错误"),
        ),
        WordMatch::OneWrong(x, y) => sum.add("name-one-wrong", format!("一字之差，“{x}”应为“{y}”")),
        WordMatch::OneMissing(x) => sum.add("name-one-missing", format!("多或少一个“{x}”字")),
        WordMatch::TwoWrong => sum.add("name-two-wrong", format!("两字之差（{a}、{b}）")),
        WordMatch::TradeLonger => sum.add(
            "name-trade-longer",
            format!("字号一致，行业用语一长一短（{a}、{b}）"),
        ),
        WordMatch::StemOnly => sum.add("name-stem-only", format!("只有字号一致（{a}、{b}）")),
        WordMatch::Different => {}
    }
    match found.form {
        FormMatch::Same if known.form.is_empty() => sum.add("form-same", "都没有组织形式"),
        FormMatch::Same => sum.add("form-same", format!("组织形式一致（{}）", known.form)),
        FormMatch::Similar => sum.add("form-similar", "组织形式写法相近"),
        FormMatch::Missing => sum.add("form-missing", "一方没有写组织形式"),
        FormMatch::Other => sum.add(
            "form-other",
            format!("组织形式不同（{}、{}）", written.form, known.form),
        ),
    }
    if found.exact {
        sum.add("name-exact", "名称逐字相同（不计全角半角、繁简和括号）");
    }
    if found.rearranged {
        sum.add("name-rearranged", "名称各部分相同，次序或括号不同");
    }
    if former {
        sum.add("name-former", format!("与曾用名“{}”相符", known.name));
    }
    let length = known.length();
    let (code, said) = match length {
        0..=2 => ("length-2", "重名很多"),
        3 => ("length-3", "重名较多"),
        4 => ("length-4", "重名较少"),
        5 => ("length-5", "重名少"),
        _ => ("length-6", "重名极少"),
    };
    sum.add(code, format!("字号和行业用语共{length}字，{said}"));
}

fn score_place(
    sum: &mut Sum<'_>,
    query: &Query,
    (written, reading): (&Reading, &Reading),
    known: &Known,
    found: PlaceMatch,
    places: &Places,
) {
    match found {
        PlaceMatch::Same => sum.add("place-same", format!("名称中的行政区划一致（{}）", reading.place)),
        PlaceMatch::Slip => sum.add(
            "place-slip",
            format!("名称中的行政区划只差一字（{}）", reading.place),
        ),
        PlaceMatch::Nested => sum.add(
            "place-nested",
            format!("名称中的行政区划一大一小（{}、{}）", written.place, reading.place),
        ),
        PlaceMatch::Unclear => sum.add(
            "place-other",
            format!("名称中的行政区划写法不同（{}、{}）", written.place, reading.place),
        ),
        PlaceMatch::Exclude => {}
        PlaceMatch::Unknown => {
            let said: &[Division] = if written.means.is_empty() {
                &query.places
            } else {
                &written.means
            };
            let lies = if reading.means.is_empty() {
                places.resolve(&known.division)
            } else {
                reading.means.clone()
            };
            if said.is_empty() || lies.is_empty() {
                return;
            }
            if can_agree(said, &lies) {
                sum.add("place-fits", "来文所写的地方与主体所在地相符");
            } else {
                sum.add("place-other", "来文所写的地方与主体所在地不符");
            }
        }
    }
}

fn score_address(sum: &mut Sum<'_>, query: &Query, known: &Known) {
    match compare_addresses(&query.address, &known.address) {
        AddressMatch::Same => sum.add("address-same", "住所一致"),
        AddressMatch::Similar => sum.add("address-similar", "住所的路名和门牌号一致"),
        AddressMatch::Other => sum.add("address-other", "住所的路名或门牌号不同"),
        AddressMatch::Unknown => {}
    }
}

fn score_numbers(sum: &mut Sum<'_>, query: &Query, known: &Known) {
    match query.written.compare(&known.subject_no) {
        CodeMatch::Unknown => {}
        CodeMatch::Slip => sum.add("code-slip", format!("所写代码改动一处即为 {}", known.subject_no)),
        CodeMatch::Cut(length) => sum.add(
            "code-cut",
            format!("所写代码残缺，前{length}位与 {} 一致", known.subject_no),
        ),
        CodeMatch::Organisation => sum.add("code-organisation", "所写的是该主体的组织机构代码"),
        CodeMatch::Other => sum.add("code-other", format!("所写代码不可能是 {}", known.subject_no)),
    }
    let Some(written) = query.reg_no.as_deref() else {
        return;
    };
    let own = known.reg_no.as_deref().or(Some(&known.subject_no)
        .filter(|no| no.len() <= 15)
        .map(String::as_str));
    match own {
        Some(own) if own == written => sum.add("registration-no-same", format!("注册号一致（{written}）")),
        Some(own) => sum.add("registration-no-other", format!("注册号不同（{written}、{own}）")),
        None => {}
    }
}
