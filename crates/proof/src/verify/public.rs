//! The checks everybody can make.

use std::collections::BTreeSet;

use super::{Finding, Miss, Need, fail, settle};
use crate::draw::{Opened, Sealed, SelectedRow, StratumCutoff, seed, signed_bytes, ticket};
use crate::log::{Entry, Extract};
use crate::suite::PROTOCOL;
use crate::{Digest, Suite, key, merkle};

pub(super) fn protocol(sealed: &Sealed) -> Finding {
    let (transcript, commitment) = (&sealed.transcript, &sealed.transcript.commitment);
    let right = transcript.kind == "transcript"
        && commitment.kind == "commitment"
        && transcript.protocol == PROTOCOL
        && commitment.protocol == PROTOCOL;
    settle(
        right,
        "协议为 xinheng-draw/1。",
        "文件种类或协议版本不是 xinheng-draw/1。",
    )
}

pub(super) fn suite(sealed: &Sealed) -> Finding {
    let (outer, inner) = (&sealed.transcript.suite, &sealed.transcript.commitment.suite);
    if Suite::parse(outer).is_none() {
        return fail(format!("密码套件 {outer} 不认识。"));
    }
    if outer != inner {
        return fail(format!("抽取记录的套件 {outer} 与承诺书的套件 {inner} 不同。"));
    }
    Ok(format!("密码套件为 {outer}。"))
}

pub(super) fn form(sealed: &Sealed) -> Finding {
    let problems = sealed.transcript.commitment.problems();
    settle(
        problems.is_empty(),
        "承诺书各项规则均符合。",
        &format!("{}。", problems.join(";")),
    )
}

pub(super) fn rest(suite: Suite, sealed: &Sealed) -> [Finding; 8] {
    [
        commitment_hash(suite, sealed),
        commitment_logged(suite, sealed),
        contributions(suite, sealed),
        seed_follows(suite, sealed),
        signature(suite, sealed),
        log_inclusion(suite, sealed),
        opened_rows(suite, sealed),
        opened_tickets(suite, sealed),
    ]
}

fn commitment_hash(suite: Suite, sealed: &Sealed) -> Finding {
    let stated = sealed.transcript.commitment_hash;
    let right = sealed.transcript.commitment.hash(suite)? == stated;
    settle(
        right,
        &format!("承诺书摘要为 {stated}。"),
        "承诺书与其摘要不符,承诺书可能被改动。",
    )
}

fn contributions(suite: Suite, sealed: &Sealed) -> Finding {
    let (contributors, reveals) = (
        &sealed.transcript.commitment.contributors,
        &sealed.transcript.reveals,
    );
    if contributors.len() != reveals.len() {
        return fail(format!(
            "承诺的随机数提供方 {} 个,揭示 {} 个。",
            contributors.len(),
            reveals.len()
        ));
    }
    for (contributor, reveal) in contributors.iter().zip(reveals) {
        if !reveal.keeps(suite, contributor) {
            return fail(format!(
                "“{}”揭示的随机数与承诺不符或长度不在 16 至 64 字节之间。",
                contributor.name()
            ));
        }
    }
    Ok(format!(
        "{} 方揭示的随机数均与承诺相符;公共信标的数值请另与其来源核对。",
        reveals.len()
    ))
}

fn seed_follows(suite: Suite, sealed: &Sealed) -> Finding {
    let transcript = &sealed.transcript;
    let right = seed(suite, &transcript.commitment_hash, &transcript.reveals) == transcript.seed;
    settle(
        right,
        "种子由承诺书摘要与各方随机数算得。",
        "种子与承诺书摘要、各方随机数不符。",
    )
}

fn signature(suite: Suite, sealed: &Sealed) -> Finding {
    let bytes = signed_bytes(&sealed.transcript)?;
    let right = key::verify(suite, &sealed.transcript.key.0, &bytes, &sealed.signature.0);
    settle(
        right,
        "平台签名有效;请将公钥与平台公布的公钥核对。",
        "平台签名无效,抽取记录可能被改动。",
    )
}

fn log_of(sealed: &Sealed) -> Result<&Extract, Miss> {
    sealed.log.as_ref().ok_or(Miss::Needs(Need::Log))
}

/// The one entry of a kind and document about this campaign, proved to be in the log.
fn entry<'a>(suite: Suite, sealed: &'a Sealed, kind: &str, document: Digest) -> Result<&'a Entry, Miss> {
    let log = log_of(sealed)?;
    let mut found = log
        .entries
        .iter()
        .filter(|entry| entry.leaf.kind == kind && entry.leaf.document == document);
    let Some(entry) = found.next() else {
        return fail(format!("日志证明中没有所需的 {kind} 一条。"));
    };
    if found.next().is_some() {
        return fail(format!("日志证明中 {kind} 一条重复。"));
    }
    if entry.leaf.subject != sealed.transcript.commitment.campaign {
        return fail(format!("日志中 {kind} 一条属于另一次抽查。"));
    }
    if !entry.is_in(suite, &log.checkpoint) {
        return fail(format!("日志中第 {} 条的证明路径不成立。", entry.index));
    }
    Ok(entry)
}

/// Places of the reveals in the log.
fn reveal_places(suite: Suite, sealed: &Sealed) -> Result<Vec<u64>, Miss> {
    let transcript = &sealed.transcript;
    let place = |reveal: &crate::draw::Reveal| {
        let document = reveal.document_hash(suite, &transcript.commitment)?;
        Ok(entry(suite, sealed, "draw.reveal", document)?.index)
    };
    transcript.reveals.iter().map(place).collect()
}

fn commitment_logged(suite: Suite, sealed: &Sealed) -> Finding {
    log_of(sealed)?;
    let commitment = entry(
        suite,
        sealed,
        "draw.commitment",
        sealed.transcript.commitment_hash,
    )?
    .index;
    let reveals = reveal_places(suite, sealed)?;
    let right = reveals.iter().all(|place| commitment < *place);
    settle(
        right,
        &format!("承诺书为日志第 {commitment} 条,在各方揭示之前。"),
        "承诺书的公布晚于揭示。",
    )
}

fn log_inclusion(suite: Suite, sealed: &Sealed) -> Finding {
    let log = log_of(sealed)?;
    if log.checkpoint.key != sealed.transcript.key || !log.checkpoint.holds(suite) {
        return fail("日志检查点的签名无效,或不是本平台的公钥。");
    }
    let place = entry(suite, sealed, "draw.transcript", sealed.transcript.hash(suite)?)?.index;
    let fits = |entry: &Entry| match entry.leaf.kind.as_str() {
        "draw.transcript" => entry.index == place,
        "draw.commitment" | "draw.reveal" => entry.index < place,
        _ => false,
    };
    let right = log.entries.iter().all(fits);
    settle(
        right,
        &format!("抽取记录为日志第 {place} 条,在承诺与揭示之后。"),
        "日志证明中有多余的条目,或次序不对。",
    )
}

fn opened_rows(suite: Suite, sealed: &Sealed) -> Finding {
    let head = sealed.transcript.selected;
    let mut met = BTreeSet::new();
    for Opened {
        index,
        row,
        salt,
        path,
    } in &sealed.opened
    {
        if !met.insert(*index) {
            return fail(format!("第 {index} 行公开了两次。"));
        }
        let leaf = row.leaf(suite, salt)?;
        if !merkle::verify_inclusion(suite, &leaf, *index, head.size, path, &head.root) {
            return fail(format!("公开的第 {index} 行不在结果之中。"));
        }
    }
    Ok(match sealed.opened.len() {
        0 => format!("共 {} 行结果,尚未公开。", head.size),
        open => format!("共 {} 行结果,已公开 {open} 行,均与封存的结果相符。", head.size),
    })
}

fn opened_tickets(suite: Suite, sealed: &Sealed) -> Finding {
    for Opened { index, row, .. } in &sealed.opened {
        let (_, _, id) = row.name();
        let ticket = ticket(suite, &sealed.transcript.seed, id);
        let within = |item: &String, bound: fn(&StratumCutoff) -> Option<Digest>| {
            let cutoffs = sealed
                .transcript
                .cutoffs
                .iter()
                .filter(|cutoffs| cutoffs.item == *item);
            cutoffs
                .flat_map(|cutoffs| &cutoffs.strata)
                .filter_map(bound)
                .max()
                .is_some_and(|largest| ticket <= largest)
        };
        let right = match row {
            SelectedRow::Drawn { item, .. } => within(item, |cutoff| cutoff.drawn),
            SelectedRow::Reserve { item, .. } => within(item, |cutoff| cutoff.reserve),
            SelectedRow::Team { items, .. } | SelectedRow::Unstaffed { items, .. } => {
                items.iter().all(|item| within(item, |cutoff| cutoff.drawn))
            }
        };
        if !right {
            return fail(format!("公开的第 {index} 行({id})签号大于入选界限。"));
        }
    }
    Ok(if sealed.opened.is_empty() {
        "尚无公开的行。".to_owned()
    } else {
        "公开各行的签号均在入选界限之内。".to_owned()
    })
}
