//! Writes the folder: offices first, then entity after entity with everything known about it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use chrono::NaiveDate;
use serde::Serialize;

use crate::entity::Entity;
use crate::life::Life;
use crate::office;
use crate::sink::{FileSummary, Sinks};
use crate::story;
use crate::story::visit::{History, inspections};

/// The demo city.
#[derive(Debug)]
pub struct City;

/// What [`City::make`] wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Entities.
    pub entities: u64,
    /// Data rows of the item files other than `registration.csv`, wrong ones included.
    pub records: u64,
    /// Wrong rows in all item files.
    pub bad: u64,
    /// Rows of `inspection-history.csv`.
    pub history: u64,
    /// Entities by 登记状态.
    pub statuses: BTreeMap<String, u64>,
    /// What is in each item file; also written to `expected.json`.
    pub files: BTreeMap<String, FileSummary>,
}

/// Entities one city can have: beyond it the codes of old companies would repeat.
pub const MOST_ENTITIES: usize = 9_999_999;

impl City {
    /// Writes the city of `seed` with `size` entities as its departments would hand it over on `as_of` into `out`,
    /// which is created. The same arguments give the same bytes.
    ///
    /// # Errors
    /// `InvalidInput` when `size` is 0 or above [`MOST_ENTITIES`] or `as_of` lies before 2018; else what writing met.
    pub fn make(seed: u64, size: usize, as_of: NaiveDate, out: &Path) -> io::Result<Summary> {
        let earliest = NaiveDate::from_ymd_opt(2018, 1, 1).unwrap_or(as_of);
        if size == 0 || size > MOST_ENTITIES || as_of < earliest {
            let text = format!("a city needs 1 to {MOST_ENTITIES} entities and a day from {earliest} on");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        fs::create_dir_all(out)?;
        let count = u64::try_from(size).unwrap_or(u64::MAX);
        let inspectors = office::inspectors(seed, count, as_of);
        let roster = office::roster(seed, &inspectors);
        write_json(&out.join("departments.json"), &office::departments())?;
        write_json(&out.join("inspectors.json"), &inspectors)?;
        write_grids(out)?;

        let mut sinks = Sinks::create(out, seed, as_of)?;
        let mut history = History::create(out)?;
        let mut truth = Truth::create(out)?;
        let mut summary = Summary {
            entities: count,
            ..Summary::default()
        };
        for number in 0..count {
            let entity = Entity::make(seed, number, as_of);
            truth.put(&entity)?;
            *summary.statuses.entry(entity.status.to_owned()).or_default() += 1;
            let mut life = Life::new(seed, &entity, as_of, &mut sinks);
            story::tell(&mut life)?;
            inspections(&mut life, &roster, &mut history)?;
        }
        truth.0.flush()?;
        summary.history = history.finish()?;
        summary.files = sinks.finish()?;
        summary.bad = summary.files.values().map(|file| file.bad).sum();
        summary.records = summary
            .files
            .values()
            .filter(|file| file.item != "registration")
            .map(|file| file.rows)
            .sum();
        write_json(&out.join("expected.json"), &summary.files)?;
        Ok(summary)
    }
}

/// `truth.csv`: the hidden nature of every entity, for the evaluation of models; never to be imported.
struct Truth(csv::Writer<File>);

impl Truth {
    fn create(out: &Path) -> io::Result<Self> {
        let mut writer = csv::Writer::from_path(out.join("truth.csv"))?;
        writer.write_record(["code", "badness", "scale", "sector", "lost", "dormant"])?;
        Ok(Self(writer))
    }

    fn put(&mut self, entity: &Entity) -> io::Result<()> {
        let nature = &entity.nature;
        self.0.write_record([
            entity.code.as_str(),
            &nature.badness.to_string(),
            &nature.scale.to_string(),
            &format!("{:?}", nature.trade.sector),
            if nature.lost { "1" } else { "0" },
            if nature.dormant { "1" } else { "0" },
        ])?;
        Ok(())
    }
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let mut writer = BufWriter::new(File::create(path)?);
    serde_json::to_writer_pretty(&mut writer, value)?;
    writer.write_all(b"\n")?;
    writer.flush()
}

fn write_grids(out: &Path) -> io::Result<()> {
    let mut writer = csv::Writer::from_path(out.join("grids.csv"))?;
    writer.write_record(["网格编码", "网格名称", "镇街区划代码", "镇街名称", "区县"])?;
    for grid in office::grids() {
        writer.write_record(&grid)?;
    }
    writer.flush()
}
