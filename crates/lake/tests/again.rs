//! Classifying again comes to what classifying everybody comes to, whatever happened in between.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what they expect by failing"
)]

#[expect(dead_code, reason = "the other test needs the rest")]
mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{GRAIN, World, world};
use lake::{
    Done, EntityRow, LakeFault, Order, Question, Results, Row, Snapshot, SymbolTable, Way, Why, Writer,
    classify,
};
use policy::{Compiled, compile};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

/// Class, points, groups and direct rule under each model.
type Verdicts = Vec<(u8, i32, Vec<i32>, Option<u16>)>;
type Classes = BTreeMap<i64, Verdicts>;

fn lay(classes: &mut Classes, results: &Results) {
    for number in 0..results.models.len() {
        for row in results.rows(number) {
            let verdicts = classes.entry(row.entity).or_default();
            if number == 0 {
                verdicts.clear();
            }
            verdicts.push((row.class, row.points, row.group_points.to_vec(), row.direct));
        }
    }
}

fn question(models: &[Compiled], as_of: i32) -> Question<'_> {
    Question {
        models,
        as_of,
        up_to: None,
        threads: 2,
    }
}

/// What a classification of everybody says.
fn everybody(folder: &Path, models: &[Compiled], as_of: i32) -> Classes {
    let mut classes = Classes::new();
    let mut sink = |results: &Results| {
        lay(&mut classes, results);
        Ok(())
    };
    let snapshot = Snapshot::open(folder).unwrap();
    snapshot.verify().unwrap();
    classify(&snapshot, &question(models, as_of), &mut sink, &mut |_| {}).unwrap();
    classes
}

/// Classifies again and lays the outcome over `classes`.
fn again(writer: &Writer, models: &[Compiled], (run, as_of): (i64, i32), classes: &mut Classes) -> Done {
    let order = Order {
        question: question(models, as_of),
        key: "models",
        run,
        forced: false,
        one_in: 0,
    };
    let mut found = Classes::new();
    let mut sink = |results: &Results| {
        lay(&mut found, results);
        Ok(())
    };
    let done = writer.reclassify(&order, &mut sink, &mut |_| {}).unwrap();
    if matches!(done.way, Way::Everybody(_)) {
        classes.clear();
    }
    classes.extend(found);
    for gone in &done.gone {
        classes.remove(gone);
    }
    done
}

fn append(writer: &mut Writer, table: &SymbolTable, rows: &[Row]) {
    let Some(last) = rows.last() else { return };
    let mut segment = writer.segment(last.fact.record, table).unwrap();
    for row in rows {
        segment.push(*row).unwrap();
    }
    segment.finish().unwrap();
}

/// What happens between two runs: how many records come, how many days pass, which entities change or go, what is compacted.
#[derive(Debug, Clone)]
struct Step {
    records: usize,
    days: i32,
    changed: Vec<prop::sample::Index>,
    gone: Vec<prop::sample::Index>,
    compacted: Option<usize>,
    killed: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let indexes = || prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    let compacted = prop::option::of(1..4_usize);
    (
        0..20_usize,
        0..40_i32,
        indexes(),
        indexes(),
        compacted,
        prop::bool::weighted(0.2),
    )
        .prop_map(|(records, days, changed, gone, compacted, killed)| Step {
            records,
            days,
            changed,
            gone,
            compacted,
            killed,
        })
}

/// Begins with some of a world's records and entities; the rest come later.
fn begin(world: &World, folder: &Path, first: usize) -> (Writer, SymbolTable, BTreeMap<i64, EntityRow>) {
    let table = SymbolTable::of("pack", &world.symbols);
    let mut writer = Writer::create(folder, 0, GRAIN).unwrap();
    append(&mut writer, &table, &world.rows[..first]);
    let known: BTreeMap<i64, EntityRow> = world.entities.iter().step_by(2).map(|e| (e.entity, *e)).collect();
    let mut list = writer.entities(&table);
    for row in known.values() {
        list.push(*row).unwrap();
    }
    list.finish().unwrap();
    (writer, table, known)
}

fn change(
    writer: &mut Writer,
    world: &World,
    table: &SymbolTable,
    known: &mut BTreeMap<i64, EntityRow>,
    step: &Step,
) {
    let mut changes = writer.changes(table).unwrap();
    let mut gone: Vec<i64> = step
        .gone
        .iter()
        .map(|at| at.get(&world.entities).entity)
        .collect();
    let changed: BTreeMap<i64, EntityRow> = step
        .changed
        .iter()
        .map(|at| {
            let donor = world.entities[at.index(world.entities.len() / 2 + 1)];
            let entity = at.get(&world.entities).entity;
            (entity, EntityRow { entity, ..donor })
        })
        .collect();
    gone.retain(|entity| !changed.contains_key(entity));
    for entity in gone {
        changes.remove(entity).unwrap();
        known.remove(&entity);
    }
    for row in changed.values() {
        changes.push(*row).unwrap();
        known.insert(row.entity, *row);
    }
    changes.finish().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn classifying_again_comes_to_what_classifying_everybody_comes_to(
        world in world(), steps in prop::collection::vec(step(), 1..10), part in 0..=100_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let models: Vec<Compiled> = world.models.iter().map(|m| compile(m, &world.symbols).unwrap()).collect();
        let mut reached = world.rows.len() * part / 100;
        let (mut writer, table, mut known) = begin(&world, folder.path(), reached);
        let mut classes = Classes::new();
        let mut as_of = world.as_of - 60;
        let done = again(&writer, &models, (0, as_of), &mut classes);
        prop_assert_eq!(done.way, Way::Everybody(Why::First));
        writer.keep("models", &done).unwrap();
        for (run, step) in (1..).zip(&steps) {
            let end = (reached + step.records).min(world.rows.len());
            append(&mut writer, &table, &world.rows[reached..end]);
            reached = end;
            change(&mut writer, &world, &table, &mut known, step);
            as_of += step.days;
            if step.killed {
                // The outcome of this run never becomes safe: neither the classes nor what it left may count.
                let lost = again(&writer, &models, (run, as_of), &mut classes.clone());
                writer.keep("models", &lost).unwrap();
                drop(writer);
                writer = Writer::open(folder.path(), GRAIN).unwrap();
                let forgotten = writer.forget_unless(|kept| Ok::<bool, LakeFault>(kept < run)).unwrap();
                prop_assert_eq!(forgotten, 1);
            }
            let done = again(&writer, &models, (run, as_of), &mut classes);
            prop_assert!(matches!(done.way, Way::Changed { .. }), "{:?}", done.way);
            writer.keep("models", &done).unwrap();
            let all = everybody(folder.path(), &models, as_of);
            prop_assert_eq!(all.keys().collect::<Vec<_>>(), known.keys().collect::<Vec<_>>());
            prop_assert_eq!(&classes, &all, "run {}", run);
            if let Some(most) = step.compacted {
                writer.compact(most).unwrap();
                prop_assert!(writer.manifest().segments.len() <= most);
                prop_assert_eq!(&everybody(folder.path(), &models, as_of), &all, "compacting changes nothing");
            }
        }
    }
}

fn small() -> (tempfile::TempDir, World, Vec<Compiled>) {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    loop {
        let world = world().new_tree(&mut runner).unwrap().current();
        if world.rows.len() > 200 && world.entities.len() > 10 {
            let models = world.models.iter().map(|m| compile(m, &world.symbols).unwrap());
            return (tempfile::tempdir().unwrap(), world.clone(), models.collect());
        }
    }
}

fn way(writer: &Writer, order: &Order<'_>) -> Way {
    writer
        .reclassify(order, &mut |_: &Results| Ok(()), &mut |_| {})
        .unwrap()
        .way
}

#[test]
fn everybody_is_classified_where_the_former_classification_cannot_be_stood_upon() {
    let (folder, world, models) = small();
    let (mut writer, table, _) = begin(&world, folder.path(), 100);
    let done = again(&writer, &models, (1, 1_000), &mut Classes::new());
    writer.keep("models", &done).unwrap();
    let order = Order {
        question: question(&models, 1_000),
        key: "models",
        run: 2,
        forced: false,
        one_in: 0,
    };
    let nothing = Way::Changed { touched: 0, due: 0 };
    assert_eq!(way(&writer, &order), nothing);
    let forced = Order {
        forced: true,
        ..order
    };
    assert_eq!(way(&writer, &forced), Way::Everybody(Why::Forced));
    let other = Order {
        key: "others",
        ..order
    };
    assert_eq!(way(&writer, &other), Way::Everybody(Why::OtherModels));
    let earlier = Order {
        question: question(&models, 999),
        ..order
    };
    assert_eq!(way(&writer, &earlier), Way::Everybody(Why::EarlierDay));
    append(&mut writer, &table, &world.rows[100..200]);
    let busy = Order {
        one_in: 1_000,
        ..order
    };
    assert_eq!(way(&writer, &busy), Way::Everybody(Why::TooMany));
    let Way::Changed { touched, .. } = way(&writer, &order) else {
        panic!("records alone are no reason to look at everybody")
    };
    assert!(touched > 0);
    let back = Question {
        up_to: Some(50),
        ..order.question
    };
    // Only the file of entities at the first hundred is there, so the past has none.
    let past = Order {
        question: back,
        ..order
    };
    assert!(
        writer
            .reclassify(&past, &mut |_: &Results| Ok(()), &mut |_| {})
            .is_err()
    );
    let list = writer.entities(&table);
    list.finish().unwrap();
    assert_eq!(way(&writer, &order), Way::Everybody(Why::Entities));
}

#[test]
fn what_came_after_the_last_classification_is_never_merged_with_what_came_before() {
    let (folder, world, models) = small();
    let (mut writer, table, _) = begin(&world, folder.path(), 60);
    let mut classes = Classes::new();
    let done = again(&writer, &models, (1, 1_000), &mut classes);
    writer.keep("models", &done).unwrap();
    for part in 3..10 {
        append(&mut writer, &table, &world.rows[part * 20..(part + 1) * 20]);
    }
    writer.compact(1).unwrap();
    assert_eq!(writer.manifest().segments.len(), 8);
    let done = again(&writer, &models, (2, 1_001), &mut classes);
    assert!(matches!(done.way, Way::Changed { .. }));
    assert_eq!(classes, everybody(folder.path(), &models, 1_001));
    writer.keep("models", &done).unwrap();
    writer.compact(1).unwrap();
    assert_eq!(writer.manifest().segments.len(), 1);
}

#[test]
fn a_card_file_that_is_missing_or_cut_short_is_named() {
    let (folder, world, models) = small();
    let (mut writer, table, _) = begin(&world, folder.path(), 100);
    let done = again(&writer, &models, (1, 1_000), &mut Classes::new());
    writer.keep("models", &done).unwrap();
    append(&mut writer, &table, &world.rows[100..120]);
    let path = folder.path().join("records-1-100.cards");
    let whole = std::fs::read(&path).unwrap();
    let order = Order {
        question: question(&models, 1_000),
        key: "models",
        run: 2,
        forced: false,
        one_in: 0,
    };
    let told = || {
        let refused = writer.reclassify(&order, &mut |_: &Results| Ok(()), &mut |_| {});
        let text = refused
            .err()
            .unwrap_or_else(|| panic!("this should have been refused"))
            .to_string();
        assert!(text.contains("records-1-100.cards"), "{text}");
    };
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    told();
    assert!(Snapshot::open(folder.path()).is_err());
    let mut garbled = whole.clone();
    garbled[..40].fill(0xff);
    std::fs::write(&path, &garbled).unwrap();
    told();
    std::fs::remove_file(&path).unwrap();
    told();
    std::fs::write(&path, &whole).unwrap();
    assert!(
        writer
            .reclassify(&order, &mut |_: &Results| Ok(()), &mut |_| {})
            .is_ok()
    );
}

#[test]
fn a_snapshot_of_an_older_program_is_read_and_everybody_is_classified() {
    let (folder, world, models) = small();
    let (mut writer, table, _) = begin(&world, folder.path(), 100);
    let mut classes = Classes::new();
    let done = again(&writer, &models, (1, 1_000), &mut classes);
    writer.keep("models", &done).unwrap();
    drop(writer);
    let path = folder.path().join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut manifest: lake::Manifest = serde_json::from_str(&text).unwrap();
    manifest.format = 1;
    manifest.segments[0].seal.cards = None;
    std::fs::write(&path, serde_json::to_vec(&manifest).unwrap()).unwrap();
    let mut writer = Writer::open(folder.path(), GRAIN).unwrap();
    append(&mut writer, &table, &world.rows[100..120]);
    let done = again(&writer, &models, (2, 1_000), &mut classes);
    assert_eq!(done.way, Way::Everybody(Why::NoCards));
    writer.keep("models", &done).unwrap();
    writer.compact(1).unwrap();
    let done = again(&writer, &models, (3, 1_010), &mut classes);
    assert!(
        matches!(done.way, Way::Changed { .. }),
        "merging makes the cards: {:?}",
        done.way
    );
    assert_eq!(classes, everybody(folder.path(), &models, 1_010));
}
