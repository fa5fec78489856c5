//! Writes columns of a Parquet file as CSV: `cargo run --release -p lake --example table_csv -- FILE name,uscc > out.csv`.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write as _};

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;

fn main() -> Result<(), Box<dyn Error>> {
    let mut given = std::env::args().skip(1);
    let (Some(path), Some(columns)) = (given.next(), given.next()) else {
        return Err("usage: table_csv FILE column,column,…".into());
    };
    let columns: Vec<&str> = columns.split(',').collect();
    let reader = SerializedFileReader::new(File::open(path)?)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    writeln!(out, "{}", columns.join(","))?;
    for row in reader.get_row_iter(None)? {
        let row = row?;
        for (at, column) in columns.iter().enumerate() {
            let cell = row.get_column_iter().find(|(name, _)| name.as_str() == *column);
            let text = match cell {
                Some((_, Field::Str(text))) => text.clone(),
                None | Some((_, Field::Null)) => String::new(),
                Some((_, other)) => other.to_string(),
            };
            let mark = if at == 0 { "" } else { "," };
            write!(out, "{mark}\"{}\"", text.replace('"', "\"\""))?;
        }
        writeln!(out)?;
    }
    Ok(())
}
