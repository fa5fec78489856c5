//! The checks a firm can make with its own row.

use super::{Finding, fail, settle};
use crate::draw::{FirmMaterial, Item, Salts, Sealed, Stratum, StratumCutoff, row_leaf, ticket};
use crate::{Suite, merkle};

pub(super) fn checks(suite: Suite, sealed: &Sealed, firm: &FirmMaterial) -> [Finding; 3] {
    let item = sealed.transcript.commitment.item(&firm.item);
    let stratum = item.and_then(|item| item.stratum(&firm.row.stratum));
    [
        row(suite, item, firm),
        place(suite, sealed, stratum, firm),
        chance(stratum),
    ]
}

fn row(suite: Suite, item: Option<&Item>, firm: &FirmMaterial) -> Finding {
    let Some(item) = item else {
        return fail(format!("本次抽查没有事项 {}。", firm.item));
    };
    let leaf = row_leaf(suite, Salts::POOL_ROW, &firm.salt, &firm.row)?;
    let right = merkle::verify_inclusion(
        suite,
        &leaf,
        firm.index,
        item.pool.size,
        &firm.path,
        &item.pool.root,
    );
    settle(
        right,
        "本企业在承诺的抽查对象名录之中。",
        "本企业的行与承诺的抽查对象名录不符。",
    )
}

fn place(suite: Suite, sealed: &Sealed, stratum: Option<&Stratum>, firm: &FirmMaterial) -> Finding {
    let cutoffs = sealed
        .transcript
        .cutoffs
        .iter()
        .find(|cutoffs| cutoffs.item == firm.item);
    let cutoff = cutoffs.and_then(|cutoffs| {
        cutoffs
            .strata
            .iter()
            .find(|cutoff| cutoff.label == firm.row.stratum)
    });
    let (Some(stratum), Some(StratumCutoff { drawn, reserve, .. })) = (stratum, cutoff) else {
        return fail("抽取记录中没有本企业所在组的入选界限。");
    };
    if drawn.is_some() != (stratum.quota > 0) {
        return fail("本组的名额与入选界限不合。");
    }
    let ticket = ticket(suite, &sealed.transcript.seed, &firm.row.id);
    let within = |bound: &Option<crate::Digest>| bound.is_some_and(|bound| ticket <= bound);
    let words = if within(drawn) {
        "已抽中"
    } else if within(reserve) {
        "列为候补"
    } else {
        "未抽中"
    };
    Ok(format!("本企业的签号为 {ticket},{words}。"))
}

fn chance(stratum: Option<&Stratum>) -> Finding {
    let Some(stratum) = stratum else {
        return fail("承诺书中没有本企业所在的组。");
    };
    if stratum.size == 0 {
        return fail("本企业所在的组在承诺书中为空。");
    }
    Ok(format!(
        "本企业所在组 {} 户抽 {} 户,抽中机会为 {}/{}。",
        stratum.size, stratum.quota, stratum.quota, stratum.size
    ))
}
