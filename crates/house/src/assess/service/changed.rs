//! The list of changed classes (分类变动): by day, place and direction, within the actor's scope.
use std::collections::HashMap;

use db::Tx;
use kernel::page::Page;
use kernel::{Day, Division, Fault, FaultKind, Outcome};

use super::super::model::{ChangesAsked, ClassChange};
use super::super::{rules, store};
use super::notice::{Runs, Why, classes};
use crate::hall::{InJurisdiction as _, Op, paged_by};
use crate::registry;
use crate::registry::rules::end_of;

/// Where a page of changes begins: after this run and entity.
pub type After = (i64, i64);

/// Changed classes decided from one day to another, oldest first, a page.
pub fn changed(
    tx: &mut Tx,
    op: &Op,
    asked: &ChangesAsked,
    after: Option<After>,
    limit: i64,
) -> Outcome<Page<ClassChange>> {
    let until = asked.until.unwrap_or_else(|| op.today());
    if until < asked.since {
        let detail = format!("时间范围为空：{until} 早于 {}。", asked.since);
        return Err(Fault::new(FaultKind::Invalid, "assess.changes.empty", detail));
    }
    let division = asked
        .division
        .as_deref()
        .map(Division::parse)
        .transpose()
        .map_err(|fault| Fault::new(FaultKind::Invalid, "registry.division.invalid", fault.to_string()))?;
    let begins = asked.since.pred_opt().map_or(kernel::Instant::MIN_UTC, end_of);
    let (first, last) = store::runs_between(tx, begins, end_of(until))?;
    let after = after.unwrap_or((0, 0)).max((first - 1, i64::MAX));
    let order = classes(op, op.today())?;
    let key = |row: &Row| (row.change.run_id, row.change.entity_id);
    let keep = |row: Row| {
        let inside = |entity: &registry::model::Entity| {
            let place = entity.jurisdiction();
            let within = division
                .as_ref()
                .is_none_or(|outer| place.division.is_some_and(|inner| outer.contains(&inner)));
            within && op.actor.scope.covers(&place)
        };
        let reached = match &row.entity {
            Some(entity) => inside(entity),
            None => division.is_none() && op.actor.scope.everything,
        };
        let wanted = asked
            .direction
            .is_none_or(|wanted| row.change.direction == wanted);
        (reached && wanted).then_some(row.change)
    };
    let mut page = paged_by(tx, (after, limit), key, keep, |tx, after, chunk| {
        read(tx, &order, *after, last, chunk)
    })?;
    let (mut why, mut runs) = (Why::default(), Runs::default());
    for change in &mut page.items {
        let run = runs.get(tx, change.run_id)?;
        change.as_of = run.as_of;
        change.decided_at = run.finished_at.unwrap_or(run.started_at);
        change.reasons = why.reasons(tx, op, &run, change.entity_id)?;
    }
    Ok(page)
}

/// A change with the entity it is about, while there is one.
struct Row {
    change: ClassChange,
    entity: Option<registry::model::Entity>,
}

fn read(tx: &mut Tx, order: &[String], after: After, last: i64, limit: i64) -> Outcome<Vec<Row>> {
    let changes = store::changed(tx, after, last, limit)?;
    let ids: Vec<i64> = changes.iter().map(|change| change.entity_id).collect();
    let mut entities: HashMap<i64, registry::model::Entity> = HashMap::with_capacity(ids.len());
    for piece in ids.chunks(1_000) {
        for entity in registry::service::of_numbers(tx, piece)? {
            entities.insert(entity.entity_id, entity);
        }
    }
    let row = |change: store::Changed| {
        let entity = entities.get(&change.entity_id).cloned();
        let (subject_no, name, division) = entity.as_ref().map_or_else(Default::default, |entity| {
            (
                entity.subject_no.clone(),
                entity.name.clone(),
                entity.division.clone(),
            )
        });
        Row {
            change: ClassChange {
                direction: rules::direction(order, &change.former, &change.class),
                run_id: change.run_id,
                entity_id: change.entity_id,
                subject_no,
                name,
                division,
                from: change.former,
                to: change.class,
                points: change.points,
                as_of: Day::MIN,
                decided_at: kernel::Instant::MIN_UTC,
                reasons: None,
            },
            entity,
        }
    };
    Ok(changes.into_iter().map(row).collect())
}
