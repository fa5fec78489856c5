//! The plan equals the evaluator on the rows of each entity: random models, factors, professional models and regimes, random
//! entities, and records that correct, withdraw and end one another.
#![expect(clippy::unwrap_used, reason = "tests say what they expect by failing")]

#[path = "../../lake/tests/common/mod.rs"]
mod common;
mod lines;

use std::collections::BTreeMap;
use std::path::Path;

use cluster::{Lake, Question, local, plan, results_of};
use common::{GRAIN, World, renumbered, widened, world};
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::UInt8Type;
use lake::{EntityRow, SymbolTable, Writer};
use lines::lineups;
use policy::{EntityFacts, LineUp, RecordFact, Scratch, compile_lineup};
use proptest::prelude::*;

/// What is compared: entity, class, model that gave it, points, group points, direct rule.
type Said = (i64, u8, u8, i32, Vec<i32>, Option<u16>);

/// What the evaluator says of every entity from rows held in memory.
fn expected(world: &World, lineups: &[LineUp], up_to: i64) -> Vec<Vec<Said>> {
    let mut rows: BTreeMap<i64, Vec<RecordFact>> = BTreeMap::new();
    for row in world.rows.iter().filter(|row| row.fact.record <= up_to) {
        rows.entry(row.entity).or_default().push(row.fact);
    }
    let mut scratch = Scratch::new();
    let mut of_lineup = |lineup: &LineUp| {
        let compiled = compile_lineup(lineup, &world.symbols).unwrap();
        let groups = lineup.general.groups.len();
        let mut said = Vec::new();
        for entity in &world.entities {
            let facts = rows.get(&entity.entity).map_or(&[][..], Vec::as_slice);
            let v = compiled.evaluate(&entity.facts, facts, world.as_of, &mut scratch);
            let group_points = v.group_points.get(..groups).unwrap().to_vec();
            said.push((entity.entity, v.class, v.model, v.points, group_points, v.floor));
        }
        said
    };
    lineups.iter().map(&mut of_lineup).collect()
}

/// Writes the world as segments ending at its cuts, every other one under other numbers if asked.
fn write(world: &World, folder: &Path, older: Option<&World>) {
    let table = |world: &World| SymbolTable::of("pack", &world.symbols);
    let mut writer = Writer::create(folder, 0, GRAIN).unwrap();
    let mut from = 1;
    for (number, to) in world.cuts.iter().copied().chain([world.last]).enumerate() {
        if to < from {
            continue;
        }
        let part = older.filter(|_| number % 2 == 0).unwrap_or(world);
        let mut segment = writer.segment(to, &table(part)).unwrap();
        for row in part
            .rows
            .iter()
            .filter(|row| (from..=to).contains(&row.fact.record))
        {
            segment.push(*row).unwrap();
        }
        segment.finish().unwrap();
        from = to + 1;
    }
    let part = older.unwrap_or(world);
    let mut list = writer.entities(&table(part));
    for entity in &part.entities {
        list.push(*entity).unwrap();
    }
    list.finish().unwrap();
}

/// Writes what is known of entities anew: wrong at first, with one too many, and put right by two files of changes; some
/// are said to be no more by the first and are back in the second.
fn write_changes(world: &World, folder: &Path) {
    let table = SymbolTable::of("pack", &world.symbols);
    let mut writer = Writer::open(folder, GRAIN).unwrap();
    let mut whole = writer.entities(&table);
    whole
        .push(EntityRow {
            entity: 3,
            facts: EntityFacts::default(),
        })
        .unwrap();
    for row in &world.entities {
        whole
            .push(EntityRow {
                entity: row.entity,
                facts: EntityFacts::default(),
            })
            .unwrap();
    }
    whole.finish().unwrap();
    let mut first = writer.changes(&table).unwrap();
    first.remove(3).unwrap();
    for (number, row) in world.entities.iter().enumerate() {
        match (number % 2, number % 3) {
            (0, _) => first.push(*row).unwrap(),
            (_, 1) => first.remove(row.entity).unwrap(),
            _ => {}
        }
    }
    first.finish().unwrap();
    let mut second = writer.changes(&table).unwrap();
    for row in world.entities.iter().skip(1).step_by(2) {
        second.push(*row).unwrap();
    }
    second.finish().unwrap();
}

/// Puts the file of entities under position 0, so that every position can be asked for.
fn entities_from_the_start(folder: &Path) {
    let path = folder.join(lake::MANIFEST);
    let mut manifest = lake::Manifest::parse(&std::fs::read(&path).unwrap(), &path).unwrap();
    manifest.entities.first_mut().unwrap().position = 0;
    std::fs::write(&path, serde_json::to_vec(&manifest).unwrap()).unwrap();
}

/// What the plan gives, carried out in this process.
fn planned(folder: &Path, question: &Question<'_>, partitions: usize) -> Vec<Vec<Said>> {
    let runtime = cluster::runtime().unwrap();
    let work = async {
        let context = local(partitions).unwrap();
        let lake = Lake::open(&context, folder.to_str().unwrap()).await.unwrap();
        let frame = plan(&context, &lake, question).await.unwrap();
        frame.collect().await.unwrap()
    };
    let batches = runtime.block_on(work);
    let compiled = question.compiled().unwrap();
    let mut said = vec![Vec::new(); compiled.len()];
    for batch in &batches {
        let results = results_of(batch, &compiled).unwrap();
        for (number, said) in said.iter_mut().enumerate() {
            let models = batch.column_by_name(&format!("model_{number}")).unwrap();
            let models = models.as_primitive::<UInt8Type>().values();
            let rows = results.rows(number).zip(models);
            said.extend(
                rows.map(|(r, m)| (r.entity, r.class, *m, r.points, r.group_points.to_vec(), r.direct)),
            );
        }
    }
    said
}

fn same(world: &World, lineups: &[LineUp], folder: &Path, up_to: Option<i64>, partitions: usize) {
    let question = Question {
        lineups,
        symbols: &world.symbols,
        as_of: world.as_of,
        up_to,
    };
    let wanted = expected(world, lineups, up_to.unwrap_or(world.last));
    assert_eq!(planned(folder, &question, partitions), wanted);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_plan_gives_every_entity_the_verdict_of_the_evaluator(
        (world, lineups) in world().prop_flat_map(lineups), partitions in 1_usize..4,
    ) {
        let folder = tempfile::tempdir().unwrap();
        write(&world, folder.path(), None);
        same(&world, &lineups, folder.path(), None, partitions);
    }

    #[test]
    fn segments_numbered_by_an_older_pack_are_read_as_the_newer_means_them(world in world()) {
        let folder = tempfile::tempdir().unwrap();
        let newer = renumbered(&world, widened());
        write(&newer, folder.path(), Some(&world));
        let lineups: Vec<_> = newer.models.iter().cloned().map(LineUp::only).collect();
        same(&newer, &lineups, folder.path(), None, 2);
    }

    #[test]
    fn entities_are_taken_as_the_newest_file_of_changes_tells_them(world in world()) {
        let folder = tempfile::tempdir().unwrap();
        write(&world, folder.path(), None);
        write_changes(&world, folder.path());
        let lineups: Vec<_> = world.models.iter().cloned().map(LineUp::only).collect();
        same(&world, &lineups, folder.path(), None, 2);
    }

    #[test]
    fn records_after_the_position_asked_for_do_not_count(world in world(), part in 0_i64..=100) {
        let folder = tempfile::tempdir().unwrap();
        write(&world, folder.path(), None);
        entities_from_the_start(folder.path());
        let lineups: Vec<_> = world.models.iter().cloned().map(LineUp::only).collect();
        same(&world, &lineups, folder.path(), Some(world.last * part / 100), 2);
    }
}
