//! All entities through the evaluator: ranges of entities on several threads, results in entity order, memory flat.

use std::ops::RangeInclusive;
use std::sync::Arc;

use policy::{Compiled, RecordFact, Scratch, Symbols};

use crate::calendar::Calendar;
use crate::desk::{Desk, Part, Parts, run};
use crate::entities::{EntityLayer, EntityStream};
use crate::fault::{Lake, LakeFault};
use crate::format::{EntityRow, RecordColumns};
use crate::manifest::Manifest;
use crate::partition::ranges;
use crate::read::{FileIndex, FileReader};
use crate::result::{Results, Sink, Totals};
use crate::snapshot::Snapshot;
use crate::symbols::{SymbolMap, SymbolTable};

/// Rows decoded at a time by one thread, over all segments together.
const BATCH_ROWS: usize = 1 << 16;
/// Rows decoded at a time from one segment, at least.
const LEAST_BATCH_ROWS: usize = 1 << 10;

/// What is to be classified.
#[derive(Debug, Clone, Copy)]
pub struct Question<'m> {
    /// Models, all compiled against the same symbols.
    pub models: &'m [Compiled],
    /// The day, counted from 1970-01-01.
    pub as_of: i32,
    /// Ledger position up to which records count; `None` = the whole snapshot.
    pub up_to: Option<i64>,
    /// Worker threads; 0 counts as 1.
    pub threads: usize,
}

/// What came of it, besides the results handed to the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Ledger position up to which records counted.
    pub up_to: i64,
    /// Ledger position of the file of entities used: the latest at or before `up_to`.
    pub entities_position: i64,
    /// Pack under which the attributes of entities were numbered. Where it is not the models' pack, write the entities
    /// again: an industry or division is kept only as finely as its pack asked.
    pub entities_pack: String,
    /// Entities classified.
    pub entities: u64,
    /// Records that counted.
    pub records: u64,
    /// Records up to the position whose entity is not in the file of entities.
    pub orphans: u64,
    /// Totals, one for each model.
    pub totals: Vec<Totals>,
}

/// How far a classification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Entities handed to the sink.
    pub entities: u64,
    /// Entities in all.
    pub of_entities: u64,
    /// Records that counted so far.
    pub records: u64,
}

/// Classifies every entity of the snapshot and hands the results to `sink` in entity order.
///
/// Each thread works on a range of entities: it streams the file of entities beside every segment, which are sorted alike,
/// gathers the rows of one entity and evaluates them; no table of entities is ever held. Files are trusted to be what was
/// written; to compare them with their digests first, call [`Snapshot::verify`].
pub fn classify(
    snapshot: &Snapshot,
    question: &Question<'_>,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(Progress),
) -> Lake<Answer> {
    classify_until(snapshot, question, false, sink, progress).map(|(answer, _)| answer)
}

/// The same; where asked, also the days on which entities are due.
pub(crate) fn classify_until(
    snapshot: &Snapshot,
    question: &Question<'_>,
    until: bool,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(Progress),
) -> Lake<(Answer, Calendar)> {
    let manifest = snapshot.manifest();
    let (up_to, symbols) = question.check(manifest)?;
    let mut segments = Vec::new();
    for (segment, index) in snapshot.segments_up_to(up_to) {
        segments.push((
            Arc::clone(index),
            table(manifest, segment.symbols)?.map_to_pack(symbols),
        ));
    }
    let mut entities = Vec::new();
    for (entry, index) in snapshot.entities_at(up_to)? {
        entities.push(EntityLayer {
            index,
            map: table(manifest, entry.symbols)?.map_to_pack(symbols),
            gone: entry.gone.clone(),
        });
    }
    let files = segments.iter().map(|(index, _)| &**index);
    let ranges = ranges(
        files.chain(entities.iter().map(|layer| &layer.index)),
        question.threads,
    );
    let batch_rows = (BATCH_ROWS / segments.len().max(1)).max(LEAST_BATCH_ROWS);
    let work = Work {
        judge: Judge {
            models: question.models,
            as_of: question.as_of,
            until,
        },
        up_to,
        entities,
        segments,
        ranges,
        batch_rows,
    };
    let (last, total) = standing_entities(manifest, up_to)?;
    let calendar = Calendar::after(question.as_of);
    let mut desk = Desk::new(question.models, sink, progress, total, until.then_some(calendar));
    run(&work, question.threads.max(1), &mut desk)?;
    let answer = Answer {
        up_to,
        entities_position: last.position,
        entities_pack: table(manifest, last.symbols)?.pack_hash.clone(),
        entities: desk.done.entities,
        records: desk.done.records,
        orphans: desk.orphans,
        totals: desk.counting.totals(question.models, symbols),
    };
    let calendar = desk.calendar.unwrap_or_else(|| Calendar::after(question.as_of));
    Ok((answer, calendar))
}

/// A symbol table of the manifest.
pub(crate) fn table(manifest: &Manifest, number: usize) -> Lake<&SymbolTable> {
    manifest
        .symbol_tables
        .get(number)
        .ok_or(LakeFault::Argument("清单引用了不存在的符号表"))
}

/// The last file of entities at a position, and about how many entities there are.
fn standing_entities(manifest: &Manifest, up_to: i64) -> Lake<(&crate::manifest::EntitiesEntry, u64)> {
    let entries = manifest.entities_at(up_to)?;
    let total = entries.first().map_or(0, |entry| entry.seal.rows);
    entries
        .last()
        .map(|last| (last, total))
        .ok_or(LakeFault::NoEntities { wanted: up_to })
}

impl<'m> Question<'m> {
    /// The position asked for, and the symbols of the models.
    pub(crate) fn check(&self, manifest: &Manifest) -> Lake<(i64, &'m Symbols)> {
        let (held, wanted) = (manifest.position, self.up_to.unwrap_or(manifest.position));
        if wanted > held {
            return Err(LakeFault::BeyondSnapshot { held, wanted });
        }
        let Some(first) = self.models.first() else {
            return Err(LakeFault::Argument("至少需要一个模型"));
        };
        let symbols = first.symbols();
        if self.models.iter().any(|m| m.symbols() != symbols) {
            return Err(LakeFault::Argument("各模型须按同一符号表编译"));
        }
        Ok((wanted, symbols))
    }
}

/// What an entity is judged by.
pub(crate) struct Judge<'m> {
    pub models: &'m [Compiled],
    pub as_of: i32,
    /// Whether it is asked how long the verdict holds.
    pub until: bool,
}

impl Judge<'_> {
    #[inline]
    pub(crate) fn judge(
        &self,
        row: &EntityRow,
        facts: &[RecordFact],
        scratch: &mut Scratch,
        results: &mut Results,
    ) {
        results.entity.push(row.entity);
        results.division.push(row.facts.division);
        let mut first = policy::NEVER;
        for (model, columns) in self.models.iter().zip(&mut results.models) {
            if self.until {
                let (verdict, until) = model.evaluate_until(&row.facts, facts, self.as_of, scratch);
                columns.push(&verdict);
                first = first.min(until);
            } else {
                columns.push(&model.evaluate(&row.facts, facts, self.as_of, scratch));
            }
        }
        if self.until {
            results.until.push(first);
        }
    }
}

/// What all threads share.
struct Work<'m> {
    judge: Judge<'m>,
    up_to: i64,
    entities: Vec<EntityLayer>,
    segments: Vec<(Arc<FileIndex>, SymbolMap)>,
    ranges: Vec<RangeInclusive<i64>>,
    batch_rows: usize,
}

/// One segment as one thread reads it.
struct Lane<'w> {
    reader: FileReader<RecordColumns>,
    map: &'w SymbolMap,
    head: Option<i64>,
}

impl Lane<'_> {
    /// Adds the facts of `entity`; says how many rows of entities before it nobody asked for.
    #[inline]
    fn collect(&mut self, entity: i64, up_to: i64, facts: &mut Vec<RecordFact>) -> Lake<u64> {
        let mut orphans = 0;
        if self.head.is_some_and(|head| head < entity) {
            orphans = self.reader.pass_counting(entity.saturating_sub(1), up_to)?;
            self.head = self.reader.head();
        }
        if self.head == Some(entity) {
            self.reader.gather(entity, up_to, self.map, facts)?;
            self.head = self.reader.head();
        }
        Ok(orphans)
    }
}

impl Parts for Work<'_> {
    fn count(&self) -> usize {
        self.ranges.len()
    }

    fn part(&self, number: usize, scratch: &mut Scratch) -> Lake<Part> {
        let mut part = Part {
            results: Results::for_models(self.judge.models),
            ..Part::default()
        };
        let Some(range) = self.ranges.get(number) else {
            return Ok(part);
        };
        let mut lanes = Vec::with_capacity(self.segments.len());
        for (index, map) in &self.segments {
            let reader = index.reader::<RecordColumns>(range, self.batch_rows)?;
            lanes.push(Lane {
                head: reader.head(),
                reader,
                map,
            });
        }
        let mut entities = EntityStream::open(&self.entities, range, BATCH_ROWS)?;
        let mut facts: Vec<RecordFact> = Vec::new();
        while let Some(row) = entities.next()?.filter(|row| row.entity <= *range.end()) {
            facts.clear();
            for lane in &mut lanes {
                part.orphans = part
                    .orphans
                    .saturating_add(lane.collect(row.entity, self.up_to, &mut facts)?);
            }
            self.judge.judge(&row, &facts, scratch, &mut part.results);
            part.records = part
                .records
                .saturating_add(u64::try_from(facts.len()).unwrap_or(u64::MAX));
        }
        for lane in &mut lanes {
            part.orphans = part
                .orphans
                .saturating_add(lane.reader.pass_counting(*range.end(), self.up_to)?);
        }
        Ok(part)
    }
}
