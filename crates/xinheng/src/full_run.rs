//! The classification of all entities: the house gives the facts, the lake streams them through the evaluator, the house
//! keeps the outcome. The only place that knows both.
//!
//! Upon a former classification only those are looked at of whom something became known or whose day has come. What the lake
//! keeps of a run counts only once the house has applied it: a run that was killed in between is forgotten and done again.
use std::num::NonZero;
use std::path::Path;

use house::assess::model::{Covers, Graded, Run};
use house::assess::service;
use house::hall::job::{self, Job, Worker};
use house::hall::{House, Op, command, query};
use kernel::{Day, Fault, Instant, Outcome};
use lake::{Done, Found, LakeFault, ONE_IN, Order, Question, ResultFile, ResultReader, Way, Why, Writer};
use policy::{Compiled, UNCLASSED, day_number};
use serde::Deserialize;

mod export;

/// Segments kept before they are merged.
const MOST_SEGMENTS: usize = 8;
/// Folder of the snapshot inside the data folder.
const SNAPSHOT: &str = "snapshot";
/// Where the outcomes wait, inside the folder of the snapshot, until the house has taken them in.
const OUTCOMES: &str = "outcomes.parquet";

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
        let report = full_run(house, op, run_id, false)?;
        tracing::info!(run_id, told = %report.told(), "everybody is classified");
        Ok(())
    }
}

/// What a run came to, and how long its parts took.
pub struct Report {
    /// The run as the house keeps it.
    pub run: Run,
    way: Option<Way>,
    /// Ends of the parts: begun, exported, classified, taken in.
    marks: [Instant; 4],
}

impl Report {
    /// One sentence for the operator.
    pub fn told(&self) -> String {
        let how = match self.way {
            None => "另一批次已在其后生效，本批次未改变任何结果".to_owned(),
            Some(Way::Changed { touched, due }) => {
                format!("增量计算：{touched} 户有新情况，{due} 户到了可能自动变化的日子，其余沿用上次结果")
            }
            Some(Way::Everybody(why)) => format!("全量计算：{}", reason(why)),
        };
        let [begun, exported, classified, taken] = self.marks;
        let seconds = |from: Instant, to: Instant| {
            let tenths = (to - from).num_milliseconds().max(0) / 100;
            format!("{}.{}", tenths / 10, tenths % 10)
        };
        format!(
            "{how}。导出 {} 秒，分类 {} 秒，入库 {} 秒。",
            seconds(begun, exported),
            seconds(exported, classified),
            seconds(classified, taken)
        )
    }
}

fn reason(why: Why) -> &'static str {
    match why {
        Why::Forced => "按要求",
        Why::First => "没有可沿用的上次结果",
        Why::OtherModels => "政策包或模型已变更",
        Why::EarlierDay => "截止日早于上次",
        Why::Position => "记录位置与上次不衔接",
        Why::Entities => "上次之后有主体按其他日期重新分类，主体库已整体重新导出",
        Why::NoCards => "快照由旧版程序写成",
        Why::TooMany => "变化的主体过多，全量更快",
    }
}

/// Carries a run out. Doing it again after a crash gives the same outcome once. `forced`: everybody is looked at.
pub fn full_run(house: &House, op: &Op, run_id: i64, forced: bool) -> Outcome<Report> {
    let begun = house.clock.now();
    let run = query(house, op, |tx, _| service::run(tx, run_id))?;
    if query(house, op, |tx, _| service::is_overtaken(tx, run_id))? {
        let run = apply(house, op, run_id, &Covers::Everybody, || Ok(std::iter::empty()))?;
        let marks = [begun, begun, begun, house.clock.now()];
        return Ok(Report {
            run,
            way: None,
            marks,
        });
    }
    let model = service::model_on(op, run.as_of)?;
    let key = service::models_key(op, run.as_of)?;
    let folder = house.folder.path(SNAPSHOT);
    let (mut writer, stands) = stand(house, op, &folder, &run, &key, forced)?;
    export::bring_up_to(house, op, &mut writer, model.symbols(), run.upto, stands)?;
    let exported = house.clock.now();
    let outcomes = folder.join(OUTCOMES);
    // Where nothing can be stood upon all entities were exported anew, by which the lake knows it too.
    let done = classify(&writer, &outcomes, &model, &run, (&key, forced))?;
    writer.keep(&key, &done).map_err(lake_fault)?;
    let classified = house.clock.now();
    let way = done.way;
    let run = take_in(house, op, &outcomes, &model, run_id, done)?;
    drop(std::fs::remove_file(&outcomes));
    let taken = house.clock.now();
    if !stands {
        writer.retire_entities().map_err(lake_fault)?;
    }
    writer.compact(MOST_SEGMENTS).map_err(lake_fault)?;
    Ok(Report {
        run,
        way: Some(way),
        marks: [begun, exported, classified, taken],
    })
}

fn lake_fault(fault: LakeFault) -> Fault {
    Fault::internal(format!("数据快照出错：{fault}"), fault)
}

/// Opens the snapshot, forgets what was never applied, and says whether the last classification can be stood upon.
fn stand(
    house: &House,
    op: &Op,
    folder: &Path,
    run: &Run,
    key: &str,
    forced: bool,
) -> Outcome<(Writer, bool)> {
    let mut writer = export::open(house, op, folder, run.upto)?;
    writer
        .forget_unless(|run_id| query(house, op, |tx, _| service::is_applied(tx, run_id)).map_err(Stop))
        .map_err(|stop| stop.0)?;
    let standing = writer.manifest().standing.as_ref();
    let last = standing
        .filter(|standing| standing.key == key && !forced)
        .and_then(lake::Standing::last);
    let Some((last, day)) = last.and_then(|last| Some((last, policy::day_of_number(last.as_of)?))) else {
        return Ok((writer, false));
    };
    let stands = day <= run.as_of
        && last.position <= run.upto
        && query(house, op, |tx, _| {
            service::can_stand_upon(tx, last.run, day, run.as_of)
        })?;
    Ok((writer, stands))
}

/// Carries a fault of the house through the lake.
struct Stop(Fault);

impl From<LakeFault> for Stop {
    fn from(fault: LakeFault) -> Self {
        Self(lake_fault(fault))
    }
}

fn classify(
    writer: &Writer,
    outcomes: &Path,
    model: &Compiled,
    run: &Run,
    (key, forced): (&str, bool),
) -> Outcome<Done> {
    let stamp = [("run", run.run_id.to_string()), ("as_of", run.as_of.to_string())];
    let mut file = ResultFile::create(outcomes, 0, model.model(), &stamp).map_err(lake_fault)?;
    let question = Question {
        models: std::slice::from_ref(model),
        as_of: day_number(run.as_of),
        up_to: Some(run.upto),
        threads: std::thread::available_parallelism().map_or(1, NonZero::get),
    };
    let order = Order {
        question,
        key,
        run: run.run_id,
        forced,
        one_in: ONE_IN,
    };
    let done = writer
        .reclassify(&order, &mut file, &mut |_| {})
        .map_err(lake_fault)?;
    file.finish().map_err(lake_fault)?;
    Ok(done)
}

/// Gives the outcomes to the house.
fn take_in(
    house: &House,
    op: &Op,
    outcomes: &Path,
    model: &Compiled,
    run_id: i64,
    done: Done,
) -> Outcome<Run> {
    let read = || ResultReader::open(outcomes).map_err(lake_fault);
    let covers = match done.way {
        Way::Everybody(_) => Covers::Everybody,
        Way::Changed { .. } => {
            let mut gone = done.gone;
            for row in read()? {
                let row = row.map_err(lake_fault)?;
                if row.class == UNCLASSED {
                    gone.push(row.entity);
                }
            }
            Covers::Some { gone }
        }
    };
    let classes: Vec<String> = model
        .model()
        .classes
        .iter()
        .map(|class| class.code.clone())
        .collect();
    let graded = |row: Found| Graded {
        entity_id: row.entity,
        class: classes.get(usize::from(row.class)).cloned().unwrap_or_default(),
        points: i64::from(row.points),
    };
    let classed = |row: &Result<Found, LakeFault>| !matches!(row, Ok(row) if row.class == UNCLASSED);
    // The command may be tried again, so the outcomes are read anew each time.
    apply(house, op, run_id, &covers, || {
        Ok(read()?
            .filter(classed)
            .map(|row| row.map(graded).map_err(lake_fault)))
    })
}

fn apply<R: Iterator<Item = Outcome<Graded>>>(
    house: &House,
    op: &Op,
    run_id: i64,
    covers: &Covers,
    rows: impl Fn() -> Outcome<R>,
) -> Outcome<Run> {
    let ended = Op {
        at: house.clock.now(),
        ..op.clone()
    };
    command(house, &ended, |tx, op| {
        service::apply_run(tx, op, run_id, covers, rows()?)
    })
}
