//! Stories of matching, on both databases.
mod merges;
mod relations;

use db::db_test;
use kernel::actor::{Actor, Scope};
use kernel::{FaultKind, Outcome, SubjectNo};

use super::model::Case;
use super::service;
use crate::MIGRATIONS;
use crate::hall::{Op, command, query};
use crate::intake::model::Batch;
use crate::intake::whose::model::{Loose, Standing};
use crate::intake::whose::service as rows;
use crate::registry::service as register;
use crate::stories::{FIRM, Town};

/// A right code of a firm in 金平区, by number.
fn code(number: u32) -> String {
    let body = format!("91440511MA{number:07}");
    "0123456789ABCDEFGHJKLMNPQRTUWXY"
        .chars()
        .map(|check| format!("{body}{check}"))
        .find(|code| SubjectNo::parse(code).is_ok())
        .unwrap()
}

/// A right registration number, by number.
fn old_no(number: u32) -> String {
    let body = format!("440511{number:08}");
    ('0'..='9')
        .map(|check| format!("{body}{check}"))
        .find(|no| SubjectNo::parse(no).is_ok())
        .unwrap()
}

const REGISTRATION: &str =
    "统一社会信用代码,名称,类型,成立日期,登记状态,行业代码,行政区划,住所,法定代表人,隶属企业主体代码\n";
const PENALTY: &str = "统一社会信用代码,当事人名称,处罚决定书文号,违法行为类型,处罚类别,罚款金额,处罚等级,处罚决定日期,处罚机关\n";

/// The line of a registration.
fn firm(code: &str, name: &str, rest: &str) -> String {
    format!("{code},{name},1130,2015-03-01,1,H6210,440511,{rest}\n")
}

fn register(town: &Town, lines: &[String]) -> Batch {
    let batch = town.hand_over("registration", &format!("{REGISTRATION}{}", lines.concat()));
    assert_eq!(batch.rows_refused, 0, "{batch:?}");
    batch
}

/// The line of a penalty.
fn penalty(code: &str, name: &str, no: &str) -> String {
    format!("{code},{name},{no},无证经营,罚款,5000元,2,2026-03-04,示例局\n")
}

const WEIAO: &str = "汕头市伟奥五金制品有限公司";
const NOBODY: &str = "沈阳晨光冷链物流有限公司";

/// Two firms of telling names.
fn city(town: &Town) -> (String, String) {
    let (a, b) = (code(1), code(2));
    register(
        town,
        &[
            firm(&a, WEIAO, "汕头市金平区潮汕路11号,张三,"),
            firm(&b, "汕头市嘉蓝环保科技有限公司", "汕头市金平区潮汕路22号,李四,"),
        ],
    );
    (a, b)
}

fn standing(town: &Town, batch: &Batch) -> Standing {
    town.ask(|tx, op| rows::standing(tx, op, Some(batch.batch_id)))
}

fn in_state(town: &Town, state: &str) -> Vec<Loose> {
    let asked = rows::Asked {
        state: state.into(),
        ..rows::Asked::default()
    };
    town.ask(|tx, op| service::listed(tx, op, &asked, 0, 100)).items
}

/// Numbers and states of the penalties in a credit file.
fn penalties(town: &Town, code: &str) -> Vec<(String, String)> {
    let file = town.ask(|tx, op| register::credit_file(tx, op, code, None));
    let statements = file.groups.into_iter().flat_map(|group| group.statements);
    let mut found: Vec<_> = statements
        .filter(|one| one.item == "penalty")
        .map(|one| {
            (
                one.content["decision_no"].as_str().unwrap_or_default().to_owned(),
                one.state,
            )
        })
        .collect();
    found.sort();
    found
}

fn held(no: &str, state: &str) -> (String, String) {
    (no.to_owned(), state.to_owned())
}

db_test!(
    a_row_without_a_right_code_is_linked_queued_or_left_unlinked_and_the_counts_add_up,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let (a, _) = city(&town);
        let text = format!(
            "{PENALTY}{}{}{}{}{},,6号,无证经营,罚款,5000元,2,2026-13-04,示例局\n{}",
            penalty(FIRM, "", "1号"),
            penalty("", WEIAO, "2号"),
            penalty("9.14E+17", "汕頭市偉奧五金製品有限公司", "3号"),
            penalty("", NOBODY, "4号"),
            "",
            penalty(&format!("{}Y", &FIRM[..16]), "", "5号"),
        );
        let batch = town.hand_over("penalty", &text);
        assert_eq!(
            (
                batch.rows_read,
                batch.rows_accepted,
                batch.rows_refused,
                batch.rows_loose
            ),
            (6, 1, 2, 3),
            "{batch:?}"
        );
        let now = standing(&town, &batch);
        assert_eq!(
            (now.linked, now.queued, now.unlinked, now.total()),
            (1, 1, 1, 3),
            "{now:?}"
        );
        assert_eq!(penalties(&town, &a), [held("2号", "current")]);
        // The link is marked: by whom, with which score, for which reasons, under which rules.
        let linked = in_state(&town, "linked").remove(0);
        let case: Case = town.ask(|tx, op| service::case(tx, op, linked.loose_id));
        let decision = &case.decisions[0];
        assert!(
            decision.automatic && decision.score >= Some(780) && decision.made,
            "{decision:?}"
        );
        assert!(decision.rule.len() > 16 && decision.reasons.is_some());
        assert_eq!(case.loose.who.name, WEIAO);
        // A wrong code is corrected by a person only, however sure the name is.
        let queued = in_state(&town, "queued").remove(0);
        assert!(
            queued.because.contains("代码只能由人工更正"),
            "{}",
            queued.because
        );
        assert_eq!(in_state(&town, "unlinked")[0].who.name, NOBODY);
        // The same rows in another file: recognised, nothing is kept twice.
        let again = town.hand_over("penalty", &format!("{text}\n"));
        assert_eq!(
            (
                again.rows_read,
                again.rows_accepted,
                again.rows_unchanged,
                again.rows_refused,
                again.rows_loose
            ),
            (6, 0, 4, 2, 0),
            "{again:?}"
        );
        assert_eq!(penalties(&town, &a).len(), 1);
    }
);

db_test!(
    a_file_without_a_code_column_is_taken_in_by_name,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (a, _) = city(&town);
        let text = format!(
            "{}\n{}",
            PENALTY.trim_end().trim_start_matches("统一社会信用代码,"),
            penalty("", WEIAO, "1号").trim_start_matches(',')
        );
        let batch = town.hand_over("penalty", &text);
        assert_eq!(
            (batch.rows_loose, standing(&town, &batch).linked),
            (1, 1),
            "{batch:?}"
        );
        assert_eq!(penalties(&town, &a), [held("1号", "current")]);
        // A registration says itself who an entity is: without a code it is refused as a whole.
        let nameless = town.hand_over("registration", "名称,登记状态\n示例丁有限公司,1\n");
        assert_eq!(nameless.state, "refused");
    }
);

db_test!(
    new_content_of_an_open_row_takes_its_place_and_once_linked_corrects,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        city(&town);
        let row = |fine: &str| format!("{PENALTY},{NOBODY},1号,无证经营,罚款,{fine},2,2026-03-04,示例局\n");
        let first = town.hand_over("penalty", &row("5000元"));
        let second = town.hand_over("penalty", &row("6000元"));
        assert_eq!(standing(&town, &first).replaced, 1);
        let b = code(3);
        register(&town, &[firm(&b, NOBODY, "沈阳市和平区示例路3号,王五,")]);
        assert_eq!(
            standing(&town, &second).linked,
            1,
            "{:?}",
            in_state(&town, "unlinked")
        );
        town.hand_over("penalty", &row("7000元"));
        assert_eq!(
            penalties(&town, &b),
            [held("1号", "corrected"), held("1号", "current")]
        );
    }
);

db_test!(
    a_firm_registered_later_gets_the_rows_that_waited_for_it,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        city(&town);
        let batch = town.hand_over("penalty", &format!("{PENALTY}{}", penalty("", NOBODY, "1号")));
        assert_eq!(standing(&town, &batch).unlinked, 1);
        let b = code(3);
        register(&town, &[firm(&b, NOBODY, "沈阳市和平区示例路3号,王五,")]);
        assert_eq!(standing(&town, &batch).linked, 1);
        assert_eq!(penalties(&town, &b), [held("1号", "current")]);
        // What the link made is classified like any record.
        let entity = town.ask(|tx, op| register::by_no(tx, op, &b));
        assert!(
            town.ask(|tx, _| crate::assess::service::standing(tx, entity.entity_id))
                .is_some()
        );
    }
);

/// One queued row about the first firm: its number.
fn queued(town: &Town) -> i64 {
    town.hand_over(
        "penalty",
        &format!("{PENALTY}{}", penalty("9.14E+17", WEIAO, "3号")),
    );
    in_state(town, "queued")[0].loose_id
}

fn fault<T: std::fmt::Debug>(outcome: Outcome<T>) -> (FaultKind, &'static str) {
    let fault = outcome.unwrap_err();
    (fault.kind, fault.code)
}

db_test!(
    a_person_sees_both_sides_decides_once_and_may_undo_once,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (a, b) = city(&town);
        let row = queued(&town);
        let case: Case = town.ask(|tx, op| service::case(tx, op, row));
        let candidate = &case.candidates[0];
        assert_eq!(candidate.subject_no, a);
        assert!(
            candidate
                .sides
                .iter()
                .any(|side| side.field == "名称" && side.agrees == Some(true))
        );
        assert_eq!(
            candidate.score,
            candidate.reasons.iter().map(|reason| reason.points).sum::<i64>()
        );
        let decision = town
            .run(|tx, op| service::link(tx, op, row, &a, "与执照核对"))
            .unwrap();
        town.settle();
        assert_eq!((decision.automatic, decision.made), (false, true));
        assert_eq!(penalties(&town, &a), [held("3号", "current")]);
        // A second decision finds that it is decided, and by whom.
        let second = town.run(|tx, op| service::link(tx, op, row, &b, ""));
        assert_eq!(fault(second), (FaultKind::Conflict, "intake.match.decided"));
        assert_eq!(
            fault(town.run(|tx, op| service::leave(tx, op, row, "不是"))).1,
            "intake.match.decided"
        );
        assert_eq!(
            fault(town.run(|tx, op| rows::undo(tx, op, row, " "))).0,
            FaultKind::Invalid
        );
        let undone = town.run(|tx, op| rows::undo(tx, op, row, "看错了")).unwrap();
        town.settle();
        assert_eq!(undone.undoes, Some(decision.decision_id));
        assert_eq!(penalties(&town, &a), [held("3号", "withdrawn")]);
        assert_eq!(
            fault(town.run(|tx, op| rows::undo(tx, op, row, "再来"))).1,
            "intake.match.undecided"
        );
        // What a person undid is not linked by the rules again, but by a person to somebody else.
        town.run(|tx, op| service::retry(tx, op, None)).unwrap();
        town.settle();
        assert_eq!(in_state(&town, "queued").len(), 1);
        town.run(|tx, op| service::link(tx, op, row, &b, "")).unwrap();
        assert_eq!(penalties(&town, &b), [held("3号", "current")]);
        let trace: Case = town.ask(|tx, op| service::case(tx, op, row));
        let kinds: Vec<&str> = trace.decisions.iter().map(|one| one.kind.as_str()).collect();
        assert_eq!(kinds, ["linked", "undone", "linked"]);
        let told = town.ask(|tx, op| crate::hall::ledger::about(tx, op, &format!("loose:{row}")));
        assert_eq!(told.len(), 3);
    }
);

db_test!(
    two_people_who_decide_at_once_do_not_both_succeed,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (a, b) = city(&town);
        let row = queued(&town);
        let outcomes: Vec<bool> = std::thread::scope(|scope| {
            let hands: Vec<_> = [&a, &b]
                .map(|code| {
                    let (house, op) = (&town.house, town.op());
                    scope.spawn(move || {
                        command(house, &op, |tx, op| service::link(tx, op, row, code, "")).is_ok()
                    })
                })
                .into();
            hands.into_iter().map(|hand| hand.join().unwrap()).collect()
        });
        assert_eq!(outcomes.iter().filter(|won| **won).count(), 1, "{outcomes:?}");
        let made = penalties(&town, &a).len() + penalties(&town, &b).len();
        assert_eq!(made, 1);
        let case: Case = town.ask(|tx, op| service::case(tx, op, row));
        assert_eq!(case.decisions.len(), 1);
    }
);

db_test!(
    a_row_left_unlinked_stays_so_with_its_reason_until_that_is_undone,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (a, _) = city(&town);
        let row = queued(&town);
        assert_eq!(
            fault(town.run(|tx, op| service::leave(tx, op, row, ""))).1,
            "intake.match.reason"
        );
        town.run(|tx, op| service::leave(tx, op, row, "外地同名企业"))
            .unwrap();
        town.run(|tx, op| service::retry(tx, op, None)).unwrap();
        town.settle();
        assert_eq!(in_state(&town, "left")[0].because, "外地同名企业");
        town.run(|tx, op| rows::undo(tx, op, row, "重新核对")).unwrap();
        town.run(|tx, op| service::link(tx, op, row, &a, "")).unwrap();
        assert_eq!(penalties(&town, &a), [held("3号", "current")]);
    }
);

db_test!(
    a_link_that_was_built_upon_is_not_undone_over_it,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (a, _) = city(&town);
        let row = queued(&town);
        town.run(|tx, op| service::link(tx, op, row, &a, "")).unwrap();
        let corrected = penalty(&a, "", "3号").replace("5000元", "1万元");
        town.hand_over("penalty", &format!("{PENALTY}{corrected}"));
        let refused = town.run(|tx, op| rows::undo(tx, op, row, "看错了"));
        assert_eq!(fault(refused).1, "intake.match.built-upon");
        assert_eq!(
            penalties(&town, &a),
            [held("3号", "corrected"), held("3号", "current")]
        );
    }
);

db_test!(
    to_an_actor_out_of_scope_a_row_and_its_candidates_do_not_exist,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let (a, _) = city(&town);
        let row = queued(&town);
        let as_who = |scope: Scope| Op {
            actor: Actor {
                scope,
                ..Actor::operator("某人")
            },
            ..town.op()
        };
        let elsewhere = as_who(Scope::place("440507".parse().unwrap()));
        let other = as_who(Scope {
            departments: Some(vec!["440511-rsj".into()]),
            ..Scope::default()
        });
        for op in [&elsewhere, &other] {
            assert!(
                query(&town.house, op, |tx, op| service::listed(
                    tx,
                    op,
                    &rows::Asked::default(),
                    0,
                    10
                ))
                .unwrap()
                .items
                .is_empty()
            );
            for outcome in [
                command(&town.house, op, |tx, op| service::case(tx, op, row).map(drop)),
                command(&town.house, op, |tx, op| {
                    service::link(tx, op, row, &a, "").map(drop)
                }),
                command(&town.house, op, |tx, op| {
                    service::leave(tx, op, row, "不是").map(drop)
                }),
            ] {
                assert_eq!(fault(outcome).0, FaultKind::Hidden);
            }
        }
        // The supplier sees its row, but not firms that lie where it may not look.
        let supplier = as_who(Scope {
            departments: Some(vec!["440511-scjg".into()]),
            ..Scope::default()
        });
        let case: Case = query(&town.house, &supplier, |tx, op| service::case(tx, op, row)).unwrap();
        assert_eq!(
            (case.candidates.len(), case.hidden, case.loose.found),
            (0, 1, None)
        );
        // Who looks after the place decides.
        let here = as_who(Scope::place("440511".parse().unwrap()));
        command(&town.house, &here, |tx, op| service::link(tx, op, row, &a, "")).unwrap();
    }
);

db_test!(
    rows_without_an_entity_count_against_the_linkage_of_their_supplier,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        city(&town);
        let text = format!(
            "{PENALTY}{}{}",
            penalty("", WEIAO, "1号"),
            penalty("", NOBODY, "2号")
        );
        town.hand_over("penalty", &text);
        let month = "2026-06";
        crate::intake::quality::service::measure(&town.house, &town.op(), month).unwrap();
        let scores = town.ask(|tx, op| crate::intake::quality::service::scores(tx, op, month));
        assert_eq!(
            scores.len(),
            1,
            "links are the house's own batches, not a supplier's: {scores:?}"
        );
        assert_eq!(scores[0].counts.rows_unlinked, 1);
    }
);
