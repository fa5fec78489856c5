//! Commands and queries of receipts.
use db::Tx;
use kernel::{Fault, Jurisdiction, Outcome};
use proof::receipt::{Part, Receipt, Received};
use proof::text::Hex;
use proof::{Digest, Key};

use super::super::model::Taken;
use super::super::service::{Arrived, Described, HandOver};
use super::store;
use crate::hall::Op;
use crate::hall::keys::{proof_fault, time_text};

/// Signs and keeps a receipt for what arrived, in the transaction that takes it in. `content` is the hash and the length
/// of the very bytes that were received.
pub fn give(
    tx: &mut Tx,
    op: &Op,
    key: &Key,
    over: &HandOver<'_>,
    content: (Digest, u64),
    (arrived, tables): (&Arrived, &[Described]),
) -> Outcome<(i64, String)> {
    let parts = arrived.taken.iter().map(|(place, taken)| {
        let table = tables.get(*place);
        let (batch_id, item, known) = match taken {
            Taken::New(batch_id) => (*batch_id, None, false),
            Taken::Known(batch) => (batch.batch_id, Some(batch.item.clone()), true),
        };
        let item = match item {
            Some(item) => item,
            None => super::super::service::batch(tx, batch_id)?.item,
        };
        Ok(Part {
            item,
            table: table.map_or_else(String::new, |table| table.table.clone()),
            batch_id,
            rows: table.and_then(|table| table.rows),
            known,
        })
    });
    let parts = parts.collect::<Outcome<Vec<Part>>>()?;
    let receipt_id = tx.next_id()?;
    let received = Received {
        format: String::new(),
        suite: String::new(),
        receipt_id,
        supplier: over.supplier.to_owned(),
        file_name: over.file_name.to_owned(),
        received_at: time_text(op.at)?,
        sha256: content.0,
        bytes: content.1,
        parts,
        left: arrived.left.clone(),
        key: Hex(Vec::new()),
    };
    let receipt = Receipt::sign(key, received).map_err(|fault| proof_fault(&fault))?;
    let text = receipt.text().map_err(|fault| proof_fault(&fault))?;
    store::save(
        tx,
        receipt_id,
        (over.supplier, &content.0.to_string()),
        &text,
        op.at,
    )?;
    Ok((receipt_id, text))
}

/// A receipt as it was given, for an actor whose scope covers its supplier.
pub fn receipt(tx: &mut Tx, op: &Op, receipt_id: i64) -> Outcome<String> {
    let (supplier, document) = store::receipt(tx, receipt_id)?.ok_or_else(Fault::hidden)?;
    let place = Jurisdiction {
        division: None,
        department: Some(supplier),
    };
    if op.actor.scope.covers(&place) {
        Ok(document)
    } else {
        Err(Fault::hidden())
    }
}
