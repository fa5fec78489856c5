//! Tables of what the rules of the life of models say.
use chrono::{DateTime, Utc};
use serde_json::json;

use super::*;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn release(release_id: i64, draft_id: i64, from: &str) -> Release {
    Release {
        release_id,
        draft_id,
        from_on: day(from),
        pack: String::new(),
        reason: "理由".into(),
        approved_at: DateTime::<Utc>::MIN_UTC,
        approved_by: "乙".into(),
        shadow_id: None,
        blocks: Vec::new(),
        overruled_by: None,
        overruled_for: None,
        in_force_at: None,
        withdrawn_at: None,
    }
}

#[test]
fn who_drafted_may_not_approve_and_nobody_without_a_name_may() {
    let approve =
        |drafter: Option<&str>, actor: &Actor| may_approve(drafter, actor).map_err(|fault| fault.code);
    let (first, second) = (Actor::operator("甲"), Actor::operator("乙"));
    assert_eq!(approve(Some("甲"), &first), Err("assess.model.same-person"));
    assert_eq!(approve(Some(" 甲 "), &first), Err("assess.model.same-person"));
    assert_eq!(approve(Some("甲"), &second), Ok(()));
    assert_eq!(approve(None, &second), Ok(()));
    assert_eq!(
        approve(Some("甲"), &Actor::system("后台")),
        Err("assess.model.nobody")
    );
    assert_eq!(approve(None, &Actor::public()), Err("assess.model.nobody"));
}

#[test]
fn a_release_begins_today_or_later_and_not_before_one_that_waits() {
    let may = |all: &[Release], draft, from: &str| {
        may_release(all, draft, day(from), day("2026-06-01")).map_err(|fault| fault.code)
    };
    assert_eq!(may(&[], 5, "2026-06-01"), Ok(()));
    assert_eq!(may(&[], 5, "2026-05-31"), Err("assess.model.past"));
    assert_eq!(may(&[], GROUND, "2026-06-01"), Err("assess.model.in-force"));
    let waiting = [release(1, 5, "2026-07-01")];
    assert_eq!(may(&waiting, 6, "2026-06-20"), Err("assess.model.another-waits"));
    assert_eq!(may(&waiting, 6, "2026-07-01"), Ok(()));
    assert_eq!(may(&waiting, 5, "2026-08-01"), Err("assess.model.in-force"));
    assert_eq!(may(&waiting, GROUND, "2026-08-01"), Ok(()));
}

#[test]
fn one_release_is_in_force_on_a_day_and_the_state_of_a_draft_follows() {
    let all = [
        release(1, 5, "2026-06-01"),
        release(2, 6, "2026-07-01"),
        release(3, GROUND, "2026-07-01"),
        release(4, 5, "2026-08-01"),
    ];
    let force = |on: &str| in_force(&all, day(on)).map(|release| release.draft_id);
    assert_eq!(force("2026-05-31"), None);
    assert_eq!(force("2026-06-30"), Some(5));
    assert_eq!(force("2026-07-01"), Some(GROUND), "the later of two of one day");
    assert_eq!(force("2026-09-01"), Some(5));
    let state = |draft, on: &str| state_of("approved", draft, &all, day(on));
    assert_eq!(state(5, "2026-05-01"), "approved");
    assert_eq!(state(5, "2026-06-01"), "in-force");
    assert_eq!(state(6, "2026-07-15"), "superseded");
    assert_eq!(state(5, "2026-07-15"), "approved", "it waits for its second time");
    assert_eq!(state_of("rejected", 9, &all, day("2026-07-15")), "rejected");
}

#[test]
fn each_draft_is_laid_over_from_its_release_to_the_day_before_the_next() {
    let mut taken_back = release(9, 7, "2026-06-15");
    taken_back.withdrawn_at = Some(DateTime::<Utc>::MIN_UTC);
    let all = [
        release(1, 5, "2026-06-01"),
        taken_back,
        release(2, 6, "2026-07-01"),
        release(3, GROUND, "2026-07-01"),
        release(4, 5, "2026-08-01"),
    ];
    let text = |draft: i64| (draft != GROUND).then(|| (format!("{draft}.toml"), String::new()));
    let laid: Vec<(String, Day, Option<Day>)> = overlays(&all, text)
        .into_iter()
        .map(|overlay| (overlay.file, overlay.from, overlay.until))
        .collect();
    assert_eq!(
        laid,
        [
            ("5.toml".into(), day("2026-06-01"), Some(day("2026-06-30"))),
            ("5.toml".into(), day("2026-08-01"), None),
        ]
    );
}

#[test]
fn results_of_one_visit_count_once_and_found_something_when_one_did() {
    let law = OutcomeItem {
        item: "inspection-result".into(),
        visit: "task_no".into(),
        kind: "kind".into(),
        random: vec!["双随机".into()],
        directed: vec!["重点检查".into()],
    };
    let fields = [
        json!({ "task_no": "T1", "kind": "双随机" }),
        json!({ "task_no": "T1", "kind": "双随机" }),
        json!({ "task_no": "T2", "kind": "重点检查" }),
        json!({ "task_no": "T3" }),
    ];
    let result = |at: usize, code: &'static str| Recorded {
        entity_id: 7,
        on: day("2026-03-01"),
        code: Some(code),
        fields: &fields[at],
    };
    let problem = |code: &str| match code {
        "01" => Some(false),
        "05" => Some(true),
        _ => None,
    };
    let given = [result(0, "01"), result(1, "05"), result(2, "01"), result(3, "99")];
    let (found, unknown) = visits(&law, problem, given.into_iter());
    let told: Vec<(&str, Kind, bool)> = found
        .iter()
        .map(|visit| (visit.visit.as_str(), visit.kind, visit.found))
        .collect();
    assert_eq!(told, [("T1", Kind::Random, true), ("T2", Kind::Directed, false)]);
    assert_eq!(unknown, 1);
}

#[test]
fn tickets_repeat_and_fall_evenly() {
    assert_eq!(ticket(1, 5), ticket(1, 5));
    assert_ne!(ticket(1, 5), ticket(2, 5));
    let low = (0..10_000).filter(|id| ticket(3, *id) < u64::MAX / 2).count();
    assert!((4_800..5_200).contains(&low), "{low}");
}

mod gates {
    use policy::pack::{Answer, Fraction, GateMeasure, Rail, ReleaseGate};
    use policy::{Basis, Trace};

    use super::super::figures::{gate, movement, rail, standing};
    use super::super::statistics::Cells;

    fn answer<T>(value: &T) -> Answer<&T> {
        let trace = Trace {
            kind: "gate".into(),
            code: "one".into(),
            from: super::day("2022-01-01"),
            basis: Basis::default(),
        };
        Answer { value, trace }
    }

    fn law(measure: GateMeasure) -> ReleaseGate {
        ReleaseGate {
            title: "门槛".into(),
            model: "generic".into(),
            measure,
            worst: 1,
            confidence: Fraction { num: 95, den: 100 },
            least_results: 100,
            least_found: 20,
            valid_days: 31,
        }
    }

    /// 100 visits in class 1 of the current model with `found` that found something, 400 in class 0 with 20; the draft puts the
    /// classes the other way round when `turned`.
    fn visits(found: u32, turned: bool) -> Cells {
        let mut cells = Cells::default();
        for (class, all, found) in [(1, 100, found), (0, 400, 20)] {
            for nth in 0..all {
                let draft = if turned { 1 - class } else { class };
                cells.count(standing(class, 5), standing(draft, 5), nth < found);
            }
        }
        cells
    }

    #[test]
    fn a_draft_that_finds_less_among_as_many_is_blocked_and_one_that_finds_as_much_is_not() {
        for measure in [GateMeasure::HitRate, GateMeasure::Auc] {
            let law = law(measure);
            assert_eq!(gate(&answer(&law), &visits(40, false), 2).verdict, "held");
            let worse = gate(&answer(&law), &visits(40, true), 2);
            assert_eq!(worse.verdict, "lower", "{worse:?}");
        }
    }

    #[test]
    fn with_too_few_results_nothing_is_said() {
        let law = law(GateMeasure::Auc);
        let mut few = Cells::default();
        few.count(1, 1, true);
        let told = gate(&answer(&law), &few, 2);
        assert_eq!(told.verdict, "unknown");
        assert!(told.sentence.contains("只有 1 户次"), "{}", told.sentence);
    }

    #[test]
    fn a_class_outside_its_rails_is_told() {
        let law = Rail {
            model: "generic".into(),
            class: "B".into(),
            least: Fraction { num: 1, den: 100 },
            most: Fraction { num: 10, den: 100 },
        };
        let classes = ["A".to_owned(), "B".to_owned()];
        // Rows: current A, B, none; columns: draft. Two without a class do not count.
        let moved = movement(vec![vec![90, 5, 0], vec![0, 5, 0], vec![0, 0, 2]], 200);
        assert_eq!(
            (moved.entities, moved.current.clone()),
            (102, vec![950_000, 50_000])
        );
        assert_eq!(moved.draft, [900_000, 100_000]);
        assert!(
            rail(&answer(&law), &classes, &moved).held,
            "the rail itself is inside"
        );
        let beyond = movement(vec![vec![89, 6, 0], vec![0, 5, 0], vec![0, 0, 0]], 100);
        let told = rail(&answer(&law), &classes, &beyond);
        assert!(!told.held && told.sentence.contains("11.0%"), "{told:?}");
    }
}
