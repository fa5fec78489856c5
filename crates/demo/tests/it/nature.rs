//! Stories about what is hidden behind the files: the nature of firms, the eye of inspectors, the offices.

use std::collections::BTreeSet;

use crate::shared::{badness, day, good, text};
use demo::SHEETS;

#[test]
fn bad_firms_are_bad_in_several_ways_and_good_ones_are_honoured() {
    let truth = badness();
    let share = |item: &str, low: u32, high: u32| {
        let (_, rows) = good(item);
        let with: BTreeSet<&str> = rows.iter().map(|row| row[0].as_str()).collect();
        let group: Vec<&String> = truth
            .iter()
            .filter(|one| (low..high).contains(one.1))
            .map(|one| one.0)
            .collect();
        group.iter().filter(|code| with.contains(code.as_str())).count() * 1000 / group.len()
    };
    for item in [
        "penalty",
        "annual-report-missing",
        "complaint",
        "court-default",
        "arrears",
        "abnormal-listing",
    ] {
        let (best, worst) = (share(item, 0, 150), share(item, 700, 1001));
        assert!(worst > best * 2 + 20, "{item}: {best} {worst}");
    }
    assert!(share("honour", 0, 121) > 10);
    assert_eq!(share("honour", 121, 1001), 0);
}

#[test]
fn inspections_follow_nature_and_the_eye_of_the_inspector() {
    let text = text("inspection-history.csv");
    let truth = badness();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let (mut nature, mut eye) = ([[0_u32; 2]; 2], [[0_u32; 2]; 2]);
    for row in reader.records().map(|row| row.unwrap()) {
        let found = usize::from(&row[5] != "01" && &row[5] != "07");
        nature[usize::from(truth[&row[0]] > 420)][found] += 1;
        eye[usize::from(demo::leniency(7, &row[8]) > 0)][found] += 1;
        assert_ne!(&row[8], &row[9], "a team of one");
    }
    let rate = |cell: [u32; 2]| cell[1] * 1000 / (cell[0] + cell[1]);
    assert!(rate(nature[1]) > rate(nature[0]) * 3, "{nature:?}");
    assert!(rate(eye[0]) > rate(eye[1]), "{eye:?}");
}

#[test]
fn an_outcome_is_the_same_each_time_and_worse_for_worse_firms() {
    let truth = badness();
    let (mut trouble, mut count) = ([0_u32; 2], [0_u32; 2]);
    for (code, badness) in &truth {
        let one = demo::outcome(7, code, "price");
        assert_eq!(one, demo::outcome(7, code, "price"));
        assert!(("01"..="08").contains(&one.result) && !one.note.is_empty());
        let worse = usize::from(*badness > 420);
        count[worse] += 1;
        trouble[worse] += u32::from(one.result != "01" && one.result != "07");
    }
    assert!(
        trouble[1] * 1000 / count[1] > 3 * (trouble[0] * 1000 / count[0]),
        "{trouble:?} {count:?}"
    );
    assert!(
        truth
            .keys()
            .any(|code| demo::outcome(7, code, "price") != demo::outcome(8, code, "price"))
    );
}

#[test]
fn the_offices_are_forty_departments_and_three_hundred_inspectors() {
    let departments = demo::departments();
    assert_eq!(departments.len(), 40);
    let ids: BTreeSet<&String> = departments.iter().map(|one| &one.id).collect();
    assert_eq!(ids.len(), 40);
    for sheet in SHEETS {
        assert!(ids.contains(&sheet.supplier.to_owned()), "{}", sheet.supplier);
    }
    let inspectors = demo::inspectors(7, 6_000, day());
    assert_eq!(inspectors.len(), 300);
    assert!(inspectors.iter().all(|one| ids.contains(&one.department)));
    let lapsed = inspectors
        .iter()
        .filter(|one| one.certificate_until < day())
        .count();
    assert!((5..40).contains(&lapsed), "{lapsed}");
    assert!(
        inspectors.iter().any(|one| one.may_lead) && inspectors.iter().any(|one| !one.recusals.is_empty())
    );
    let names: BTreeSet<&String> = inspectors.iter().map(|one| &one.certificate_no).collect();
    assert_eq!(names.len(), 300);
    for check in demo::CHECKS {
        let able = inspectors
            .iter()
            .filter(|one| one.qualifications.contains(&check.code))
            .count();
        assert!(able >= 2, "{} has {able}", check.code);
    }
}
