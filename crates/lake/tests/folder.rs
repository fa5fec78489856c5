//! What a snapshot folder endures: killed runs, missing and damaged files, two writers, wrong arguments.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests say what they expect by failing"
)]

use std::path::Path;

use lake::{
    EntityRow, Grain, Lake, LakeFault, Manifest, Question, ResultFile, Results, Row, Snapshot, SymbolTable,
    Writer, classify,
};
use policy::{EntityFacts, OPEN, RecordFact, Relation, Symbols};

const GRAIN: Grain = Grain {
    chunk_rows: 16,
    group_rows: 16,
    page_rows: 4,
    batch_rows: 8,
};

fn table() -> SymbolTable {
    SymbolTable::of("pack", &Symbols::new([], ["x".to_owned()]))
}

fn row(entity: i64, position: i64) -> Row {
    let fact = RecordFact {
        record: position,
        names: 0,
        relation: Relation::None,
        item: 0,
        on: 1,
        ends_on: OPEN,
        amount_fen: 0,
        level: 0,
        code: 1,
    };
    Row { entity, fact }
}

/// A snapshot of three segments of 40 rows and one file of entities.
fn build(folder: &Path) {
    let mut writer = Writer::create(folder, 0, GRAIN).unwrap();
    for part in 0..3 {
        let mut segment = writer.segment((part + 1) * 40, &table()).unwrap();
        for position in part * 40 + 1..=(part + 1) * 40 {
            segment.push(row(position % 7, position)).unwrap();
        }
        segment.finish().unwrap();
    }
    let mut list = writer.entities(&table());
    for entity in 0..7 {
        list.push(EntityRow {
            entity,
            facts: EntityFacts::default(),
        })
        .unwrap();
    }
    list.finish().unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.retain(|name| std::path::Path::new(name).extension().is_none_or(|e| e != "lock"));
    names.sort();
    names
}

fn refused<T>(outcome: Lake<T>) -> LakeFault {
    outcome
        .err()
        .unwrap_or_else(|| panic!("this should have been refused"))
}

#[test]
fn what_a_killed_run_leaves_is_swept_at_the_next_opening_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let whole = names(folder.path());
    let remnants = [
        "records-121-160.parquet.unfinished",
        "run-3.parquet",
        "manifest.json.unfinished",
        "records-1-999.parquet",
    ];
    for name in remnants {
        std::fs::write(folder.path().join(name), b"half").unwrap();
    }
    std::fs::write(folder.path().join("notes.txt"), b"mine").unwrap();
    // A reader is not disturbed by them.
    let reading = Snapshot::open(folder.path()).unwrap();
    let writer = Writer::open(folder.path(), GRAIN).unwrap();
    let mut expected = whole.clone();
    expected.extend(["notes.txt".to_owned(), "records-1-999.parquet".to_owned()]);
    expected.sort();
    assert_eq!(
        names(folder.path()),
        expected,
        "a whole file nobody lists stays while somebody reads"
    );
    drop(reading);
    assert_eq!(writer.sweep().unwrap(), ["records-1-999.parquet"]);
}

#[test]
fn a_segment_given_up_half_way_leaves_the_snapshot_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let mut writer = Writer::open(folder.path(), GRAIN).unwrap();
    let before = writer.manifest().clone();
    let mut segment = writer.segment(200, &table()).unwrap();
    for position in 121..=180 {
        segment.push(row(1, position)).unwrap();
    }
    drop(segment);
    assert_eq!(*writer.manifest(), before);
    assert_eq!(writer.sweep().unwrap(), Vec::<String>::new());
}

#[test]
fn a_missing_segment_is_named() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    std::fs::remove_file(folder.path().join("records-41-80.parquet")).unwrap();
    let fault = refused(Snapshot::open(folder.path()));
    assert!(
        matches!(&fault, LakeFault::Missing(path) if path.ends_with("records-41-80.parquet")),
        "{fault}"
    );
    assert!(fault.to_string().contains("records-41-80.parquet"));
}

#[test]
fn a_segment_cut_short_is_named_at_opening() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let path = folder.path().join("records-1-40.parquet");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let fault = refused(Snapshot::open(folder.path()));
    assert!(
        matches!(&fault, LakeFault::Corrupt { path, .. } if path.ends_with("records-1-40.parquet")),
        "{fault}"
    );
}

#[test]
fn a_changed_byte_is_found_by_the_digest() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let path = folder.path().join("records-81-120.parquet");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let fault = Snapshot::open(folder.path())
        .and_then(|snapshot| snapshot.verify())
        .unwrap_err();
    assert!(
        matches!(&fault, LakeFault::Corrupt { path, .. } if path.ends_with("records-81-120.parquet")),
        "{fault}"
    );
}

#[test]
fn two_writers_are_refused_and_a_folder_without_manifest_is_no_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        refused(Snapshot::open(folder.path())),
        LakeFault::NoSnapshot(_)
    ));
    assert!(matches!(
        refused(Writer::open(folder.path(), GRAIN)),
        LakeFault::NoSnapshot(_)
    ));
    build(folder.path());
    let first = Writer::open(folder.path(), GRAIN).unwrap();
    assert!(matches!(
        refused(Writer::open(folder.path(), GRAIN)),
        LakeFault::Writing(_)
    ));
    drop(first);
    assert!(matches!(
        refused(Writer::create(folder.path(), 0, GRAIN)),
        LakeFault::AlreadySnapshot(_)
    ));
}

#[test]
fn a_manifest_of_a_later_format_or_one_leading_out_of_the_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let path = folder.path().join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("\"format\": 2", "\"format\": 3, \"novelty\": true"),
    )
    .unwrap();
    assert!(matches!(
        refused(Snapshot::open(folder.path())),
        LakeFault::Format { found: 3 }
    ));
    std::fs::write(
        &path,
        text.replace("records-1-40.parquet", "../records-1-40.parquet"),
    )
    .unwrap();
    assert!(matches!(
        refused(Snapshot::open(folder.path())),
        LakeFault::Corrupt { .. }
    ));
    std::fs::write(
        &path,
        text.replace("\"first_position\": 41", "\"first_position\": 40"),
    )
    .unwrap();
    assert!(matches!(
        refused(Snapshot::open(folder.path())),
        LakeFault::Corrupt { .. }
    ));
}

#[test]
fn rows_outside_the_span_and_positions_given_twice_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), 10, GRAIN).unwrap();
    assert!(matches!(
        refused(writer.segment(10, &table())),
        LakeFault::NotAfter { held: 10, wanted: 10 }
    ));
    let mut segment = writer.segment(20, &table()).unwrap();
    assert!(matches!(
        refused(segment.push(row(1, 10))),
        LakeFault::OutOfSpan {
            position: 10,
            from: 11,
            to: 20
        }
    ));
    assert!(matches!(
        refused(segment.push(row(1, 21))),
        LakeFault::OutOfSpan { .. }
    ));
    segment.push(row(1, 15)).unwrap();
    segment.push(row(1, 15)).unwrap();
    assert!(matches!(
        refused(segment.finish()),
        LakeFault::Twice {
            entity: 1,
            position: 15
        }
    ));
    assert_eq!(writer.position(), 10);
}

#[test]
fn compaction_keeps_every_row_and_a_reader_of_the_old_files_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let reading = Snapshot::open(folder.path()).unwrap();
    let mut writer = Writer::open(folder.path(), GRAIN).unwrap();
    assert!(writer.compact(1).unwrap() > 0);
    reading.verify().unwrap();
    drop(reading);
    writer.sweep().unwrap();
    assert_eq!(
        names(folder.path()),
        [
            "entities-120.cards",
            "entities-120.parquet",
            "manifest.json",
            "records-1-120.cards",
            "records-1-120.parquet"
        ]
    );
    let manifest: Manifest = writer.manifest().clone();
    assert_eq!(manifest.segments[0].seal.rows, 120);
    Snapshot::open(folder.path()).unwrap().verify().unwrap();
}

#[test]
fn a_span_without_records_moves_the_position_only() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let mut writer = Writer::open(folder.path(), GRAIN).unwrap();
    writer.segment(500, &table()).unwrap().finish().unwrap();
    assert_eq!((writer.position(), writer.manifest().segments.len()), (500, 3));
    assert_eq!(Snapshot::open(folder.path()).unwrap().position(), 500);
}

#[test]
fn a_sink_that_refuses_ends_the_classification_and_leaves_no_finished_file() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let snapshot = Snapshot::open(folder.path()).unwrap();
    let symbols = Symbols::new([], ["x".to_owned()]);
    let models = [policy::compile(&plain_model(), &symbols).unwrap()];
    let question = Question {
        models: &models,
        as_of: 100,
        up_to: None,
        threads: 3,
    };
    let mut refusing = |_: &Results| Err(LakeFault::Stopped("够了".to_owned()));
    let fault = classify(&snapshot, &question, &mut refusing, &mut |_| {}).unwrap_err();
    assert!(matches!(fault, LakeFault::Stopped(_)));
    let out = folder.path().join("results.parquet");
    let mut file = ResultFile::create(&out, 0, &plain_model(), &[("as_of", "100".to_owned())]).unwrap();
    let mut seen = 0;
    let answer = classify(&snapshot, &question, &mut file, &mut |progress| {
        seen = progress.entities;
    })
    .unwrap();
    assert!(!out.exists());
    file.finish().unwrap();
    assert!(out.exists());
    assert_eq!(
        (answer.entities, answer.records, answer.orphans, seen),
        (7, 120, 0, 7)
    );
}

#[test]
fn questions_the_snapshot_cannot_answer_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let snapshot = Snapshot::open(folder.path()).unwrap();
    let symbols = Symbols::new([], ["x".to_owned()]);
    let models = [policy::compile(&plain_model(), &symbols).unwrap()];
    let ask = |models, up_to| {
        let question = Question {
            models,
            as_of: 100,
            up_to,
            threads: 1,
        };
        classify(&snapshot, &question, &mut |_: &Results| Ok(()), &mut |_| {})
    };
    assert!(matches!(
        refused(ask(&models[..], Some(121))),
        LakeFault::BeyondSnapshot {
            held: 120,
            wanted: 121
        }
    ));
    assert!(matches!(
        refused(ask(&models[..], Some(50))),
        LakeFault::NoEntities { wanted: 50 }
    ));
    assert!(matches!(refused(ask(&[], None)), LakeFault::Argument(_)));
}

fn plain_model() -> policy::Model {
    policy::Model {
        code: "plain".to_owned(),
        title: String::new(),
        from: policy::day_of_number(0).unwrap(),
        basis: policy::Basis::default(),
        classes: vec![policy::Class {
            code: "A".to_owned(),
            title: String::new(),
            below: None,
        }],
        groups: vec![policy::Group {
            code: "g".to_owned(),
            title: String::new(),
            cap: 10,
        }],
        indicators: Vec::new(),
        direct: Vec::new(),
        factors: Vec::new(),
    }
}

#[test]
fn more_runs_and_segments_than_one_merge_takes_still_become_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let grain = Grain {
        chunk_rows: 2,
        ..GRAIN
    };
    let mut writer = Writer::create(folder.path(), 0, grain).unwrap();
    // 95 runs of two rows: two full merges of 32 and 31 left over, 33 files for the last merge.
    let mut segment = writer.segment(190, &table()).unwrap();
    for position in (1..=190).rev() {
        segment.push(row(position * 37 % 7, position)).unwrap();
    }
    segment.finish().unwrap();
    for last in 191..=240 {
        let mut segment = writer.segment(last, &table()).unwrap();
        segment.push(row(last % 7, last)).unwrap();
        segment.finish().unwrap();
    }
    assert_eq!(writer.manifest().segments.len(), 51);
    writer.compact(1).unwrap();
    assert_eq!(
        names(folder.path()),
        ["manifest.json", "records-1-240.cards", "records-1-240.parquet"]
    );
    let segment = writer.manifest().segments[0].clone();
    assert_eq!(
        (segment.first_position, segment.last_position, segment.seal.rows),
        (1, 240, 240)
    );
    assert_eq!((segment.seal.min_entity, segment.seal.max_entity), (0, 6));
    Snapshot::open(folder.path()).unwrap().verify().unwrap();
}
