//! `xinheng import`: files of departments become records.
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use db::Tx;
use house::hall::{House, command, files, job, query};
use house::intake::correction::{ReportForm, reject_report};
use house::intake::model::{Batch, Taken};
use house::intake::service::{self, Described, HandOver, Mapping};
use house::intake::whose::service as rows;
use house::office;
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{Actor, Fault, FaultKind, Outcome};

use super::describe;
use crate::{say, worker};

/// What to import.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// 主体登记信息
    Entities {
        /// 文件
        file: PathBuf,
        #[command(flatten)]
        how: How,
    },
    /// 信用记录（CSV、TSV、XLSX、XLS、JSON、Parquet，可压缩）；退回清单改正后也这样提交
    Records {
        /// 文件
        file: PathBuf,
        /// 目录事项，例如 penalty（行政处罚）；不写则按表头识别；xinheng policy items 列出全部
        #[arg(long = "type", value_name = "事项")]
        item: Option<String>,
        #[command(flatten)]
        how: How,
    },
    /// 看看一个文件会怎样识别：每张表是哪个事项、各列是什么、缺什么；不入库
    Describe {
        /// 文件
        file: PathBuf,
        /// 目录事项，不写则按表头识别
        #[arg(long = "type", value_name = "事项")]
        item: Option<String>,
        /// 列对照文件（TOML）
        #[arg(long)]
        mapping: Option<PathBuf>,
    },
    /// 部门和执法人员名录（JSON）
    Office {
        /// 部门 JSON 文件
        departments: PathBuf,
        /// 人员 JSON 文件
        inspectors: PathBuf,
    },
}

/// How to import.
#[derive(Debug, Args)]
pub struct How {
    /// 提供部门；不写为“本机导入”，退回清单改正后重新提交时为原来的部门
    #[arg(long)]
    supplier: Option<String>,
    /// 列对照文件（TOML）：[columns] 下“文件中的表头” = "字段名"
    #[arg(long)]
    mapping: Option<PathBuf>,
    /// 只检查，不入库
    #[arg(long)]
    dry_run: bool,
    /// 退回清单写到哪里（.csv 或 .xlsx），不写则放在数据文件夹的 rejects 中，来文是工作簿的也是工作簿
    #[arg(long)]
    rejects: Option<PathBuf>,
    /// 入库后就结束，分类等后续工作留给下一条命令或后台服务（连续导入多个文件时省时）
    #[arg(long)]
    later: bool,
}

/// Imports.
pub fn run(house: &House, what: Import) -> Outcome<()> {
    worker::settle(house, true)?;
    match what {
        Import::Entities { file, how } => import(house, Some("registration"), &file, &how),
        Import::Records { file, item, how } => import(house, item.as_deref(), &file, &how),
        Import::Describe { file, item, mapping } => {
            describe::run(house, item.as_deref(), &file, mapping.as_deref())
        }
        Import::Office {
            departments,
            inspectors,
        } => load_office(house, &departments, &inspectors),
    }
}

fn import(house: &House, item: Option<&str>, file: &Path, how: &How) -> Outcome<()> {
    let mapping = read_mapping(how.mapping.as_deref())?;
    if how.dry_run {
        return dry_run(house, item, file, &mapping);
    }
    let asked = Asked {
        item,
        supplier: how.supplier.as_deref(),
        mapping: &mapping,
    };
    let taken = watched(house, || hand_over(house, file, &asked))?;
    if taken.iter().any(|taken| taken.batch.rows_loose > 0) && !how.later {
        // Whose these rows are is part of what the import came to.
        watched(house, || worker::settle(house, false))?;
    }
    let several = taken.len() > 1;
    // One table that is refused whole stops no other; that it was is the answer in the end.
    let mut fault = None;
    for (at, taken) in taken.iter().enumerate() {
        let rejects = how.rejects.as_deref().map(|path| numbered(path, at, several));
        if let Err(refused) = report(house, taken, rejects.as_deref()) {
            if several {
                say::note(format!("{}：{}", taken.batch.called(), refused.detail));
            }
            fault.get_or_insert(refused);
        }
    }
    if !how.later {
        watched(house, || worker::settle(house, false))?;
    }
    fault.map_or(Ok(()), Err)
}

/// A reject report for each table: `x.csv`, `x-2.csv` …
fn numbered(path: &Path, at: usize, several: bool) -> PathBuf {
    if !several || at == 0 {
        return path.to_path_buf();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{}.csv", at + 1))
}

/// Hands a file of one item over and works until it is digested.
pub fn take_in_quietly(
    house: &House,
    file: &Path,
    item: &str,
    supplier: &str,
    mapping: &Mapping,
) -> Outcome<(Batch, bool)> {
    let asked = Asked {
        item: Some(item),
        supplier: Some(supplier),
        mapping,
    };
    let taken = hand_over(house, file, &asked)?;
    worker::settle(house, false)?;
    let first = taken.into_iter().next();
    first.map_or_else(|| Err(Fault::hidden()), |taken| Ok((taken.batch, taken.known)))
}

/// What is said of a file besides its content.
struct Asked<'a> {
    item: Option<&'a str>,
    supplier: Option<&'a str>,
    mapping: &'a Mapping,
}

/// What handing a table over came to.
struct TakenIn {
    batch: Batch,
    /// Whether it had been handed over before.
    known: bool,
    /// From the first byte read to the last record and entity kept.
    took: Duration,
}

/// Who supplies what nobody is said to supply.
const SELF: &str = "本机导入";

/// Hands a file over and works until its records are kept and the register has them. What follows from them (classes) is
/// left for [`worker::settle`].
fn hand_over(house: &House, file: &Path, asked: &Asked<'_>) -> Outcome<Vec<TakenIn>> {
    let began = Instant::now();
    let digest = service::keep_copy(house, file)?;
    let op = house.op(Actor::operator("本机操作员"), "import");
    let name = file
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let kept = house.folder.path(&service::file_of(&digest));
    let law = op.pack.on(op.today());
    let tables = service::describe(&law, &kept, &name, asked.item, asked.mapping, false)?;
    let arrived = command(house, &op, |tx, op| {
        let supplier = supplier_of(tx, asked, &tables)?;
        let over = HandOver {
            supplier: &supplier,
            source: "file",
            file_name: &name,
            digest: &digest,
            item: asked.item,
            mapping: asked.mapping,
        };
        service::arrive(tx, op, &over, &tables)
    })?;
    let several = arrived.taken.len() > 1 || !arrived.left.is_empty();
    for (place, _) in &arrived.taken {
        if let Some(table) = tables.get(*place).filter(|_| asked.item.is_none()) {
            say::line(describe::recognised(table, several));
        }
    }
    for left in &arrived.left {
        say::note(format!("未入库：{left}"));
    }
    let mut taken_in = Vec::new();
    for (_, taken) in arrived.taken {
        let (batch_id, known) = match taken {
            Taken::New(batch_id) => (batch_id, false),
            Taken::Known(batch) => (batch.batch_id, true),
        };
        let look = || query(house, &op, |tx, _| service::batch(tx, batch_id));
        worker::settle_until(house, || {
            Ok(matches!(look()?.state.as_str(), "applied" | "refused"))
        })?;
        taken_in.push(TakenIn {
            batch: look()?,
            known,
            took: began.elapsed(),
        });
    }
    Ok(taken_in)
}

/// The supplier that is said; of a corrected reject report the one whose rows were refused.
fn supplier_of(tx: &mut Tx, asked: &Asked<'_>, tables: &[Described]) -> Outcome<String> {
    if let Some(supplier) = asked.supplier {
        return Ok(supplier.to_owned());
    }
    for batch_id in tables.iter().filter_map(|table| table.sent_back) {
        // A number somebody made up is nobody's batch.
        if let Ok(batch) = service::batch(tx, batch_id) {
            return Ok(batch.supplier);
        }
    }
    Ok(SELF.to_owned())
}

/// Shows how far the newest job is while `work` goes on.
fn watched<T>(house: &House, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    const LOOK: Duration = Duration::from_millis(300);
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let op = house.op(Actor::system("进度"), "import");
            while !stop.load(Ordering::Relaxed) {
                if let Ok(jobs) = query(house, &op, |tx, _| job::latest(tx, 1)) {
                    let read = jobs
                        .first()
                        .and_then(|j| j.progress.as_ref()?.get("read")?.as_i64());
                    bar.set_message(read.map_or_else(
                        || "处理中……".to_owned(),
                        |rows| format!("已核对 {} 行，随后入库、分类……", say::count(rows)),
                    ));
                }
                bar.tick();
                std::thread::park_timeout(LOOK);
            }
        });
        let done = work();
        stop.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        let _ = watcher.join();
        bar.finish_and_clear();
        done
    })
}

fn report(house: &House, taken: &TakenIn, rejects: Option<&Path>) -> Outcome<()> {
    let batch = &taken.batch;
    if taken.known {
        say::line(format!(
            "这个文件以前已经导入过（批次 {}），内容相同，未作任何改动。",
            batch.batch_id
        ));
    }
    if batch.state == "received" || batch.state == "staged" {
        let op = house.op(Actor::operator("本机操作员"), "import");
        let subject = format!("batch:{}", batch.batch_id);
        let why = query(house, &op, |tx, _| job::latest_about(tx, &subject))?.and_then(|job| job.fault);
        let detail = format!(
            "批次 {} 还没有入库：{}再次启动信衡时会接着处理。",
            batch.batch_id,
            why.unwrap_or_else(|| "处理被中断。".into())
        );
        return Err(Fault::new(FaultKind::Busy, "intake.batch.unfinished", detail));
    }
    if batch.state == "refused" {
        let note = batch.note.clone().unwrap_or_default();
        return Err(Fault::new(
            FaultKind::Invalid,
            "intake.batch.refused",
            format!("整个文件被退回：{note}"),
        ));
    }
    let loose = match batch.rows_loose {
        0 => String::new(),
        loose => format!("，代码缺失或有误 {} 行", say::count(loose)),
    };
    say::line(format!(
        "批次 {}（{}）：读到 {} 行，入库 {} 条，与已有记录相同 {} 行，退回 {} 行{loose}。",
        batch.batch_id,
        batch.item,
        say::count(batch.rows_read),
        say::count(batch.rows_accepted),
        say::count(batch.rows_unchanged),
        say::count(batch.rows_refused)
    ));
    if batch.rows_loose > 0 {
        let op = house.op(Actor::operator("本机操作员"), "import");
        let now = query(house, &op, |tx, op| rows::standing(tx, op, Some(batch.batch_id)))?;
        say::line(format!(
            "  代码缺失或有误的行按名称等另找主体：{}。查看：xinheng match list --batch {}",
            super::whose::words(&now),
            batch.batch_id
        ));
    }
    if let Some(note) = &batch.note {
        say::line(format!("  {note}"));
    }
    if !taken.known {
        say::line(format!("  {}", pace(batch.rows_read, taken.took)));
    }
    if batch.rows_refused > 0 {
        let path = write_rejects(house, batch, rejects)?;
        say::line(format!(
            "  退回清单：{}（原来的各列和退回原因；改正后用 xinheng import records 提交这个文件即可）",
            path.display()
        ));
    }
    if let Some(of) = batch.corrects_id {
        let op = house.op(Actor::operator("本机操作员"), "import");
        let origin = query(house, &op, |tx, _| service::batch(tx, of))?;
        say::line(format!(
            "  批次 {of} 退回 {} 行，已更正 {} 行，还有 {} 行。",
            say::count(origin.rows_refused),
            say::count(origin.rows_corrected),
            say::count(origin.rows_open())
        ));
    }
    Ok(())
}

/// How long it took, and how many rows that makes in a second.
fn pace(rows: i64, took: Duration) -> String {
    let millis = i64::try_from(took.as_millis()).unwrap_or(i64::MAX).max(1);
    let (seconds, tenths) = (millis / 1000, millis % 1000 / 100);
    let each = say::count(rows.saturating_mul(1000) / millis);
    format!("用时 {seconds}.{tenths} 秒，每秒 {each} 行（含核对、入库和更新主体库，不含分类）。")
}

fn write_rejects(house: &House, batch: &Batch, wanted: Option<&Path>) -> Outcome<PathBuf> {
    let op = house.op(Actor::operator("本机操作员"), "import");
    let name = wanted.map_or(batch.file_name.as_str().into(), Path::to_string_lossy);
    let wish = ReportForm::of(&name);
    let (form, content) = query(house, &op, |tx, op| {
        reject_report(house, tx, op, batch.batch_id, wish)
    })?;
    match wanted {
        Some(path) => {
            // What does not fit into a workbook is no workbook, whatever its name was to be.
            let path = if form == wish {
                path.to_path_buf()
            } else {
                path.with_extension("csv")
            };
            files::write_whole(&path, &content)?;
            Ok(path)
        }
        None => {
            let name = format!("rejects/{}-{}.{}", batch.batch_id, batch.item, form.ending());
            house.folder.write(&name, &content)
        }
    }
}

fn dry_run(house: &House, item: Option<&str>, file: &Path, mapping: &Mapping) -> Outcome<()> {
    const SHOWN: usize = 20;
    let op = house.op(Actor::operator("本机操作员"), "import");
    let item = match item {
        Some(item) => item.to_owned(),
        None => service::only_item(&op, file, &file.to_string_lossy(), mapping)?,
    };
    let found = service::dry_run(&op, &item, file, mapping)?;
    say::line(format!(
        "只检查，未入库：读到 {} 行，可以入库 {} 行，代码缺失或有误、要另找主体的 {} 行，问题 {} 处。",
        say::count(i64::try_from(found.rows).unwrap_or(i64::MAX)),
        say::count(i64::try_from(found.good).unwrap_or(i64::MAX)),
        say::count(i64::try_from(found.loose).unwrap_or(i64::MAX)),
        say::count(i64::try_from(found.refusals.len()).unwrap_or(i64::MAX))
    ));
    if !found.unknown.is_empty() {
        say::line(format!("  未识别的列：{}", found.unknown.join("、")));
    }
    for refusal in found.refusals.iter().take(SHOWN) {
        let suggestion = refusal.suggestion.as_deref().unwrap_or_default();
        say::line(format!(
            "  第 {} 行 {}“{}”：{}{suggestion}",
            refusal.line, refusal.field, refusal.value, refusal.reason
        ));
    }
    if found.refusals.len() > SHOWN {
        say::line(format!("  ……另有 {} 处。", found.refusals.len() - SHOWN));
    }
    Ok(())
}

/// A column mapping from its file; none without one.
pub fn read_mapping(path: Option<&Path>) -> Outcome<Mapping> {
    let Some(path) = path else {
        return Ok(Mapping::default());
    };
    let bytes = files::read_file(path)?;
    toml::from_str(&String::from_utf8_lossy(&bytes)).map_err(|e| {
        let detail = format!("列对照文件 {} 有误：{e}", path.display());
        Fault::new(FaultKind::Invalid, "intake.mapping.invalid", detail)
    })
}

/// Loads departments and inspectors from two JSON files.
pub fn load_office(house: &House, departments: &Path, inspectors: &Path) -> Outcome<()> {
    let departments: Vec<office::model::Department> = read_json(departments)?;
    let inspectors: Vec<office::model::Inspector> = read_json(inspectors)?;
    let op = house.op(Actor::operator("本机操作员"), "import");
    let loaded = command(house, &op, |tx, op| {
        office::service::load(tx, op, &departments, &inspectors)
    })?;
    worker::settle(house, false)?;
    say::line(format!(
        "已导入部门 {} 个、执法人员 {} 人。",
        loaded.departments, loaded.inspectors
    ));
    Ok(())
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Outcome<T> {
    serde_json::from_slice(&files::read_file(path)?).map_err(|e| {
        let detail = format!(
            "{} 第 {} 行第 {} 列有误：{e}",
            path.display(),
            e.line(),
            e.column()
        );
        Fault::new(FaultKind::Invalid, "office.file.invalid", detail)
    })
}
