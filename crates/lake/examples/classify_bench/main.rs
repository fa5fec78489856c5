//! Bench of the classification: makes a deterministic snapshot, classifies it, lets a day pass, classifies again, and leaves
//! files a rival can read.
//!
//! ```text
//! classify_bench model    --pack packs/base > model.json
//! classify_bench generate --pack packs/base --folder DIR --entities 200000 --records 2000000 [--segments 1]
//! classify_bench run      --pack packs/base --folder DIR --out results.parquet [--threads 2] [--verify] [--days 0]
//! classify_bench grow     --pack packs/base --folder DIR [--one-in 100]
//! classify_bench again    --pack packs/base --folder DIR --out changed.parquet [--threads 2] [--days 1]
//! classify_bench compact  --folder DIR [--most 1]
//! ```
//! `run` classifies everybody and leaves what `again` stands upon; `--days` counts from the day of the bench.
//! The pack is read by its own loader; `model.json` is what it gave, for a rival to turn into a query.
#![expect(clippy::print_stdout, reason = "a bench speaks to the person who runs it")]

mod city;
mod model;

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use lake::{Grain, ONE_IN, Order, Question, ResultFile, Snapshot, SymbolTable, Writer};
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
        "run" => classify(&options, true),
        "grow" => grow(&options),
        "again" => classify(&options, false),
        "compact" => compact(&options),
        _ => Err("model, generate, run, grow, again or compact".into()),
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

/// One entity in so many gets a new record, one in ten of these other attributes.
fn grow(options: &Options) -> Done {
    let started = Instant::now();
    let bench = bench(options)?;
    let table = SymbolTable::of("bench", &bench.symbols);
    let mut writer = Writer::open(&PathBuf::from(options.text("folder")?), Grain::default())?;
    let entities = writer
        .manifest()
        .entities
        .first()
        .map_or(0, |entry| entry.seal.rows);
    let one_in = options.number("one-in", 100)?.max(1);
    let city = City::new(entities, &bench.symbols)?;
    let from = u64::try_from(writer.position())?;
    let new = entities / one_in;
    let mut segment = writer.segment(i64::try_from(from + new)?, &table)?;
    for number in 0..new {
        segment.push(city.later(from + 1 + number, number * one_in + number % one_in)?)?;
    }
    segment.finish()?;
    let mut changes = writer.changes(&table)?;
    for number in (0..new).step_by(10) {
        changes.push(city.moved(number * one_in + number % one_in)?)?;
    }
    changes.finish()?;
    let told = serde_json::json!({ "records": new, "seconds": started.elapsed().as_secs_f64() });
    println!("{told}");
    Ok(())
}

fn classify(options: &Options, forced: bool) -> Done {
    let started = Instant::now();
    let bench = bench(options)?;
    let models = [compile(&bench.model, &bench.symbols)?];
    let folder = PathBuf::from(options.text("folder")?);
    if options.0.contains_key("verify") {
        Snapshot::open(&folder)?.verify()?;
    }
    let mut writer = Writer::open(&folder, Grain::default())?;
    let as_of = AS_OF + i32::try_from(options.number("days", 0)?)?;
    let stamp = [
        ("as_of", as_of.to_string()),
        ("up_to", writer.position().to_string()),
    ];
    let mut file = ResultFile::create(&PathBuf::from(options.text("out")?), 0, &bench.model, &stamp)?;
    let question = Question {
        models: &models,
        as_of,
        up_to: None,
        threads: usize::try_from(options.number("threads", 2)?)?,
    };
    let order = Order {
        question,
        key: "bench",
        run: 0,
        forced,
        one_in: ONE_IN,
    };
    let ready = started.elapsed().as_secs_f64();
    let done = writer.reclassify(&order, &mut file, &mut |_| {})?;
    file.finish()?;
    writer.keep(order.key, &done)?;
    let totals = done.answer.totals.first().map(|totals| &totals.by_class);
    let told = serde_json::json!({
        "entities": done.answer.entities, "records": done.answer.records, "orphans": done.answer.orphans,
        "way": format!("{:?}", done.way), "by_class": totals, "gone": done.gone.len(), "ready": ready,
        "seconds": started.elapsed().as_secs_f64(),
    });
    println!("{told}");
    Ok(())
}

fn compact(options: &Options) -> Done {
    let started = Instant::now();
    let mut writer = Writer::open(&PathBuf::from(options.text("folder")?), Grain::default())?;
    let merges = writer.compact(usize::try_from(options.number("most", 1)?)?)?;
    println!("{merges} merges in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}
