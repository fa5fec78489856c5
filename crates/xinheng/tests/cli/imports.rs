//! Files as departments hand them over: what is told of wrong ones, and that the same content is never kept twice.
use std::collections::BTreeSet;
use std::fs;

use super::common::inside::Inside;
use super::common::{Place, edits, number, town};
use super::{FIRM, HEADINGS, entities, kept, registrations};

#[test]
fn an_unknown_type_is_answered_with_those_there_are_and_nothing_is_kept() {
    let place = Place::with_deployment();
    let file = place.write("penalty.csv", "统一社会信用代码,决定书文号\n");
    for more in [&[][..], &["--dry-run"]] {
        let arguments = [
            &["import", "records", "--type", "penalti"][..],
            more,
            &[file.to_str().unwrap()],
        ]
        .concat();
        let said = place.run(&arguments).refused("intake.item.unknown");
        assert!(
            ["penalti", "penalty", "licence", "registration"]
                .iter()
                .all(|item| said.contains(item)),
            "{said}"
        );
    }
    assert_eq!(kept(&place), (0, 0));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let place = Place::with_deployment();
    let said = place
        .run(&["import", "entities", "/nowhere/x.csv"])
        .refused("intake.file.unreadable");
    assert!(said.contains("/nowhere/x.csv"), "{said}");
}

#[test]
fn a_file_without_a_needed_column_is_refused_whole_and_the_corrected_one_taken() {
    let place = Place::with_deployment();
    let file = place.write(
        "p.csv",
        format!("统一社会信用代码,名称,处罚决定日期,罚款金额\n{FIRM},甲,2026-01-02,500元\n"),
    );
    let said = place.import("penalty", &file).refused("intake.batch.refused");
    assert!(said.contains("缺少必需的列"), "{said}");
    assert_eq!(kept(&place).0, 0);
    let said = place.import("penalty", &town().join("penalty.csv")).good();
    assert!(number(&said, "入库 ") > 0, "{said}");
}

#[test]
fn a_line_in_no_known_encoding_is_refused_alone() {
    let place = Place::with_deployment();
    let ran = entities(
        &place,
        &[],
        [registrations().as_bytes(), &[0xFF, 0xFE, 0x80, 0xFF]].concat(),
    );
    let said = ran.good();
    assert_eq!((number(&said, "入库 "), number(&said, "退回 ")), (3, 1), "{said}");
}

#[test]
fn refused_rows_are_counted_and_written_as_they_came_with_line_field_reason_and_suggestion() {
    let place = Place::with_deployment();
    // One digit of the code mistyped, a day that no calendar has, and one good row.
    let wrong = format!(
        "{HEADINGS}\n\
         91440511MA4000005Y,示例甲,1130,2015-03-01,500万元,1,H6210,440511,示例路1号\n\
         91440511MA400008XL,示例乙,1130,2025-02-30,100万元,1,F5211,440511001,示例路2号\n\
         92440511MA40001192,示例丙小吃店,9500,2020-05-06,,1,H6291,440507,示例路3号\n"
    );
    let list = place.path("refused.csv");
    let said = entities(&place, &["--rejects", list.to_str().unwrap()], wrong).good();
    assert_eq!(
        ["读到 ", "入库 ", "相同 ", "退回 "].map(|what| number(&said, what)),
        [3, 1, 0, 2],
        "{said}"
    );
    let text = fs::read_to_string(&list).unwrap();
    let text = text
        .strip_prefix('\u{feff}')
        .expect("a mark that lets office programs read the Chinese");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headings: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let (own, ours) = headings.split_at(headings.len() - 5);
    assert_eq!(own.join(","), HEADINGS, "the supplier's own columns");
    assert_eq!(ours, ["退回批次", "退回行号", "退回字段", "退回原因", "退回建议"]);
    let rows: Vec<Vec<String>> = reader
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect())
        .collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(
        (rows[0][0].as_str(), rows[0][10].as_str()),
        ("91440511MA4000005Y", "2")
    );
    assert!(
        rows[0][13].contains(FIRM),
        "the code one slip away is suggested: {:?}",
        rows[0]
    );
    assert_eq!((rows[1][3].as_str(), rows[1][10].as_str()), ("2025-02-30", "3"));
    assert!(
        !rows[1][12].is_empty() && !rows[1][13].is_empty(),
        "{:?}",
        rows[1]
    );
}

/// Lines of the abnormal list that lack only the number of the decision: the day of listing stands in for it.
fn without_number(city: &std::path::Path) -> Vec<i64> {
    let all: serde_json::Value =
        serde_json::from_slice(&fs::read(city.join("expected.json")).unwrap()).unwrap();
    let files = all.as_object().unwrap().values();
    let mut rows = files
        .filter(|file| file["item"] == "abnormal-listing")
        .flat_map(|file| file["bad_rows"].as_array().unwrap());
    let lacks = |row: &&serde_json::Value| row["column"] == "列入决定书文号" && row["value"] == "";
    rows.by_ref()
        .filter(lacks)
        .map(|row| row["line"].as_i64().unwrap())
        .collect()
}

#[test]
fn of_a_whole_city_exactly_the_wrong_rows_are_refused_in_every_encoding() {
    let place = Place::with_deployment();
    let bad = edits::bad_lines(town());
    for (item, said) in place.import_city(town()) {
        let mut wanted: BTreeSet<i64> = bad[item].iter().copied().collect();
        if item == "abnormal-listing" {
            wanted.retain(|line| !without_number(town()).contains(line));
        }
        // Those whose code alone is wrong wait for their entity instead.
        let loose = if said.contains("代码缺失或有误 ") {
            number(&said, "代码缺失或有误 ")
        } else {
            0
        };
        let refused = number(&said, "退回 ");
        assert_eq!(
            refused + loose,
            i64::try_from(wanted.len()).unwrap(),
            "{item}: {said}"
        );
        let mut found = BTreeSet::new();
        if refused > 0 {
            let path = said.lines().find_map(|line| {
                let (path, _) = line.trim().strip_prefix("退回清单：")?.split_once('（')?;
                Some(path)
            });
            let text = fs::read_to_string(path.unwrap_or_else(|| panic!("{said}"))).unwrap();
            let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
            let headings = reader.headers().unwrap();
            let line_at = headings.iter().position(|heading| heading == "退回行号").unwrap();
            found.extend(
                reader
                    .records()
                    .map(|row| row.unwrap()[line_at].parse::<i64>().unwrap()),
            );
        }
        assert_eq!(i64::try_from(found.len()).unwrap(), refused, "{item}");
        assert!(found.is_subset(&wanted), "{item}: {found:?} {wanted:?}");
    }
    // What came in GB18030 is shown as it was meant.
    let penalties = &edits::read_city(town())["penalty"];
    let shown = place.run(&["show", &penalties.rows[0][0]]).good();
    assert!(
        shown.contains(&penalties.rows[0][3]),
        "“{}” is not in {shown}",
        penalties.rows[0][3]
    );
}

#[test]
fn the_same_file_again_changes_nothing_whatever_its_name() {
    let place = Place::with_deployment();
    entities(&place, &[], registrations()).good();
    let before = (kept(&place), Inside::open(&place.data()).classes());
    let said = entities(&place, &[], registrations()).good();
    assert!(said.contains("以前已经导入过"), "{said}");
    let other = place.write("other name.csv", registrations());
    let said = place.run(&["import", "entities", other.to_str().unwrap()]).good();
    assert!(said.contains("以前已经导入过"), "{said}");
    assert_eq!((kept(&place), Inside::open(&place.data()).classes()), before);
}

#[test]
fn the_same_rows_in_another_file_become_no_new_records() {
    let place = Place::with_deployment();
    entities(&place, &[], registrations()).good();
    let before = kept(&place).0;
    let mut lines: Vec<String> = registrations().lines().map(str::to_owned).collect();
    lines[1..].reverse();
    let said = entities(&place, &[], lines.join("\r\n")).good();
    assert_eq!(
        ["入库 ", "相同 ", "退回 "].map(|what| number(&said, what)),
        [0, 3, 0],
        "{said}"
    );
    assert_eq!(kept(&place).0, before);
}

#[test]
fn a_dry_run_tells_what_would_come_and_keeps_nothing() {
    let place = Place::with_deployment();
    let wrong = registrations().replace("2025-11-20", "2025-13-20");
    let said = entities(&place, &["--dry-run"], wrong).good();
    assert_eq!(
        ["读到 ", "可以入库 ", "问题 "].map(|what| number(&said, what)),
        [3, 2, 1],
        "{said}"
    );
    assert!(said.contains("2025-13-20") && said.contains("第 3 行"), "{said}");
    assert_eq!(kept(&place), (0, 0));
    assert!(
        !place.data().join("inbox").exists(),
        "not even a copy of the file"
    );
    let said = entities(&place, &[], registrations()).good();
    assert_eq!(number(&said, "入库 "), 3, "{said}");
}

#[test]
fn a_gb18030_file_gives_the_same_records_as_the_utf8_one() {
    let (plain, marked, gb) = (
        Place::with_deployment(),
        Place::with_deployment(),
        Place::with_deployment(),
    );
    entities(&plain, &[], registrations()).good();
    entities(&marked, &[], format!("\u{feff}{}", registrations())).good();
    entities(&gb, &[], encoding_rs::GB18030.encode(&registrations()).0).good();
    let records = |place: &Place| Inside::open(&place.data()).records();
    assert_eq!(records(&plain).len(), 3);
    assert_eq!(records(&gb), records(&plain));
    assert_eq!(records(&marked), records(&plain));
}
