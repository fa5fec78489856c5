//! Writes a demo city: `cargo run -p demo --example make -- SEED SIZE DIR [AS-OF]`.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use chrono::NaiveDate;

fn main() -> ExitCode {
    match run() {
        Ok(text) => {
            let said = writeln!(io::stdout(), "{text}");
            if said.is_ok() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(text) => {
            let _unheard = writeln!(io::stderr(), "{text}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (seed, size, folder, day) = match words.as_slice() {
        [seed, size, folder] => (seed, size, folder, "2026-06-01"),
        [seed, size, folder, day] => (seed, size, folder, day.as_str()),
        _ => return Err("usage: make SEED SIZE DIR [AS-OF, YYYY-MM-DD]".to_owned()),
    };
    let seed: u64 = seed.parse().map_err(|fault| format!("SEED {seed}: {fault}"))?;
    let size: usize = size.parse().map_err(|fault| format!("SIZE {size}: {fault}"))?;
    let as_of: NaiveDate = day.parse().map_err(|fault| format!("AS-OF {day}: {fault}"))?;
    let summary =
        demo::City::make(seed, size, as_of, Path::new(folder)).map_err(|fault| fault.to_string())?;
    let mut text = format!(
        "{} entities, {} records, {} wrong rows; statuses {:?}\n",
        summary.entities, summary.records, summary.bad, summary.statuses
    );
    for (name, file) in &summary.files {
        let line = format!(
            "{name:28} {:>8} rows {:>3} wrong {:>5} corrections {:>6} late {}\n",
            file.rows, file.bad, file.corrections, file.late, file.encoding
        );
        text.push_str(&line);
    }
    Ok(text)
}
