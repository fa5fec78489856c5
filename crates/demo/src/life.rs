//! The life of one entity inside the window: when things happened to it, and the numbers of its papers.

use std::io;

use chrono::{Datelike, NaiveDate};

use crate::dice::Dice;
use crate::entity::{Entity, earlier, later};
use crate::office;
use crate::sink::Sinks;

/// Years of records before `as_of`.
pub const WINDOW_YEARS: u32 = 5;

/// One entity while its records are written.
pub struct Life<'a> {
    /// Who.
    pub entity: &'a Entity,
    /// First day on which something can happen: founding or start of the window.
    pub from: NaiveDate,
    /// Last day on which something can happen: its end or the day before `as_of`.
    pub to: NaiveDate,
    /// The day of handing over.
    pub as_of: NaiveDate,
    /// Its chance.
    pub dice: Dice,
    sinks: &'a mut Sinks,
    papers: u32,
}

impl<'a> Life<'a> {
    /// The life of `entity`.
    pub fn new(seed: u64, entity: &'a Entity, as_of: NaiveDate, sinks: &'a mut Sinks) -> Self {
        let start = earlier(as_of, WINDOW_YEARS * 365);
        Self {
            entity,
            from: entity.established.max(start),
            to: entity.ended.unwrap_or(as_of).min(earlier(as_of, 1)),
            as_of,
            dice: Dice::of(seed, "life", &entity.code),
            sinks,
            papers: 0,
        }
    }

    /// Whether `day` lies in the window and in the life.
    pub fn lives(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.to
    }

    /// Whether it is still there on `as_of`.
    pub fn alive(&self) -> bool {
        self.entity.ended.is_none()
    }

    /// Days, in order, on which something with this yearly rate (parts of ten thousand) happened.
    pub fn moments(&mut self, rate: u32) -> Vec<NaiveDate> {
        let mut days = Vec::new();
        let mut slice = self.from;
        while slice < self.to {
            let end = later(slice, 365).min(self.to);
            let long = u32::try_from((end - slice).num_days()).unwrap_or(0);
            for _ in 0..self.dice.times(rate * long / 365) {
                days.push(later(slice, self.dice.below(long)));
            }
            slice = end;
        }
        days.sort_unstable();
        days
    }

    /// A paper's number, the only one of its kind.
    pub fn paper(&mut self, prefix: &str, on: NaiveDate) -> String {
        self.papers += 1;
        format!(
            "{prefix}〔{}〕{:07}{:03}号",
            on.year(),
            self.entity.number,
            self.papers
        )
    }

    /// The name of the county's department for `function`.
    pub fn authority(&self, function: &str) -> String {
        office::department_name(self.entity.county, function)
    }

    /// Writes one row about this entity.
    pub fn put(&mut self, item: &str, on: NaiveDate, cells: &[&str]) -> io::Result<()> {
        let mut row: Vec<&str> = Vec::with_capacity(cells.len() + 3);
        row.push(&self.entity.code);
        row.push(&self.entity.name);
        row.extend_from_slice(cells);
        self.sinks.put(item, on, &row)
    }
}

/// An amount as departments write it: ten thousands of yuan with four decimals.
pub fn amount(yuan: u32) -> String {
    format!("{}.{:04}万元", yuan / 10_000, yuan % 10_000)
}
