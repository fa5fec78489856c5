//! The classification of all entities: the house gives the facts, the lake streams them through the evaluator, the house
//! keeps the outcome. The only place that knows both.
use std::num::NonZero;
use std::path::Path;

use house::assess::model::Graded;
use house::assess::{rules, service};
use house::hall::job::{self, Job, Worker};
use house::hall::{House, Op, command, query};
use house::{intake, registry};
use kernel::{Day, Fault, Outcome};
use lake::{EntityRow, Grain, Question, Results, Row, Snapshot, SymbolTable, Writer};
use policy::{Compiled, day_number};
use serde::Deserialize;

/// Segments kept before they are merged.
const MOST_SEGMENTS: usize = 8;

/// Does the job `assess.full`.
pub struct FullRun;

#[derive(Deserialize)]
struct Task {
    as_of: Day,
}

impl Worker for FullRun {
    fn kind(&self) -> &'static str {
        service::FULL_JOB
    }

    fn run(&self, house: &House, op: &Op, job: &Job) -> Outcome<()> {
        let task: Task = serde_json::from_value(job.payload.clone())
            .map_err(|e| Fault::internal("后台任务的内容无法读取", e))?;
        let known = job
            .progress
            .as_ref()
            .and_then(|p| p.get("run_id"))
            .and_then(serde_json::Value::as_i64);
        let run_id = match known {
            Some(run_id) => run_id,
            None => command(house, op, |tx, op| {
                let run = service::open_run(tx, op, "full", task.as_of)?;
                job::progress(
                    tx,
                    job.job_id,
                    &serde_json::json!({ "run_id": run.run_id }),
                    op.at,
                )?;
                Ok(run.run_id)
            })?,
        };
        full_run(house, op, run_id).map(drop)
    }
}

/// Carries a run out. Doing it again after a crash gives the same outcome once.
pub fn full_run(house: &House, op: &Op, run_id: i64) -> Outcome<house::assess::model::Run> {
    let run = query(house, op, |tx, _| service::run(tx, run_id))?;
    let model = service::model_on(op, run.as_of)?;
    let folder = house.folder.path("snapshot");
    bring_up_to(house, op, &folder, &model, run.upto)?;
    let graded = classify(&folder, model, run.as_of, run.upto)?;
    let ended = Op {
        at: house.clock.now(),
        ..op.clone()
    };
    command(house, &ended, |tx, op| {
        service::apply_run(tx, op, run_id, graded.iter().cloned().map(Ok))
    })
}

fn lake_fault(fault: lake::LakeFault) -> Fault {
    Fault::internal(format!("数据快照出错：{fault}"), fault)
}

/// Adds what became known since to the snapshot, and writes the entities as they stand.
fn bring_up_to(house: &House, op: &Op, folder: &Path, model: &Compiled, upto: i64) -> Outcome<()> {
    let symbols = model.symbols();
    let table = SymbolTable::of(op.pack.hash(), symbols);
    let mut writer = if folder.join(lake::MANIFEST).exists() {
        Writer::open(folder, Grain::default()).map_err(lake_fault)?
    } else {
        Writer::create(folder, 0, Grain::default()).map_err(lake_fault)?
    };
    query(house, op, |tx, _| {
        let from = writer.position();
        if upto > from {
            let mut segment = writer.segment(upto, &table).map_err(lake_fault)?;
            intake::service::facts_after(tx, from, upto, |fact| {
                let row = Row {
                    entity: fact.subject_id,
                    fact: rules::record_fact(symbols, &fact),
                };
                segment.push(row).map_err(lake_fault)
            })?;
            segment.finish().map_err(lake_fault)?;
        }
        let mut entities = writer.entities(&table);
        registry::service::export(tx, |entity| {
            let row = EntityRow {
                entity: entity.entity_id,
                facts: rules::entity_facts(symbols, &entity),
            };
            entities.push(row).map_err(lake_fault)
        })?;
        entities.finish().map_err(lake_fault)
    })?;
    writer.compact(MOST_SEGMENTS).map(drop).map_err(lake_fault)
}

fn classify(folder: &Path, model: Compiled, as_of: Day, upto: i64) -> Outcome<Vec<Graded>> {
    let snapshot = Snapshot::open(folder).map_err(lake_fault)?;
    let models = [model];
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let question = Question {
        models: &models,
        as_of: day_number(as_of),
        up_to: Some(upto),
        threads,
    };
    let mut graded = Vec::new();
    let classes: Vec<String> = models
        .iter()
        .flat_map(|model| model.model().classes.iter().map(|class| class.code.clone()))
        .collect();
    let mut sink = |results: &Results| {
        let classed = results.rows(0).filter(|row| row.class != policy::UNCLASSED);
        graded.extend(classed.map(|row| Graded {
            entity_id: row.entity,
            class: classes.get(usize::from(row.class)).cloned().unwrap_or_default(),
            points: i64::from(row.points),
        }));
        Ok(())
    };
    lake::classify(&snapshot, &question, &mut sink, &mut |_| {}).map_err(lake_fault)?;
    Ok(graded)
}
