//! The streamed classification equals the evaluator on the rows of each entity, however the snapshot came about.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests say what they expect by failing"
)]

mod common;

use std::collections::BTreeMap;

use common::{GRAIN, World, world};
use lake::{LakeFault, Question, Results, Snapshot, SymbolTable, Writer, classify};
use policy::{Compiled, RecordFact, Scratch, Verdict, compile};
use proptest::prelude::*;

/// What the evaluator says of every entity from rows held in memory.
fn expected(world: &World, models: &[Compiled], up_to: i64) -> Vec<Vec<(i64, Verdict)>> {
    let mut rows: BTreeMap<i64, Vec<RecordFact>> = BTreeMap::new();
    for row in world.rows.iter().filter(|row| row.fact.record <= up_to) {
        rows.entry(row.entity).or_default().push(row.fact);
    }
    let mut scratch = Scratch::new();
    let mut of_model = |model: &Compiled| {
        let mut verdicts = Vec::new();
        for entity in &world.entities {
            let facts = rows.get(&entity.entity).map_or(&[][..], Vec::as_slice);
            verdicts.push((
                entity.entity,
                model.evaluate(&entity.facts, facts, world.as_of, &mut scratch),
            ));
        }
        verdicts
    };
    models.iter().map(&mut of_model).collect()
}

/// Writes the world as segments ending at `cuts` and compacts to `most` segments if asked.
fn write(world: &World, folder: &std::path::Path, most: Option<usize>) {
    let table = SymbolTable::of("pack", &world.symbols);
    let mut writer = Writer::create(folder, 0, GRAIN).unwrap();
    writer.entities(&table).finish().unwrap();
    let mut from = 1;
    for to in world.cuts.iter().copied().chain([world.last]) {
        if to < from {
            continue;
        }
        let mut segment = writer.segment(to, &table).unwrap();
        // Backwards, to show that the order of arrival does not matter.
        for row in world
            .rows
            .iter()
            .rev()
            .filter(|row| (from..=to).contains(&row.fact.record))
        {
            segment.push(*row).unwrap();
        }
        segment.finish().unwrap();
        from = to + 1;
    }
    let mut list = writer.entities(&table);
    for entity in world.entities.iter().rev() {
        list.push(*entity).unwrap();
    }
    list.finish().unwrap();
    if let Some(most) = most {
        writer.compact(most).unwrap();
        assert!(writer.manifest().segments.len() <= most.max(1));
    }
}

fn streamed(
    snapshot: &Snapshot,
    models: &[Compiled],
    as_of: i32,
    up_to: Option<i64>,
    threads: usize,
) -> Result<(Vec<Results>, lake::Answer), LakeFault> {
    let mut given = Vec::new();
    let question = Question {
        models,
        as_of,
        up_to,
        threads,
    };
    let mut sink = |results: &Results| {
        given.push(results.clone());
        Ok(())
    };
    let answer = classify(snapshot, &question, &mut sink, &mut |_| {})?;
    Ok((given, answer))
}

fn same(world: &World, models: &[Compiled], snapshot: &Snapshot, up_to: Option<i64>, threads: usize) {
    let wanted = expected(world, models, up_to.unwrap_or(world.last));
    let (given, answer) = streamed(snapshot, models, world.as_of, up_to, threads).unwrap();
    for (number, model) in models.iter().enumerate() {
        let groups = model.model().groups.len();
        let rows = given.iter().flat_map(|results| results.rows(number));
        let rows: Vec<_> = rows
            .map(|r| (r.entity, r.class, r.points, r.group_points.to_vec(), r.direct))
            .collect();
        let wanted_rows = wanted[number].iter();
        let wanted_rows: Vec<_> = wanted_rows
            .map(|(e, v)| (*e, v.class, v.points, v.group_points[..groups].to_vec(), v.floor))
            .collect();
        assert_eq!(rows, wanted_rows);
        let totals = &answer.totals[number];
        for (class, count) in totals.by_class.iter().enumerate() {
            let held = wanted_rows
                .iter()
                .filter(|row| usize::from(row.1) == class)
                .count();
            assert_eq!(u64::try_from(held).unwrap(), *count);
        }
        let by_prefix = totals.by_prefix(2);
        let summed: u64 = by_prefix.values().flatten().sum();
        assert_eq!(summed, answer.entities);
    }
    let up_to = up_to.unwrap_or(world.last);
    let known = |entity: i64| world.entities.binary_search_by_key(&entity, |e| e.entity).is_ok();
    let counted = world.rows.iter().filter(|r| r.fact.record <= up_to);
    let (kept, orphans): (Vec<&lake::Row>, Vec<&lake::Row>) = counted.partition(|r| known(r.entity));
    assert_eq!(answer.records, u64::try_from(kept.len()).unwrap());
    assert_eq!(answer.orphans, u64::try_from(orphans.len()).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_lake_gives_every_entity_the_verdict_of_the_evaluator(
        world in world(), threads in 1_usize..4, most in prop::option::of(1_usize..4),
    ) {
        let folder = tempfile::tempdir().unwrap();
        write(&world, folder.path(), most);
        let models: Vec<Compiled> = world.models.iter().map(|m| compile(m, &world.symbols).unwrap()).collect();
        let snapshot = Snapshot::open(folder.path()).unwrap();
        snapshot.verify().unwrap();
        same(&world, &models, &snapshot, None, threads);
    }

    #[test]
    fn positions_after_the_one_asked_for_do_not_count(
        world in world(), part in 0_u32..=100, most in prop::option::of(1_usize..4),
    ) {
        let folder = tempfile::tempdir().unwrap();
        write(&world, folder.path(), most);
        let models: Vec<Compiled> = world.models.iter().map(|m| compile(m, &world.symbols).unwrap()).collect();
        let up_to = world.last * i64::from(part) / 100;
        let snapshot = Snapshot::open(folder.path()).unwrap();
        // The file of entities stands at the last position, so an earlier question finds the empty one written first.
        if up_to < world.last {
            let (_, answer) = streamed(&snapshot, &models, world.as_of, Some(up_to), 2).unwrap();
            prop_assert_eq!((answer.entities, answer.entities_position), (0, 0));
            prop_assert_eq!(answer.orphans, u64::try_from(up_to).unwrap());
        }
        // Now the same file under position 0, to compare with rows held in memory.
        let path = folder.path().join("manifest.json");
        let text = std::fs::read_to_string(&path).unwrap();
        let mut manifest: lake::Manifest = serde_json::from_str(&text).unwrap();
        manifest.entities.remove(0);
        manifest.entities[0].position = 0;
        std::fs::write(&path, serde_json::to_vec(&manifest).unwrap()).unwrap();
        let snapshot = Snapshot::open(folder.path()).unwrap();
        same(&world, &models, &snapshot, Some(up_to), 2);
    }

    #[test]
    fn segments_of_an_older_pack_read_the_same_under_a_newer_one(world in world(), compacted in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let newer = common::renumbered(&world, common::widened());
        let half = world.last / 2;
        let mut writer = Writer::create(folder.path(), 0, GRAIN).unwrap();
        for (part, from, to) in [(&world, 0, half), (&newer, half, world.last)] {
            if from == to {
                continue;
            }
            let mut segment = writer.segment(to, &SymbolTable::of("pack", &part.symbols)).unwrap();
            for row in part.rows.iter().filter(|row| row.fact.record > from && row.fact.record <= to) {
                segment.push(*row).unwrap();
            }
            segment.finish().unwrap();
        }
        let mut list = writer.entities(&SymbolTable::of("pack", &world.symbols));
        for entity in &world.entities {
            list.push(*entity).unwrap();
        }
        list.finish().unwrap();
        if compacted {
            writer.compact(1).unwrap();
        }
        let models: Vec<Compiled> = newer.models.iter().map(|m| compile(m, &newer.symbols).unwrap()).collect();
        let snapshot = Snapshot::open(folder.path()).unwrap();
        same(&newer, &models, &snapshot, None, 2);
    }
}
