//! What is found is what a look at every name finds, in the same order; and nothing is lost or kept by accident.
use proptest::prelude::*;

use super::*;
use crate::spelling::{Sound, sounds};

/// A name given to the index.
#[derive(Debug, Clone)]
struct Firm {
    number: u64,
    names: Vec<String>,
    closed: bool,
    status: &'static str,
    place: &'static str,
}

impl Firm {
    fn new(number: u64, name: &str) -> Self {
        Self {
            number,
            names: vec![name.to_owned()],
            closed: false,
            status: "1",
            place: "440511",
        }
    }

    fn give(&self, put: impl FnOnce(&Entry<'_>) -> Result<(), FinderFault>) {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        put(&Entry {
            number: self.number,
            names: &names,
            closed: self.closed,
            status: self.status,
            place: self.place,
        })
        .unwrap();
    }
}

fn filled(finder: &Finder, firms: &[Firm]) {
    let mut edit = finder.edit(false).unwrap();
    for firm in firms {
        firm.give(|entry| edit.put(entry));
    }
    edit.commit("filled").unwrap();
}

fn opened() -> (tempfile::TempDir, Finder) {
    let folder = tempfile::tempdir().unwrap();
    let finder = Finder::open(&folder.path().join("names")).unwrap();
    (folder, finder)
}

fn numbers(found: &Found) -> Vec<u64> {
    found.hits.iter().map(|hit| hit.number).collect()
}

fn look(finder: &Finder, words: &str) -> Vec<u64> {
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    let found = finder.find(&wanted(&words)).unwrap();
    assert_eq!(found.total, Some(Total::Exactly(found.hits.len() as u64)));
    numbers(&found)
}

fn wanted(words: &[String]) -> Wanted<'_> {
    Wanted {
        words,
        places: None,
        status: None,
        after: None,
        limit: 1000,
    }
}

#[test]
fn names_are_found_by_what_is_in_them_and_by_their_sound() {
    let (_folder, finder) = opened();
    let mut renamed = Firm::new(4, "汕头市丁食品厂");
    renamed.names.push("重庆小面馆".into());
    let firms = [
        Firm::new(1, "汕头金平甲餐饮有限公司"),
        Firm::new(2, "金平乙商行"),
        Firm::new(3, "TCL集团"),
        renamed,
        Firm::new(5, "太仓亮丝厂"),
    ];
    filled(&finder, &firms);
    assert_eq!(look(&finder, "金平"), [2, 1], "what begins so comes first");
    assert_eq!(look(&finder, "平甲餐饮有限"), [1]);
    assert_eq!(look(&finder, "公司 汕头"), [1], "several words: all of them");
    assert_eq!(look(&finder, "重庆"), [4], "by a former name");
    assert_eq!(look(&finder, "stjp"), [1]);
    assert_eq!(
        (look(&finder, "cqxm"), look(&finder, "zqx")),
        (vec![4], vec![4]),
        "by each reading"
    );
    assert_eq!(look(&finder, "shantoujinping"), [1]);
    assert_eq!(look(&finder, "TCL"), [3, 5], "as written before by sound");
    assert_eq!(look(&finder, "TCLJT"), [3]);
    assert!(
        look(&finder, "厂重").is_empty(),
        "no word goes over from one name into the next"
    );
    assert!(look(&finder, "品厂重庆").is_empty());
    assert!(look(&finder, "金平商").is_empty());
}

#[test]
fn the_name_itself_comes_first_then_those_in_operation_then_the_short_ones() {
    let (_folder, finder) = opened();
    let closed = |firm: Firm| Firm { closed: true, ..firm };
    let firms = [
        Firm::new(1, "新示例商行"),
        closed(Firm::new(2, "示例")),
        Firm::new(3, "示例商行有限公司"),
        Firm::new(4, "示例商行"),
        closed(Firm::new(5, "示例行")),
        Firm::new(6, "新示例行"),
    ];
    filled(&finder, &firms);
    assert_eq!(look(&finder, "示例"), [2, 4, 3, 5, 6, 1]);
}

#[test]
fn places_and_statuses_limit_before_anything_is_cut() {
    let (_folder, finder) = opened();
    let at = |number, place| Firm {
        place,
        ..Firm::new(number, "示例")
    };
    let firms = [
        at(1, "440511"),
        at(2, "440511001"),
        at(3, "440507"),
        at(4, ""),
        Firm {
            status: "4",
            ..at(5, "4405")
        },
    ];
    filled(&finder, &firms);
    let words = ["示例".to_owned()];
    let within = |places: &[&str], status| {
        let places: Vec<String> = places.iter().map(|place| (*place).to_owned()).collect();
        let places = Some(places.as_slice());
        numbers(
            &finder
                .find(&Wanted {
                    places,
                    status,
                    ..wanted(&words)
                })
                .unwrap(),
        )
    };
    assert_eq!(within(&["440511"], None), [1, 2]);
    assert_eq!(within(&["440511001", "440507"], None), [2, 3]);
    assert_eq!(within(&["4405"], Some("4")), [5]);
    assert_eq!(within(&[""], None), [1, 2, 3, 5], "whatever lies anywhere");
    assert!(within(&[], None).is_empty());
}

#[test]
fn what_is_not_committed_is_forgotten_and_the_mark_comes_with_the_content() {
    let (folder, finder) = opened();
    assert_eq!(finder.mark(), None);
    filled(&finder, &[Firm::new(1, "示例甲")]);
    {
        let mut edit = finder.edit(false).unwrap();
        edit.take(1).unwrap();
        Firm::new(2, "示例乙").give(|entry| edit.put(entry));
    }
    // A later commit does not bring it in.
    finder.edit(false).unwrap().commit("later").unwrap();
    assert_eq!(look(&finder, "示例"), [1]);
    drop(finder);
    let finder = Finder::open(&folder.path().join("names")).unwrap();
    assert_eq!((finder.mark().as_deref(), finder.count()), (Some("later"), 1));
    assert_eq!(look(&finder, "示例"), [1]);
    let mut edit = finder.edit(false).unwrap();
    edit.take(1).unwrap();
    edit.commit("gone").unwrap();
    assert!(look(&finder, "示例").is_empty());
}

#[test]
fn an_index_that_cannot_be_read_is_made_anew_and_says_so() {
    let (folder, finder) = opened();
    filled(&finder, &[Firm::new(1, "示例甲")]);
    drop(finder);
    let names = folder.path().join("names");
    std::fs::write(names.join("meta.json"), "{").unwrap();
    let finder = Finder::open(&names).unwrap();
    assert_eq!((finder.mark(), finder.count()), (None, 0));
    filled(&finder, &[Firm::new(2, "示例乙")]);
    assert_eq!(look(&finder, "示例"), [2]);
    finder.renew().unwrap();
    assert_eq!((finder.mark(), finder.count()), (None, 0));
}

#[test]
fn many_are_counted_up_to_a_bound() {
    let (_folder, finder) = opened();
    let many: Vec<Firm> = (0..BOUND + 1)
        .map(|number| Firm::new(number, &format!("示例{number}")))
        .collect();
    filled(&finder, &many[1..]);
    let words = ["示例".to_owned()];
    let ten = Wanted {
        limit: 10,
        ..wanted(&words)
    };
    let found = finder.find(&ten).unwrap();
    assert_eq!(
        (found.hits.len(), found.more, found.total),
        (10, true, Some(Total::Exactly(BOUND)))
    );
    filled(&finder, &many[..1]);
    assert_eq!(finder.find(&ten).unwrap().total, Some(Total::Over));
}

/// What a look at every name finds: the slow way, written down independently.
fn slowly(firms: &[Firm], words: &[String]) -> Vec<u64> {
    let sounding = |name: &str, word: &str, front: bool| {
        let spoken = word.bytes().all(|byte| byte.is_ascii_alphabetic());
        let word = word.to_ascii_lowercase();
        let all = sounds(name);
        let starts = if front { 0..all.len().min(1) } else { 0..all.len() };
        let initials: Vec<Sound> = all.iter().map(Sound::initials).collect();
        spoken
            && starts.into_iter().any(|start| {
                let letters = word.chars().map(String::from).collect::<Vec<_>>();
                let said = |sounds: &[Sound], parts: &[String]| {
                    sounds.len() >= parts.len()
                        && parts
                            .iter()
                            .zip(sounds)
                            .all(|(part, sound)| sound.all().any(|one| one == part))
                };
                let cuts = spelling::cuts(&word);
                let syllables = cuts
                    .iter()
                    .map(|cut| cut.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
                said(&initials[start..], &letters)
                    || syllables.into_iter().any(|cut| said(&all[start..], &cut))
            })
    };
    let any = |firm: &Firm, fits: &dyn Fn(&str) -> bool| firm.names.iter().any(|name| fits(name));
    let round = |firm: &Firm| {
        let word = &words[0];
        let rest = words[1..].iter().all(|word| {
            any(firm, &|name| {
                name.contains(word.as_str()) || sounding(name, word, false)
            })
        });
        let whole = any(firm, &|name| name == word);
        let front = any(firm, &|name| name.starts_with(word.as_str()));
        let within = any(firm, &|name| name.contains(word.as_str()));
        let (near, far) = (
            any(firm, &|name| sounding(name, word, true)),
            any(firm, &|name| sounding(name, word, false)),
        );
        if words.len() == 1 {
            [whole, front, within, near, far].iter().position(|fits| *fits)
        } else {
            [front || near, within || far]
                .iter()
                .position(|fits| *fits)
                .filter(|_| rest)
        }
    };
    let mut found: Vec<(usize, bool, usize, u64)> = firms
        .iter()
        .filter_map(|firm| {
            Some((
                round(firm)?,
                firm.closed,
                firm.names[0].chars().count(),
                firm.number,
            ))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(.., number)| number).collect()
}

fn name() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[重庆长安行(A1西][重庆长安行)A1先]{1,7}").unwrap()
}

fn firm() -> impl Strategy<Value = Firm> {
    (proptest::collection::vec(name(), 1..3), any::<bool>()).prop_map(|(names, closed)| Firm {
        names,
        closed,
        ..Firm::new(0, "")
    })
}

fn words() -> impl Strategy<Value = Vec<String>> {
    let word = prop_oneof![
        3 => "[重庆长安行(A1西先]{2,5}",
        2 => "[ACQXHZ]{2,4}",
        1 => "(XI|AN|CHANG|XIAN|QING|XING){1,3}",
    ];
    proptest::collection::vec(word, 1..3)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_a_look_at_every_name_finds(
        mut firms in proptest::collection::vec(firm(), 1..60),
        questions in proptest::collection::vec(words(), 12),
        limit in 1_usize..7,
    ) {
        for (number, firm) in (1..).zip(&mut firms) {
            firm.number = number;
        }
        let (_folder, finder) = opened();
        for part in firms.chunks(25) {
            filled(&finder, part);
        }
        for words in questions {
            let wanted_all = slowly(&firms, &words);
            let mut found = Vec::new();
            let mut after = None;
            loop {
                let page = finder.find(&Wanted { after, limit, ..wanted(&words) }).unwrap();
                if after.is_none() {
                    prop_assert_eq!(page.total, Some(Total::Exactly(wanted_all.len() as u64)), "{:?}", words);
                }
                found.extend(numbers(&page));
                match page.hits.last().filter(|_| page.more) {
                    Some(last) => after = Some(last.at),
                    None => break,
                }
            }
            prop_assert_eq!(&found, &wanted_all, "{:?}", words);
        }
    }
}
