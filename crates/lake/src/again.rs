//! Classifying again: only entities of which something became known or whose day has come, by the cards of the segments.

use std::path::PathBuf;

use policy::{RecordFact, Scratch};

use crate::calendar::{Calendar, CalendarColumns};
use crate::carded::{Carded, Prior};
use crate::cards::{self, CardIndex, CardReader};
use crate::classify::{Answer, Judge, Progress, Question, classify_until, table};
use crate::desk::{Desk, Part, Parts, run};
use crate::fault::{Lake, LakeFault};
use crate::format::{EntityColumns, EntityRow, RecordColumns};
use crate::manifest::{CalendarEntry, EntitiesEntry, Layer, Manifest, Seal, Standing};
use crate::merge::ALL;
use crate::read::FileIndex;
use crate::result::{Results, Sink};
use crate::snapshot::Snapshot;
use crate::symbols::SymbolMap;
use crate::writer::Writer;

/// Entities looked at in one part of the work.
const CHUNK: usize = 1 << 12;
/// Rows decoded at a time of files read whole.
const BATCH_ROWS: usize = 1 << 14;
/// A good value of [`Order::one_in`]: looking an entity up costs about twice what streaming it costs.
pub const ONE_IN: usize = 4;

/// What is to be classified again, and how its outcome is called.
#[derive(Debug, Clone, Copy)]
pub struct Order<'o> {
    /// Models, day, position, threads.
    pub question: Question<'o>,
    /// Whatever classes depend on besides entities and records: pack and models. Another key, and everybody is classified.
    pub key: &'o str,
    /// Number of the run for whoever keeps the outcomes.
    pub run: i64,
    /// Everybody is classified whatever is known.
    pub forced: bool,
    /// Everybody is streamed when more than one entity in so many would have to be looked up; 0 = never for that reason.
    pub one_in: usize,
}

/// Why everybody was classified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It was asked for.
    Forced,
    /// There is no former classification to stand upon.
    First,
    /// Pack or models are others.
    OtherModels,
    /// The day lies before that of the former classification.
    EarlierDay,
    /// The position lies before that of the former classification, or its records are merged with later ones.
    Position,
    /// All entities were written anew since.
    Entities,
    /// Files of an older program have no cards.
    NoCards,
    /// So many entities changed or are due that streaming everybody is quicker.
    TooMany,
}

/// How a classification went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Every entity was classified.
    Everybody(Why),
    /// Only entities with something new, and those due.
    Changed {
        /// Entities of which something became known.
        touched: u64,
        /// Other entities, whose day had come.
        due: u64,
    },
}

/// What came of an order, besides the results handed to the sink.
#[derive(Debug)]
pub struct Done {
    /// How it went.
    pub way: Way,
    /// Numbers; where only some were looked at, they speak of those.
    pub answer: Answer,
    /// Entities looked at that are not in the register (any more), ascending: they have no class. Empty where everybody was
    /// classified: then whoever is not among the results has none.
    pub gone: Vec<i64>,
    /// To be given to [`Writer::keep`] when the outcome is safe.
    pub layer: Layer,
}

impl Writer {
    /// Classifies everybody, or, where a former classification can be stood upon, only those whose class may have changed.
    /// The results, laid over the former ones, are those of a classification of everybody. Nothing is kept for the next
    /// time until [`Writer::keep`].
    pub fn reclassify(
        &self,
        order: &Order<'_>,
        sink: &mut dyn Sink,
        progress: &mut dyn FnMut(Progress),
    ) -> Lake<Done> {
        let why = match self.changed(order)? {
            Ok(changed) => return self.look_up(order, changed, sink, progress),
            Err(why) => why,
        };
        let snapshot = Snapshot::open(self.folder())?;
        let (answer, calendar) = classify_until(&snapshot, &order.question, true, sink, progress)?;
        let layer = self.layer(order, answer.up_to, &calendar)?;
        Ok(Done {
            way: Way::Everybody(why),
            answer,
            gone: Vec::new(),
            layer,
        })
    }

    fn layer(&self, order: &Order<'_>, position: i64, calendar: &Calendar) -> Lake<Layer> {
        let (as_of, manifest) = (order.question.as_of, self.manifest());
        let file = self.fresh_name(&format!("calendar-{position}-{as_of}"));
        let seal = calendar.write(&self.folder().join(&file), self.grain())?;
        let entities = manifest
            .entities_at(position)?
            .last()
            .map(|entry| entry.file.clone());
        Ok(Layer {
            run: order.run,
            as_of,
            position,
            entities: entities.unwrap_or_default(),
            calendar: seal.map(|seal| CalendarEntry { file, seal }),
        })
    }

    /// Who is to be looked at, or why everybody.
    fn changed(&self, order: &Order<'_>) -> Lake<Result<Changed, Why>> {
        let manifest = self.manifest();
        let (up_to, _) = order.question.check(manifest)?;
        let entries = manifest.entities_at(up_to)?;
        let upon = match stands(manifest, order, up_to, entries) {
            Ok(upon) => upon,
            Err(why) => return Ok(Err(why)),
        };
        let mut wanted = Vec::new();
        let new = |first: i64| first > upon.last.position && first <= up_to;
        for entry in manifest.segments.iter().filter(|s| new(s.first_position)) {
            let index = FileIndex::open::<RecordColumns>(&self.folder().join(&entry.file), &entry.seal)?;
            let mut rows = index.reader::<RecordColumns>(&ALL, BATCH_ROWS)?;
            while let Some(row) = rows.row() {
                if row.fact.record <= up_to && wanted.last() != Some(&row.entity) {
                    wanted.push(row.entity);
                }
                rows.step()?;
            }
        }
        for entry in upon.changes {
            wanted.extend_from_slice(&entry.gone);
            let index = FileIndex::open::<EntityColumns>(&self.folder().join(&entry.file), &entry.seal)?;
            let mut rows = index.reader::<EntityColumns>(&ALL, BATCH_ROWS)?;
            while let Some(entity) = rows.head() {
                wanted.push(entity);
                rows.step()?;
            }
        }
        wanted.sort_unstable();
        wanted.dedup();
        let touched = wanted.len();
        let days = i64::from(upon.last.as_of).saturating_add(1)..=i64::from(order.question.as_of);
        for calendar in upon
            .standing
            .layers
            .iter()
            .filter_map(|layer| layer.calendar.as_ref())
        {
            let index =
                FileIndex::open::<CalendarColumns>(&self.folder().join(&calendar.file), &calendar.seal)?;
            let mut rows = index.reader::<CalendarColumns>(&days, BATCH_ROWS)?;
            while let Some(due) = rows.row().filter(|due| due.day <= *days.end()) {
                wanted.push(due.entity);
                rows.step()?;
            }
        }
        wanted.sort_unstable();
        wanted.dedup();
        let all = entries.first().map_or(0, |entry| entry.seal.rows);
        let most = usize::try_from(all)
            .unwrap_or(usize::MAX)
            .checked_div(order.one_in);
        if most.is_some_and(|most| wanted.len() > most) {
            return Ok(Err(Why::TooMany));
        }
        Ok(Ok(Changed {
            wanted,
            touched,
            up_to,
        }))
    }

    fn look_up(
        &self,
        order: &Order<'_>,
        changed: Changed,
        sink: &mut dyn Sink,
        progress: &mut dyn FnMut(Progress),
    ) -> Lake<Done> {
        let manifest = self.manifest();
        let question = &order.question;
        let (up_to, symbols) = question.check(manifest)?;
        let open = |file: &str, seal: &Seal, symbols_of: usize| -> Lake<(CardIndex, SymbolMap)> {
            let path: PathBuf = self.folder().join(cards::name_of(file));
            let seal = seal
                .cards
                .as_ref()
                .ok_or_else(|| LakeFault::Missing(path.clone()))?;
            Ok((
                CardIndex::open(&path, seal)?,
                table(manifest, symbols_of)?.map_to_pack(symbols),
            ))
        };
        let mut segments = Vec::new();
        for entry in manifest.segments.iter().filter(|s| s.first_position <= up_to) {
            segments.push(open(&entry.file, &entry.seal, entry.symbols)?);
        }
        let entries = manifest.entities_at(up_to)?;
        let mut entities = Vec::new();
        for entry in entries.iter().rev() {
            let (index, map) = open(&entry.file, &entry.seal, entry.symbols)?;
            entities.push((index, map, entry.gone.as_slice()));
        }
        let way = Way::Changed {
            touched: u64::try_from(changed.touched).unwrap_or(u64::MAX),
            due: u64::try_from(changed.wanted.len().saturating_sub(changed.touched)).unwrap_or(u64::MAX),
        };
        let of_entities = u64::try_from(changed.wanted.len()).unwrap_or(u64::MAX);
        let work = Lookup {
            judge: Judge {
                models: question.models,
                as_of: question.as_of,
                until: true,
            },
            up_to,
            wanted: changed.wanted,
            entities,
            segments,
        };
        let calendar = Calendar::after(question.as_of);
        let mut desk = Desk::new(question.models, sink, progress, of_entities, Some(calendar));
        run(&work, question.threads.max(1), &mut desk)?;
        let last = entries.last().ok_or(LakeFault::NoEntities { wanted: up_to })?;
        let answer = Answer {
            up_to: changed.up_to,
            entities_position: last.position,
            entities_pack: table(manifest, last.symbols)?.pack_hash.clone(),
            entities: desk.done.entities,
            records: desk.done.records,
            orphans: desk.orphans,
            totals: desk.counting.totals(question.models, symbols),
        };
        let gone = std::mem::take(&mut desk.gone);
        let calendar = desk
            .calendar
            .take()
            .unwrap_or_else(|| Calendar::after(question.as_of));
        let layer = self.layer(order, up_to, &calendar)?;
        Ok(Done {
            way,
            answer,
            gone,
            layer,
        })
    }
}

/// Who is to be looked at.
struct Changed {
    wanted: Vec<i64>,
    touched: usize,
    up_to: i64,
}

/// The former classification an order can stand upon.
struct Upon<'m> {
    standing: &'m Standing,
    last: &'m Layer,
    /// Files of changes of entities it has not seen.
    changes: &'m [EntitiesEntry],
}

fn stands<'m>(
    manifest: &'m Manifest,
    order: &Order<'_>,
    up_to: i64,
    entries: &'m [EntitiesEntry],
) -> Result<Upon<'m>, Why> {
    if order.forced {
        return Err(Why::Forced);
    }
    let standing = manifest.standing.as_ref().ok_or(Why::First)?;
    let last = standing.last().ok_or(Why::First)?;
    if standing.key != order.key {
        return Err(Why::OtherModels);
    }
    if order.question.as_of < last.as_of {
        return Err(Why::EarlierDay);
    }
    let asked = || manifest.segments.iter().filter(|s| s.first_position <= up_to);
    let across = |from: i64, to: i64| from <= last.position && to > last.position;
    if up_to < last.position || asked().any(|s| across(s.first_position, s.last_position)) {
        return Err(Why::Position);
    }
    let seen = entries.iter().position(|entry| entry.file == last.entities);
    let changes = seen.and_then(|seen| entries.get(seen.saturating_add(1)..));
    let changes = changes.ok_or(Why::Entities)?;
    let seals = asked().map(|s| &s.seal).chain(entries.iter().map(|e| &e.seal));
    if seals.into_iter().any(|seal| seal.cards.is_none()) {
        return Err(Why::NoCards);
    }
    Ok(Upon {
        standing,
        last,
        changes,
    })
}

/// Looking entities up one by one. Layers of entities: the newest first.
struct Lookup<'l> {
    judge: Judge<'l>,
    up_to: i64,
    wanted: Vec<i64>,
    entities: Vec<(CardIndex, SymbolMap, &'l [i64])>,
    segments: Vec<(CardIndex, SymbolMap)>,
}

impl Parts for Lookup<'_> {
    fn count(&self) -> usize {
        self.wanted.len().div_ceil(CHUNK)
    }

    fn part(&self, number: usize, scratch: &mut Scratch) -> Lake<Part> {
        let mut part = Part {
            results: Results::for_models(self.judge.models),
            ..Part::default()
        };
        let mut segments = Vec::with_capacity(self.segments.len());
        for (index, map) in &self.segments {
            segments.push((index.reader()?, index, map));
        }
        let mut entities = Vec::with_capacity(self.entities.len());
        for (index, map, gone) in &self.entities {
            entities.push((index.reader()?, index, map, *gone));
        }
        let mut facts: Vec<RecordFact> = Vec::new();
        for entity in self.wanted.chunks(CHUNK).nth(number).unwrap_or_default() {
            let Some(row) = newest(&mut entities, *entity)? else {
                part.gone.push(*entity);
                continue;
            };
            facts.clear();
            for (reader, index, map) in &mut segments {
                collect(reader, index, map, (*entity, self.up_to), &mut facts)?;
            }
            self.judge.judge(&row, &facts, scratch, &mut part.results);
            part.records = part
                .records
                .saturating_add(u64::try_from(facts.len()).unwrap_or(u64::MAX));
        }
        Ok(part)
    }
}

type EntityCards<'l> = (CardReader<'l>, &'l CardIndex, &'l SymbolMap, &'l [i64]);

/// An entity as the newest file tells it; `None` when it is not there (any more).
fn newest(layers: &mut [EntityCards<'_>], entity: i64) -> Lake<Option<EntityRow>> {
    use crate::format::Columns;
    for (reader, index, map, gone) in layers {
        if let Some(mut card) = reader.find(entity)? {
            let row = EntityColumns::decode(&mut card, entity, &mut Prior::default());
            let mut row = row.ok_or_else(|| index.corrupt())?;
            EntityColumns::translate(&mut row, map);
            return Ok(Some(row));
        }
        if gone.binary_search(&entity).is_ok() {
            break;
        }
    }
    Ok(None)
}

/// Adds the facts of an entity up to a position.
#[inline]
fn collect(
    reader: &mut CardReader<'_>,
    index: &CardIndex,
    map: &SymbolMap,
    (entity, up_to): (i64, i64),
    facts: &mut Vec<RecordFact>,
) -> Lake<()> {
    let Some(mut card) = reader.find(entity)? else {
        return Ok(());
    };
    let mut prior = Prior::default();
    while !card.is_empty() {
        let row = RecordColumns::decode(&mut card, entity, &mut prior);
        let mut fact = row.ok_or_else(|| index.corrupt())?.fact;
        if fact.record <= up_to {
            fact.item = map.item(fact.item);
            fact.code = map.code(fact.code);
            facts.push(fact);
        }
    }
    Ok(())
}
