//! Laying the outcomes of a run over the classes that stand: piece by piece in order, and only what differs is written.
use std::collections::HashMap;

use db::Tx;
use kernel::{Fault, Outcome};

use super::super::model::{Covers, Graded, Run, Standing};
use super::super::rules::{Effect, effect};
use super::super::store;
use super::notice::Notices;
use crate::hall::Op;

/// Outcomes held against the classes at a time.
const PIECE: usize = 20_000;

/// What applying came to.
#[derive(Debug, Default)]
pub struct Applied {
    /// Outcomes taken in.
    pub graded: i64,
    /// Entities whose class became another, those classified for the first time left out.
    pub changed: i64,
}

/// Applies the outcomes of a run. Memory does not grow with their number.
pub fn apply(
    tx: &mut Tx,
    op: &Op,
    run: &Run,
    covers: &Covers,
    graded: impl Iterator<Item = Outcome<Graded>>,
) -> Outcome<Applied> {
    let (mut applied, mut notices) = (Applied::default(), Notices::default());
    let everybody = *covers == Covers::Everybody;
    let mut graded = graded.peekable();
    let mut from = i64::MIN;
    loop {
        let mut piece = Vec::with_capacity(PIECE.min(graded.size_hint().0));
        while piece.len() < PIECE
            && let Some(one) = graded.next()
        {
            piece.push(one?);
        }
        let end = graded.peek().is_none();
        let standing = if everybody {
            let last = match last_of(&piece, from)? {
                Some(last) if !end => last,
                _ => i64::MAX,
            };
            let standing = store::between(tx, from, last)?;
            drop_ghosts(tx, run, &piece, &standing)?;
            from = last.saturating_add(1);
            standing
        } else {
            let ids: Vec<i64> = piece.iter().map(|one| one.entity_id).collect();
            store::standings(tx, &ids)?
        };
        let changes = write(tx, run, piece, standing, &mut applied)?;
        let changes: Vec<(&Graded, &str)> = changes
            .iter()
            .map(|(one, former)| (one, former.as_str()))
            .collect();
        notices.tell(tx, op, run, &changes)?;
        if end {
            break;
        }
    }
    if let Covers::Some { gone } = covers {
        for entity_id in gone {
            store::forget(tx, *entity_id, run.run_id)?;
        }
    }
    store::merge(tx, run)?;
    Ok(applied)
}

/// The last entity of a piece that must ascend and begin at `from`; `None` where there is none at all.
fn last_of(piece: &[Graded], from: i64) -> Outcome<Option<i64>> {
    let ascends = piece.is_sorted_by(|a, b| a.entity_id < b.entity_id);
    if ascends && piece.first().is_none_or(|first| first.entity_id >= from) {
        return Ok(piece.last().map(|last| last.entity_id));
    }
    Err(Fault::internal(
        "分类结果未按主体编号排列",
        std::io::Error::other("outcomes over everybody must ascend"),
    ))
}

/// Takes the classes of a stretch away that nobody has any more.
fn drop_ghosts(tx: &mut Tx, run: &Run, piece: &[Graded], standing: &[Standing]) -> Outcome<()> {
    let mut found = piece.iter().map(|one| one.entity_id).peekable();
    for one in standing {
        while found.next_if(|id| *id < one.entity_id).is_some() {}
        if found.peek() != Some(&one.entity_id) {
            store::forget(tx, one.entity_id, run.run_id)?;
        }
    }
    Ok(())
}

/// Writes what differs. Returns whose class became another, with the former one.
fn write(
    tx: &mut Tx,
    run: &Run,
    piece: Vec<Graded>,
    standing: Vec<Standing>,
    applied: &mut Applied,
) -> Outcome<Vec<(Graded, String)>> {
    let mut standing: HashMap<i64, Standing> = standing.into_iter().map(|one| (one.entity_id, one)).collect();
    let (mut first, mut other, mut history) = (Vec::new(), Vec::new(), Vec::new());
    applied.graded += i64::try_from(piece.len()).unwrap_or(i64::MAX);
    for one in piece {
        let former = standing.remove(&one.entity_id);
        match effect(run, &one, former.as_ref()) {
            Effect::None => {}
            Effect::Confirmed => other.push(one),
            Effect::First => {
                history.push((one.clone(), None));
                first.push(one);
            }
            Effect::Changed { class } => {
                applied.changed += i64::from(class);
                history.push((one.clone(), former.map(|former| former.class)));
                other.push(one);
            }
        }
    }
    store::add(tx, run, &first)?;
    store::stage(tx, run.run_id, &other)?;
    store::keep_history(tx, run.run_id, &history)?;
    let changed = history.into_iter().filter_map(|(one, former)| {
        let former = former?;
        (former != one.class).then_some((one, former))
    });
    Ok(changed.collect())
}
