//! Applying: one transaction turns the staged rows of a batch into records, or leaves everything as it was.
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, sync_channel};

use db::Tx;
use kernel::{Day, Fault, FaultKind, Outcome};
use policy::ItemMode;
use serde_json::json;

use super::super::correction;
use super::super::model::{Batch, Made, REGISTRATION, Refusal, Relation, Staged};
use super::super::store::{self, Sums};
use super::super::whose;
use super::frame::{self, Frame};
use super::seen::Seen;
use crate::hall::{House, Op, ledger};

/// Batches of at least so many rows ask a filter first who is new.
const FILTER_FROM: i64 = 5_000;
/// A filter is filled from the known entities unless there are so many times as many as rows.
const FILTER_UPTO: i64 = 4;
/// Frames read ahead of the database.
const AHEAD: usize = 2;

/// Somebody right of collection who takes records in within the very transaction that makes them, from the rows in hand.
/// Whoever cannot takes them in later, from the ledger.
pub trait Follower: Send + Sync {
    /// Its word in the event that tells of the batch.
    fn name(&self) -> &'static str;
    /// Whether it wants the records of an item.
    fn follows(&self, item: &str) -> bool;
    /// Before the first record is made. Whether it wants to hear of the end.
    fn begin(&self, _: &mut Tx, _: &Batch) -> Outcome<bool> {
        Ok(false)
    }
    /// After the last record is made, if it wanted to hear of it.
    fn end(&self, _: &mut Tx) -> Outcome<()> {
        Ok(())
    }
    /// Reads the rows of a frame; runs beside the database.
    fn prepare(&self, rows: &[Staged<'_>]) -> Box<dyn Prepared>;
}

/// What a follower read from the rows of a frame.
pub trait Prepared: Send {
    /// Takes in the records made of them. They are saved already.
    fn take(&self, tx: &mut Tx, batch: &Batch, made: &[Made<'_>]) -> Outcome<()>;
}

/// A frame with what followers read from it.
type Ready = (Frame, Vec<Box<dyn Prepared>>);

/// Turns a staged batch into records. Applying an applied batch changes nothing.
///
/// Batches are applied one after another (advisory lock), so the numbers of records grow in the order in which
/// they become visible: a number is a position.
pub fn apply(
    house: &House,
    tx: &mut Tx,
    op: &Op,
    batch_id: i64,
    followers: &[&dyn Follower],
) -> Outcome<Batch> {
    tx.lock("intake_apply", 0)?;
    let batch = super::batch(tx, batch_id)?;
    if let Some(done) = settled(&batch)? {
        return Ok(done);
    }
    let end = u64::try_from(batch.staged_bytes).unwrap_or(0);
    let frames = frame::Reader::open(&house.folder.path(&super::staged_of(batch_id)), end)?;
    let followers: Vec<&dyn Follower> = followers
        .iter()
        .copied()
        .filter(|follower| follower.follows(&batch.item))
        .collect();
    let names: Vec<&str> = followers.iter().map(|follower| follower.name()).collect();
    std::thread::scope(|scope| {
        // Reading ahead, taking apart and what followers make of it keep the second core busy.
        let (give, ready) = sync_channel(AHEAD);
        let followers = &followers;
        let begun: Vec<bool> = followers
            .iter()
            .map(|follower| follower.begin(tx, &batch))
            .collect::<Outcome<_>>()?;
        scope.spawn(move || {
            for frame in frames {
                let prepared = frame.and_then(|frame| prepare(frame, followers));
                let failed = prepared.is_err();
                if give.send(prepared).is_err() || failed {
                    return;
                }
            }
        });
        let applied = apply_frames(tx, op, &batch, ready, &names)?;
        for (follower, _) in followers.iter().zip(begun).filter(|(_, begun)| *begun) {
            follower.end(tx)?;
        }
        Ok(applied)
    })
}

/// Applies rows that were never on disk: a few, from another module.
pub(super) fn apply_rows(tx: &mut Tx, op: &Op, batch_id: i64, frame: Frame) -> Outcome<Batch> {
    tx.lock("intake_apply", 0)?;
    let batch = super::batch(tx, batch_id)?;
    if let Some(done) = settled(&batch)? {
        return Ok(done);
    }
    let (give, ready) = sync_channel(1);
    // The channel has room for the one frame, and its other end is here.
    let _ = give.send(Ok((frame, Vec::new())));
    drop(give);
    apply_frames(tx, op, &batch, ready, &[])
}

/// The batch as it is when there is nothing to apply.
fn settled(batch: &Batch) -> Outcome<Option<Batch>> {
    match batch.state.as_str() {
        "staged" => Ok(None),
        "received" => {
            let detail = format!("批次 {} 还没有读完，不能入库。", batch.batch_id);
            Err(Fault::new(FaultKind::Conflict, "intake.batch.not-staged", detail))
        }
        _ => Ok(Some(batch.clone())),
    }
}

fn prepare(frame: Frame, followers: &[&dyn Follower]) -> Outcome<Ready> {
    let rows = frame.staged()?;
    let prepared = followers.iter().map(|follower| follower.prepare(&rows)).collect();
    drop(rows);
    Ok((frame, prepared))
}

fn apply_frames(
    tx: &mut Tx,
    op: &Op,
    batch: &Batch,
    frames: Receiver<Outcome<Ready>>,
    names: &[&str],
) -> Outcome<Batch> {
    let law = op.pack.on(crate::hall::local_day(batch.received_at));
    let item = law.item(&batch.item)?.value;
    let mut run = Run {
        batch,
        rule: Rule {
            ends: item.ends.clone(),
            state: item.mode == ItemMode::State,
            day: crate::hall::local_day(batch.received_at),
        },
        seen: filter(tx, batch)?,
        sums: Sums::default(),
        subjects: 0,
    };
    for ready in frames {
        let (frame, prepared) = ready?;
        run.frame(tx, &frame.staged()?, &prepared)?;
    }
    let (loose, repeated) = whose::service::open(tx, batch.batch_id)?;
    run.sums.loose = loose;
    run.sums.unchanged += repeated;
    let sums = &run.sums;
    store::applied(tx, batch.batch_id, sums, op.at)?;
    let corrected = correction::count(tx, batch.batch_id)?;
    let told = ledger::Event {
        verb: "intake.batch-applied",
        subject: format!("batch:{}", batch.batch_id),
        department: Some(batch.supplier.clone()),
        payload: json!({
            "batch_id": batch.batch_id, "item": batch.item, "accepted": sums.accepted, "unchanged": sums.unchanged,
            "refused": batch.rows_refused + sums.refused, "loose": loose, "first": sums.first, "last": sums.last,
            "new_subjects": run.subjects, "followed": names, "corrects": corrected,
        }),
        ..ledger::Event::default()
    };
    ledger::append(tx, op, told)?;
    super::batch(tx, batch.batch_id)
}

/// For a batch that is large beside what is known, a filter over the known entities; else none, and all are looked up.
fn filter(tx: &mut Tx, batch: &Batch) -> Outcome<Option<Seen>> {
    if batch.rows_read < FILTER_FROM {
        return Ok(None);
    }
    let known = store::subject_count(tx)?;
    if known / FILTER_UPTO > batch.rows_read {
        return Ok(None);
    }
    let mut seen = Seen::with_room(u64::try_from(known.saturating_add(batch.rows_read)).unwrap_or(0));
    if known > 0 {
        store::subject_nos(tx, |code| seen.add(code))?;
    }
    Ok(Some(seen))
}

/// What the item says of rows.
struct Rule {
    /// The item whose records rows of this item end.
    ends: Option<String>,
    /// The newest row replaces the former by itself, without naming it.
    state: bool,
    /// The day of rows that tell none.
    day: Day,
}

/// What a row under a known or new key becomes.
enum Fate {
    Unchanged,
    Refused(Refusal),
    Record(Relation, Option<i64>),
}

fn fate(rule: &Rule, row: &Staged<'_>, former: Option<(i64, &str)>, ended: Option<i64>) -> Fate {
    match former {
        Some((_, digest)) if digest == row.digest => Fate::Unchanged,
        Some((record_id, _)) if row.withdraws => Fate::Record(Relation::Withdraws, Some(record_id)),
        None if row.withdraws => Fate::Refused(refusal(
            row,
            "intake.withdrawal.unknown",
            "要撤销的记录不存在，或已经撤销。",
            None,
        )),
        _ if rule.state => Fate::Record(Relation::None, None),
        _ if rule.ends.is_some() => match ended {
            Some(ended) => Fate::Record(Relation::Ends, Some(ended)),
            None => Fate::Refused(refusal(
                row,
                "intake.end.unknown",
                "没有找到要移出（修复）的那条记录。",
                Some("请核对决定书文号，并先提交原来的列入（处罚）记录。"),
            )),
        },
        Some((record_id, _)) => Fate::Record(Relation::Corrects, Some(record_id)),
        None => Fate::Record(Relation::None, None),
    }
}

fn refusal(row: &Staged<'_>, code: &str, reason: &str, suggestion: Option<&str>) -> Refusal {
    Refusal {
        line: row.line,
        field: "记录".into(),
        value: row.record_key.to_owned(),
        code: code.into(),
        reason: reason.into(),
        suggestion: suggestion.map(str::to_owned),
    }
}

/// An entity that was merged into another has no registration of its own any more.
fn merged_away(row: &Staged<'_>) -> Refusal {
    Refusal {
        line: row.line,
        field: "统一社会信用代码".into(),
        value: row.subject_no.to_owned(),
        code: "intake.subject.merged".into(),
        reason: "这个代码的主体已并入另一主体，登记信息以并入后的主体为准。".into(),
        suggestion: Some("请按并入后的代码报送；合并有误的，请先撤销合并。".into()),
    }
}

/// The first record of a chain of corrections. Taking a key back takes the whole chain back: what a supplier withdraws is
/// the fact, not the last wording of it.
fn first_of(tx: &mut Tx, corrections: &HashMap<i64, i64>, record_id: i64) -> Outcome<i64> {
    let mut first = record_id;
    loop {
        let corrected = match corrections.get(&first) {
            Some(named) => Some(*named),
            None => store::corrected_by(tx, first)?,
        };
        match corrected {
            Some(named) => first = named,
            None => return Ok(first),
        }
    }
}

/// An entity named in a frame.
#[derive(Clone, Copy)]
struct Subject {
    subject_id: i64,
    first: bool,
    /// The number of the code itself, when its entity was merged into `subject_id`.
    merged: Option<i64>,
}

/// The newest records by key: number and digest.
type Newest = HashMap<(i64, String), (i64, String)>;

/// The application of one batch.
struct Run<'a> {
    batch: &'a Batch,
    rule: Rule,
    seen: Option<Seen>,
    sums: Sums,
    subjects: i64,
}

impl Run<'_> {
    /// Makes records of the rows of one frame.
    fn frame(&mut self, tx: &mut Tx, rows: &[Staged<'_>], prepared: &[Box<dyn Prepared>]) -> Outcome<()> {
        let subjects = self.number(tx, rows)?;
        let known: Vec<i64> = subjects
            .values()
            .filter(|subject| !subject.first)
            .map(|subject| subject.subject_id)
            .collect();
        let former = store::current(tx, &self.batch.item, &known)?;
        let ended = match &self.rule.ends {
            Some(item) => store::current(tx, item, &known)?,
            None => Newest::new(),
        };
        let (made, refused) = self.decide(tx, rows, &subjects, (&former, &ended))?;
        store::refuse(tx, self.batch.batch_id, &refused)?;
        self.sums.refused += i64::try_from(refused.len()).unwrap_or(0);
        let (Some(first), Some(last)) = (made.first(), made.last()) else {
            return Ok(());
        };
        self.sums.accepted += i64::try_from(made.len()).unwrap_or(0);
        self.sums.first = self.sums.first.or(Some(first.record_id));
        self.sums.last = Some(last.record_id);
        store::save_records(tx, self.batch, &made)?;
        let detours: Vec<(i64, i64)> = made
            .iter()
            .filter_map(|made| Some((made.record_id, subjects.get(made.row.subject_no)?.merged?)))
            .collect();
        whose::service::note_detours(tx, &detours)?;
        self.keep_current(tx, &made)?;
        for prepared in prepared {
            prepared.take(tx, self.batch, &made)?;
        }
        Ok(())
    }

    /// The number of every entity in the rows; those without get one, in the order in which they are named.
    fn number<'f>(&mut self, tx: &mut Tx, rows: &[Staged<'f>]) -> Outcome<HashMap<&'f str, Subject>> {
        let maybe: Vec<&str> = rows
            .iter()
            .map(|row| row.subject_no)
            .filter(|code| self.seen.as_ref().is_none_or(|seen| seen.might_hold(code)))
            .collect();
        let known = store::subjects(tx, &maybe)?;
        let mut subjects: HashMap<&'f str, Subject> = HashMap::with_capacity(rows.len());
        let mut new: Vec<Staged<'f>> = Vec::new();
        for row in rows {
            subjects.entry(row.subject_no).or_insert_with(|| {
                let known = known.get(row.subject_no);
                if known.is_none() {
                    new.push(*row);
                }
                Subject {
                    subject_id: known.map_or(0, |known| known.merged_into.unwrap_or(known.own)),
                    first: known.is_none(),
                    merged: known.and_then(|known| known.merged_into.map(|_| known.own)),
                }
            });
        }
        let numbered: Vec<(i64, Staged<'f>)> = tx.ids(new.len())?.into_iter().zip(new).collect();
        for (subject_id, row) in &numbered {
            if let Some(subject) = subjects.get_mut(row.subject_no) {
                subject.subject_id = *subject_id;
            }
            if let Some(seen) = &mut self.seen {
                seen.add(row.subject_no);
            }
        }
        store::save_subjects(tx, &numbered)?;
        self.subjects += i64::try_from(numbered.len()).unwrap_or(0);
        Ok(subjects)
    }

    /// What each row becomes, in order: a row knows what the rows before it made of its key.
    fn decide<'f>(
        &mut self,
        tx: &mut Tx,
        rows: &[Staged<'f>],
        subjects: &HashMap<&str, Subject>,
        (former, ended): (&Newest, &Newest),
    ) -> Outcome<(Vec<Made<'f>>, Vec<Refusal>)> {
        // What earlier rows of this very frame made of a key; `None`: taken back.
        let mut fresh: HashMap<(i64, &'f str), Option<(i64, &str)>> = HashMap::with_capacity(rows.len());
        // Corrections of this frame, which the store does not know yet: record → the one it corrects.
        let mut corrections: HashMap<i64, i64> = HashMap::new();
        let mut made = Vec::with_capacity(rows.len());
        let mut refused = Vec::new();
        for ((place, row), record_id) in rows.iter().enumerate().zip(tx.ids(rows.len())?) {
            let Some(Subject {
                subject_id,
                first,
                merged,
            }) = subjects.get(row.subject_no).copied()
            else {
                continue;
            };
            if merged.is_some() && self.batch.item == REGISTRATION {
                refused.push(merged_away(row));
                continue;
            }
            let key = (subject_id, row.record_key);
            let before = fresh
                .get(&key)
                .copied()
                .unwrap_or_else(|| stored(former, first, &key));
            let ended = stored_id(ended, first, &key);
            match fate(&self.rule, row, before, ended) {
                Fate::Unchanged => self.sums.unchanged += 1,
                Fate::Refused(why) => refused.push(why),
                Fate::Record(relation, names_id) => {
                    let withdrawn = relation == Relation::Withdraws;
                    let names_id = match names_id {
                        Some(named) if withdrawn => Some(first_of(tx, &corrections, named)?),
                        other => other,
                    };
                    if let (Relation::Corrects, Some(named)) = (relation, names_id) {
                        corrections.insert(record_id, named);
                    }
                    fresh.insert(key, (!withdrawn).then_some((record_id, row.digest)));
                    made.push(Made {
                        row: *row,
                        place,
                        record_id,
                        subject_id,
                        first,
                        relation,
                        names_id,
                        on_day: row.on.unwrap_or(self.rule.day),
                    });
                }
            }
        }
        Ok((made, refused))
    }

    /// Keeps which record is the newest of each key.
    fn keep_current(&self, tx: &mut Tx, made: &[Made<'_>]) -> Outcome<()> {
        let mut last: HashMap<(i64, &str), usize> = HashMap::with_capacity(made.len());
        for (at, record) in made.iter().enumerate() {
            last.insert((record.subject_id, record.row.record_key), at);
        }
        let newest =
            |at: usize, record: &Made<'_>| last.get(&(record.subject_id, record.row.record_key)) == Some(&at);
        let (mut new, mut known) = (Vec::with_capacity(made.len()), Vec::new());
        for (_, record) in made.iter().enumerate().filter(|(at, record)| newest(*at, record)) {
            if record.relation == Relation::Withdraws {
                store::forget(tx, record.subject_id, &self.batch.item, record.row.record_key)?;
            } else if record.first {
                new.push(record);
            } else {
                known.push(record.record_id);
            }
        }
        store::first_current(tx, &self.batch.item, &new)?;
        store::make_current(tx, self.batch.batch_id, &known)
    }
}

/// What the store knows under a key: nothing of an entity that is new.
fn stored<'n>(newest: &'n Newest, first: bool, key: &(i64, &str)) -> Option<(i64, &'n str)> {
    if first || newest.is_empty() {
        return None;
    }
    let (record_id, digest) = newest.get(&(key.0, key.1.to_owned()))?;
    Some((*record_id, digest.as_str()))
}

fn stored_id(newest: &Newest, first: bool, key: &(i64, &str)) -> Option<i64> {
    stored(newest, first, key).map(|(record_id, _)| record_id)
}
