//! Committing a draw: everything is fixed and published before any entropy is known.
use db::Tx;
use kernel::{Day, Fault, FaultKind, Instant, Outcome};
use policy::PackOn;
use proof::draw::{
    Commitment, Contributor, Exclusion, Item, ListKind, PackName, PoolKey, Stratum, TeamRule, Void,
    commit_roll, pool_head, quota,
};
use proof::{Digest, Suite};
use serde_json::json;

use super::plan::plan_for;
use super::pool::{self, Built};
use super::{broken, campaign, document, document_day, leaf, proved};
use crate::assess::rules::GENERAL_MODEL;
use crate::hall::keys::time_text;
use crate::hall::{Op, duty, ledger};
use crate::inspect::model::{Draw, NewContributor, NewDraw, Plan, PlanItem};
use crate::inspect::store::{self, DrawRow};
use crate::registry;

/// Commits to the draw of an approved plan: pools, roll, rules, who contributes entropy and until when. `pool_key` are
/// fresh random bytes; whoever knows them can open every row, so they stay inside.
pub fn commit_draw(tx: &mut Tx, op: &Op, plan_id: i64, new: &NewDraw, pool_key: [u8; 32]) -> Outcome<Draw> {
    let plan = plan_for(tx, op, plan_id)?;
    check_state(&plan)?;
    let law = op.pack.on(op.today());
    let contributors = contributors(&law, &new.contributors)?;
    let reveal_by = reveal_by(op, new)?;
    let (suite, key) = (op.suite, PoolKey::new(pool_key));
    let built = pool::build(tx, op, suite, &key, &plan)?;
    let former = store::last_draw(tx, plan_id)?;
    let attempt = former.as_ref().map_or(0, |row| row.attempt) + 1;
    let commitment = Commitment {
        kind: Commitment::KIND.to_owned(),
        protocol: "xinheng-draw/1".to_owned(),
        suite: suite.name().to_owned(),
        campaign: campaign(&plan.plan_no, attempt),
        attempt: u64::try_from(attempt).unwrap_or(1),
        previous_void: former.as_ref().map(void_hash).transpose()?,
        committed_at: time_text(op.at)?,
        pack: PackName {
            name: op.pack.code().to_owned(),
            hash: Digest::from_hex(op.pack.hash()).ok_or_else(|| broken("pack hash"))?,
        },
        items: items(&law, suite, &key, &plan, &built)?,
        places: pool_head(suite, &key, ListKind::Places, &built.kept.places()?),
        roll: proved(commit_roll(suite, &key, &built.kept.roll))?.head,
        team: team(&law, &plan)?,
        contributors,
        reveal_by: time_text(reveal_by)?,
    };
    proved(commitment.require_form())?;
    let (text, hash) = document(suite, &commitment)?;
    let row = DrawRow {
        draw_id: tx.next_id()?,
        plan_id,
        attempt,
        state: "committed".to_owned(),
        commitment: text,
        commitment_hash: hash.to_string(),
        transcript: None,
        signature: None,
        void_document: None,
        pool_key: key.0.to_string(),
        note: note(&built),
        reveals_end_at: reveal_by,
        committed_at: op.at,
        ended_at: None,
        plan_no: plan.plan_no.clone(),
        division: plan.division.clone(),
        department: plan.department.clone(),
    };
    store::save_draw(tx, &row, &built.kept.to_bytes()?)?;
    store::set_state(tx, plan_id, "committed")?;
    let told = ledger::Event {
        verb: "inspect.draw-committed",
        subject: format!("plan:{plan_id}"),
        division: Some(plan.division.clone()),
        department: Some(plan.department),
        payload: json!({ "draw_id": row.draw_id, "plan_id": plan_id, "plan_no": plan.plan_no, "attempt": attempt }),
        public: Some(leaf("draw.commitment", &commitment.campaign, hash)),
        ..ledger::Event::default()
    };
    ledger::append(tx, op, told)?;
    super::draw_state(tx, op, row.draw_id)
}

fn check_state(plan: &Plan) -> Outcome<()> {
    match plan.state.as_str() {
        "approved" => Ok(()),
        "draft" => {
            let detail = format!("计划 {} 还没有批准，不能抽取。请先批准。", plan.plan_no);
            Err(Fault::new(
                FaultKind::Conflict,
                "inspect.plan.not-approved",
                detail,
            ))
        }
        _ => Err(already_drawn(&plan.plan_no)),
    }
}

/// A plan is drawn once; what is committed to cannot be committed to again.
pub(super) fn already_drawn(plan_no: &str) -> Fault {
    let detail = format!(
        "计划 {plan_no} 已经承诺或抽取，不能再抽一次。如需扩大抽查，请另编一份计划；抽取作废后方可重新抽取。"
    );
    Fault::new(FaultKind::Conflict, "inspect.plan.already-drawn", detail)
}

fn contributors(law: &PackOn<'_>, new: &[NewContributor]) -> Outcome<Vec<Contributor>> {
    const CODE: &str = "inspect.draw.contributors";
    let least = law.contributors()?;
    let (least, basis) = (
        usize::try_from(least.value.least).unwrap_or(usize::MAX),
        least.trace.basis,
    );
    let refused = |at: usize, detail: String| {
        Fault::new(FaultKind::Invalid, CODE, detail.clone()).with_field(
            format!("contributors[{at}]"),
            CODE,
            detail,
        )
    };
    let mut names = std::collections::BTreeSet::new();
    let mut list = Vec::new();
    for (at, one) in new.iter().enumerate() {
        let contributor = match one {
            NewContributor::Party { name, commitment } => Contributor::Party {
                name: name.clone(),
                commitment: Digest::from_hex(commitment)
                    .ok_or_else(|| refused(at, format!("“{name}”的承诺值须为 64 位小写十六进制。")))?,
            },
            NewContributor::Beacon { name, source, round } => Contributor::Beacon {
                name: name.clone(),
                source: source.clone(),
                round: round.clone(),
            },
        };
        let name = contributor.name().to_owned();
        if name.trim().is_empty() || !names.insert(name.clone()) {
            return Err(refused(at, format!("随机数提供方的名称“{name}”为空或重复。")));
        }
        list.push(contributor);
    }
    if list.len() < least {
        let detail = format!(
            "随机数提供方至少{least}个，例如发起部门和公证处，任何一方都不能单独决定结果；现有{}个。",
            list.len()
        );
        let fault = Fault::new(FaultKind::Invalid, CODE, detail.clone()).with_basis(basis.to_string());
        return Err(fault.with_field("contributors", CODE, detail));
    }
    Ok(list)
}

fn reveal_by(op: &Op, new: &NewDraw) -> Outcome<Instant> {
    let asked = match new.reveal_by {
        Some(asked) => asked,
        None => registry::rules::end_of(duty::due(op, "inspect.reveal", op.today())?.0),
    };
    // Documents carry whole seconds.
    let whole = chrono::SubsecRound::trunc_subsecs(asked, 0);
    if whole <= op.at {
        const CODE: &str = "inspect.draw.deadline";
        let detail = "揭示截止时间已经过去。请写一个将来的时间。";
        return Err(Fault::new(FaultKind::Invalid, CODE, detail).with_field("reveal_by", CODE, detail));
    }
    Ok(whole)
}

fn items(law: &PackOn, suite: Suite, key: &PoolKey, plan: &Plan, built: &Built) -> Outcome<Vec<Item>> {
    let pools = built.kept.pools()?;
    let mut items = Vec::new();
    for (at, ((item, rows), removed)) in plan.items.iter().zip(&pools).zip(&built.removed).enumerate() {
        if rows.is_empty() {
            let detail = format!(
                "事项“{}”在计划范围内没有可抽取的对象（已按规则剔除 {} 户）。请核对范围、条件和名录库。",
                item.title,
                removed.iter().map(|one| one.entities).sum::<u64>()
            );
            return Err(Fault::new(FaultKind::Invalid, "inspect.draw.empty-pool", detail));
        }
        let strata = strata(law, item, built, at)?;
        let largest = strata.iter().map(|stratum| stratum.quota).max().unwrap_or(0);
        items.push(Item {
            item: item.check.clone(),
            department: item.department.clone(),
            qualification: item.qualification.clone(),
            pool: pool_head(suite, key, ListKind::Pool { item: &item.check }, rows),
            strata,
            reserve: reserve(law, plan, largest)?,
            exclusions: removed
                .iter()
                .map(|one| Exclusion {
                    rule: one.rule.clone(),
                    removed: one.entities,
                })
                .collect(),
        });
    }
    Ok(items)
}

/// The strata of an item. Their ratios are not written down: a ratio would tell the class.
fn strata(law: &PackOn, item: &PlanItem, built: &Built, at: usize) -> Outcome<Vec<Stratum>> {
    let (labels, classes) = (built.kept.labels.get(at), built.kept.classes.get(at));
    let named = labels.into_iter().flatten().zip(classes.into_iter().flatten());
    named
        .zip(built.kept.sizes(at))
        .map(|((label, class), size)| {
            let asked = item
                .ratios
                .get(class)
                .and_then(|text| policy::pack::Fraction::parse(text));
            let share = match asked {
                Some(share) => share,
                None => law.ratio(GENERAL_MODEL, class)?.value.share,
            };
            let quota = quota(size, share.num, share.den);
            Ok(Stratum {
                label: label.clone(),
                size,
                quota,
                ratio: None,
            })
        })
        .collect()
}

fn reserve(law: &PackOn, plan: &Plan, largest_quota: u64) -> Outcome<u64> {
    if let Some(reserve) = plan.reserve {
        return Ok(u64::from(reserve));
    }
    let rule = law.reserve()?.value;
    Ok(rule
        .share
        .of_rounded_up(largest_quota)
        .max(u64::from(rule.at_least)))
}

fn team(law: &PackOn, plan: &Plan) -> Outcome<TeamRule> {
    let (team, load) = (law.team()?.value, law.load()?.value);
    Ok(TeamRule {
        alone: u64::from(team.alone),
        joint: u64::from(team.joint),
        total: u64::from(team.total),
        load_cap: u64::from(load.objects),
        initiator: plan.department.clone(),
        // Whoever is valid on the last day is valid on every day of the checks.
        on: document_day(last_day(plan))?,
    })
}

fn last_day(plan: &Plan) -> Day {
    plan.ends_on.max(plan.starts_on)
}

fn void_hash(row: &DrawRow) -> Outcome<Digest> {
    let text = row.void_document.as_deref().ok_or_else(|| broken("no void"))?;
    let void: Void = proved(proof::canonical::parse(text.as_bytes()))?;
    let suite = Suite::parse(&void.suite).ok_or_else(|| broken("suite"))?;
    proved(void.hash(suite))
}

fn note(built: &Built) -> String {
    match built.unclassed {
        0 => String::new(),
        unclassed => format!("对象库中有 {unclassed} 户尚无分类结果，按第二类确定抽查比例。"),
    }
}
