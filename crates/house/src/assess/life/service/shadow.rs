//! The shadow run: what the draft and the current model would have said the day before each past visit, and how entities would
//! change their class.
use std::collections::BinaryHeap;

use db::Tx;
use kernel::{Day, Fault, Outcome};
use policy::{Compiled, Scratch, UNCLASSED, Verdict, day_number};
use proof::canonical;
use serde_json::json;

use super::super::model::{Findings, GROUND, Shadow, VisitCounts, Window};
use super::super::rules::{self, Refusal, figures};
use super::super::store;
use super::known::{PAGE, Past};
use super::{candidate, compiled};
use crate::assess::rules::{GENERAL_MODEL, entity_facts, record_fact};
use crate::hall::{House, Op, command, job, ledger, query, whole_house};
use crate::{intake, registry};

/// Kind of the background job.
pub const JOB: &str = "assess.shadow";

/// Asks for a shadow run of a draft, or of the deployment's pack itself (0), in the background.
pub fn order(tx: &mut Tx, op: &Op, draft_id: i64, window: &Window) -> Outcome<Shadow> {
    whole_house(op)?;
    if window.from > window.until || window.until >= op.today() {
        return Err(Refusal::Window.into());
    }
    if draft_id != GROUND {
        let draft = super::one(tx, op, draft_id)?;
        if matches!(draft.state.as_str(), "rejected" | "withdrawn") {
            return Err(Refusal::State(rules::state_title(&draft.state)).into());
        }
    }
    let shadow_id = tx.next_id()?;
    let subject = format!("model:{draft_id}");
    let job_id = job::enqueue(tx, op, JOB, &subject, &json!({ "shadow_id": shadow_id }))?;
    store::save_shadow(tx, op, (shadow_id, draft_id, job_id), window)?;
    shadow(tx, op, shadow_id)
}

/// A shadow run.
pub fn shadow(tx: &mut Tx, op: &Op, shadow_id: i64) -> Outcome<Shadow> {
    whole_house(op)?;
    store::shadow(tx, shadow_id)?.ok_or_else(Fault::hidden)
}

/// What a shadow run found.
pub fn findings(tx: &mut Tx, op: &Op, shadow_id: i64) -> Outcome<Findings> {
    whole_house(op)?;
    let (_, document) = store::found(tx, shadow_id)?.ok_or_else(Fault::hidden)?;
    let Some(document) = document else {
        let detail = format!("影子运行 {shadow_id} 还没有完成。请稍后再看，或查看后台任务是否失败。");
        return Err(Fault::conflict("assess.model.running", detail));
    };
    serde_json::from_str(&document).map_err(|e| Fault::internal("影子运行的结果无法读取", e))
}

/// Does the job: from the beginning, however far a killed process had come.
pub fn run_shadow(house: &House, op: &Op, job_id: i64, shadow_id: i64) -> Outcome<()> {
    let (asked, window, document) = query(house, op, |tx, op| {
        let asked = shadow(tx, op, shadow_id)?;
        let (window, document) = store::found(tx, shadow_id)?.ok_or_else(Fault::hidden)?;
        Ok((asked, window, document))
    })?;
    if document.is_some() {
        return Ok(());
    }
    let draft_id = asked.draft_id;
    let (draft_pack, draft, draft_digest) = query(house, op, |tx, op| candidate(tx, op, draft_id))?;
    let models = Models {
        current: compiled(&op.pack, op.today())?,
        draft,
    };
    let classes: Vec<String> = models.codes();
    let progress = |done: serde_json::Value| {
        command(house, op, |tx, _| {
            job::progress(tx, job_id, &done, house.clock.now())
        })
    };
    let (visits, tally) = visits(house, op, &models, (window.from, window.until), &progress)?;
    let movement = movement(house, op, &models, &window, &progress)?;
    let law = op.pack.on(op.today());
    let confidence = law.gates(GENERAL_MODEL).next().map(|gate| gate.value.confidence);
    let confidence = confidence.unwrap_or(policy::pack::Fraction { num: 95, den: 100 });
    let findings = Findings {
        draft_id,
        draft_digest,
        current_pack: op.pack.hash().to_owned(),
        draft_pack: draft_pack.hash().to_owned(),
        on: op.today(),
        visits,
        confidence: confidence.to_string(),
        parts: tally.parts(&classes, figures::reach_of(confidence)),
        gates: law
            .gates(GENERAL_MODEL)
            .map(|gate| figures::gate(&gate, tally.all(), classes.len()))
            .collect(),
        rails: law
            .rails(GENERAL_MODEL)
            .map(|rail| figures::rail(&rail, &classes, &movement))
            .collect(),
        window,
        classes,
        movement,
    };
    let document = canonical::to_vec(&findings).map_err(|fault| crate::hall::keys::proof_fault(&fault))?;
    let digest = op.suite.hash(&document).to_string();
    let document = String::from_utf8(document).map_err(|e| Fault::internal("文书不是 UTF-8", e))?;
    let ended = house.clock.now();
    command(house, op, |tx, op| {
        store::finish_shadow(tx, shadow_id, ended, &document, &digest)?;
        store::set_shadowed(tx, draft_id)?;
        let told = ledger::Event {
            verb: "assess.model-shadowed",
            subject: format!("model:{draft_id}"),
            payload: json!({
                "draft_id": draft_id, "shadow_id": shadow_id, "digest": digest, "asked_by": asked.asked_by,
                "visits": findings.visits, "blocks": figures::blocks(&findings),
            }),
            ..ledger::Event::default()
        };
        ledger::append(tx, op, told).map(drop)
    })
}

/// The two models.
struct Models {
    current: Compiled,
    draft: Compiled,
}

impl Models {
    /// Codes of the classes, those of the current model first, then what only the draft has.
    fn codes(&self) -> Vec<String> {
        let of = |model: &Compiled| -> Vec<String> {
            model
                .model()
                .classes
                .iter()
                .map(|class| class.code.clone())
                .collect()
        };
        let mut codes = of(&self.current);
        // Classes have an order, so only a longer list of the draft can add to it, at its end.
        codes.extend(of(&self.draft).into_iter().skip(codes.len()));
        codes
    }
}

fn place(verdict: &Verdict) -> Option<i64> {
    (verdict.class != UNCLASSED).then(|| figures::standing(verdict.class, verdict.points))
}

type Progress<'p> = dyn Fn(serde_json::Value) -> Outcome<()> + 'p;

fn visits(
    house: &House,
    op: &Op,
    models: &Models,
    days: (Day, Day),
    progress: &Progress<'_>,
) -> Outcome<(VisitCounts, figures::Tally)> {
    let law = op.pack.on(op.today()).outcome()?.value.clone();
    let (mut counts, mut tally) = (VisitCounts::default(), figures::Tally::default());
    let (mut past, mut scratch, mut after) = (Past::new(days), Scratch::new(), 0);
    loop {
        let page = query(house, op, |tx, op| past.page(tx, op, &law, after))?;
        counts.unknown_code += page.unknown;
        for known in &page.known {
            counts.visits += 1;
            counts.found += u64::from(known.visit.found);
            let Some(then) = &known.then else {
                counts.unregistered += 1;
                continue;
            };
            counts.as_known += u64::from(then.as_known);
            counts.by_day += u64::from(!then.as_known);
            let day = day_number(known.visit.on) - 1;
            let mut stands = |model: &Compiled| {
                let (entity, records) = then.facts(model.symbols());
                place(&model.evaluate(&entity, &records, day, &mut scratch))
            };
            let (current, draft) = (stands(&models.current), stands(&models.draft));
            counts.without_current += u64::from(current.is_none());
            counts.without_draft += u64::from(draft.is_none());
            if let (Some(current), Some(draft)) = (current, draft) {
                tally.count(known.visit.kind, current, draft, known.visit.found);
            }
        }
        let Some(last) = page.last else {
            return Ok((counts, tally));
        };
        after = last;
        progress(json!({ "step": "visits", "entity": last, "visits": counts.visits }))?;
    }
}

/// Classes of entities under both models: of all, or of those with the smallest tickets under the seed.
fn movement(
    house: &House,
    op: &Op,
    models: &Models,
    window: &Window,
    progress: &Progress<'_>,
) -> Outcome<super::super::model::Movement> {
    let size = models.codes().len() + 1;
    let mut matrix = vec![vec![0_u64; size]; size];
    let (sample, of) = query(house, op, |tx, _| sample(tx, window))?;
    let upto = query(house, op, |tx, _| intake::service::last_record(tx))?;
    let today = day_number(op.today());
    let mut scratch = Scratch::new();
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    for (at, entities) in sample.chunks(page).enumerate() {
        query(house, op, |tx, _| {
            for entity_id in entities {
                let Some(entity) = registry::service::entity_at(tx, *entity_id, upto)? else {
                    continue;
                };
                let facts = intake::service::facts_of(tx, *entity_id, upto)?;
                let mut class = |model: &Compiled| {
                    let symbols = model.symbols();
                    let records: Vec<_> = facts.iter().map(|fact| record_fact(symbols, fact)).collect();
                    let entity = entity_facts(symbols, &entity);
                    let verdict = model.evaluate(&entity, &records, today, &mut scratch);
                    // No class stands in the last row and column.
                    usize::from(verdict.class).min(size - 1)
                };
                let (from, to) = (class(&models.current), class(&models.draft));
                if let Some(cell) = matrix.get_mut(from).and_then(|row| row.get_mut(to)) {
                    *cell += 1;
                }
            }
            Ok(())
        })?;
        progress(json!({ "step": "movement", "entities": (at + 1) * page }))?;
    }
    Ok(figures::movement(matrix, of))
}

/// The entities to be compared in order of number, and how many there are in all.
fn sample(tx: &mut Tx, window: &Window) -> Outcome<(Vec<i64>, u64)> {
    let most = usize::try_from(window.sample).unwrap_or(usize::MAX);
    let (mut of, mut kept) = (0_u64, BinaryHeap::new());
    registry::service::export(tx, |entity| {
        of += 1;
        kept.push((
            rules::ticket(u64::from(window.seed), entity.entity_id),
            entity.entity_id,
        ));
        if most > 0 && kept.len() > most {
            kept.pop();
        }
        Ok(())
    })?;
    let mut entities: Vec<i64> = kept.into_iter().map(|(_, entity_id)| entity_id).collect();
    entities.sort_unstable();
    Ok((entities, of))
}
