//! Commands and queries of pulling.
use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io::BufWriter;

use chrono::Duration;
use db::Tx;
use kernel::{Fault, FaultKind, Outcome};
use serde_json::{Value, json};

use super::model::{Ask, Drawn, NewPull, Pull, Source};
use super::store;
use crate::hall::duty::{self, NewDuty};
use crate::hall::ledger::{self, Event};
use crate::hall::{House, InJurisdiction as _, Op, command, files, local_day, query, whole_house};
use crate::intake::model::Taken;
use crate::intake::service::{self, HandOver};

/// About how many new rows one pull takes: one batch.
const MOST_ROWS: i64 = 200_000;
/// How many of the last rows are remembered, to recognise them when they are read again. Beyond that they are recognised
/// row by row when the batch is applied.
const EDGE: usize = 2_000;
/// Letters of a remembered row's hash.
const SHORT: usize = 16;
/// Seconds before the next try, by the number of failures so far; the last one repeats.
const PAUSES: [i64; 6] = [30, 120, 600, 1_800, 3_600, 10_800];
/// Shortest time between two looks, in seconds.
const LEAST_EVERY: i64 = 10;
/// Longest time before the watermark that is read again, in seconds: a day.
const MOST_BACK: i64 = 86_400;
/// Kind of the duty of a supplier whose source is silent.
pub const DUTY: &str = "intake.source-silent";

/// What one look at a source came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// New rows.
    pub rows: i64,
    /// Batch they were taken in as.
    pub batch: Option<i64>,
    /// Whether there are more.
    pub more: bool,
}

/// Where the password of a source lies in the data folder; it never enters the database.
fn password_file(pull_id: i64) -> String {
    format!("pull-{pull_id}.password")
}

fn subject(pull_id: i64) -> String {
    format!("pull:{pull_id}")
}

/// Adds a source.
pub fn add(house: &House, op: &Op, new: &NewPull) -> Outcome<Pull> {
    check(new)?;
    let pull_id = command(house, op, |tx, op| {
        whole_house(op)?;
        service::known_item(&op.pack.on(op.today()), &new.item)?;
        if store::pulls(tx)?.iter().any(|pull| pull.name == new.name.trim()) {
            let detail = format!(
                "已有名为“{}”的数据源。请换一个名称，或先移除原来的。",
                new.name.trim()
            );
            return Err(Fault::conflict("intake.pull.taken", detail));
        }
        let pull_id = tx.next_id()?;
        if let Some(password) = &new.password {
            // Before the commit: a source without its password would only fail, a password without its source harms nobody.
            files::write_secret(&house.folder.path(&password_file(pull_id)), password.as_bytes())?;
        }
        store::save(tx, op, pull_id, new)?;
        let told = json!({ "name": new.name.trim(), "item": new.item, "relation": new.relation });
        tell(tx, op, ("intake.pull-added", pull_id, new.supplier.trim()), told)?;
        Ok(pull_id)
    })?;
    query(house, op, |tx, _| find(tx, pull_id))
}

fn check(new: &NewPull) -> Outcome<()> {
    let refuse = |code, why: String| Err(Fault::new(FaultKind::Invalid, code, why));
    let plain = |text: &str| !text.trim().is_empty() && text.chars().count() <= 200;
    if ![&new.name, &new.relation, &new.marker, &new.supplier]
        .iter()
        .all(|text| plain(text))
    {
        let detail = "数据源须有名称、表（或视图）名、游标列和提供部门。";
        return refuse("intake.pull.incomplete", detail.into());
    }
    let rest = ["postgres://", "postgresql://", "mysql://"]
        .iter()
        .find_map(|scheme| new.url.strip_prefix(scheme));
    let Some(rest) = rest else {
        let detail = "数据源地址须以 postgres:// 或 mysql:// 开头，形如 postgres://用户@主机:5432/数据库。";
        return refuse("intake.pull.url", detail.into());
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    if user.contains(':') || new.url.to_ascii_lowercase().contains("password=") {
        let detail = "数据源地址里不能写密码：地址会存入数据库并显示出来。请把密码放在文件里（--password-file）或环境变量 XINHENG_PULL_PASSWORD 中。";
        return refuse("intake.pull.password", detail.into());
    }
    if new.every_seconds < LEAST_EVERY || !(0..=MOST_BACK).contains(&new.back_seconds) {
        let detail = format!("抽取间隔至少 {LEAST_EVERY} 秒，回看时间在 0 至 {MOST_BACK} 秒之间。");
        return refuse("intake.pull.times", detail);
    }
    Ok(())
}

fn find(tx: &mut Tx, pull_id: i64) -> Outcome<Pull> {
    let found = store::pulls(tx)?.into_iter().find(|pull| pull.pull_id == pull_id);
    found.ok_or_else(Fault::hidden)
}

/// The source of a name or number.
pub fn named(tx: &mut Tx, op: &Op, name: &str) -> Outcome<Pull> {
    let found = pulls(tx, op)?
        .into_iter()
        .find(|pull| pull.name == name || pull.pull_id.to_string() == name);
    found.ok_or_else(|| {
        let detail = format!("没有名为“{name}”的数据源。用 xinheng pull list 查看。");
        Fault::new(FaultKind::Hidden, "intake.pull.unknown", detail)
    })
}

/// The sources within the actor's reach.
pub fn pulls(tx: &mut Tx, op: &Op) -> Outcome<Vec<Pull>> {
    let mut pulls = store::pulls(tx)?;
    pulls.retain(|pull| op.actor.scope.covers(&pull.jurisdiction()));
    Ok(pulls)
}

/// `active`, `paused` or `removed`.
pub fn set_state(house: &House, op: &Op, pull_id: i64, state: &str) -> Outcome<()> {
    let verb = match state {
        "active" => "intake.pull-resumed",
        "paused" => "intake.pull-paused",
        "removed" => "intake.pull-removed",
        _ => {
            let detail = "数据源的状态只能是 active、paused 或 removed。";
            return Err(Fault::new(FaultKind::Malformed, "intake.pull.state", detail));
        }
    };
    command(house, op, |tx, op| {
        whole_house(op)?;
        let pull = find(tx, pull_id)?;
        store::set_state(tx, pull_id, state, op.at)?;
        if state != "active" {
            duty::done(tx, op, DUTY, &subject(pull_id))?;
        }
        tell(
            tx,
            op,
            (verb, pull_id, &pull.supplier),
            json!({ "name": pull.name }),
        )
    })?;
    if state == "removed" {
        house.folder.remove(&password_file(pull_id))?;
    }
    Ok(())
}

fn tell(
    tx: &mut Tx,
    op: &Op,
    (verb, pull_id, supplier): (&'static str, i64, &str),
    payload: Value,
) -> Outcome<()> {
    let event = Event {
        verb,
        subject: subject(pull_id),
        department: Some(supplier.to_owned()),
        payload,
        ..Event::default()
    };
    ledger::append(tx, op, event).map(drop)
}

/// Looks once at every source that is due. Returns how many were read. One that fails is tried again later and holds up no
/// other.
pub fn serve(house: &House, op: &Op, source: &dyn Source) -> Outcome<u64> {
    let due = query(house, op, |tx, _| {
        let mut pulls = store::pulls(tx)?;
        pulls.retain(|pull| pull.state == "active" && pull.due_at <= op.at);
        Ok(pulls)
    })?;
    let mut read = 0;
    for pull in due {
        match pull_once(house, op, source, &pull) {
            Ok(_) => read += 1,
            Err(fault) if fault.code == UNREAD => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(read)
}

/// Code of the fault of a source that could not be read; the failure is noted already.
const UNREAD: &str = "intake.pull.unread";

/// Looks once at one source, due or not.
pub fn pull_once(house: &House, op: &Op, source: &dyn Source, pull: &Pull) -> Outcome<Step> {
    match draw(house, op, source, pull) {
        Ok(step) => Ok(step),
        Err(Trouble::Ours(fault)) => Err(fault),
        Err(Trouble::Theirs(why)) => {
            let step = usize::try_from(pull.failures)
                .unwrap_or(usize::MAX)
                .min(PAUSES.len() - 1);
            let next = op.at + Duration::seconds(PAUSES.get(step).copied().unwrap_or(10_800));
            tracing::debug!(pull = %pull.name, why, "a source could not be read");
            command(house, op, |tx, _| store::failed(tx, pull.pull_id, &why, next))?;
            let detail = format!("数据源“{}”抽取失败：{why}", pull.name);
            Err(Fault::new(FaultKind::Busy, UNREAD, detail))
        }
    }
}

enum Trouble {
    /// The source is to blame: noted, tried again.
    Theirs(String),
    /// This house is.
    Ours(Fault),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Ours(fault)
    }
}

fn draw(house: &House, op: &Op, source: &dyn Source, pull: &Pull) -> Result<Step, Trouble> {
    let mut spool = Spool::open(house, pull)?;
    let asked = Ask {
        url: pull.url.clone(),
        password: password(house, pull.pull_id)?,
        relation: pull.relation.clone(),
        marker: pull.marker.clone(),
        after: pull.watermark.clone(),
        back_seconds: pull.back_seconds,
        most_rows: MOST_ROWS,
    };
    let drawn = source
        .draw(&asked, &mut |cells| spool.take(cells))
        .map_err(Trouble::Theirs)?;
    let next = if drawn.more {
        op.at
    } else {
        op.at + Duration::seconds(pull.every_seconds)
    };
    let rows = spool.kept;
    let edge: Vec<String> = spool.edge.iter().cloned().collect();
    if rows == 0 {
        command(house, op, |tx, _| {
            store::read(tx, pull.pull_id, &drawn, &edge, (op.at, next))
        })?;
        return Ok(Step {
            rows,
            batch: None,
            more: drawn.more,
        });
    }
    let digest = spool.close(house)?;
    let name = called(pull, &drawn);
    let law = op.pack.on(op.today());
    let kept = house.folder.path(&service::file_of(&digest));
    let tables = service::describe(&law, &kept, &name, Some(&pull.item), &pull.mapping, false)?;
    if let Some(table) = tables.iter().find(|table| table.item.is_none()) {
        // Taken in, the whole batch would be refused and the watermark be past its rows.
        return Err(Trouble::Theirs(table.fault.clone().unwrap_or_default()));
    }
    let batch = command(house, op, |tx, op| {
        let over = HandOver {
            supplier: &pull.supplier,
            source: "pull",
            file_name: &name,
            digest: &digest,
            item: Some(&pull.item),
            mapping: &pull.mapping,
        };
        let arrived = service::arrive(tx, op, &over, &tables)?;
        let batch = arrived.taken.first().map(|(_, taken)| match taken {
            Taken::New(batch_id) => *batch_id,
            Taken::Known(batch) => batch.batch_id,
        });
        let batch = batch.ok_or_else(Fault::hidden)?;
        store::read(tx, pull.pull_id, &drawn, &edge, (op.at, next))?;
        store::news(tx, pull.pull_id, rows, batch, op.at)?;
        duty::done(tx, op, DUTY, &subject(pull.pull_id))?;
        let told =
            json!({ "name": pull.name, "rows": rows, "batch_id": batch, "watermark": drawn.watermark });
        tell(tx, op, ("intake.pull-taken", pull.pull_id, &pull.supplier), told)?;
        Ok(batch)
    })?;
    Ok(Step {
        rows,
        batch: Some(batch),
        more: drawn.more,
    })
}

/// What a batch of a source is called: the source and how far it goes.
fn called(pull: &Pull, drawn: &Drawn) -> String {
    let upto = drawn.watermark.as_deref().unwrap_or_default();
    format!("{}（至 {upto}）", pull.name)
}

fn password(house: &House, pull_id: i64) -> Outcome<Option<String>> {
    let name = password_file(pull_id);
    if !house.folder.path(&name).exists() {
        return Ok(None);
    }
    let text = String::from_utf8(house.folder.read(&name)?)
        .map_err(|e| Fault::internal("数据源的密码文件无法读取", e))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The rows of one look on their way to the disk, as CSV: however many, only those remembered are in memory.
struct Spool {
    path: std::path::PathBuf,
    writer: csv::Writer<BufWriter<File>>,
    known: HashSet<String>,
    edge: VecDeque<String>,
    begun: bool,
    kept: i64,
}

impl Spool {
    fn open(house: &House, pull: &Pull) -> Outcome<Self> {
        let inbox = house.folder.room(service::INBOX)?;
        let path = files::beside(&inbox.join(format!("pull-{}", pull.pull_id)));
        let file = File::create(&path).map_err(|e| service::uncopied(&path, e))?;
        Ok(Self {
            path,
            writer: csv::Writer::from_writer(BufWriter::new(file)),
            known: pull.edge.iter().cloned().collect(),
            edge: pull.edge.iter().cloned().collect(),
            begun: false,
            kept: 0,
        })
    }

    fn take(&mut self, cells: &[Option<&str>]) -> Result<(), String> {
        if self.begun {
            let hash = hash_of(cells);
            if self.known.contains(&hash) {
                return Ok(());
            }
            self.kept += 1;
            self.edge.push_back(hash);
            while self.edge.len() > EDGE {
                self.edge.pop_front();
            }
        }
        self.begun = true;
        self.writer
            .write_record(cells.iter().map(|cell| cell.unwrap_or_default()))
            .map_err(|e| format!("抽取的数据无法写到数据文件夹（{e}），请检查磁盘空间"))
    }

    /// Keeps the file under the hash of its content.
    fn close(mut self, house: &House) -> Outcome<String> {
        let failed = |e: std::io::Error| service::uncopied(&self.path, e);
        self.writer.flush().map_err(failed)?;
        self.writer.get_ref().get_ref().sync_all().map_err(failed)?;
        let digest = service::digest_of(&self.path)?;
        let kept = house.folder.path(&service::file_of(&digest));
        std::fs::rename(&self.path, kept).map_err(failed)?;
        Ok(digest)
    }
}

impl Drop for Spool {
    /// What was not kept is of no use.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A short hash of a row; an absent value is another than an empty one.
fn hash_of(cells: &[Option<&str>]) -> String {
    let mut hasher = proof::Suite::Sha256Ed25519.hasher();
    for cell in cells {
        match cell {
            Some(text) => {
                hasher.update(text.len().to_string().as_bytes());
                hasher.update(b":");
                hasher.update(text.as_bytes());
            }
            None => hasher.update(b"-"),
        }
    }
    let mut hash = hasher.finish().to_string();
    hash.truncate(SHORT);
    hash
}

/// Opens a duty of the supplier for every source that had nothing new for longer than the catalogue allows its item
/// (更新天数), whether it fails or merely is silent. Returns how many are silent.
pub fn watch(tx: &mut Tx, op: &Op) -> Outcome<u64> {
    let today = op.today();
    let mut silent = 0;
    for pull in store::pulls(tx)?
        .into_iter()
        .filter(|pull| pull.state == "active")
    {
        let law = op.pack.on(today);
        let Some(days) = law.item(&pull.item).ok().and_then(|item| item.value.fresh_days) else {
            continue;
        };
        let since = local_day(pull.news_at);
        if (today - since).num_days() <= i64::from(days) {
            continue;
        }
        silent += 1;
        let why = pull
            .last_fault
            .as_ref()
            .map_or_else(String::new, |fault| format!("，上次失败：{fault}"));
        let new = NewDuty {
            kind: DUTY,
            subject: subject(pull.pull_id),
            title: format!(
                "数据源“{}”自 {since} 起没有新数据（目录要求 {days} 天内更新）{why}",
                pull.name
            ),
            entity_id: None,
            division: None,
            department: Some(pull.supplier.clone()),
            from: today,
        };
        duty::open(tx, op, &new)?;
    }
    Ok(silent)
}
