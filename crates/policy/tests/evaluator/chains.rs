//! Corrections, withdrawals, ends and states: which records count.

use crate::support::{naming, record, records_of};
use crate::values::{AS_OF, FLAG, LISTING, PENALTY, REMOVAL, counting, points};
use policy::{Aggregate, Condition, Fate, OPEN, RecordFact, Records, Relation, resolve};

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn corrections_and_withdrawals_are_followed_to_their_end() {
    use Relation::{Corrects, Withdraws};
    let level = |level, record: RecordFact| RecordFact { level, ..record };
    let first = level(10, record(1, PENALTY, 100));
    let corrected = level(20, naming(2, PENALTY, 100, Corrects, 1));
    let again = level(40, naming(3, PENALTY, 100, Corrects, 2));
    let twin = level(40, naming(3, PENALTY, 100, Corrects, 1));
    let back = |number, names| naming(number, PENALTY, 200, Withdraws, names);
    let case = |label: &str, records: &[RecordFact], expected: (i32, i32)| {
        let count = points(counting(records_of(&["penalty"], Aggregate::Count)), records);
        let highest = points(counting(records_of(&["penalty"], Aggregate::MaxLevel)), records);
        assert_eq!((count, highest), expected, "{label}");
        let mut turned = records.to_vec();
        turned.reverse();
        assert_eq!(
            points(counting(records_of(&["penalty"], Aggregate::MaxLevel)), &turned),
            expected.1,
            "{label}, turned"
        );
    };
    case("corrected", &[first, corrected], (1, 20));
    case(
        "corrected twice, one upon the other",
        &[first, corrected, again],
        (1, 40),
    );
    case(
        "corrected twice, both naming the first",
        &[first, corrected, twin],
        (1, 40),
    );
    case("withdrawn", &[first, back(2, 1)], (0, 0));
    case(
        "the withdrawal withdrawn",
        &[first, back(2, 1), back(3, 2)],
        (1, 10),
    );
    case(
        "that withdrawn as well",
        &[first, back(2, 1), back(3, 2), back(4, 3)],
        (0, 0),
    );
    case(
        "the correction withdrawn: the first reading speaks",
        &[first, corrected, back(4, 2)],
        (1, 10),
    );
    case(
        "the later correction withdrawn",
        &[first, corrected, again, back(4, 3)],
        (1, 20),
    );
    case(
        "the earlier correction withdrawn takes the later with it",
        &[first, corrected, again, back(4, 2)],
        (1, 10),
    );
    case(
        "the first withdrawn takes its corrections with it",
        &[first, corrected, again, back(4, 1)],
        (0, 0),
    );
    case(
        "a withdrawal corrected still withdraws",
        &[first, back(2, 1), naming(3, PENALTY, 300, Corrects, 2)],
        (0, 0),
    );
    case(
        "a name that leads nowhere",
        &[naming(2, PENALTY, 100, Corrects, 9), back(3, 8)],
        (1, 0),
    );
    case(
        "a name that leads to a later record",
        &[back(1, 2), record(2, PENALTY, 100)],
        (1, 0),
    );
    case(
        "a withdrawal dated after the day",
        &[first, naming(2, PENALTY, AS_OF + 1, Withdraws, 1)],
        (1, 10),
    );
}

#[test]
fn an_end_closes_the_whole_family_and_can_be_corrected_or_withdrawn() {
    use Relation::{Corrects, Ends, Withdraws};
    let open = || {
        let condition = Condition {
            open: true,
            ..Condition::default()
        };
        counting(Records {
            condition,
            ..records_of(&["listing"], Aggregate::Count)
        })
    };
    let listing = record(1, LISTING, 100);
    let removal = naming(2, REMOVAL, 200, Ends, 1);
    let case = |label: &str, records: &[RecordFact], expected: i32| {
        assert_eq!(points(open(), records), expected, "{label}");
    };
    case("listed", &[listing], 1);
    case("removed", &[listing, removal], 0);
    case(
        "removed before the listing was corrected",
        &[listing, removal, naming(3, LISTING, 90, Corrects, 1)],
        0,
    );
    case(
        "the removal withdrawn",
        &[listing, removal, naming(3, REMOVAL, 300, Withdraws, 2)],
        1,
    );
    case(
        "the removal dated ahead",
        &[listing, naming(2, REMOVAL, AS_OF + 1, Ends, 1)],
        1,
    );
    let to_end = || counting(records_of(&["listing"], Aggregate::DaysToEnd));
    let limited = RecordFact {
        ends_on: AS_OF + 50,
        ..listing
    };
    assert_eq!(points(to_end(), &[limited]), 50);
    assert_eq!(
        points(to_end(), &[limited, removal]),
        0,
        "an end replaces the end known before"
    );
    let counted = counting(records_of(&["removal"], Aggregate::DaysSinceLast));
    let moved = [listing, removal, naming(3, REMOVAL, AS_OF - 7, Corrects, 2)];
    assert_eq!(
        points(counted, &moved),
        7,
        "a removal is a record of its own item"
    );
}

#[test]
fn of_a_state_only_the_latest_counts() {
    let highest = || counting(records_of(&["flag"], Aggregate::MaxLevel));
    let flag = |number, on, level| RecordFact {
        level,
        ..record(number, FLAG, on)
    };
    assert_eq!(points(highest(), &[flag(1, 10, 50), flag(2, 20, 5)]), 5);
    assert_eq!(
        points(highest(), &[flag(2, 20, 5), flag(1, 20, 50)]),
        5,
        "same day: the later record"
    );
    assert_eq!(
        points(highest(), &[flag(1, 30, 50), flag(2, 20, 5)]),
        50,
        "the day rules before the record"
    );
    let withdrawn = [
        flag(1, 10, 50),
        flag(2, 20, 5),
        naming(3, FLAG, 30, Relation::Withdraws, 2),
    ];
    assert_eq!(points(highest(), &withdrawn), 50);
}

#[test]
fn every_record_is_told_what_became_of_it_and_by_which_other() {
    use Fate::{Corrected, Silent, Withdrawn};
    use Relation::{Corrects, Ends, Withdraws};
    let open = Fate::Speaks {
        ends_on: OPEN,
        ended_by: None,
    };
    let ended = |ends_on, by| Fate::Speaks {
        ends_on,
        ended_by: Some(by),
    };
    let case = |label: &str, records: &[RecordFact], expected: &[Fate]| {
        assert_eq!(resolve(records, AS_OF), expected, "{label}");
        let turned: Vec<RecordFact> = records.iter().rev().copied().collect();
        let mut fates = resolve(&turned, AS_OF);
        fates.reverse();
        assert_eq!(fates, expected, "{label}, turned");
    };
    let listing = record(1, LISTING, 100);
    let removal = naming(2, REMOVAL, 200, Ends, 1);
    let corrected = naming(3, LISTING, 90, Corrects, 1);
    let back = |number, names| naming(number, LISTING, 300, Withdraws, names);
    case("alone", &[listing], &[open]);
    case("ahead", &[record(1, LISTING, AS_OF + 1)], &[Silent]);
    case(
        "removed, then corrected: the correction is ended",
        &[listing, removal, corrected],
        &[Corrected { by: 3 }, open, ended(200, 2)],
    );
    case(
        "the removal withdrawn",
        &[listing, removal, back(3, 2)],
        &[open, Withdrawn { by: 3 }, Silent],
    );
    case(
        "the removal corrected: the end moves",
        &[listing, removal, naming(3, REMOVAL, 250, Corrects, 2)],
        &[ended(250, 3), Corrected { by: 3 }, open],
    );
    case(
        "the correction withdrawn",
        &[listing, corrected, back(4, 3)],
        &[open, Withdrawn { by: 4 }, Silent],
    );
    case(
        "the first withdrawn takes its correction along",
        &[listing, corrected, back(4, 1)],
        &[Withdrawn { by: 4 }, Withdrawn { by: 4 }, Silent],
    );
    case(
        "the withdrawal withdrawn",
        &[listing, back(2, 1), back(3, 2)],
        &[open, Withdrawn { by: 3 }, Silent],
    );
    case(
        "corrected twice, the first correction withdrawn: the twin follows",
        &[
            listing,
            corrected,
            naming(4, LISTING, 80, Corrects, 1),
            back(5, 3),
        ],
        &[Corrected { by: 4 }, Withdrawn { by: 5 }, open, Silent],
    );
    case(
        "a correction ahead changes nothing yet",
        &[listing, naming(2, LISTING, AS_OF + 1, Corrects, 1)],
        &[open, Silent],
    );
}
