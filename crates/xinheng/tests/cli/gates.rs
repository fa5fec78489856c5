//! The gates as a department meets them: files that say for themselves what they are, rows that come back corrected, a
//! folder that is emptied by itself, receipts that hold without the platform.
use std::fs;
use std::path::{Path, PathBuf};

use super::common::inside::{self, Inside};
use super::common::{Place, number, xinheng};
use super::{FIRM, kept};

const OTHER: &str = "91440511MA400008XL";
const PENALTIES: &str = "CF_XDR_SHXYM,CF_XDR_MC,CF_WSH,CF_CFLB1,CF_JDRQ\n";

fn penalty(code: &str, no: &str, day: &str) -> String {
    format!("{code},甲,{no},警告,{day}\n")
}

fn records(place: &Place, more: &[&str], file: &Path) -> super::common::Ran {
    place.run(&[&["import", "records"][..], more, &[file.to_str().unwrap()]].concat())
}

#[test]
fn a_file_says_for_itself_what_it_is_and_can_be_described_before() {
    let place = Place::with_deployment();
    let file = place.write(
        "x.csv",
        format!("{PENALTIES}{}", penalty(FIRM, "1号", "2026-03-04")),
    );
    let said = place.run(&["import", "describe", file.to_str().unwrap()]).good();
    for wanted in [
        "“行政处罚”（penalty）",
        "表头在第 1 行",
        "CF_WSH → 决定书文号",
        "2026-03-04",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert_eq!(kept(&place), (0, 0), "nothing was taken in");
    let said = records(&place, &[], &file).good();
    assert!(said.contains("识别为“行政处罚”（penalty）"), "{said}");
    assert_eq!(kept(&place), (1, 1));
}

#[test]
fn a_file_that_is_no_item_is_answered_with_the_nearest_ones_and_nothing_is_kept() {
    let place = Place::with_deployment();
    let file = place.write(
        "x.csv",
        format!("CF_XDR_SHXYM,CF_WSH,CF_JDRQ\n{FIRM},1号,2026-03-04\n"),
    );
    let said = records(&place, &[], &file).refused("intake.item.unrecognised");
    assert!(said.contains("penalty") && said.contains("处罚类别"), "{said}");
    let said = place.run(&["import", "describe", file.to_str().unwrap()]).good();
    assert!(
        said.contains("接近 行政处罚（penalty）") && said.contains("缺 处罚类别"),
        "{said}"
    );
    assert_eq!(kept(&place), (0, 0));
}

#[test]
fn a_reject_report_is_corrected_in_place_and_handed_over_as_it_is() {
    let place = Place::with_deployment();
    let wrong = [
        penalty(FIRM, "1号", "2026-03-04"),
        penalty(FIRM, "2号", "2026-02-30"),
        penalty(OTHER, "3号", "2026-02-31"),
    ];
    let file = place.write("x.csv", format!("{PENALTIES}{}", wrong.concat()));
    let list = place.path("refused.csv");
    let said = records(
        &place,
        &["--supplier", "440511-scjg", "--rejects", list.to_str().unwrap()],
        &file,
    )
    .good();
    assert_eq!(number(&said, "退回 "), 2, "{said}");
    let text = fs::read_to_string(&list).unwrap();
    assert!(text.contains("2026-02-30") && text.contains("退回原因"), "{text}");
    // One of the two is put right.
    let half = text.replacen("2026-02-30", "2026-02-28", 1);
    let corrected = place.write("改正.csv", &half);
    let said = records(&place, &[], &corrected).good();
    assert!(said.contains("更正"), "{said}");
    assert!(said.contains("退回 2 行，已更正 1 行，还有 1 行"), "{said}");
    // The rest, from the report on the correction itself: its rows lead back to the first batch.
    let second = fs::read_dir(place.data().join("rejects"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = fs::read_to_string(second).unwrap();
    let rest = place.write("再改.csv", text.replacen("2026-02-31", "2026-02-27", 1));
    let said = records(&place, &[], &rest).good();
    assert!(said.contains("入库 1 条"), "{said}");
    let inside = Inside::open(&place.data());
    assert_eq!(inside.count(&inside::RECORD_COUNT), 3);
    assert_eq!(
        inside.count(&inside::REFUSED_OPEN),
        0,
        "every refused row has come in corrected"
    );
}

fn drop_folder(place: &Place) -> PathBuf {
    let folder = place.path("投递");
    fs::create_dir_all(&folder).unwrap();
    place
        .run(&[
            "drop",
            "add",
            folder.to_str().unwrap(),
            "--supplier",
            "440511-scjg",
        ])
        .good();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_drop_folder_is_emptied_into_done_and_failed_with_a_report_beside_each_file() {
    let place = Place::with_deployment();
    let folder = drop_folder(&place);
    let good = format!(
        "{PENALTIES}{}{}",
        penalty(FIRM, "1号", "2026-03-04"),
        penalty(FIRM, "2号", "2026-02-30")
    );
    fs::write(folder.join("处罚.csv"), &good).unwrap();
    fs::write(folder.join("空.csv"), "").unwrap();
    fs::write(folder.join("别的.csv"), "a,b\n1,2\n").unwrap();
    fs::write(folder.join("未完.csv.part"), &good).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", folder.join("链接.csv")).unwrap();
    let said = place.run(&["drop", "once"]).good();
    assert_eq!(
        number(&said, "本次取走 "),
        2,
        "the empty one is given more time: {said}"
    );
    assert_eq!(
        names(&folder.join("done")),
        ["处罚.csv", "处罚.csv.refusals.csv", "处罚.csv.report.txt"]
    );
    assert_eq!(names(&folder.join("failed")), ["别的.csv", "别的.csv.report.txt"]);
    assert!(names(&folder.join("working")).is_empty());
    for left in ["未完.csv.part", "链接.csv", "空.csv"] {
        assert!(
            names(&folder).contains(&left.to_owned()),
            "{left} stays where it is"
        );
    }
    let report = fs::read_to_string(folder.join("done/处罚.csv.report.txt")).unwrap();
    assert!(
        report.contains("入库 1 条") && report.contains("退回 1 行"),
        "{report}"
    );
    let report = fs::read_to_string(folder.join("failed/别的.csv.report.txt")).unwrap();
    assert!(report.contains("未入库") && report.contains("目录"), "{report}");
    // The refused row, put right, goes through the same folder; a file of the same name overwrites nothing.
    let list = fs::read_to_string(folder.join("done/处罚.csv.refusals.csv")).unwrap();
    fs::write(folder.join("处罚.csv"), list.replace("2026-02-30", "2026-02-28")).unwrap();
    place.run(&["drop", "once"]).good();
    assert!(
        names(&folder.join("done")).contains(&"处罚-2.csv".to_owned()),
        "{:?}",
        names(&folder.join("done"))
    );
    assert_eq!(fs::read_to_string(folder.join("done/处罚.csv")).unwrap(), good);
    let inside = Inside::open(&place.data());
    assert_eq!(inside.count(&inside::RECORD_COUNT), 2);
    assert_eq!(inside.count(&inside::REFUSED_OPEN), 0);
    drop(inside);
    let said = place.run(&["drop", "list"]).good();
    assert!(said.contains("已入库 2，未入库 1"), "{said}");
}

#[test]
fn a_drop_folder_inside_the_data_folder_or_twice_is_refused() {
    let place = Place::with_deployment();
    let inside = place.data().join("投递");
    fs::create_dir_all(&inside).unwrap();
    let add = |folder: &Path| place.run(&["drop", "add", folder.to_str().unwrap(), "--supplier", "s"]);
    add(&inside).refused("intake.drop.inside");
    add(&place.path("没有")).refused("intake.drop.unreadable");
    let folder = drop_folder(&place);
    add(&folder).refused("intake.drop.taken");
}

#[test]
fn a_drop_killed_at_any_moment_takes_every_file_once() {
    let place = Place::with_deployment();
    let folder = drop_folder(&place);
    let rounds = 8;
    let mut kills = 0;
    for round in 0..rounds {
        let rows: String = (0..400)
            .map(|n| penalty(FIRM, &format!("{round}-{n}号"), "2026-03-04"))
            .collect();
        fs::write(folder.join("同名.csv"), format!("{PENALTIES}{rows}")).unwrap();
        let running = place.start(&["drop", "once"]);
        // Later and later, from before anything is done to after all is.
        std::thread::sleep(std::time::Duration::from_millis(2_900 + 90 * round));
        kills += u64::from(!running.kill());
    }
    assert!(kills > 0, "some were killed at work");
    // Whatever lies about is finished; two passes, as of two files of one name the second waits for the first.
    for _ in 0..2 {
        place.run(&["drop", "once"]).good();
    }
    assert!(names(&folder.join("working")).is_empty());
    let done = names(&folder.join("done"));
    let files: Vec<&String> = done
        .iter()
        .filter(|name| name.ends_with("号.csv") || (name.starts_with("同名") && name.ends_with(".csv")))
        .collect();
    assert!(
        names(&folder).iter().all(|name| !name.ends_with(".csv")),
        "{:?}",
        names(&folder)
    );
    assert!(!files.is_empty());
    let inside = Inside::open(&place.data());
    let records = inside.count(&inside::RECORD_COUNT);
    assert_eq!(records % 400, 0, "whole files only: {records}");
    assert_eq!(
        records,
        400 * i64::try_from(files.len()).unwrap(),
        "as many files as were moved to done: {done:?}"
    );
}

#[test]
fn a_source_with_its_password_in_the_address_or_a_wrong_address_is_refused() {
    let place = Place::with_deployment();
    let add = |url: &str| {
        place.run(&[
            "pull",
            "add",
            "甲",
            "--url",
            url,
            "--table",
            "v",
            "--watermark",
            "id",
            "--type",
            "penalty",
            "--supplier",
            "s",
        ])
    };
    let said = add("postgres://u:geheim@127.0.0.1/x").refused("intake.pull.password");
    assert!(!said.contains("geheim"), "{said}");
    add("oracle://u@127.0.0.1/x").refused("intake.pull.url");
    // Nobody listens there: it is said, noted, and tried again later.
    add("postgres://u@127.0.0.1:9/x").good();
    let ran = place.run(&["pull", "once", "甲"]);
    let said = ran.refused("intake.pull.unread");
    assert!(said.contains("连接"), "{said}");
    let said = place.run(&["pull", "list"]).good();
    assert!(said.contains("连续失败 1 次"), "{said}");
    place.run(&["pull", "pause", "甲"]).good();
    place.run(&["pull", "remove", "甲"]).good();
    assert!(place.run(&["pull", "list"]).good().contains("还没有数据源"));
}

#[test]
fn what_is_no_receipt_is_refused() {
    let place = Place::new();
    let file = place.write("r.json", "{}");
    let ran = xinheng(&["verify-receipt", file.to_str().unwrap()]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
}
