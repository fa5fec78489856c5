//! A row is sealed until the actor's jurisdiction opens it: forgetting the check does not compile. Lists are sifted
//! before they are cut, so that a page of a scoped actor never ends early.
use db::Tx;
use kernel::actor::{Jurisdiction, Scope};
use kernel::page::{Cursor, Page};
use kernel::{Fault, FaultKind, Outcome};
use serde::Serialize;

use super::Op;

/// Most rows one answer looks at. What was not reached then waits behind the cursor.
const MOST_LOOKED_AT: i64 = 20_000;
/// Most rows read at once.
const CHUNK: i64 = 1_000;

/// A thing that belongs somewhere.
pub trait InJurisdiction {
    /// The division and the department it belongs to.
    fn jurisdiction(&self) -> Jurisdiction;
}

/// A row as the store returns it. Only [`Sealed::open`] gives access.
#[derive(Debug)]
pub struct Sealed<T>(T);

impl<T: InJurisdiction> Sealed<T> {
    /// Seals a row; called by stores only.
    pub(crate) fn new(row: T) -> Self {
        Self(row)
    }

    /// Opens the row for an actor whose scope covers it; to anybody else it does not exist.
    pub fn open(self, op: &Op) -> Outcome<T> {
        if op.actor.scope.covers(&self.0.jurisdiction()) {
            Ok(self.0)
        } else {
            Err(Fault::hidden())
        }
    }
}

/// Refuses (403) what speaks of the whole house to an actor who does not reach all of it.
pub fn whole_house(op: &Op) -> Outcome<()> {
    if op.actor.scope.everything {
        return Ok(());
    }
    let detail = "这里是全平台的数据，只对管辖范围为全部的账号开放。\
                  请改查本辖区的列表，或请平台管理人员代查。";
    Err(Fault::new(FaultKind::Forbidden, "hall.scope.whole-house", detail))
}

/// A page of the rows within a scope. `read` gives rows after a key, as many as asked for unless its source ends.
pub fn paged<T: InJurisdiction, K: Serialize>(
    tx: &mut Tx,
    scope: &Scope,
    (after, limit): (K, i64),
    key: impl Fn(&T) -> K,
    read: impl FnMut(&mut Tx, &K, i64) -> Outcome<Vec<T>>,
) -> Outcome<Page<T>> {
    let keep = |row: T| scope.covers(&row.jurisdiction()).then_some(row);
    paged_by(tx, (after, limit), key, keep, read)
}

/// A page of what `keep` lets through. Reads on until the page is full, the source ends or [`MOST_LOOKED_AT`] rows
/// were looked at; in the last case the page may be short, even empty, and its cursor goes on from there.
pub fn paged_by<R, T, K: Serialize>(
    tx: &mut Tx,
    (mut after, limit): (K, i64),
    key: impl Fn(&R) -> K,
    keep: impl Fn(R) -> Option<T>,
    mut read: impl FnMut(&mut Tx, &K, i64) -> Outcome<Vec<R>>,
) -> Outcome<Page<T>> {
    let full = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut chunk = limit.saturating_add(1);
    let mut looked_at = 0_i64;
    let mut items = Vec::new();
    loop {
        let rows = read(tx, &after, chunk)?;
        let read_rows = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        for row in rows {
            let at = key(&row);
            if let Some(item) = keep(row) {
                if items.len() >= full {
                    return page(items, Some(&after));
                }
                items.push(item);
            }
            after = at;
        }
        if read_rows < chunk {
            return page::<T, K>(items, None);
        }
        looked_at = looked_at.saturating_add(read_rows);
        if looked_at >= MOST_LOOKED_AT {
            return page(items, Some(&after));
        }
        chunk = chunk.max(CHUNK);
    }
}

fn page<T, K: Serialize>(items: Vec<T>, after: Option<&K>) -> Outcome<Page<T>> {
    let next = after.map(Cursor::encode).transpose()?.map(Cursor::into_string);
    Ok(Page {
        items,
        next,
        total: None,
    })
}
