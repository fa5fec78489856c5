//! What a reject report is written as: CSV for whoever sent text, a workbook for whoever sent one.
use db::Tx;
use kernel::{Fault, Outcome};

use super::{book, report};
use crate::hall::{House, Op};

/// The form of a reject report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportForm {
    /// Comma-separated, with a byte order mark, so that office programs read the Chinese.
    Csv,
    /// A workbook (XLSX).
    Workbook,
}

impl ReportForm {
    /// That of a file by its name: whoever works in workbooks corrects in one.
    pub fn of(file_name: &str) -> Self {
        let end = file_name.rsplit_once('.').map_or("", |(_, end)| end);
        if ["xlsx", "xls"].iter().any(|book| end.eq_ignore_ascii_case(book)) {
            Self::Workbook
        } else {
            Self::Csv
        }
    }

    /// How the names of such files end.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Workbook => "xlsx",
        }
    }

    /// What such a file is called on the wire.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Workbook => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// The reject report of a batch: its refused rows that have not come in corrected. A report that does not fit into a workbook
/// comes as CSV; returned is what it is.
pub fn reject_report(
    house: &House,
    tx: &mut Tx,
    op: &Op,
    batch_id: i64,
    form: ReportForm,
) -> Outcome<(ReportForm, Vec<u8>)> {
    if form == ReportForm::Workbook
        && let Some(book) = book::book(house, tx, op, batch_id)?
    {
        return Ok((ReportForm::Workbook, book));
    }
    Ok((ReportForm::Csv, csv(house, tx, op, batch_id)?))
}

fn csv(house: &House, tx: &mut Tx, op: &Op, batch_id: i64) -> Outcome<Vec<u8>> {
    let mut text = "\u{feff}".as_bytes().to_vec();
    let failed = |e: csv::Error| Fault::internal("退回清单无法写出", e);
    let mut writer = csv::Writer::from_writer(&mut text);
    report(house, tx, op, batch_id, &mut |cells| {
        writer.write_record(cells).map_err(failed)
    })?;
    writer
        .flush()
        .map_err(|e| Fault::internal("退回清单无法写出", e))?;
    drop(writer);
    Ok(text)
}
