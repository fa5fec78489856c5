//! Every SQL statement of receipts.
use db::{Tx, args, statements};
use kernel::{Instant, Outcome};

statements! {
    /// Keeps a receipt.
    SAVE = "INSERT INTO intake_receipt (receipt_id, supplier, digest, document, created_at) VALUES ($1, $2, $3, $4, $5)";
    /// One receipt.
    RECEIPT = "SELECT supplier, document FROM intake_receipt WHERE receipt_id = $1";
}

pub fn save(
    tx: &mut Tx,
    receipt_id: i64,
    (supplier, digest): (&str, &str),
    document: &str,
    at: Instant,
) -> Outcome<()> {
    tx.exec(&SAVE, args![receipt_id, supplier, digest, document, at])
        .map(drop)
}

/// Supplier and document.
pub fn receipt(tx: &mut Tx, receipt_id: i64) -> Outcome<Option<(String, String)>> {
    tx.opt(&RECEIPT, args![receipt_id])?
        .map(|row| Ok((row.get("supplier")?, row.get("document")?)))
        .transpose()
}
