//! What must never happen, on a town of made-up firms and with the numbers of the base pack.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing))]

use std::path::Path;

use kernel::{CreditCode, Day};
use matching::{Answer, Finding, Known, MemoryIndex, Places, Query, find};
use policy::Pack;
use policy::pack::Matching;

const CITIES: [(&str, &str); 6] = [
    ("东莞市", "441900"),
    ("汕头市", "440500"),
    ("杭州", "330100"),
    ("沈阳", "210100"),
    ("桂林市", "450300"),
    ("佛山市南海区", "440605"),
];
const STEMS: [&str; 12] = [
    "伟奥",
    "嘉蓝",
    "天克成",
    "耀丰",
    "富利盈",
    "越大",
    "晓忠",
    "华诚",
    "金隆",
    "鑫隆",
    "永春",
    "文义",
];
const TRADES: [&str; 8] = [
    "五金制品",
    "环保科技",
    "箱包",
    "工程造价咨询",
    "装饰工程",
    "汽车配件",
    "食品",
    "物流",
];
const FORMS: [&str; 4] = ["有限公司", "有限责任公司", "厂", "股份有限公司"];

fn rules() -> Matching {
    let pack = Pack::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/base")).unwrap();
    pack.on(Day::from_ymd_opt(2026, 11, 1).unwrap())
        .matching()
        .unwrap()
        .value
}

fn code(place: &str, number: usize) -> String {
    let body = format!("91{place}{number:08}X");
    "0123456789ABCDEFGHJKLMNPQRTUWXY"
        .chars()
        .map(|check| format!("{body}{check}"))
        .find(|code| CreditCode::parse(code).is_ok())
        .unwrap()
}

/// A firm for every second combination; the others are not registered.
fn firms() -> (Vec<Known>, Vec<String>) {
    let (mut kept, mut absent) = (Vec::new(), Vec::new());
    let mut number = 0;
    for (c, (city, division)) in CITIES.iter().enumerate() {
        for (s, stem) in STEMS.iter().enumerate() {
            for (t, trade) in TRADES.iter().enumerate() {
                number += 1;
                let name = format!("{city}{stem}{trade}{}", FORMS[(s + t) % FORMS.len()]);
                if (c * 5 + s * 3 + t) % 7 < 3 {
                    kept.push(Known {
                        subject_no: code(division, number),
                        name,
                        division: (*division).to_owned(),
                        address: format!("{city}中山路{number}号"),
                        ..Known::default()
                    });
                } else {
                    absent.push(name);
                }
            }
        }
    }
    (kept, absent)
}

struct Town {
    firms: Vec<Known>,
    absent: Vec<String>,
    index: MemoryIndex,
    rules: Matching,
}

impl Town {
    fn build() -> Self {
        let (firms, absent) = firms();
        Self {
            index: MemoryIndex::new(firms.clone()),
            firms,
            absent,
            rules: rules(),
        }
    }

    fn ask(&mut self, code: &str, name: &str) -> Finding {
        let places = Places::standard();
        let query = Query::new(code, name, "", "", "", places);
        find(&mut self.index, &self.rules, &query, places).unwrap()
    }
}

#[test]
fn a_name_as_registered_is_linked_and_every_point_is_explained() {
    let mut town = Town::build();
    for firm in town.firms.clone() {
        let found = town.ask("", &firm.name);
        let best = &found.candidates[0];
        assert_eq!(best.subject_no, firm.subject_no, "{}", firm.name);
        assert!(best.components.iter().all(|part| !part.sentence.is_empty()));
        let sum: i64 = best.components.iter().map(|part| part.points).sum();
        assert_eq!(best.score, sum.clamp(0, 1000));
        assert!((0..=1000).contains(&best.score));
        if found.answer != Answer::Link {
            assert!(
                found.candidates.len() > 1 || best.score < town.rules.upper,
                "{} is asked without a reason: {}",
                firm.name,
                found.because
            );
        }
    }
}

#[test]
fn a_firm_that_is_not_registered_is_never_linked_to_its_neighbour() {
    let mut town = Town::build();
    for name in town.absent.clone() {
        let found = town.ask("", &name);
        assert_ne!(
            found.answer,
            Answer::Link,
            "{name}: {:?}",
            found.candidates.first()
        );
    }
}

#[test]
fn a_branch_is_never_linked_to_its_parent_nor_the_parent_to_a_branch() {
    let mut town = Town::build();
    for firm in town
        .firms
        .clone()
        .into_iter()
        .filter(|firm| firm.name.ends_with("公司"))
    {
        for branch in ["绍兴分公司", "第二分公司", "办事处"] {
            let found = town.ask("", &format!("{}{branch}", firm.name));
            assert!(
                found.candidates.iter().all(|c| c.subject_no != firm.subject_no),
                "{}{branch}",
                firm.name
            );
        }
    }
    let branch = Known {
        name: "上海耀丰工程造价咨询有限公司绍兴分公司".into(),
        ..Known::default()
    };
    let mut index = MemoryIndex::new([branch]);
    let places = Places::standard();
    let query = Query::new("", "上海耀丰工程造价咨询有限公司", "", "", "", places);
    assert_eq!(
        find(&mut index, &town.rules, &query, places).unwrap().answer,
        Answer::Leave
    );
}

#[test]
fn the_same_words_in_another_city_are_never_linked() {
    let mut town = Town::build();
    let names: Vec<String> = town.firms.iter().map(|firm| firm.name.clone()).collect();
    for firm in town.firms.clone() {
        for (city, _) in CITIES {
            let Some(rest) = CITIES.iter().find_map(|(own, _)| firm.name.strip_prefix(own)) else {
                continue;
            };
            let name = format!("{city}{rest}");
            if !names.contains(&name) {
                let found = town.ask("", &name);
                let linked = found.answer == Answer::Link;
                assert!(!linked, "{name} → {:?}", found.candidates.first());
                assert!(
                    found.candidates.iter().all(|c| c.subject_no != firm.subject_no),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn a_wrong_code_is_never_corrected_without_a_person() {
    let mut town = Town::build();
    for firm in town.firms.clone() {
        let mut wrong: Vec<char> = firm.subject_no.chars().collect();
        wrong.swap(14, 15);
        let swapped: String = wrong.into_iter().collect();
        let cut = format!("{}000", &firm.subject_no[..15]);
        for code in [swapped, cut, "9.14E+17".to_owned()] {
            if CreditCode::parse(&code).is_ok() {
                continue;
            }
            let found = town.ask(&code, &firm.name);
            assert_eq!(found.answer, Answer::Ask, "{code} {}", firm.name);
            assert_eq!(found.candidates[0].subject_no, firm.subject_no);
        }
    }
}

#[test]
fn two_firms_that_nothing_tells_apart_are_shown_to_a_person() {
    let twin = |no: &str| Known {
        subject_no: no.into(),
        name: "东莞市好再来五金制品厂".into(),
        ..Known::default()
    };
    let mut index = MemoryIndex::new([twin(&code("441900", 1)), twin(&code("441900", 2))]);
    let places = Places::standard();
    let query = Query::new("", "东莞市好再来五金制品厂", "", "", "", places);
    let found = find(&mut index, &rules(), &query, places).unwrap();
    assert_eq!((found.answer, found.candidates.len()), (Answer::Ask, 2));
}

#[test]
fn a_former_name_and_an_old_registration_number_lead_to_the_entity() {
    let firm = Known {
        subject_no: code("441900", 7),
        reg_no: Some("441900000123456".into()),
        name: "广东新世纪智能装备股份有限公司".into(),
        former: vec!["东莞市伟奥五金制品有限公司".into()],
        ..Known::default()
    };
    let mut index = MemoryIndex::new([firm]);
    let places = Places::standard();
    let by_name = Query::new("", "东莞市伟奥五金制品有限公司", "", "", "", places);
    let found = find(&mut index, &rules(), &by_name, places).unwrap();
    assert_eq!(found.answer, Answer::Link);
    assert!(
        found.candidates[0]
            .components
            .iter()
            .any(|part| part.code == "name-former")
    );
    let by_number = Query::new("", "东莞市伟奥五金厂", "441900000123456", "", "", places);
    let found = find(&mut index, &rules(), &by_number, places).unwrap();
    assert!(
        found.candidates[0]
            .components
            .iter()
            .any(|part| part.code == "registration-no-same")
    );
}
