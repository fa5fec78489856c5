//! The registrations alone, for measuring imports: any number of rows, streamed.

use std::io::{self, Write};

use chrono::NaiveDate;

use crate::entity::Entity;
use crate::office;
use crate::sheet::SHEETS;
use crate::words;

/// Writes the registrations of the first `size` entities of the city of `seed` as CSV in UTF-8, without the wrong rows that
/// [`City::make`](crate::City::make) mixes in. The same arguments give the same bytes; nothing is kept in memory.
///
/// # Errors
/// What writing met.
pub fn registrations(seed: u64, size: u64, as_of: NaiveDate, out: &mut impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    let sheet = SHEETS.iter().find(|sheet| sheet.item == "registration");
    let headings = sheet.map(|sheet| sheet.columns).unwrap_or_default();
    writer.write_record(
        headings
            .iter()
            .map(|heading| heading.trim_start_matches(['*', '!', '@', '#'])),
    )?;
    for number in 0..size {
        let entity = Entity::make(seed, number, as_of);
        writer.write_record([
            entity.code.as_str(),
            &entity.name,
            entity.kind,
            &entity.established.to_string(),
            &entity.capital,
            entity.status,
            entity.industry,
            entity.division,
            &entity.address,
            &words::scope(entity.nature.trade),
            &entity.legal_person,
            &office::department_name(entity.county, "market"),
        ])?;
    }
    writer.flush()
}
