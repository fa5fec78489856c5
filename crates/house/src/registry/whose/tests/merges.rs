//! Entities that turned out to be one.
use db::db_test;
use kernel::actor::{Actor, Scope};
use kernel::{FaultKind, Outcome};

use super::{PENALTY, code, fault, firm, held, old_no, penalties, penalty, register};
use crate::MIGRATIONS;
use crate::hall::{Op, command};
use crate::intake::whose::merge;
use crate::intake::whose::model::Merge;
use crate::registry::service as entities;
use crate::registry::whose::service;
use crate::stories::Town;
use crate::{assess, registry};

const NAME: &str = "汕头市旧印金属制品有限公司";
const LISTING: &str = "统一社会信用代码,列入决定书文号,列入原因,列入日期,列入决定机关\n";
const REMOVAL: &str = "统一社会信用代码,列入决定书文号,移出原因,移出日期,移出决定机关\n";

/// One firm under its old registration number and under its credit code, each with a penalty.
fn twice(town: &Town) -> (String, String) {
    let (old, new) = (old_no(7), code(7));
    register(
        town,
        &[
            firm(&old, NAME, "汕头市金平区潮汕路7号,赵六,"),
            firm(&new, NAME, "汕头市金平区潮汕路7号,赵六,"),
        ],
    );
    let text = format!(
        "{PENALTY}{}{}",
        penalty(&old, "", "旧1号"),
        penalty(&new, "", "新1号")
    );
    assert_eq!(town.hand_over("penalty", &text).rows_accepted, 2);
    (old, new)
}

fn merged(town: &Town, old: &str, new: &str) -> Merge {
    let done = town
        .run(|tx, op| service::merge(tx, op, old, new, "换发统一代码"))
        .unwrap();
    town.settle();
    done
}

fn unmerged(town: &Town, which: &str) {
    town.run(|tx, op| service::unmerge(tx, op, which, "弄错了"))
        .unwrap();
    town.settle();
}

fn class(town: &Town, code: &str) -> Option<(String, i64)> {
    let entity = town.ask(|tx, op| entities::by_no(tx, op, code));
    let standing = town.ask(|tx, _| assess::service::standing(tx, entity.entity_id));
    standing.map(|standing| (standing.class, standing.points))
}

fn explained(town: &Town, code: &str) -> (String, i64) {
    let said = town.ask(|tx, op| assess::service::explain(tx, op, code, op.today()));
    (said.class_code, i64::from(said.points))
}

fn states(town: &Town, code: &str, item: &str) -> Vec<String> {
    let file = town.ask(|tx, op| entities::credit_file(tx, op, code, None));
    let mut statements: Vec<_> = file
        .groups
        .into_iter()
        .flat_map(|group| group.statements)
        .collect();
    statements.retain(|one| one.item == item);
    statements.sort_by_key(|one| one.record_id);
    statements.into_iter().map(|one| one.state).collect()
}

db_test!(
    a_merged_entity_is_one_everywhere_and_an_unmerge_brings_both_back,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (old, new) = twice(&town);
        let before = (class(&town, &old), class(&town, &new));
        assert_eq!(before.0, Some(explained(&town, &old)));
        let done = merged(&town, &old, &new);
        assert_eq!(done.records, 2, "registration and penalty");
        // One file, one class, and the old number leads to it.
        assert_eq!(
            penalties(&town, &new),
            [held("新1号", "current"), held("旧1号", "current")]
        );
        assert_eq!(town.ask(|tx, op| entities::by_no(tx, op, &old)).subject_no, new);
        assert_eq!(town.ask(|tx, _| entities::count(tx)), 1);
        assert_eq!(class(&town, &new), Some(explained(&town, &new)));
        assert_ne!(class(&town, &new), before.1, "two penalties weigh more than one");
        let moved = town.ask(|tx, op| merge::moved(tx, op, done.merge_id));
        assert_eq!(
            moved.iter().filter(|one| one.copy_id.is_some()).count(),
            1,
            "{moved:?}"
        );
        // What is public follows.
        let public = town.ask(|tx, op| {
            let file = entities::credit_file(tx, op, &old, None)?;
            let law = op.pack.on(op.today());
            Ok(crate::publish::rules::statements(&law, file, op.today()))
        });
        assert_eq!(public.iter().filter(|one| one.item == "penalty").count(), 2);
        unmerged(&town, &old);
        assert_eq!((class(&town, &old), class(&town, &new)), before);
        assert_eq!(penalties(&town, &old), [held("旧1号", "current")]);
        assert_eq!(
            penalties(&town, &new),
            [held("新1号", "current"), held("旧1号", "withdrawn")]
        );
        assert_eq!(town.ask(|tx, op| entities::by_no(tx, op, &old)).subject_no, old);
        // Again, and again back: nothing is worn out.
        merged(&town, &old, &new);
        assert_eq!(class(&town, &new), Some(explained(&town, &new)));
        unmerged(&town, &old);
        assert_eq!((class(&town, &old), class(&town, &new)), before);
        let merges = town.ask(|tx, op| merge::merges(tx, op, i64::MAX, 10)).items;
        assert!(merges.len() == 2 && merges.iter().all(|one| one.undone_by.is_some()));
    }
);

db_test!(
    records_that_come_under_the_merged_code_go_to_the_survivor_and_home_again,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (old, new) = twice(&town);
        let listing = format!("{LISTING}{old},列1号,1,2026-05-08,示例局\n");
        assert_eq!(town.hand_over("abnormal-listing", &listing).rows_accepted, 1);
        merged(&town, &old, &new);
        assert_eq!(states(&town, &new, "abnormal-listing"), ["current"]);
        // A known fact again, a correction, a new fact, an end: all under the old number.
        let text = format!(
            "{PENALTY}{}{}",
            penalty(&old, "", "旧1号").replace("5000元", "1万元"),
            penalty(&old, "", "旧2号")
        );
        let batch = town.hand_over("penalty", &text);
        assert_eq!((batch.rows_accepted, batch.rows_refused), (2, 0), "{batch:?}");
        let removal = format!("{REMOVAL}{old},列1号,1,2026-05-18,示例局\n");
        assert_eq!(town.hand_over("abnormal-removal", &removal).rows_accepted, 1);
        assert_eq!(states(&town, &new, "abnormal-listing"), ["ended"]);
        assert_eq!(
            penalties(&town, &new)
                .iter()
                .filter(|one| one.1 == "current")
                .count(),
            3
        );
        assert_eq!(class(&town, &new), Some(explained(&town, &new)));
        // A registration of its own the merged entity has no more.
        let refused = town.hand_over(
            "registration",
            &format!("统一社会信用代码,名称,登记状态\n{old},{NAME},1\n"),
        );
        assert_eq!(refused.rows_refused, 1);
        unmerged(&town, &old);
        assert_eq!(
            penalties(&town, &old),
            [
                held("旧1号", "corrected"),
                held("旧1号", "current"),
                held("旧2号", "current")
            ]
        );
        assert_eq!(states(&town, &old, "abnormal-listing"), ["ended"]);
        let left = penalties(&town, &new)
            .into_iter()
            .filter(|one| one.1 == "current")
            .count();
        assert_eq!(left, 1);
        assert_eq!(class(&town, &old), Some(explained(&town, &old)));
        assert_eq!(class(&town, &new), Some(explained(&town, &new)));
        // And what comes now is where its code says.
        let text = format!("{PENALTY}{}", penalty(&old, "", "旧2号"));
        assert_eq!(town.hand_over("penalty", &format!("{text}\n")).rows_unchanged, 1);
    }
);

db_test!(
    merges_run_in_no_circle_and_are_undone_from_the_last_one_back,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (old, new) = twice(&town);
        let third = code(8);
        register(
            &town,
            &[firm(
                &third,
                "汕头市新印金属制品有限公司",
                "汕头市金平区潮汕路8号,钱七,",
            )],
        );
        let try_merge = |from: &str, into: &str| town.run(|tx, op| service::merge(tx, op, from, into, "试"));
        assert_eq!(fault(try_merge(&old, &old)).1, "intake.merge.itself");
        assert_eq!(fault(try_merge(&old, &code(99))).0, FaultKind::Hidden);
        assert_eq!(
            fault(town.run(|tx, op| service::merge(tx, op, &old, &new, " "))).1,
            "intake.merge.reason"
        );
        merged(&town, &old, &new);
        for (from, into) in [(&new, &old), (&old, &new), (&old, &third)] {
            assert_eq!(fault(try_merge(from, into)).1, "intake.merge.merged");
        }
        merged(&town, &new, &third);
        assert_eq!(town.ask(|tx, op| entities::by_no(tx, op, &old)).subject_no, third);
        assert_eq!(penalties(&town, &third).len(), 2);
        let early = town.run(|tx, op| service::unmerge(tx, op, &old, "弄错了"));
        assert_eq!(fault(early).1, "intake.merge.built-upon");
        // What comes under the first code goes all the way, and step by step back.
        town.hand_over("penalty", &format!("{PENALTY}{}", penalty(&old, "", "旧3号")));
        assert_eq!(penalties(&town, &third).len(), 3);
        unmerged(&town, &new);
        assert_eq!(town.ask(|tx, op| entities::by_no(tx, op, &old)).subject_no, new);
        let current = |code: &str| {
            let all = penalties(&town, code).into_iter();
            all.filter(|one| one.1 == "current")
                .map(|one| one.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(current(&new), ["新1号", "旧1号", "旧3号"]);
        unmerged(&town, &old);
        assert_eq!(
            (current(&new), current(&old)),
            (vec!["新1号".into()], vec!["旧1号".into(), "旧3号".into()])
        );
        assert!(current(&third).is_empty());
        assert_eq!(
            fault(town.run(|tx, op| service::unmerge(tx, op, &old, "再来"))).0,
            FaultKind::Hidden
        );
    }
);

db_test!(
    a_merge_beyond_the_scope_of_an_actor_is_not_done_and_not_seen,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (old, new) = twice(&town);
        let op = Op {
            actor: Actor {
                scope: Scope::place("440507".parse().unwrap()),
                ..Actor::operator("龙湖区")
            },
            ..town.op()
        };
        let refused: Outcome<Merge> = command(&town.house, &op, |tx, op| {
            service::merge(tx, op, &old, &new, "试")
        });
        assert_eq!(fault(refused).0, FaultKind::Hidden);
        let done = merged(&town, &old, &new);
        for which in [old.clone(), done.merge_id.to_string()] {
            let refused = command(&town.house, &op, |tx, op| service::unmerge(tx, op, &which, "试"));
            assert_eq!(fault(refused).0, FaultKind::Hidden);
        }
        let seen = command(&town.house, &op, |tx, op| merge::merges(tx, op, i64::MAX, 10)).unwrap();
        assert!(seen.items.is_empty());
    }
);

db_test!(
    one_name_in_one_place_under_two_numbers_is_suggested_to_a_person,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (old, new) = twice(&town);
        register(
            &town,
            &[firm(&code(9), NAME, "汕头市龙湖区示例路9号,孙八,").replace(",440511,", ",440507,")],
        );
        let page = town.ask(|tx, op| registry::whose::suggested(tx, op, None, 1));
        assert_eq!(
            page.items.len(),
            1,
            "the one in another district is another: {page:?}"
        );
        assert_eq!((&page.items[0].merged_no, &page.items[0].into_no), (&old, &new));
        assert!(page.items[0].score > 700 && page.next.is_none());
        merged(&town, &old, &new);
        assert!(
            town.ask(|tx, op| registry::whose::suggested(tx, op, None, 10))
                .items
                .is_empty()
        );
    }
);
