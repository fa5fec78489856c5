//! Stories of classification, on both databases.
use db::db_test;

use super::model::{Covers, Graded};
use super::service;
use crate::MIGRATIONS;
use crate::hall::query;
use crate::registry;
use crate::stories::{FIRM, OTHER, Town};

const SERIOUS: &str = "统一社会信用代码,列入决定文号,列入类别,列入日期,截止日期,列入决定机关\n";

fn class(town: &Town, no: &str) -> (String, i64) {
    let entity = town.ask(|tx, op| registry::service::by_no(tx, op, no));
    let standing = town.ask(|tx, _| service::standing(tx, entity.entity_id)).unwrap();
    (standing.class, standing.points)
}

db_test!(
    new_entities_are_classified_and_a_grave_record_regrades_at_once,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        assert_ne!(class(&town, FIRM).0, "D");
        let other = class(&town, OTHER);
        town.hand_over(
            "serious-listing",
            &format!("{SERIOUS}{FIRM},严1号,food,2026-05-20,2029-05-19,示例局\n"),
        );
        assert_eq!(class(&town, FIRM).0, "D");
        assert_eq!(class(&town, OTHER), other, "others are left alone");
        let history = town.ask(|tx, op| service::history(tx, op, FIRM));
        assert_eq!(history.len(), 2);
        assert_eq!(history[0].former.as_ref(), Some(&history[1].class));
    }
);

db_test!(
    the_explanation_agrees_with_the_class_and_says_why,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        town.hand_over(
            "serious-listing",
            &format!("{SERIOUS}{FIRM},严1号,food,2026-05-20,2029-05-19,示例局\n"),
        );
        let why = town.ask(|tx, op| service::explain(tx, op, FIRM, op.today()));
        let (kept, points) = class(&town, FIRM);
        assert_eq!((why.class_code, i64::from(why.points)), (kept, points));
        assert!(
            why.direct.iter().any(|direct| direct.not_better_than == "D"),
            "{:?}",
            why.direct
        );
        assert!(
            why.reasons
                .iter()
                .any(|reason| reason.indicator.contains("serious") && !reason.records.is_empty())
        );
    }
);

db_test!(
    an_old_decision_recomputed_gives_the_old_answer,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let run = town.ask(|tx, op| service::runs(tx, op, i64::MAX, 1)).remove(0);
        let before = class(&town, FIRM);
        town.later(30);
        town.hand_over(
            "serious-listing",
            &format!("{SERIOUS}{FIRM},严1号,food,2026-06-20,2029-06-19,示例局\n"),
        );
        assert_ne!(class(&town, FIRM).0, before.0);
        let again = town.ask(|tx, op| service::recompute(tx, op, FIRM, run.run_id));
        assert!(again.agrees, "{again:?}");
        assert_eq!(again.explanation.class_code, before.0);
    }
);

db_test!(applying_a_run_again_changes_nothing, MIGRATIONS, |db| {
    let town = Town::build(&db).with_three();
    let run = town.ask(|tx, op| service::runs(tx, op, i64::MAX, 1)).remove(0);
    let again = town
        .run(|tx, op| service::apply_run(tx, op, run.run_id, &Covers::Everybody, std::iter::empty()))
        .unwrap();
    assert_eq!(again, run);
    assert_eq!(town.ask(|tx, op| service::history(tx, op, FIRM)).len(), 1);
});

db_test!(a_recomputation_under_another_pack_is_refused, MIGRATIONS, |db| {
    let town = Town::build(&db).with_three();
    db::statements! {
        /// A run made under a pack that is no longer at hand.
        AGE = "UPDATE assess_run SET pack = 'older'";
    }
    assert_eq!(ALL.len(), 1);
    town.run(|tx, _| tx.exec(&AGE, [])).unwrap();
    let run = town.ask(|tx, op| service::runs(tx, op, i64::MAX, 1)).remove(0);
    let refused = query(&town.house, &town.op(), |tx, op| {
        service::recompute(tx, op, FIRM, run.run_id)
    })
    .unwrap_err();
    assert_eq!(refused.code, "assess.recompute.other-pack");
});

db_test!(
    an_entity_of_which_nothing_is_known_any_more_has_no_class,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let entity = town.ask(|tx, op| registry::service::by_no(tx, op, FIRM));
        town.hand_over(
            "registration",
            &format!("统一社会信用代码,名称,操作\n{FIRM},,撤销\n"),
        );
        assert_eq!(town.ask(|tx, _| service::standing(tx, entity.entity_id)), None);
        assert_eq!(
            town.ask(|tx, _| service::shares(tx))
                .iter()
                .map(|count| count.entities)
                .sum::<i64>(),
            2
        );
    }
);

db_test!(
    a_full_run_takes_ghosts_away_and_leaves_what_a_later_run_decided,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let entity = |no: &str| town.ask(|tx, op| registry::service::by_no(tx, op, no)).entity_id;
        let (firm, other) = (entity(FIRM), entity(OTHER));
        let today = town.op().today();
        let full = town
            .run(|tx, op| service::open_run(tx, op, "full", today))
            .unwrap();
        // Something grave becomes known while the full run is still at work on what was known before.
        town.hand_over(
            "serious-listing",
            &format!("{SERIOUS}{FIRM},严1号,food,2026-05-20,2029-05-19,示例局\n"),
        );
        let graded = |entity_id| crate::assess::model::Graded {
            entity_id,
            class: "A".into(),
            points: 0,
        };
        let found = [graded(firm), graded(other)];
        town.run(|tx, op| {
            service::apply_run(
                tx,
                op,
                full.run_id,
                &Covers::Everybody,
                found.iter().cloned().map(Ok),
            )
        })
        .unwrap();
        assert_eq!(class(&town, FIRM).0, "D", "the later decision stands");
        assert_eq!(class(&town, OTHER), ("A".into(), 0));
        let all: i64 = town
            .ask(|tx, _| service::shares(tx))
            .iter()
            .map(|count| count.entities)
            .sum();
        assert_eq!(all, 2, "the household the run did not find has no class");
    }
);

db_test!(a_run_whose_process_was_killed_is_ended, MIGRATIONS, |db| {
    let town = Town::build(&db).with_three();
    let today = town.op().today();
    let run = town
        .run(|tx, op| service::open_run(tx, op, "full", today))
        .unwrap();
    assert_eq!(town.run(service::abandon_loading).unwrap(), 1);
    assert_eq!(town.ask(|tx, _| service::run(tx, run.run_id)).state, "abandoned");
});

db_test!(
    a_run_about_others_leaves_the_decision_it_found_and_its_day,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let decided = class(&town, OTHER);
        town.later(400);
        town.hand_over(
            "serious-listing",
            &format!("{SERIOUS}{FIRM},严1号,food,2026-05-20,2029-05-19,示例局\n"),
        );
        let about_firm = town.ask(|tx, op| service::runs(tx, op, i64::MAX, 1)).remove(0);
        let now = town.ask(|tx, op| service::explain(tx, op, OTHER, op.today()));
        assert_ne!(
            i64::from(now.points),
            decided.1,
            "a year makes a difference to a new firm"
        );
        let again = town.ask(|tx, op| service::recompute(tx, op, OTHER, about_firm.run_id));
        assert!(again.agrees, "{again:?}");
        assert_eq!(again.decided, Some(decided));
        assert!(
            again.run.run_id < about_firm.run_id,
            "it names the run that decided"
        );
    }
);

db_test!(
    a_slow_rise_over_several_runs_raises_the_alarm_that_no_single_step_does,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let full = |in_d: i64| {
            let today = town.op().today();
            let run = town
                .run(|tx, op| service::open_run(tx, op, "full", today))
                .unwrap();
            let graded = (1..=1000).map(|entity_id| crate::assess::model::Graded {
                entity_id,
                class: if entity_id <= in_d { "D".into() } else { "A".into() },
                points: 0,
            });
            town.run(|tx, op| {
                service::apply_run(tx, op, run.run_id, &Covers::Everybody, graded.clone().map(Ok))
            })
            .unwrap()
        };
        assert_eq!(full(40).alarm, None);
        town.later(40);
        assert_eq!(full(46).alarm, None, "0.6 % in forty days");
        town.later(40);
        let alarm = full(53).alarm.expect("1.3 % in eighty days");
        assert!(
            alarm.contains("由 40 户") && alarm.contains("变为 53 户"),
            "{alarm}"
        );
    }
);

db_test!(
    a_run_writes_only_what_differs_from_the_classes_that_stand,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let graded = |entity_id, class: &str, points| Graded {
            entity_id,
            class: class.into(),
            points,
        };
        let full = |covers: &Covers, found: &[Graded]| {
            let today = town.op().today();
            let run = town
                .run(|tx, op| service::open_run(tx, op, "full", today))
                .unwrap();
            town.run(|tx, op| service::apply_run(tx, op, run.run_id, covers, found.iter().cloned().map(Ok)))
                .unwrap()
        };
        let by = |entity_id| {
            town.ask(|tx, _| service::standing(tx, entity_id))
                .map(|one| one.run_id)
        };
        // More than one piece, so that stretches of entities meet.
        let all: Vec<Graded> = (1..=45_000).map(|id| graded(id * 2, "A", 5)).collect();
        let first = full(&Covers::Everybody, &all);
        assert_eq!((first.entities, first.changed), (45_000, 0));
        let again = full(&Covers::Everybody, &all);
        assert_eq!((again.entities, again.changed), (45_000, 0));
        assert_eq!(by(2), Some(first.run_id), "what stays as it was is not written");
        let mut next = all.clone();
        next[0].class = "B".into();
        next[20_000].points = 6;
        next.remove(30_000);
        let last = next.pop().unwrap();
        next.insert(0, graded(1, "C", 50));
        let changed = full(&Covers::Everybody, &next);
        assert_eq!((changed.entities, changed.changed), (44_999, 1));
        assert_eq!(by(1), Some(changed.run_id));
        assert_eq!(by(2), Some(changed.run_id));
        assert_eq!(by(40_002), Some(changed.run_id));
        assert_eq!(
            (by(60_002), by(last.entity_id)),
            (None, None),
            "nobody has them any more"
        );
        assert_eq!(by(4), Some(first.run_id));
        let some = Covers::Some { gone: vec![1, 7] };
        let part = full(&some, &[graded(8, "D", 90), graded(4, "A", 5), graded(9, "A", 1)]);
        assert_eq!(
            (part.entities, part.changed),
            (44_999, 1),
            "everybody counts, looked at or not"
        );
        assert_eq!(
            (by(8), by(9), by(4)),
            (Some(part.run_id), Some(part.run_id), Some(first.run_id))
        );
        assert_eq!((by(1), by(6)), (None, Some(first.run_id)));
    }
);

db_test!(
    a_run_over_everybody_that_a_later_one_has_overtaken_changes_nothing,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let today = town.op().today();
        let open = || {
            town.run(|tx, op| service::open_run(tx, op, "full", today))
                .unwrap()
        };
        let apply = |run_id, class: &str| {
            let one = Graded {
                entity_id: 5,
                class: class.into(),
                points: 1,
            };
            town.run(|tx, op| {
                service::apply_run(
                    tx,
                    op,
                    run_id,
                    &Covers::Everybody,
                    std::iter::once(Ok(one.clone())),
                )
            })
            .unwrap()
        };
        let (before, older, newer) = (open(), open(), open());
        apply(before.run_id, "B");
        // The newer one finds the class that stands and writes nothing; the older one must not undo it.
        apply(newer.run_id, "B");
        assert!(town.ask(|tx, _| service::is_overtaken(tx, older.run_id)));
        assert_eq!(apply(older.run_id, "A").state, "applied");
        assert_eq!(town.ask(|tx, _| service::standing(tx, 5)).unwrap().class, "B");
    }
);

db_test!(
    outcomes_over_everybody_out_of_order_are_refused_whole,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let today = town.op().today();
        let run = town
            .run(|tx, op| service::open_run(tx, op, "full", today))
            .unwrap();
        // More than one piece, the last piece, the only one.
        let orders: [Vec<i64>; 3] = [
            (1..=30_000).rev().collect(),
            (1..=20_000).chain([20_002, 20_001]).collect(),
            vec![9, 7],
        ];
        for order in orders {
            let graded = order.into_iter().map(|entity_id| {
                Ok(Graded {
                    entity_id,
                    class: "A".into(),
                    points: 0,
                })
            });
            let refused =
                town.run(|tx, op| service::apply_run(tx, op, run.run_id, &Covers::Everybody, graded.clone()));
            assert!(refused.is_err());
        }
        assert_eq!(town.ask(|tx, _| service::standing(tx, 7)), None);
    }
);

#[test]
fn classes_that_another_version_of_the_program_decided_are_nothing_to_stand_upon() {
    let db = db::testing::TestDb::sqlite(MIGRATIONS);
    let town = Town::build(&db.db());
    let key = service::models_key(&town.op(), town.op().today()).unwrap();
    assert_eq!(key.split(':').next(), Some(env!("CARGO_PKG_VERSION")));
}

db_test!(
    a_run_is_stood_upon_only_as_what_it_was_and_while_no_other_contradicts_it,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let day = |number: u64| town.op().today() + chrono::Days::new(number);
        let apply = |kind: &str, as_of| {
            town.run(|tx, op| {
                let run = service::open_run(tx, op, kind, as_of)?;
                service::apply_run(tx, op, run.run_id, &Covers::Everybody, std::iter::empty())
            })
            .unwrap()
            .run_id
        };
        let stands = |run_id, from, to| town.ask(|tx, _| service::can_stand_upon(tx, run_id, from, to));
        let first = apply("full", day(0));
        assert!(stands(first, day(0), day(5)));
        assert!(!stands(first, day(1), day(5)), "it was as of another day");
        assert!(!stands(first + 1_000, day(0), day(5)));
        let event = apply("event", day(3));
        assert!(stands(first, day(0), day(5)));
        assert!(!stands(first, day(0), day(2)));
        assert!(!stands(event, day(3), day(5)), "it was not about everybody");
        apply("full", day(9));
        assert!(
            !stands(first, day(0), day(5)),
            "a later run over everybody decided otherwise"
        );
        assert!(stands(first, day(0), day(9)));
    }
);

/// Entities of the story below; the figures of the decision record were taken with 300,000.
const CROWD: i64 = 3_000;

db_test!(
    a_full_run_that_changes_many_classes_tells_of_each,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let full = |class: &dyn Fn(i64) -> &'static str| {
            let today = town.op().today();
            let run = town
                .run(|tx, op| service::open_run(tx, op, "full", today))
                .unwrap();
            let graded = (1..=CROWD).map(|entity_id| Graded {
                entity_id,
                class: class(entity_id).into(),
                points: 0,
            });
            let run = town
                .run(|tx, op| {
                    service::apply_run(tx, op, run.run_id, &Covers::Everybody, graded.clone().map(Ok))
                })
                .unwrap();
            town.settle();
            run.changed
        };
        let told = || {
            crate::hall::feed::log::extend(&town.house, &town.op()).unwrap();
            town.ask(|tx, _| crate::hall::feed::log::height(tx))
        };
        let none = told();
        assert_eq!(full(&|_| "A"), 0);
        let first = told();
        assert_eq!(
            first - none,
            1,
            "first classes are no changes: only the run is told"
        );
        assert_eq!(full(&|id| if id % 100 == 0 { "B" } else { "A" }), CROWD / 100);
        let few = told();
        assert_eq!(few - first, CROWD / 100 + 1);
        assert_eq!(full(&|_| "C"), CROWD);
        assert_eq!(told() - few, CROWD + 1);
    }
);
