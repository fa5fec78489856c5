//! Commands and queries of classification.
mod apply;
mod changed;
mod notice;

use std::collections::HashMap;

use db::Tx;
use kernel::page::Page;
use kernel::{Day, Fault, FaultKind, Outcome};
use policy::{Compiled, Explanation, RecordFact, Scratch, Symbols, UNCLASSED, day_number};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::model::{Change, ClassCount, Covers, Graded, Run, Standing};
use super::rules::{self, GENERAL_MODEL};
use super::store;
pub use changed::{After, changed};
pub use notice::CHANGED;

use super::life;
use crate::hall::{Op, job, ledger, paged_by, whole_house};
use crate::{intake, registry};

/// Kind of the background job that classifies all entities; done by the program that also has the lake.
pub const FULL_JOB: &str = "assess.full";

/// The models in force on a day as one, ready to run: the general one, the professional ones, bodies of their own regime.
pub fn model_on(op: &Op, day: Day) -> Outcome<Compiled> {
    let law = op.pack.on(day);
    let lineup = law.lineup(GENERAL_MODEL)?;
    policy::compile_lineup(&lineup.value, op.pack.symbols())
        .map_err(|fault| Fault::internal("分类模型无法编译", std::io::Error::other(fault.to_string())))
}

/// Opens a run over everything known so far.
pub fn open_run(tx: &mut Tx, op: &Op, kind: &str, as_of: Day) -> Outcome<Run> {
    // The number first: whatever run is opened for a record this one does not know then has a greater number.
    let run_id = tx.next_id()?;
    let upto = intake::service::last_record(tx)?;
    let new = store::NewRun {
        run_id,
        kind,
        model: GENERAL_MODEL,
        pack: op.pack.hash(),
        as_of,
        upto,
    };
    store::save_run(tx, &new, op.at)?;
    run(tx, run_id)
}

/// Takes the outcomes of a run in and makes them the classes of today: all of them or none. Only what differs from the
/// classes that stand is written. A run that is applied already is left alone, so a retry never doubles it; one over
/// everybody that a later one has overtaken changes nothing any more.
pub fn apply_run(
    tx: &mut Tx,
    op: &Op,
    run_id: i64,
    covers: &Covers,
    graded: impl Iterator<Item = Outcome<Graded>>,
) -> Outcome<Run> {
    lock(tx)?;
    let open = run(tx, run_id)?;
    if open.state == "applied" {
        return Ok(open);
    }
    store::clear_stage(tx, run_id)?;
    let full = open.kind == "full";
    let applied = if full && store::later_full(tx, run_id)? {
        apply::Applied::default()
    } else {
        apply::apply(tx, op, &open, covers, graded)?
    };
    // Counting every class is for full runs: an event run must answer within a second among millions.
    let shares = if full { Some(store::shares(tx)?) } else { None };
    let alarm = match &shares {
        Some(shares) => alarm(tx, op, &open, shares)?,
        None => None,
    };
    let entities = match &shares {
        Some(shares) => shares.iter().map(|count| count.entities).sum(),
        None => applied.graded,
    };
    let told_shares = shares.map(|shares| json!(shares));
    let ending = store::Ending {
        entities,
        changed: applied.changed,
        shares: told_shares.as_ref(),
        alarm: alarm.as_deref(),
    };
    store::finish_run(tx, run_id, op.at, &ending)?;
    let told = ledger::Event {
        verb: "assess.run-applied",
        subject: format!("run:{run_id}"),
        payload: json!({
            "run_id": run_id, "kind": open.kind, "as_of": open.as_of, "upto": open.upto, "entities": entities,
            "graded": applied.graded, "changed": applied.changed, "alarm": alarm,
        }),
        ..ledger::Event::default()
    };
    ledger::append(tx, op, told)?;
    run(tx, run_id)
}

/// Whoever writes classes does so alone.
fn lock(tx: &mut Tx) -> Outcome<()> {
    tx.lock("assess_apply", 0)
}

/// What the classes of a day depend on besides entities and records, as a short text: the program, which may come to other
/// outcomes than its former version, the pack and the models in force.
pub fn models_key(op: &Op, day: Day) -> Outcome<String> {
    let lineup = op.pack.on(day).lineup(GENERAL_MODEL)?;
    let text = serde_json::to_vec(&lineup.value).map_err(|e| Fault::internal("分类模型无法写出", e))?;
    Ok(format!(
        "{}:{}:{}",
        env!("CARGO_PKG_VERSION"),
        op.pack.hash(),
        hex::encode(Sha256::digest(&text))
    ))
}

/// Whether a run was applied.
pub fn is_applied(tx: &mut Tx, run_id: i64) -> Outcome<bool> {
    Ok(store::run(tx, run_id)?.is_some_and(|run| run.state == "applied"))
}

/// Whether a later run over everybody was applied, so that this one has nothing to say any more.
pub fn is_overtaken(tx: &mut Tx, run_id: i64) -> Outcome<bool> {
    store::later_full(tx, run_id)
}

/// Whether the classes that stand are those of the full run `run_id`, which was as of `from`, and of runs since that do not
/// contradict a next one: none was as of a day before `from` or after `to`. That the number is of another run, or a later
/// run over everybody is not known to who asks, happens after one of database and snapshot came back from a backup.
pub fn can_stand_upon(tx: &mut Tx, run_id: i64, from: Day, to: Day) -> Outcome<bool> {
    let stood = store::run(tx, run_id)?;
    let stands = stood.is_some_and(|run| run.kind == "full" && run.state == "applied" && run.as_of == from);
    Ok(stands && !store::run_outside(tx, run_id, from, to)?)
}

/// Compares the class shares with those of every full run within the alarm's days, so that a slow rise shows too.
fn alarm(tx: &mut Tx, op: &Op, open: &Run, now: &[ClassCount]) -> Outcome<Option<String>> {
    let law = op.pack.on(open.as_of);
    let alarms = law.alarms().map(|answer| answer.value);
    let mut sentences = Vec::new();
    for alarm in alarms.filter(|alarm| alarm.model == open.model) {
        let since = open.as_of - chrono::Duration::days(i64::from(alarm.within_days));
        let rise = (alarm.rise.num, alarm.rise.den);
        let at_least = i64::try_from(alarm.at_least).unwrap_or(i64::MAX);
        for former in store::former_runs(tx, &open.model, open.run_id, since)? {
            let Some(shares) = former.shares else { continue };
            let before: Vec<ClassCount> = serde_json::from_value(shares)
                .map_err(|e| Fault::internal("以前批次的各类数量无法读取", e))?;
            let Some(jump) = rules::jumped(&before, now, &alarm.class, rise, at_least) else {
                continue;
            };
            sentences.push(format!(
                "{}：{} 类由 {} 户（{}）变为 {} 户，超过预警线。请核对数据来源和模型后再使用。",
                alarm.title, jump.class, jump.before, former.as_of, jump.now
            ));
            break;
        }
    }
    Ok((!sentences.is_empty()).then(|| sentences.concat()))
}

/// Regrades some entities at once, because something became known of them. Returns how many changed.
pub fn regrade(tx: &mut Tx, op: &Op, entity_ids: &[i64]) -> Outcome<Run> {
    lock(tx)?;
    let as_of = op.today();
    let model = model_on(op, as_of)?;
    let open = open_run(tx, op, "event", as_of)?;
    let mut scratch = Scratch::new();
    let mut graded = Vec::with_capacity(entity_ids.len());
    let mut gone = Vec::new();
    for &entity_id in entity_ids {
        let Some(known) = known(tx, model.symbols(), entity_id, open.upto)? else {
            gone.push(entity_id);
            continue;
        };
        let verdict = model.evaluate(&known.0, &known.1, day_number(as_of), &mut scratch);
        if verdict.class == UNCLASSED {
            gone.push(entity_id);
            continue;
        }
        let class = model.class_code(verdict.class);
        graded.push(Graded {
            entity_id,
            class,
            points: i64::from(verdict.points),
        });
    }
    apply_run(
        tx,
        op,
        open.run_id,
        &Covers::Some { gone },
        graded.into_iter().map(Ok),
    )
}

type Known = (policy::EntityFacts, Vec<RecordFact>);

/// What was known of an entity at a position; `None` before its first registration record.
fn known(tx: &mut Tx, symbols: &Symbols, entity_id: i64, upto: i64) -> Outcome<Option<Known>> {
    let Some(entity) = registry::service::entity_at(tx, entity_id, upto)? else {
        return Ok(None);
    };
    let facts = intake::service::facts_of(tx, entity_id, upto)?;
    let records = facts
        .iter()
        .map(|fact| rules::record_fact(symbols, fact))
        .collect();
    Ok(Some((rules::entity_facts(symbols, &entity), records)))
}

/// Why an entity stands where it stands, and what would change it, as of a day.
pub fn explain(tx: &mut Tx, op: &Op, subject_no: &str, as_of: Day) -> Outcome<Explanation> {
    let entity = registry::service::by_no(tx, op, subject_no)?;
    let model = model_on(op, as_of)?;
    let upto = intake::service::last_record(tx)?;
    let known = known(tx, model.symbols(), entity.entity_id, upto)?.ok_or_else(Fault::hidden)?;
    Ok(model.explain(&known.0, &known.1, day_number(as_of), &mut Scratch::new()))
}

/// An old decision recomputed from what was known then, beside what was decided then.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Recomputed {
    /// The run.
    pub run: Run,
    /// What the run decided.
    pub decided: Option<(String, i64)>,
    /// What the same model says today of what was known then.
    pub explanation: Explanation,
    /// Whether the two agree.
    pub agrees: bool,
}

/// Recomputes what a run decided of an entity, under the pack the run was made under: also one of models released earlier.
pub fn recompute(tx: &mut Tx, op: &Op, subject_no: &str, run_id: i64) -> Outcome<Recomputed> {
    let entity = registry::service::by_no(tx, op, subject_no)?;
    let asked = run(tx, run_id)?;
    let decided = store::decided(tx, entity.entity_id, run_id)?;
    // An event run grades only the entities it is about: for the others the decision it found stands, with its own day.
    let run = match &decided {
        Some((_, _, by)) if asked.kind == "event" => run(tx, *by)?,
        _ => asked,
    };
    let Some(pack) = life::service::pack_of(tx, op, &run.pack)? else {
        let detail = format!(
            "批次 {run_id} 是在摘要为 {} 的政策包下得出的，当前政策包是 {}。请用当时的政策包启动后再重算。",
            run.pack,
            op.pack.hash()
        );
        return Err(Fault::new(
            FaultKind::Conflict,
            "assess.recompute.other-pack",
            detail,
        ));
    };
    let then = Op { pack, ..op.clone() };
    let model = model_on(&then, run.as_of)?;
    let known = known(tx, model.symbols(), entity.entity_id, run.upto)?.ok_or_else(Fault::hidden)?;
    let explanation = model.explain(&known.0, &known.1, day_number(run.as_of), &mut Scratch::new());
    let decided = decided.map(|(class, points, _)| (class, points));
    let agrees = decided.as_ref().is_some_and(|(class, points)| {
        *class == explanation.class_code && *points == i64::from(explanation.points)
    });
    Ok(Recomputed {
        run,
        decided,
        explanation,
        agrees,
    })
}

/// Queues a classification of all entities as of a day.
pub fn queue_full(tx: &mut Tx, op: &Op, as_of: Day) -> Outcome<i64> {
    job::enqueue(tx, op, FULL_JOB, "assess:full", &json!({ "as_of": as_of }))
}

/// Ends the runs a killed process left loading. For the start of a process that has the house to itself.
pub fn abandon_loading(tx: &mut Tx, op: &Op) -> Outcome<u64> {
    store::abandon(tx, op.at)
}

/// One run.
pub fn run(tx: &mut Tx, run_id: i64) -> Outcome<Run> {
    store::run(tx, run_id)?.ok_or_else(Fault::hidden)
}

/// Runs before a number, newest first. They tell figures of the whole house, so only those who reach it look.
pub fn runs(tx: &mut Tx, op: &Op, before: i64, limit: i64) -> Outcome<Vec<Run>> {
    whole_house(op)?;
    store::runs(tx, before, limit)
}

/// How many entities stand in each class, for the desk: only for those who reach the whole house.
pub fn shares_for(tx: &mut Tx, op: &Op) -> Outcome<Vec<ClassCount>> {
    whole_house(op)?;
    shares(tx)
}

/// How many entities stand in each class, for the program itself.
pub fn shares(tx: &mut Tx) -> Outcome<Vec<ClassCount>> {
    store::shares(tx)
}

/// The class of an entity.
pub fn standing(tx: &mut Tx, entity_id: i64) -> Outcome<Option<Standing>> {
    store::standing(tx, entity_id)
}

/// Streams every class in order of entity number.
pub fn classes(tx: &mut Tx, each: impl FnMut(Standing) -> Outcome<()>) -> Outcome<()> {
    store::classes(tx, each)
}

/// Entities of a class after a number, a page of those the actor reaches.
///
/// Classes carry no place: for a limited scope the register gives the entities in reach, and their classes are looked up.
pub fn of_class(tx: &mut Tx, op: &Op, class: &str, after: i64, limit: i64) -> Outcome<Page<Standing>> {
    if op.actor.scope.everything {
        let key = |standing: &Standing| standing.entity_id;
        return paged_by(tx, (after, limit), key, Some, |tx, after, chunk| {
            store::of_class(tx, class, *after, chunk)
        });
    }
    let key = |(entity_id, _): &(i64, Option<Standing>)| *entity_id;
    let keep = |(_, standing): (i64, Option<Standing>)| standing.filter(|standing| standing.class == class);
    paged_by(tx, (after, limit), key, keep, |tx, after, chunk| {
        let all = registry::model::Search::default();
        let entities = registry::service::search(tx, op, &all, *after, chunk)?;
        let ids: Vec<i64> = entities.iter().map(|entity| entity.entity_id).collect();
        let mut standings = HashMap::with_capacity(ids.len());
        for standing in store::standings(tx, &ids)? {
            standings.insert(standing.entity_id, standing);
        }
        Ok(ids.into_iter().map(|id| (id, standings.remove(&id))).collect())
    })
}

/// The history of an entity, newest first.
pub fn history(tx: &mut Tx, op: &Op, subject_no: &str) -> Outcome<Vec<Change>> {
    let entity = registry::service::by_no(tx, op, subject_no)?;
    store::history(tx, entity.entity_id)
}

/// Queues a full run for today unless one is waiting already.
pub fn queue_full_once(tx: &mut Tx, op: &Op) -> Outcome<()> {
    if !job::waits(tx, FULL_JOB)? {
        queue_full(tx, op, op.today())?;
    }
    Ok(())
}
