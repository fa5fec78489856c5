//! Stories of an actor who reaches one district: whatever list it opens, it finds all of its own and nothing else.
use db::db_test;
use kernel::actor::{Actor, Jurisdiction, Scope};
use kernel::page::{Cursor, Page};
use kernel::{FaultKind, Outcome};
use serde_json::json;

use crate::assess::service as assess;
use crate::hall::duty::{self, NewDuty};
use crate::hall::ledger::{self, Event};
use crate::hall::{InJurisdiction, Op, job, paged, query, whole_house};
use crate::inspect::model::{NewPlan, TaskSearch};
use crate::inspect::service as inspect;
use crate::inspect::tests::{LICENCE, approved, code, district, drawn, inspector, item, new_plan, tasks};
use crate::office::model::Department;
use crate::office::service as office;
use crate::publish::model::NewAnnouncement;
use crate::publish::service as publish;
use crate::registry::model::Search;
use crate::registry::service as registry;
use crate::stories::Town;
use crate::{MIGRATIONS, stories};

/// The district of the actor.
const OWN: &str = "440507";
/// Its market department.
const OWN_MARKET: &str = "440507-scjg";
/// Headings of registrations.
const HEADINGS: &str = "统一社会信用代码,名称,类型,成立日期,登记状态,行业代码,行政区划,住所\n";

/// A line of registrations.
fn firm(number: u32, place: &str) -> String {
    format!(
        "{},示例{number}号,1130,2015-03-01,1,F5211,{place},示例路\n",
        code(number)
    )
}

/// An operation of somebody who reaches one district.
fn local(town: &Town) -> Op {
    let actor = Actor {
        scope: Scope::place(OWN.parse().unwrap()),
        ..Actor::operator("龙湖区")
    };
    Op { actor, ..town.op() }
}

fn asked<T>(town: &Town, work: impl FnOnce(&mut db::Tx, &Op) -> Outcome<T>) -> Outcome<T> {
    query(&town.house, &local(town), work)
}

/// All rows of a list by small pages, and how many pages it took.
fn walk<T>(mut page: impl FnMut(Option<String>) -> Page<T>) -> (Vec<T>, usize) {
    let (mut items, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let Page {
            items: more, next, ..
        } = page(cursor.take());
        items.extend(more);
        pages += 1;
        match next {
            Some(next) => cursor = Some(next),
            None => return (items, pages),
        }
    }
}

/// The number a cursor of a list by number holds.
fn number(cursor: Option<String>, start: i64) -> i64 {
    cursor.map_or(start, |text| Cursor::from_text(text).decode().unwrap())
}

/// The district of another department with the actor's own beside it.
fn two_districts(db: &db::Db, firms: u32) -> Town {
    let town = district(db, firms);
    let own = Department {
        department_id: OWN_MARKET.into(),
        name: "龙湖区市场监督管理局".into(),
        division: OWN.into(),
        function: "market".into(),
    };
    town.run(|tx, op| office::load(tx, op, std::slice::from_ref(&own), &[]))
        .unwrap();
    town
}

#[derive(Debug, PartialEq, Eq)]
struct Row(i64);

impl InJurisdiction for Row {
    fn jurisdiction(&self) -> Jurisdiction {
        let own = self.0 % 30_001 == 0;
        Jurisdiction::place(if own { OWN } else { "440511" }.parse().unwrap())
    }
}

db_test!(
    a_list_looks_at_so_many_rows_for_one_page_and_loses_none_of_them,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let scope = Scope::place(OWN.parse().unwrap());
        let mut most = 0;
        let (rows, pages) = walk(|cursor| {
            let after = number(cursor, 0);
            let mut read = 0;
            let page = town.ask(|tx, _| {
                paged(
                    tx,
                    &scope,
                    (after, 1),
                    |row: &Row| row.0,
                    |_, after, chunk| {
                        read += chunk;
                        Ok((after + 1..=90_010)
                            .take(usize::try_from(chunk).unwrap())
                            .map(Row)
                            .collect())
                    },
                )
            });
            most = most.max(read);
            page
        });
        assert_eq!(rows, [Row(30_001), Row(60_002), Row(90_003)]);
        assert!(pages > 3 && most < 22_000, "{pages} pages, {most} rows at most");
    }
);

db_test!(duties_and_events_reach_those_whose_they_are, MIGRATIONS, |db| {
    let town = Town::build(&db);
    for number in 0..20 {
        let own = number % 4 == 0;
        let duty = NewDuty {
            kind: "inspect.publish",
            subject: format!("task:{number}"),
            title: "公示检查结果".into(),
            entity_id: None,
            division: Some(if own { OWN } else { "440511" }.into()),
            department: None,
            from: "2026-06-01".parse().unwrap(),
        };
        town.run(|tx, op| duty::open(tx, op, &duty)).unwrap();
    }
    let list = |op: &Op, cursor: Option<String>| {
        query(&town.house, op, |tx, op| {
            duty::open_duties(tx, op, None, cursor.as_deref(), 2)
        })
        .unwrap()
    };
    let (own, pages) = walk(|cursor| list(&local(&town), cursor));
    assert_eq!((own.len(), pages), (5, 3));
    assert!(own.iter().all(|duty| duty.division.as_deref() == Some(OWN)));
    assert_eq!(walk(|cursor| list(&town.op(), cursor)).0.len(), 20);
    for division in [Some(OWN), Some("440511"), None] {
        let event = Event {
            verb: "test.done",
            subject: "thing:1".into(),
            division: division.map(Into::into),
            payload: json!({ "division": division }),
            ..Event::default()
        };
        town.run(|tx, op| ledger::append(tx, op, event.clone())).unwrap();
    }
    let seen = asked(&town, |tx, op| ledger::about(tx, op, "thing:1")).unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].payload["division"], OWN);
    assert_eq!(town.ask(|tx, op| ledger::about(tx, op, "thing:1")).len(), 3);
});

db_test!(
    what_speaks_of_the_whole_house_is_refused_with_what_to_do,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        whole_house(&town.op()).unwrap();
        assert!(!town.ask(|tx, op| job::listed(tx, op, 10)).is_empty());
        assert!(!town.ask(assess::shares_for).is_empty());
        let refused = [
            asked(&town, |tx, op| job::listed(tx, op, 10).map(drop)),
            asked(&town, |tx, op| assess::shares_for(tx, op).map(drop)),
            asked(&town, |tx, op| assess::runs(tx, op, i64::MAX, 10).map(drop)),
        ];
        for fault in refused.map(Result::unwrap_err) {
            assert_eq!(
                (fault.kind, fault.code),
                (FaultKind::Forbidden, "hall.scope.whole-house")
            );
            assert!(fault.detail.contains("请改查本辖区的列表"), "{}", fault.detail);
        }
    }
);

db_test!(
    the_register_and_the_classes_are_paged_to_the_end_within_the_scope,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let mut text = HEADINGS.to_owned();
        for number in 0..30 {
            // Towns of the district are within its scope too.
            let place = ["440511", "440511001", OWN, "440511", "440507001"][number as usize % 5];
            text.push_str(&firm(number, place));
        }
        assert_eq!(town.hand_over("registration", &text).rows_accepted, 30);
        for (name, division, expected) in [
            (None, None, 12),
            (Some("示例"), None, 12),
            (None, Some("4405"), 12),
            (None, Some("440507001"), 6),
            (None, Some("440511"), 0),
        ] {
            let search = Search {
                name: name.map(Into::into),
                division: division.map(Into::into),
            };
            let (mut found, mut after) = (0, 0);
            loop {
                let page = asked(&town, |tx, op| registry::search(tx, op, &search, after, 5)).unwrap();
                assert!(page.iter().all(|entity| entity.division.starts_with(OWN)));
                found += page.len();
                after = page.last().map_or(after, |entity| entity.entity_id);
                if page.len() < 5 {
                    break;
                }
            }
            assert_eq!(found, expected, "{search:?}");
        }
        let classes = town.ask(|tx, _| assess::shares(tx));
        let mut own = Vec::new();
        for count in &classes {
            own.extend(
                walk(|cursor| {
                    let after = number(cursor, 0);
                    asked(&town, |tx, op| assess::of_class(tx, op, &count.class, after, 2)).unwrap()
                })
                .0,
            );
            let all =
                |cursor| town.ask(|tx, op| assess::of_class(tx, op, &count.class, number(cursor, 0), 4));
            assert_eq!(i64::try_from(walk(all).0.len()).unwrap(), count.entities);
        }
        assert_eq!(own.len(), 12);
        for standing in own {
            asked(&town, |tx, op| registry::entity(tx, op, standing.entity_id)).unwrap();
        }
        let hidden = asked(&town, |tx, op| assess::history(tx, op, &code(0))).unwrap_err();
        assert_eq!(hidden.kind, FaultKind::Hidden);
    }
);

db_test!(
    plans_tasks_and_notices_are_paged_to_the_end_within_the_scope,
    MIGRATIONS,
    |db| {
        let town = two_districts(&db, 200);
        let mut text = HEADINGS.to_owned();
        for number in (0..200).filter(|number| number % 3 != 0) {
            text.push_str(&firm(number, OWN));
        }
        town.hand_over("registration", &text);
        let roll = ["C01", "C02"].map(|id| crate::office::model::Inspector {
            divisions: vec![OWN.into()],
            ..inspector(id, OWN_MARKET)
        });
        town.run(|tx, op| office::load(tx, op, &[], &roll)).unwrap();
        let here = NewPlan {
            department: OWN_MARKET.into(),
            division: OWN.into(),
            ..new_plan(vec![item(LICENCE, None)])
        };
        let there = approved(&town, &new_plan(vec![item(LICENCE, None)]));
        drawn(&town, &there);
        let plan = approved(&town, &here);
        drawn(&town, &plan);
        let moved = tasks(&town, &plan).len();
        assert!(!tasks(&town, &there).is_empty());
        let search = TaskSearch::default();
        let (own, _) = walk(|cursor| {
            asked(&town, |tx, op| {
                inspect::tasks_page(tx, op, &search, number(cursor, 0), 1)
            })
            .unwrap()
        });
        assert!(
            moved > 1 && own.iter().all(|task| task.division == OWN),
            "{moved}"
        );
        assert_eq!(own.len(), moved);
        // Of the other district before and after.
        approved(&town, &new_plan(vec![item(LICENCE, None)]));
        approved(&town, &here);
        let (plans, pages) = walk(|cursor| {
            asked(&town, |tx, op| {
                inspect::plans_page(tx, op, number(cursor, i64::MAX), 1)
            })
            .unwrap()
        });
        assert_eq!((plans.len(), pages), (2, 2));
        for (number, department) in ["440511-scjg", OWN_MARKET, "440511-scjg", OWN_MARKET]
            .iter()
            .enumerate()
        {
            let new = NewAnnouncement {
                department: (*department).into(),
                title: format!("公告{number}"),
                text: "示例".into(),
                term: None,
            };
            town.run(|tx, op| publish::announce(tx, op, &new)).unwrap();
        }
        let (notices, pages) = walk(|cursor| {
            asked(&town, |tx, op| {
                publish::notices(tx, op, number(cursor, i64::MAX), 1)
            })
            .unwrap()
        });
        let theirs = town.ask(|tx, op| publish::notices(tx, op, i64::MAX, 100)).items;
        let ours = theirs.iter().filter(|notice| notice.division == OWN).count();
        assert!(ours > 1 && ours < theirs.len());
        assert!(notices.iter().all(|notice| notice.division == OWN));
        assert_eq!((notices.len(), pages), (ours, ours));
        let theirs = theirs
            .iter()
            .find(|notice| notice.division != OWN)
            .unwrap()
            .notice_id;
        let hidden = [
            asked(&town, |tx, op| inspect::plan(tx, op, there.plan_id).map(drop)),
            asked(&town, |tx, op| publish::notice(tx, op, theirs).map(drop)),
        ];
        assert!(
            hidden
                .into_iter()
                .all(|fault| fault.unwrap_err().kind == FaultKind::Hidden)
        );
    }
);

db_test!(
    whom_inspectors_must_not_check_is_told_at_home_only,
    MIGRATIONS,
    |db| {
        let town = two_districts(&db, 0);
        let with_recusal = |id: &str, department: &str| crate::office::model::Inspector {
            recused: vec![stories::FIRM.into()],
            ..inspector(id, department)
        };
        let inspectors = [
            with_recusal("N01", OWN_MARKET),
            with_recusal("N02", "440511-scjg"),
        ];
        town.run(|tx, op| office::load(tx, op, &[], &inspectors)).unwrap();
        let recusals = |op: &Op| {
            let roll = query(&town.house, op, office::listed).unwrap();
            let roll = roll
                .into_iter()
                .filter(|one| one.inspector.inspector_id.starts_with('N'));
            roll.map(|one| (one.inspector.recused.len(), one.recusals_withheld))
                .collect::<Vec<_>>()
        };
        assert_eq!(recusals(&local(&town)), [(1, false), (0, true)]);
        assert_eq!(recusals(&town.op()), [(1, false), (1, false)]);
    }
);
