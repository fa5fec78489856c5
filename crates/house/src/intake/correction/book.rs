//! A reject report as a workbook. Every cell is a text: office programs make floating numbers of the long codes in a CSV.
use db::Tx;
use kernel::{Fault, Outcome};
use rust_xlsxwriter::{Color, DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::super::rules::SENT_BACK;
use super::report;
use crate::hall::{House, Op};

/// Rows of a sheet, the headings among them: the format has no more.
const MOST_ROWS: u32 = 1_048_576;
/// Characters of a cell, likewise.
const MOST_CHARS: usize = 32_767;
/// Width of a column, in characters.
const WIDTH: f64 = 20.0;

/// The refused rows of a batch that have not come in corrected, as a workbook; `None` when they do not fit into one (too many
/// rows, or a cell too long). Only what is being written is in memory.
pub fn book(house: &House, tx: &mut Tx, op: &Op, batch_id: i64) -> Outcome<Option<Vec<u8>>> {
    let mut workbook = Workbook::new();
    // The day in the file is the command's, so that the same report is the same file.
    let made = ExcelDateTime::from_timestamp(op.at.timestamp()).map_err(failed)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let sheet = workbook.add_worksheet_with_constant_memory().map_err(failed)?;
    sheet.set_name("退回清单").map_err(failed)?;
    sheet.set_freeze_panes(1, 0).map_err(failed)?;
    let mut rows = Rows {
        sheet,
        next: 0,
        fits: true,
    };
    report(house, tx, op, batch_id, &mut |cells| {
        rows.put(cells).map_err(failed)
    })?;
    if !rows.fits {
        return Ok(None);
    }
    workbook.save_to_buffer().map(Some).map_err(failed)
}

fn failed(error: XlsxError) -> Fault {
    Fault::internal("退回清单无法写成工作簿", error)
}

struct Rows<'a> {
    sheet: &'a mut Worksheet,
    next: u32,
    fits: bool,
}

impl Rows<'_> {
    fn put(&mut self, cells: &[&str]) -> Result<(), XlsxError> {
        let long = |cell: &&str| cell.len() > MOST_CHARS && cell.chars().count() > MOST_CHARS;
        self.fits &= self.next < MOST_ROWS && !cells.iter().any(long);
        if !self.fits {
            return Ok(());
        }
        if self.next == 0 {
            self.headings(cells)?;
        } else {
            for (column, cell) in (0_u16..).zip(cells) {
                self.sheet.write_string(self.next, column, *cell)?;
            }
        }
        self.next += 1;
        Ok(())
    }

    /// The first row: what was added is coloured. What people type below stays a text, too.
    fn headings(&mut self, cells: &[&str]) -> Result<(), XlsxError> {
        let plain = Format::new().set_bold();
        let added = Format::new()
            .set_bold()
            .set_background_color(Color::RGB(0xFF_F2_CC));
        let text = Format::new().set_num_format("@");
        for (column, cell) in (0_u16..).zip(cells) {
            let format = if SENT_BACK.contains(cell) { &added } else { &plain };
            self.sheet.set_column_format(column, &text)?;
            self.sheet.set_column_width(column, WIDTH)?;
            self.sheet.write_string_with_format(0, column, *cell, format)?;
        }
        Ok(())
    }
}
