//! Stories of finding entities, on both databases.
use db::db_test;
use kernel::actor::{Actor, Scope};
use kernel::{Fault, FaultKind, Outcome};

use super::super::model::{Entity, Find, Found};
use super::super::service::{find, follow};
use crate::MIGRATIONS;
use crate::hall::{Op, query};
use crate::stories::{FIRM, HOUSEHOLD, OTHER, Town};

const HEAD: &str = "统一社会信用代码,名称,类型,成立日期,登记状态,行业代码,行政区划";

/// Lets the index follow until nothing is left; how many entities were put in.
fn follow(town: &Town) -> u64 {
    let mut count = 0;
    let mut tell = |entities: u64| {
        count += entities;
        true
    };
    while follow::follow(&town.house, &town.op(), &mut tell).unwrap() {}
    count
}

fn asked(words: &str) -> Find {
    Find {
        words: words.into(),
        ..Find::default()
    }
}

fn ask(town: &Town, op: &Op, find: &Find, cursor: Option<&str>, limit: i64) -> Outcome<Found<Entity>> {
    query(&town.house, op, |tx, op| {
        find::find(&town.house, tx, op, find, cursor, limit)
    })
}

/// The names of those found.
fn named(town: &Town, words: &str) -> Vec<String> {
    let found = ask(town, &town.op(), &asked(words), None, 50).unwrap();
    assert_eq!(found.total, Some(found.entities.len() as i64), "{words}");
    found.entities.into_iter().map(|entity| entity.name).collect()
}

fn refused(town: &Town, words: &str) -> Fault {
    ask(town, &town.op(), &asked(words), None, 50).unwrap_err()
}

/// A code of a firm that is right, one of many.
fn code(number: u32) -> String {
    let weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    let letters: Vec<char> = "0123456789ABCDEFGHJKLMNPQRTUWXY".chars().collect();
    let inner = format!("MA5{number:05}");
    let value = |letter: char| "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".find(letter).unwrap();
    let sum: usize = inner
        .chars()
        .zip([3, 7, 9, 10, 5, 8, 4, 2])
        .map(|(c, weight)| value(c) * weight)
        .sum();
    let check = match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from_digit(digit as u32, 10).unwrap(),
    };
    let body = format!("91440511{inner}{check}");
    let place = |letter: char| letters.iter().position(|known| *known == letter).unwrap();
    let sum: usize = body
        .chars()
        .zip(weights)
        .map(|(c, weight)| place(c) * weight)
        .sum();
    format!("{body}{}", letters[(31 - sum % 31) % 31])
}

db_test!(
    a_name_is_found_by_any_two_characters_by_pinyin_and_by_its_code,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        follow(&town);
        for words in [
            "甲餐饮",
            "示例甲",
            "公司 甲餐",
            "sljcy",
            "SLJCY",
            "ｓｌｊｃ",
            "shilijia",
            "示例甲餐飲有限公司",
            " 例甲 ",
            FIRM,
            "91440511MA4000004",
            "９１４４０５１１ma4000004y",
        ] {
            assert_eq!(named(&town, words), ["示例甲餐饮有限公司"], "{words}");
        }
        assert_eq!(
            named(&town, "示例"),
            ["示例丙小吃店", "示例甲餐饮有限公司", "示例乙商贸有限公司"]
        );
        assert_eq!(
            named(&town, "9144").len(),
            2,
            "by the beginning of the code, in its order"
        );
        assert!(named(&town, "没有这家").is_empty() && named(&town, "9999").is_empty());
    }
);

db_test!(
    a_question_without_two_characters_is_refused_with_what_to_do,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        follow(&town);
        for (words, part) in [
            ("", "没有写"),
            ("  ", "没有写"),
            ("甲", "只有一个字"),
            ("示例 甲", "只有一个字"),
        ] {
            let fault = refused(&town, words);
            assert_eq!(
                (fault.kind, fault.code()),
                (FaultKind::Malformed, "registry.search.words")
            );
            assert!(fault.detail.contains(part), "{words}: {}", fault.detail);
        }
        assert!(refused(&town, &"很长的".repeat(30)).detail.contains("90 个字"));
        assert!(refused(&town, &"示例 ".repeat(9)).detail.contains("9 个"));
        let status = Find {
            status: Some("不知道".into()),
            ..asked("示例")
        };
        assert_eq!(
            ask(&town, &town.op(), &status, None, 9).unwrap_err().code(),
            "registry.status.invalid"
        );
        let cursor = ask(&town, &town.op(), &asked("示例"), Some("bm90"), 9).unwrap_err();
        assert_eq!(cursor.code(), "page.cursor.unreadable");
    }
);

db_test!(
    an_entity_is_found_by_its_former_names_and_after_a_withdrawal_no_more,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        town.hand_over(
            "registration",
            &format!("{HEAD}\n{FIRM},重庆丁面馆,1130,2015-03-01,1,H6210,440511\n"),
        );
        follow(&town);
        assert_eq!(named(&town, "甲餐饮"), ["重庆丁面馆"], "by the name it had");
        assert_eq!(
            (named(&town, "cqdmg"), named(&town, "zqdmg")),
            (vec!["重庆丁面馆".into()], vec!["重庆丁面馆".into()])
        );
        // Taken back, the name was never one.
        town.hand_over(
            "registration",
            &format!("统一社会信用代码,名称,操作\n{FIRM},,撤销\n"),
        );
        assert_eq!(follow(&town), 1);
        assert!(named(&town, "丁面").is_empty());
        assert_eq!(named(&town, "甲餐饮"), ["示例甲餐饮有限公司"]);
        // The only registration taken back: the entity is gone, under all its names.
        town.hand_over(
            "registration",
            &format!("统一社会信用代码,名称,操作\n{OTHER},,撤销\n"),
        );
        follow(&town);
        assert!(named(&town, "乙商贸").is_empty() && named(&town, OTHER).is_empty());
    }
);

db_test!(
    several_new_names_of_one_entity_in_one_file_are_all_kept,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let row = |name: &str| format!("{FIRM},{name},1130,2015-03-01,1,H6210,440511\n");
        let text = format!(
            "{HEAD}\n{}{}{}",
            row("中间名字商行"),
            row("另外名字商行"),
            row("最后名字商行")
        );
        town.hand_over("registration", &text);
        follow(&town);
        for words in ["甲餐饮", "中间", "另外", "最后"] {
            assert_eq!(named(&town, words), ["最后名字商行"], "{words}");
        }
    }
);

db_test!(
    a_name_outside_the_scope_does_not_exist_on_any_page,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let rows: String = (0..40)
            .map(|number| {
                let place = if number % 10 == 0 { "440507" } else { "440511" };
                format!(
                    "{},样品{number}商行,1130,2020-01-01,1,F5211,{place}\n",
                    code(number)
                )
            })
            .collect();
        assert_eq!(
            town.hand_over("registration", &format!("{HEAD}\n{rows}"))
                .rows_accepted,
            40
        );
        follow(&town);
        let district = Op {
            actor: Actor {
                scope: Scope::place("440507".parse().unwrap()),
                ..Actor::operator("龙湖区")
            },
            ..town.op()
        };
        let (mut found, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = ask(&town, &district, &asked("样品"), cursor.as_deref(), 3).unwrap();
            if cursor.is_none() {
                assert_eq!(page.total, Some(4), "the total counts what is within reach");
            }
            found.extend(page.entities.into_iter().map(|entity| entity.name));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(found, ["样品0商行", "样品10商行", "样品20商行", "样品30商行"]);
        let other = Find {
            division: Some("440511".into()),
            ..asked("样品")
        };
        assert_eq!(ask(&town, &district, &other, None, 9).unwrap().total, Some(0));
        assert!(
            ask(&town, &district, &asked(FIRM), None, 9)
                .unwrap()
                .entities
                .is_empty()
        );
        let nobody = Op {
            actor: Actor::public(),
            ..town.op()
        };
        assert_eq!(
            ask(&town, &nobody, &asked("样品"), None, 9).unwrap().total,
            Some(0)
        );
        // An entity that moved out of reach a moment ago, before the index has heard of it.
        let moved = format!("{HEAD}\n{},样品0商行,1130,2020-01-01,1,F5211,440511\n", code(0));
        town.hand_over("registration", &moved);
        let page = ask(&town, &district, &asked("样品0"), None, 9).unwrap();
        assert!(page.entities.is_empty());
    }
);

db_test!(
    place_and_status_limit_what_is_found_and_those_in_operation_come_first,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let rows = format!(
            "{HEAD}\n{},样品丁,1130,2020-01-01,4,F5211,440511\n{},样品丁商行,1130,2020-01-01,1,F5211,440511002\n",
            code(1),
            code(2)
        );
        town.hand_over("registration", &rows);
        follow(&town);
        assert_eq!(named(&town, "样品"), ["样品丁商行", "样品丁"]);
        assert_eq!(
            named(&town, "样品丁"),
            ["样品丁", "样品丁商行"],
            "the name itself comes before all"
        );
        let limited = |division: Option<&str>, status: Option<&str>| {
            let find = Find {
                division: division.map(Into::into),
                status: status.map(Into::into),
                ..asked("样品丁")
            };
            ask(&town, &town.op(), &find, None, 9).unwrap().total
        };
        assert_eq!(
            (limited(Some("440511002"), None), limited(None, Some("注销"))),
            (Some(1), Some(1))
        );
        assert_eq!(
            (limited(Some("4405"), Some("1")), limited(Some("4406"), None)),
            (Some(1), Some(0))
        );
    }
);

db_test!(
    an_index_that_is_lost_or_follows_another_ledger_is_built_again,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let building = refused(&town, "示例");
        assert_eq!(
            (building.kind, building.code()),
            (FaultKind::Busy, "registry.search.building")
        );
        assert_eq!(follow(&town), 3);
        assert_eq!(follow(&town), 0, "nothing is done twice");
        town.house.names.renew().unwrap();
        assert_eq!(refused(&town, "示例").code(), "registry.search.building");
        assert_eq!(follow(&town), 3);
        assert_eq!(named(&town, "示例").len(), 3);
        // A mark that speaks of events this ledger does not have.
        for mark in [
            r#"{"position":999999,"event":1,"built":null}"#,
            r#"{"position":1,"event":999999,"built":null}"#,
            "nonsense",
        ] {
            let mut edit = town.house.names.edit(false).unwrap();
            edit.take(1).unwrap();
            edit.commit(mark).unwrap();
            drop(edit);
            assert_eq!(follow(&town), 3, "{mark}");
            assert_eq!(named(&town, "示例").len(), 3);
        }
    }
);

db_test!(
    building_and_following_go_on_where_they_were_stopped,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let stopped = |town: &Town| follow::follow(&town.house, &town.op(), &mut |_| false).unwrap();
        assert!(stopped(&town));
        assert_eq!(
            refused(&town, "示例").code(),
            "registry.search.building",
            "built, but not known to be whole"
        );
        // What happens meanwhile is heard of afterwards.
        town.hand_over(
            "registration",
            &format!("统一社会信用代码,名称,操作\n{HOUSEHOLD},,撤销\n"),
        );
        assert_eq!(
            follow(&town),
            1,
            "only what happened meanwhile: the three are in already"
        );
        assert_eq!(named(&town, "示例").len(), 2);
        town.hand_over(
            "registration",
            &format!("{HEAD}\n{FIRM},新的名字商行,1130,2015-03-01,1,H6210,440511\n"),
        );
        stopped(&town);
        assert_eq!(
            follow(&town),
            1,
            "an event that was not taken in whole is taken in again"
        );
        assert_eq!(named(&town, "新的名字"), ["新的名字商行"]);
    }
);
