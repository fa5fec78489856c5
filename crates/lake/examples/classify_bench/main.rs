//! Bench of the full classification: makes a deterministic snapshot, classifies it, and leaves files a rival can read.
//!
//! ```text
//! classify_bench model    --pack packs/base > model.json
//! classify_bench generate --pack packs/base --folder DIR --entities 200000 --records 2000000 [--segments 1]
//! classify_bench run      --pack packs/base --folder DIR --out results.parquet [--threads 2] [--verify]
//! classify_bench compact  --folder DIR [--most 1]
//! ```
//! The pack is read by its own loader; `model.json` is what it gave, for a rival to turn into a query.
#![expect(clippy::print_stdout, reason = "a bench speaks to the person who runs it")]

mod city;
mod model;

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use lake::{Grain, Question, ResultFile, Snapshot, SymbolTable, Writer, classify};
use policy::compile;

use crate::city::{AS_OF, City};
use crate::model::Bench;

type Done<T = ()> = Result<T, Box<dyn Error>>;

struct Options(HashMap<String, String>);

impl Options {
    fn read(words: impl Iterator<Item = String>) -> Self {
        let mut words = words.peekable();
        let mut found = HashMap::new();
        while let Some(word) = words.next() {
            let value = words.next_if(|next| !next.starts_with("--")).unwrap_or_default();
            found.insert(word.trim_start_matches('-').to_owned(), value);
        }
        Self(found)
    }

    fn text(&self, name: &str) -> Done<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| format!("--{name} is missing").into())
    }

    fn number(&self, name: &str, otherwise: u64) -> Done<u64> {
        self.0.get(name).map_or(Ok(otherwise), |text| Ok(text.parse()?))
    }
}

fn main() -> Done {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let options = Options::read(words);
    match command.as_str() {
        "model" => {
            println!("{}", serde_json::to_string_pretty(&bench(&options)?)?);
            Ok(())
        }
        "generate" => generate(&options),
        "run" => run(&options),
        "compact" => compact(&options),
        _ => Err("model, generate, run or compact".into()),
    }
}

fn bench(options: &Options) -> Done<Bench> {
    Bench::read(options.text("pack")?, options.0.get("model").map(String::as_str))
}

fn generate(options: &Options) -> Done {
    let started = Instant::now();
    let bench = bench(options)?;
    let table = SymbolTable::of("bench", &bench.symbols);
    let entities = options.number("entities", 200_000)?;
    let records = options.number("records", 2_000_000)?;
    let segments = options.number("segments", 1)?.max(1);
    let city = City::new(entities, &bench.symbols)?;
    let folder = PathBuf::from(options.text("folder")?);
    let mut writer = Writer::create(&folder, 0, Grain::default())?;
    let mut from = 1;
    for number in 1..=segments {
        let to = records * number / segments;
        let mut segment = writer.segment(i64::try_from(to)?, &table)?;
        for position in from..=to {
            segment.push(city.record(position)?)?;
        }
        segment.finish()?;
        from = to + 1;
    }
    let mut list = writer.entities(&table);
    for index in 0..entities {
        list.push(city.entity(index)?)?;
    }
    list.finish()?;
    println!(
        "generated {entities} entities, {records} records in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

fn run(options: &Options) -> Done {
    let started = Instant::now();
    let bench = bench(options)?;
    let models = [compile(&bench.model, &bench.symbols)?];
    let snapshot = Snapshot::open(&PathBuf::from(options.text("folder")?))?;
    if options.0.contains_key("verify") {
        snapshot.verify()?;
        println!("verified after {:.2} s", started.elapsed().as_secs_f64());
    }
    let stamp = [
        ("as_of", AS_OF.to_string()),
        ("up_to", snapshot.position().to_string()),
    ];
    let mut file = ResultFile::create(&PathBuf::from(options.text("out")?), 0, &bench.model, &stamp)?;
    let threads = usize::try_from(options.number("threads", 2)?)?;
    let question = Question {
        models: &models,
        as_of: AS_OF,
        up_to: None,
        threads,
    };
    let answer = classify(&snapshot, &question, &mut file, &mut |_| {})?;
    file.finish()?;
    println!(
        "{} entities, {} records, {} orphans",
        answer.entities, answer.records, answer.orphans
    );
    for totals in &answer.totals {
        println!("{}: {:?} {:?}", totals.model, totals.classes, totals.by_class);
    }
    println!("classified in {:.3} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn compact(options: &Options) -> Done {
    let started = Instant::now();
    let mut writer = Writer::open(&PathBuf::from(options.text("folder")?), Grain::default())?;
    let merges = writer.compact(usize::try_from(options.number("most", 1)?)?)?;
    println!("{merges} merges in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}
