//! Who is tied to whom.
use db::db_test;
use kernel::FaultKind;
use kernel::actor::{Actor, Scope};

use super::{code, fault, firm, register};
use crate::MIGRATIONS;
use crate::hall::{Op, query};
use crate::registry::whose::model::Relation;
use crate::registry::whose::related;
use crate::stories::Town;

const HEAD: &str = "汕头市伟奥五金制品有限公司";

/// A head, its branch, its neighbour, a namesake of its manager, and a firm it invested in.
fn neighbours(town: &Town) -> Vec<String> {
    let codes: Vec<String> = (1..=6).map(code).collect();
    let door = "汕头市金平区潮汕路11号";
    register(
        town,
        &[
            firm(&codes[0], HEAD, &format!("{door},张三,")),
            firm(
                &codes[1],
                &format!("{HEAD}潮阳分公司"),
                "汕头市潮阳区示例路1号,李四,",
            ),
            firm(&codes[2], "汕头市嘉蓝环保科技有限公司", &format!("{door},王五,")),
            firm(
                &codes[3],
                "沈阳耀丰工程造价咨询有限公司",
                "沈阳市和平区示例路3号,张三,",
            )
            .replace(",440511,", ",210102,"),
            firm(
                &codes[4],
                "汕头市富利盈食品有限公司",
                "汕头市金平区示例路5号,赵六,",
            ),
            firm(
                &codes[5],
                "汕头市越大物流营业部",
                &format!("汕头市金平区示例路6号,钱七,{}", codes[0]),
            ),
        ],
    );
    let report = format!(
        "统一社会信用代码,报告年度,报送日期,年报结果,对外投资\n{},2025,2026-03-01,正常,汕头市富利盈食品有限公司、查无此公司\n",
        codes[0]
    );
    let batch = town.hand_over("annual-report", &report);
    assert_eq!(batch.rows_accepted, 1, "{batch:?}");
    codes
}

fn relations(town: &Town, code: &str) -> Vec<Relation> {
    town.ask(|tx, op| related(tx, op, &town.house.keys, code, None, 100))
        .items
}

fn told(relations: &[Relation]) -> Vec<(String, String, String)> {
    let one = |one: &Relation| (one.kind.clone(), one.subject_no.clone(), one.strength.clone());
    relations.iter().map(one).collect()
}

fn expected(kind: &str, code: &str, strength: &str) -> (String, String, String) {
    (kind.to_owned(), code.to_owned(), strength.to_owned())
}

db_test!(
    related_entities_are_found_from_both_sides_with_the_records_they_rest_on,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let codes = neighbours(&town);
        let of_head = relations(&town, &codes[0]);
        assert_eq!(
            told(&of_head),
            [
                expected("branch", &codes[1], "strong"),
                expected("branch", &codes[5], "strong"),
                expected("investment", &codes[4], "strong"),
                expected("address", &codes[2], "strong"),
                // A name alone proves nothing, and it is said so.
                expected("legal-person", &codes[3], "weak"),
            ]
        );
        assert!(of_head.iter().all(|one| !one.records.is_empty()), "{of_head:?}");
        assert!(
            of_head.iter().all(|one| !one.said.contains("张三")),
            "the name itself is not shown"
        );
        assert_eq!(
            told(&relations(&town, &codes[1])),
            [expected("head", &codes[0], "strong")]
        );
        assert_eq!(
            told(&relations(&town, &codes[5])),
            [expected("head", &codes[0], "strong")]
        );
        assert_eq!(
            told(&relations(&town, &codes[4])),
            [expected("investor", &codes[0], "strong")]
        );
        // Moved away, the neighbour is none any more.
        register(
            &town,
            &[firm(
                &codes[2],
                "汕头市嘉蓝环保科技有限公司",
                "汕头市金平区示例路99号,王五,",
            )],
        );
        assert!(
            told(&relations(&town, &codes[0]))
                .iter()
                .all(|one| one.0 != "address")
        );
        // A report that is taken back ties nobody.
        let taken_back = format!(
            "统一社会信用代码,报告年度,报送日期,年报结果,操作\n{},2025,,,撤销\n",
            codes[0]
        );
        assert_eq!(town.hand_over("annual-report", &taken_back).rows_accepted, 1);
        assert!(relations(&town, &codes[4]).is_empty());
    }
);

db_test!(
    an_address_of_many_says_little_and_comes_by_the_page,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let line = |number: u32| {
            firm(
                &code(number),
                &format!("汕头市集群{number}号商贸有限公司"),
                &format!("汕头市金平区创业路1号,甲{number},"),
            )
        };
        let lines: Vec<String> = (1..=60).map(line).collect();
        register(&town, &lines);
        let (mut cursor, mut all) = (None::<String>, Vec::new());
        loop {
            let page = town.ask(|tx, op| related(tx, op, &town.house.keys, &code(1), cursor.as_deref(), 25));
            assert!(page.items.len() <= 25);
            all.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let mut others: Vec<&str> = all.iter().map(|one| one.subject_no.as_str()).collect();
        others.sort_unstable();
        others.dedup();
        assert_eq!((all.len(), others.len()), (59, 59));
        assert!(
            all.iter()
                .all(|one| one.kind == "address" && one.strength == "weak")
        );
    }
);

db_test!(
    relations_to_entities_out_of_scope_do_not_exist,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let codes = neighbours(&town);
        let op = Op {
            actor: Actor {
                scope: Scope::place("440511".parse().unwrap()),
                ..Actor::operator("金平区")
            },
            ..town.op()
        };
        let ask = |code: &str| {
            query(&town.house, &op, |tx, op| {
                related(tx, op, &town.house.keys, code, None, 100)
            })
        };
        assert!(
            ask(&codes[0])
                .unwrap()
                .items
                .iter()
                .all(|one| one.subject_no != codes[3])
        );
        assert_eq!(fault(ask(&codes[3])).0, FaultKind::Hidden);
    }
);
