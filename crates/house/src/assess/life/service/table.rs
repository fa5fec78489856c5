//! The table of past visits a model is fitted on: what was known the day before each, and what it found.
use std::collections::HashMap;
use std::io::Write;

use kernel::{Day, Fault, FaultKind, Outcome};
use policy::{Scratch, compile, day_number};
use sha2::{Digest, Sha256};

use super::super::rules::Refusal;
use super::super::store;
use super::known::Past;
use crate::hall::{House, Op, query, whole_house};

/// What the table is to hold.
#[derive(Debug, Clone)]
pub struct Asked {
    /// First and last day of the visits.
    pub days: (Day, Day),
    /// The model whose indicators are the columns, as it stands today.
    pub model: String,
    /// Makes labels of inspectors; another one for each table keeps tables apart.
    pub salt: [u8; SALT],
}

/// Bytes of a salt.
const SALT: usize = 16;
/// Bytes of a label: enough to tell the inspectors of a province apart.
const LABEL: usize = 6;
/// The columns before those of the indicators.
const COLUMNS: [&str; 6] = ["day", "entity", "kind", "known", "inspectors", "found"];

/// Writes the table as CSV. Returns how many visits it holds, and how many were left out because nothing was known.
pub fn table(house: &House, op: &Op, asked: &Asked, out: impl Write) -> Outcome<(u64, u64)> {
    whole_house(op)?;
    if asked.days.0 > asked.days.1 || asked.days.1 >= op.today() {
        return Err(Refusal::Window.into());
    }
    let law = op.pack.on(op.today());
    let model = law.model(&asked.model)?.value;
    let compiled = compile(&model, op.pack.symbols())
        .map_err(|fault| Fault::invalid("assess.model.invalid", format!("分类模型无法编译：{fault}。")))?;
    let outcome = law.outcome()?.value.clone();
    let mut writer = csv::Writer::from_writer(out);
    let indicators = model.indicators.iter().map(|indicator| indicator.code.as_str());
    writer
        .write_record(COLUMNS.into_iter().chain(indicators))
        .map_err(unwritten)?;
    let (mut past, mut scratch, mut after) = (Past::new(asked.days), Scratch::new(), 0);
    let (mut written, mut left_out) = (0, 0);
    loop {
        let (page, went) = query(house, op, |tx, op| {
            let page = past.page(tx, op, &outcome, after)?;
            let mut entities: Vec<i64> = page.known.iter().map(|known| known.visit.entity_id).collect();
            entities.dedup();
            let went: HashMap<(i64, String), Vec<String>> = store::visits(tx, &entities)?
                .into_iter()
                .map(|(entity_id, visit, inspectors)| ((entity_id, visit), inspectors))
                .collect();
            Ok((page, went))
        })?;
        for known in page.known {
            let visit = known.visit;
            let Some(then) = known.then else {
                left_out += 1;
                continue;
            };
            let (entity, records) = then.facts(compiled.symbols());
            let values = compiled.values(&entity, &records, day_number(visit.on) - 1, &mut scratch);
            let labels: Vec<String> = went
                .get(&(visit.entity_id, visit.visit))
                .map(|went| {
                    went.iter()
                        .map(|certificate| label(&asked.salt, certificate))
                        .collect()
                })
                .unwrap_or_default();
            let row = [
                visit.on.to_string(),
                visit.entity_id.to_string(),
                visit.kind.word().to_owned(),
                if then.as_known { "known" } else { "by-day" }.to_owned(),
                labels.join(" "),
                u8::from(visit.found).to_string(),
            ];
            let values = values.iter().map(ToString::to_string);
            writer
                .write_record(row.into_iter().chain(values))
                .map_err(unwritten)?;
            written += 1;
        }
        match page.last {
            Some(last) => after = last,
            None => break,
        }
    }
    writer.flush().map_err(|e| unwritten(e.into()))?;
    Ok((written, left_out))
}

fn unwritten(error: csv::Error) -> Fault {
    let detail = format!("表格无法写出：{error}。请检查输出的去处（例如磁盘空间）。");
    Fault::new(FaultKind::Internal, "assess.table.unwritten", detail).with_source(error)
}

/// A name for an inspector that tells who it is to nobody without the salt.
fn label(salt: &[u8], certificate: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(certificate.as_bytes());
    let hash = hash.finalize();
    hex::encode(hash.get(..LABEL).unwrap_or_default())
}
