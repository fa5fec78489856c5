//! Reads files and says how fast: `cargo run --release -p readers --example rows -- FILE…`
#![expect(clippy::print_stdout, reason = "a program for the command line")]
use std::path::Path;
use std::time::Instant;

use readers::{Limits, ReadFault, Row, open};

fn main() -> Result<(), ReadFault> {
    for file in std::env::args().skip(1) {
        let begun = Instant::now();
        let mut tables = open(Path::new(&file), &Limits::default())?;
        let (mut rows, mut cells, mut bytes, mut faults) = (0_u64, 0, 0, 0_u64);
        let mut row = Row::new();
        while let Some(mut table) = tables.next_table()? {
            loop {
                match table.read(&mut row) {
                    Ok(true) => {
                        rows += 1;
                        cells += row.len();
                        bytes += row.cells().map(str::len).sum::<usize>();
                    }
                    Ok(false) => break,
                    Err(fault) => {
                        faults += 1;
                        if faults < 10 || fault.is_fatal() {
                            println!("  {}", fault.said(&file));
                        }
                        if fault.is_fatal() {
                            break;
                        }
                    }
                }
            }
            println!("  table “{}”, {:?}", table.name(), tables.form());
        }
        let seconds = begun.elapsed().as_secs_f64();
        let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = peak
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap_or_default();
        println!(
            "{file}: {rows} rows, {cells} cells, {bytes} bytes of text, {faults} faults, {seconds:.3} s, {peak}"
        );
    }
    Ok(())
}
