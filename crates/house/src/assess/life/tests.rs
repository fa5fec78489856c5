//! Stories of the life of models, on both databases.
use std::collections::BTreeMap;

use db::db_test;
use kernel::{Actor, Day, Fault, Outcome};

use super::model::{Approval, Draft, Findings, NewDraft, Overrule, Release, Window};
use super::service;
use crate::MIGRATIONS;
use crate::assess::service as classes;
use crate::hall::{Op, command, query};
use crate::registry;
use crate::stories::{FIRM, OTHER, Town};

const SERIOUS: &str = "统一社会信用代码,列入决定文号,列入类别,列入日期,截止日期,列入决定机关\n";
const RESULTS: &str = "统一社会信用代码,任务编号,抽查事项,抽查检查结果,检查日期,抽查类型\n";

/// The general model with other cut-offs: a few points are enough for class D.
const STRICT: &str = r#"
[default]
from = 2022-01-13
basis = { source = "DESIGN", article = "试算" }

[[model]]
code = "generic"
title = "从严的通用型"
classes = [
  { code = "A", title = "信用风险低", below = 1 },
  { code = "B", title = "信用风险一般", below = 2 },
  { code = "C", title = "信用风险较高", below = 3 },
  { code = "D", title = "信用风险高" },
]
"#;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

impl Town {
    fn as_person(&self, name: &str) -> Op {
        self.house.op(Actor::operator(name), "story")
    }

    fn drafted(&self, text: &str, by: &str) -> Outcome<Draft> {
        let new = NewDraft {
            title: "从严".into(),
            reason: "试算".into(),
            file_name: "strict.toml".into(),
            text: text.into(),
        };
        command(&self.house, &self.as_person(by), |tx, op| {
            service::draft(tx, op, &new)
        })
    }

    fn shadowed(&self, draft_id: i64) -> Findings {
        let until = self.op().today().pred_opt().unwrap();
        let window = Window {
            from: until - chrono::Duration::days(364),
            until,
            sample: 0,
            seed: 1,
        };
        let asked = self
            .run(|tx, op| service::order(tx, op, draft_id, &window))
            .unwrap();
        self.settle();
        self.ask(|tx, op| service::findings(tx, op, asked.shadow_id))
    }

    fn approved(&self, draft_id: i64, by: &str, from: Option<Day>, overruled: bool) -> Outcome<Release> {
        let approval = Approval {
            from,
            reason: "同意".into(),
            overrule: overruled.then(|| Overrule {
                by: "局长".into(),
                reason: "试运行".into(),
            }),
        };
        service::approve(&self.house, &self.as_person(by), draft_id, &approval)
    }

    fn state(&self, draft_id: i64) -> String {
        self.ask(|tx, op| service::one(tx, op, draft_id)).state
    }

    fn class_now(&self, no: &str) -> String {
        self.ask(|tx, op| classes::explain(tx, op, no, op.today()))
            .class_code
    }

    fn regraded(&self, no: &str) -> String {
        let entity = self.ask(|tx, op| registry::service::by_no(tx, op, no)).entity_id;
        self.run(|tx, op| classes::regrade(tx, op, &[entity])).unwrap();
        self.ask(|tx, _| classes::standing(tx, entity)).unwrap().class
    }
}

fn code<T: std::fmt::Debug>(outcome: Outcome<T>) -> &'static str {
    outcome.unwrap_err().code
}

db_test!(
    a_draft_with_faults_is_told_with_file_and_line_and_nothing_is_kept,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let broken = STRICT
            .replace("below = 2", "below = 200")
            .replace("DESIGN", "NOWHERE");
        let fault: Fault = town.drafted(&broken, "甲").unwrap_err();
        assert_eq!(fault.code, "assess.model.invalid");
        let told: Vec<&str> = fault.fields.iter().map(|field| field.detail.as_str()).collect();
        assert!(told.iter().any(|one| one.starts_with("strict.toml:")), "{told:?}");
        assert_eq!(code(town.drafted("", "甲")), "assess.model.invalid");
        assert_eq!(code(town.drafted("[[penalty]]\n", "甲")), "assess.model.invalid");
        assert!(town.ask(|tx, op| service::drafts(tx, op, i64::MAX, 9)).is_empty());
        let kept = town.drafted(STRICT, "甲").unwrap();
        assert_eq!(code(town.drafted(STRICT, "乙")), "assess.model.known");
        assert_eq!(kept.state, "draft");
    }
);

db_test!(
    a_draft_approved_by_a_second_person_is_in_force_and_what_was_decided_before_still_comes_out,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let old = town.ask(|tx, op| classes::runs(tx, op, i64::MAX, 1)).remove(0);
        let before = town.class_now(FIRM);
        assert_ne!(before, "D");
        let ground = town.house.law.pack().hash().to_owned();
        let draft = town.drafted(STRICT, "甲").unwrap().draft_id;
        assert_eq!(
            code(town.approved(draft, "乙", None, false)),
            "assess.model.not-shadowed"
        );
        let found = town.shadowed(draft);
        assert_eq!(town.state(draft), "shadowed");
        assert_eq!((found.movement.entities, found.movement.draft[3]), (3, 1_000_000));
        assert_eq!(town.class_now(FIRM), before, "a shadow changes nothing");
        assert_eq!(
            code(town.approved(draft, "甲", None, true)),
            "assess.model.same-person"
        );
        let blocked = town.approved(draft, "乙", None, false).unwrap_err();
        assert_eq!(blocked.code, "assess.model.blocked");
        assert!(
            blocked
                .fields
                .iter()
                .any(|field| field.detail.contains("不足以判断"))
                && blocked
                    .fields
                    .iter()
                    .any(|field| field.detail.contains("D 类在草案下占 100.0%")),
            "{:?}",
            blocked.fields
        );
        assert_eq!(town.class_now(FIRM), before, "refused is refused");
        let release = town.approved(draft, "乙", None, true).unwrap();
        assert_eq!(release.overruled_by.as_deref(), Some("局长"));
        assert!(release.in_force_at.is_some(), "it is told as it stands");
        assert_eq!(town.state(draft), "in-force");
        assert_eq!(town.house.law.pack().hash(), release.pack);
        assert_eq!(
            (town.class_now(FIRM), town.regraded(FIRM)),
            ("D".into(), "D".into())
        );
        let again = town.ask(|tx, op| classes::recompute(tx, op, FIRM, old.run_id));
        assert!(
            again.agrees && again.explanation.class_code == before,
            "{again:?}"
        );
        let told = town.ask(|tx, op| service::events(tx, op, draft));
        let verbs: Vec<&str> = told.iter().map(|event| event.verb.as_str()).collect();
        assert_eq!(
            verbs,
            [
                "assess.model-drafted",
                "assess.model-shadowed",
                "assess.model-approved",
                "assess.model-in-force"
            ]
        );
        assert_eq!(told[2].payload["overruled_for"], "试运行");
        // Going back is a release too, on the very day.
        let under_draft = town.ask(|tx, op| classes::runs(tx, op, i64::MAX, 1)).remove(0);
        let back = town.approved(0, "乙", None, true).unwrap();
        assert_eq!(
            (back.pack.as_str(), town.state(draft).as_str()),
            (ground.as_str(), "superseded")
        );
        assert_eq!(
            (town.class_now(FIRM), town.regraded(FIRM)),
            (before.clone(), before)
        );
        let again = town.ask(|tx, op| classes::recompute(tx, op, FIRM, under_draft.run_id));
        assert!(again.agrees && again.explanation.class_code == "D", "{again:?}");
    }
);

db_test!(
    a_release_that_waits_comes_into_force_on_its_day_and_not_before,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let draft = town.drafted(STRICT, "甲").unwrap().draft_id;
        town.shadowed(draft);
        let from = town.op().today() + chrono::Duration::days(10);
        town.approved(draft, "乙", Some(from), true).unwrap();
        assert_eq!(town.state(draft), "approved");
        assert_ne!(town.class_now(FIRM), "D");
        let then = town.ask(|tx, op| classes::explain(tx, op, FIRM, from));
        assert_eq!(
            then.class_code, "D",
            "asked as of its first day it speaks already"
        );
        town.later(10);
        service::tick(&town.house, &town.op()).unwrap();
        service::tick(&town.house, &town.op()).unwrap();
        assert_eq!(
            (town.state(draft).as_str(), town.class_now(FIRM).as_str()),
            ("in-force", "D")
        );
        let events = town.ask(|tx, op| service::events(tx, op, draft));
        let begun = events
            .iter()
            .filter(|event| event.verb == "assess.model-in-force");
        assert_eq!(begun.count(), 1);
    }
);

db_test!(
    an_approval_taken_back_before_its_day_leaves_the_law_as_it_was,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let draft = town.drafted(STRICT, "甲").unwrap().draft_id;
        let ground = town.house.law.pack().hash().to_owned();
        town.shadowed(draft);
        let from = town.op().today() + chrono::Duration::days(10);
        town.approved(draft, "乙", Some(from), true).unwrap();
        let waiting = town.regraded(FIRM);
        let run = town.ask(|tx, op| classes::runs(tx, op, i64::MAX, 1)).remove(0);
        assert_ne!(run.pack, ground);
        service::withdraw(&town.house, &town.as_person("甲"), draft, "写错了").unwrap();
        assert_eq!(
            (town.state(draft).as_str(), town.house.law.pack().hash()),
            ("withdrawn", ground.as_str())
        );
        town.later(20);
        service::tick(&town.house, &town.op()).unwrap();
        assert_eq!(town.class_now(FIRM), waiting);
        let again = town.ask(|tx, op| classes::recompute(tx, op, FIRM, run.run_id));
        assert!(again.agrees, "{again:?}");
        assert_eq!(code(town.approved(draft, "乙", None, true)), "assess.model.state");
        assert_eq!(
            code(town.run(|tx, op| service::reject(tx, op, draft, "否"))),
            "assess.model.state"
        );
    }
);

/// Visits before the house knew the firm, before and after a grave record was known.
fn past(town: &Town) {
    town.later(10);
    let row = |task: &str, item: &str, result: &str, on: &str, kind: &str| {
        format!("{FIRM},{task},{item},{result},{on},{kind}\n")
    };
    town.later(20);
    town.hand_over(
        "serious-listing",
        &format!("{SERIOUS}{FIRM},严1号,food,2026-05-20,2029-05-19,示例局\n"),
    );
    town.later(20);
    town.hand_over(
        "inspection-result",
        &[
            RESULTS.to_owned(),
            row("T1", "甲", "01", "2026-03-02", "双随机"),
            row("T2", "甲", "01", "2026-06-10", "双随机"),
            row("T2", "乙", "01", "2026-06-10", "双随机"),
            row("T3", "甲", "01", "2026-07-10", "重点检查"),
            row("T3", "乙", "05", "2026-07-10", "重点检查"),
        ]
        .concat(),
    );
}

db_test!(
    a_shadow_run_goes_by_what_was_known_the_day_before_each_visit,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        past(&town);
        let draft = town.drafted(STRICT, "甲").unwrap().draft_id;
        let found = town.shadowed(draft);
        let visits = &found.visits;
        assert_eq!(
            (visits.visits, visits.found, visits.as_known, visits.by_day),
            (3, 1, 2, 1)
        );
        let all = &found.parts[0];
        let of = |class: &str| all.current.iter().find(|one| one.class == class).unwrap();
        // The listing is of 20 May and became known on 1 July: only the third visit was made knowing it.
        assert_eq!((of("D").visits, of("D").found), (1, 1));
        assert_eq!(all.draft[3].visits, 3);
        let kinds: BTreeMap<&str, u64> = found
            .parts
            .iter()
            .map(|part| (part.kind.as_str(), part.visits))
            .collect();
        assert_eq!(
            kinds,
            BTreeMap::from([("all", 3), ("random", 2), ("directed", 1)])
        );
        assert!(found.gates.iter().all(|gate| gate.verdict == "unknown"));
        // The same run again finds the same.
        let again = town.shadowed(draft);
        assert_eq!(again, found);
    }
);

db_test!(
    the_table_holds_what_the_indicators_saw_the_day_before_and_no_name,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        past(&town);
        let entity = town
            .ask(|tx, op| registry::service::by_no(tx, op, FIRM))
            .entity_id;
        town.run(|tx, _| service::note_visit(tx, entity, "T3", &["粤1".into(), "粤2".into()]))
            .unwrap();
        let write = |salt: u8| {
            let asked = service::Asked {
                days: (day("2026-01-01"), day("2026-07-20")),
                model: "generic".into(),
                salt: [salt; 16],
            };
            let mut out = Vec::new();
            let counted = service::table(&town.house, &town.op(), &asked, &mut out).unwrap();
            assert_eq!(counted, (3, 0));
            String::from_utf8(out).unwrap()
        };
        let text = write(1);
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        let at = |name: &str| rows[0].iter().position(|one| *one == name).unwrap();
        let column = |name: &str| rows[1..].iter().map(|row| row[at(name)]).collect::<Vec<_>>();
        assert_eq!(column("day"), ["2026-03-02", "2026-06-10", "2026-07-10"]);
        assert_eq!(column("found"), ["0", "0", "1"]);
        assert_eq!(column("known"), ["by-day", "known", "known"]);
        assert_eq!(column("supervision.serious-open"), ["", "", "1"]);
        assert_eq!(column("basic.capital"), ["500000000"; 3]);
        assert!(
            !text.contains("示例") && !text.contains("粤") && !text.contains(FIRM),
            "{text}"
        );
        let labels = column("inspectors")[2];
        assert_eq!(labels.split(' ').count(), 2);
        assert!(!write(2).contains(labels), "another salt gives other labels");
    }
);

db_test!(
    a_changed_class_is_an_event_of_its_entity_with_reasons_and_a_first_class_is_none,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let entity = town
            .ask(|tx, op| registry::service::by_no(tx, op, FIRM))
            .entity_id;
        let told = |town: &Town| {
            let subject = format!("entity:{entity}");
            let events = town.ask(|tx, op| crate::hall::ledger::about(tx, op, &subject));
            events
                .into_iter()
                .filter(|event| event.verb == classes::CHANGED)
                .collect::<Vec<_>>()
        };
        assert!(told(&town).is_empty(), "a first class is no change");
        town.hand_over(
            "serious-listing",
            &format!("{SERIOUS}{FIRM},严1号,food,2026-05-20,2029-05-19,示例局\n"),
        );
        let events = told(&town);
        assert_eq!(events.len(), 1);
        let payload = &events[0].payload;
        assert_eq!(
            (&payload["to"], &payload["direction"]),
            (&"D".into(), &"worse".into())
        );
        assert_eq!(payload["pack"], town.house.law.pack().hash());
        let reasons = payload["reasons"].as_array().unwrap();
        assert!(
            reasons[0]["sentence"].as_str().unwrap().contains("严重违法"),
            "{reasons:?}"
        );
    }
);

db_test!(
    changed_classes_are_listed_by_day_place_and_direction_within_the_scope,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db).with_three();
        let listed = |no: &str, number: &str| {
            let row = format!("{SERIOUS}{no},{number},food,2026-05-20,2029-05-19,示例局\n");
            town.hand_over("serious-listing", &row);
        };
        listed(FIRM, "严1号");
        town.later(5);
        listed(OTHER, "严2号");
        let page = |op: &Op, since: &str, division: Option<&str>, direction| {
            let asked = crate::assess::model::ChangesAsked {
                since: day(since),
                until: None,
                division: division.map(str::to_owned),
                direction,
            };
            let page = query(&town.house, op, |tx, op| {
                classes::changed(tx, op, &asked, None, 50)
            })
            .unwrap();
            page.items
        };
        use crate::assess::model::Direction::{Better, Worse};
        let nos = |changes: Vec<crate::assess::model::ClassChange>| {
            changes.into_iter().map(|one| one.subject_no).collect::<Vec<_>>()
        };
        let op = town.op();
        let both = page(&op, "2026-06-01", None, Some(Worse));
        assert!(
            both.iter()
                .all(|one| one.to == "D" && one.reasons.as_ref().is_some_and(|all| !all.is_empty()))
        );
        assert_eq!(nos(both), [FIRM, OTHER]);
        assert_eq!(nos(page(&op, "2026-06-02", None, None)), [OTHER]);
        assert_eq!(nos(page(&op, "2026-06-01", Some("440511001"), None)), [OTHER]);
        assert!(page(&op, "2026-06-01", None, Some(Better)).is_empty());
        let mut elsewhere = town.op();
        elsewhere.actor.scope = kernel::actor::Scope::place(kernel::Division::parse("440507").unwrap());
        assert!(page(&elsewhere, "2026-06-01", None, None).is_empty());
        let mut street = town.op();
        street.actor.scope = kernel::actor::Scope::place(kernel::Division::parse("440511001").unwrap());
        assert_eq!(nos(page(&street, "2026-06-01", None, None)), [OTHER]);
        let asked = crate::assess::model::ChangesAsked {
            since: day("2026-06-01"),
            until: None,
            division: None,
            direction: None,
        };
        let first = town.ask(|tx, op| classes::changed(tx, op, &asked, None, 1));
        let after = kernel::page::Cursor::from_text(first.next.clone().unwrap())
            .decode()
            .unwrap();
        let second = town.ask(|tx, op| classes::changed(tx, op, &asked, Some(after), 1));
        assert_eq!(
            (nos(first.items), nos(second.items)),
            (vec![FIRM.to_owned()], vec![OTHER.to_owned()])
        );
    }
);
