//! Writes registrations as CSV for the import benchmark: `registrations SEED ROWS FILE`.
use std::fs::File;
use std::io::{self, BufWriter};

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, "usage: registrations SEED ROWS FILE");
    let [seed, rows, file] = words.as_slice() else {
        return Err(usage());
    };
    let (seed, rows) = (
        seed.parse().map_err(|_| usage())?,
        rows.parse().map_err(|_| usage())?,
    );
    let as_of = chrono::NaiveDate::from_ymd_opt(2026, 6, 1).ok_or_else(usage)?;
    demo::registrations(
        seed,
        rows,
        as_of,
        &mut BufWriter::with_capacity(1 << 20, File::create(file)?),
    )
}
