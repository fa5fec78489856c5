//! The search: round by round and tier by tier, until the page is full and enough are counted.

use tantivy::query::{BooleanQuery, EnableScoring, Occur, Query as _, Scorer, TermQuery, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocSet as _, Searcher, SegmentReader, TERMINATED, Term};

use crate::index::{Finder, FinderFault};
use crate::plan::{Ask, Plan, any_of};
use crate::shape::{self, TIERS, number_of, tier_of};

/// How many are counted at most: beyond that there are "over" so many.
pub const BOUND: u64 = 10_000;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Words in the one form of all spellings, each of at least [`crate::LEAST`] characters; all of them must be there.
    pub words: &'a [String],
    /// Beginnings of the codes of places, any of them; none: wherever it is. The empty beginning: whatever lies anywhere.
    pub places: Option<&'a [String]>,
    /// A status.
    pub status: Option<&'a str>,
    /// After which hit to go on.
    pub after: Option<After>,
    /// Most hits.
    pub limit: usize,
}

/// The place of a hit among all; greater is later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct After {
    /// Which round it came in.
    pub round: u8,
    /// Where it stands in the round.
    pub order: u64,
}

/// One that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Its number.
    pub number: u64,
    /// Its place.
    pub at: After,
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// So many.
    Exactly(u64),
    /// More than [`BOUND`].
    Over,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The hits in order, no more than wanted.
    pub hits: Vec<Hit>,
    /// Whether more follow.
    pub more: bool,
    /// How many there are in all; only counted for the first hits.
    pub total: Option<Total>,
}

impl Finder {
    /// Finds the entries one of whose names has all the words: those that are the name first, then those that begin it, then
    /// those within it, then by sound; in each of these those in operation first, then shorter names.
    pub fn find(&self, wanted: &Wanted<'_>) -> Result<Found, FinderFault> {
        let searcher = self.searcher();
        let plan = Plan::new(wanted.words);
        let mut taking = Taking::new(wanted);
        let start = wanted
            .after
            .map_or((0, 0), |after| (usize::from(after.round), tier_of(after.order)));
        for round in start.0..plan.rounds() {
            let first = if round == start.0 { start.1 } else { 0 };
            for tier in first..TIERS {
                if taking.is_done() {
                    return Ok(taking.found());
                }
                let (fits, before) = plan.ask(self.shape(), round, tier);
                let fits = within(fits, self, wanted);
                taking.tier(
                    &searcher,
                    (&fits, &before),
                    u8::try_from(round).unwrap_or(u8::MAX),
                )?;
            }
        }
        Ok(taking.found())
    }
}

/// The question with the limits of place and status.
fn within(fits: Ask, finder: &Finder, wanted: &Wanted<'_>) -> Ask {
    let shape = finder.shape();
    let mut parts = vec![(Occur::Must, fits)];
    if let Some(places) = wanted.places {
        let place = |code: &String| one(shape.place, if code.is_empty() { shape::ANYWHERE } else { code });
        parts.push((Occur::Must, any_of(places.iter().map(place).collect())));
    }
    if let Some(status) = wanted.status {
        parts.push((Occur::Must, one(shape.status, status)));
    }
    match parts.len() {
        1 => parts.pop().map_or_else(|| any_of(Vec::new()), |(_, only)| only),
        _ => Box::new(BooleanQuery::new(parts)),
    }
}

fn one(field: Field, text: &str) -> Ask {
    Box::new(TermQuery::new(
        Term::from_field_text(field, text),
        IndexRecordOption::Basic,
    ))
}

/// The page that is being filled.
struct Taking {
    after: Option<After>,
    limit: usize,
    hits: Vec<Hit>,
    count: u64,
}

impl Taking {
    fn new(wanted: &Wanted<'_>) -> Self {
        Self {
            after: wanted.after,
            limit: wanted.limit,
            hits: Vec::new(),
            count: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.hits.len() > self.limit
    }

    /// Whether the page is full, and either there was one before it or enough are counted.
    fn is_done(&self) -> bool {
        self.is_full() && (self.after.is_some() || self.count > BOUND)
    }

    /// Takes what a tier has. All hits of a tier come before those of the next.
    ///
    /// What came before is passed over here and not by the library's own exclusion, which in this version (0.27.0) moves
    /// phrases backwards.
    fn tier(
        &mut self,
        searcher: &Searcher,
        (fits, before): (&Ask, &[Ask]),
        round: u8,
    ) -> Result<(), FinderFault> {
        let weigh = |ask: &Ask| ask.weight(EnableScoring::disabled_from_searcher(searcher));
        let weight = weigh(fits)?;
        let before: Vec<Box<dyn Weight>> = before.iter().map(weigh).collect::<Result<_, _>>()?;
        let least = self
            .after
            .filter(|after| after.round == round)
            .map(|after| after.order);
        let room = (self.limit + 1).saturating_sub(self.hits.len());
        let mut best = Best::new(room);
        for segment in searcher.segment_readers() {
            let mut found = weight.scorer(segment, 1.0)?;
            if found.doc() == TERMINATED {
                continue;
            }
            let passed: Result<Vec<_>, _> = before.iter().map(|weight| weight.scorer(segment, 1.0)).collect();
            let mut passed = passed?;
            let orders = segment.fast_fields().u64("order")?.first_or_default_col(0);
            while found.doc() != TERMINATED {
                let document = found.doc();
                if is_there(segment, document) && !came_before(&mut passed, document) {
                    self.count += 1;
                    if room > 0 {
                        let order = orders.get_val(document);
                        if least.is_none_or(|least| order > least) {
                            best.offer(order);
                        }
                    } else if self.after.is_some() || self.count > BOUND {
                        return Ok(());
                    }
                }
                found.advance();
            }
        }
        self.hits.extend(best.sorted().into_iter().map(|order| Hit {
            number: number_of(order),
            at: After { round, order },
        }));
        Ok(())
    }

    fn found(mut self) -> Found {
        let more = self.is_full();
        self.hits.truncate(self.limit);
        let total = if self.count > BOUND {
            Total::Over
        } else {
            Total::Exactly(self.count)
        };
        Found {
            hits: self.hits,
            more,
            total: self.after.is_none().then_some(total),
        }
    }
}

/// Whether one of several, each moved on to it, has a document.
fn came_before(passed: &mut [Box<dyn Scorer>], document: u32) -> bool {
    passed
        .iter_mut()
        .any(|one| one.doc() == document || (one.doc() < document && one.seek(document) == document))
}

fn is_there(segment: &SegmentReader, document: u32) -> bool {
    segment
        .alive_bitset()
        .is_none_or(|alive| alive.is_alive(document))
}

/// The smallest of many, a few at a time.
struct Best {
    room: usize,
    orders: Vec<u64>,
    worst: u64,
}

impl Best {
    fn new(room: usize) -> Self {
        Self {
            room,
            orders: Vec::new(),
            worst: u64::MAX,
        }
    }

    fn offer(&mut self, order: u64) {
        if order >= self.worst {
            return;
        }
        self.orders.push(order);
        if self.orders.len() >= 4 * self.room.max(64) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.orders.sort_unstable();
        self.orders.truncate(self.room);
        if self.orders.len() == self.room {
            self.worst = self.orders.last().copied().unwrap_or(u64::MAX);
        }
    }

    fn sorted(mut self) -> Vec<u64> {
        self.cut();
        self.orders
    }
}
