//! Measures matching on real names: builds rows by spoiling them, looks each up among all, and prints a table.
//!
//! `cargo run --release -p matching --example measure -- ENTITIES.csv [--lists FOLDER] [--part tune|report] [--sample N]`
//! reads a CSV with the headings name, uscc, reg_no, province, city, address. One name in twenty is held out of the index,
//! so that rows about firms that are not registered are asked as well. Names are halved by hash: numbers are set on the
//! part `tune` and reported on the part `report`. Prints counts only.
//!
//! `--write FOLDER` asks nobody: it writes the entities (those with a right code) and the spoiled rows as two files that
//! `xinheng import` takes, each row with its kind and with the code that is the truth, for `tools/match_trial.py`.

mod lists;
mod spoil;
mod table;
mod written;

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use matching::{Answer, Index as _, MemoryIndex, Places, Query, find};
use policy::Pack;
use policy::pack::Matching;

use spoil::{Case, Chance, KINDS, Kind};
use table::Entity;

/// What became of the rows of one kind.
#[derive(Default, Clone, Copy)]
struct Tally {
    rows: u32,
    answerable: u32,
    linked: u32,
    linked_right: u32,
    asked: u32,
    first_right: u32,
    shown_right: u32,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.answerable += other.answerable;
        self.linked += other.linked;
        self.linked_right += other.linked_right;
        self.asked += other.asked;
        self.first_right += other.first_right;
        self.shown_right += other.shown_right;
    }

    fn line(&self, title: &str) -> String {
        let share = |part: u32, whole: u32| {
            if whole == 0 {
                "–".to_owned()
            } else {
                format!("{:.2} %", 100.0 * f64::from(part) / f64::from(whole))
            }
        };
        format!(
            "| {title} | {} | {} | {} | {} | {} | {} | {} | {} |",
            self.rows,
            self.linked,
            share(self.linked_right, self.linked),
            share(self.linked_right, self.answerable),
            share(self.first_right + self.linked_right, self.linked + self.asked),
            share(self.first_right + self.linked_right, self.answerable),
            share(self.shown_right + self.linked_right, self.answerable),
            share(self.asked, self.rows),
        )
    }
}

struct Asked {
    entities: PathBuf,
    lists: Option<PathBuf>,
    part: u64,
    sample: usize,
    examples: bool,
    write: Option<PathBuf>,
}

fn arguments() -> Result<Asked, Box<dyn Error>> {
    let mut asked = Asked {
        entities: PathBuf::new(),
        lists: None,
        part: 1,
        sample: 4000,
        examples: false,
        write: None,
    };
    let mut given = std::env::args().skip(1);
    while let Some(word) = given.next() {
        match word.as_str() {
            "--lists" => asked.lists = given.next().map(PathBuf::from),
            "--part" => asked.part = u64::from(given.next().as_deref() != Some("tune")),
            "--sample" => asked.sample = given.next().unwrap_or_default().parse()?,
            "--write" => asked.write = given.next().map(PathBuf::from),
            "--examples" => asked.examples = true,
            path => asked.entities = PathBuf::from(path),
        }
    }
    if asked.entities.as_os_str().is_empty() {
        return Err("usage: measure ENTITIES.csv [--lists FOLDER] [--part tune|report] [--sample N]".into());
    }
    Ok(asked)
}

fn main() -> Result<(), Box<dyn Error>> {
    let asked = arguments()?;
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/base");
    let pack = Pack::load(&packs).map_err(|faults| format!("{faults:?}"))?;
    let day = kernel::Day::from_ymd_opt(2026, 11, 1).ok_or("no such day")?;
    let rules = pack.on(day).matching()?.value;
    let mut all = table::read(&asked.entities)?;
    if let Some(folder) = &asked.write {
        all.retain(|entity| kernel::CreditCode::parse(&entity.code).is_ok());
        return Bench::new(&rules, &all).write(folder, &asked);
    }
    let mut bench = Bench::new(&rules, &all);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} entities with {} keys in the index, {} held out; part {}; upper {}, lower {}, margin {}\n",
        bench.index.len(),
        bench.index.key_count(),
        bench.held_out.len(),
        if asked.part == 0 { "tune" } else { "report" },
        rules.upper,
        rules.lower,
        rules.margin
    )?;
    writeln!(
        out,
        "| rows | n | linked | precision, linked | recall, linked | precision, linked or first shown | recall, linked or first shown | recall, linked or shown | share for a person |"
    )?;
    writeln!(out, "|---|--:|--:|--:|--:|--:|--:|--:|--:|")?;
    let started = std::time::Instant::now();
    let (mut without, mut with) = (Tally::default(), Tally::default());
    for kind in KINDS {
        let tally = bench.kind(kind, &asked)?;
        writeln!(out, "{}", tally.line(kind.title))?;
        if kind.code {
            with.add(&tally)
        } else {
            without.add(&tally)
        }
    }
    writeln!(out, "{}", without.line("**all kinds without a code**"))?;
    writeln!(out, "{}", with.line("**all kinds with a wrong code**"))?;
    let rows = f64::from(without.rows + with.rows);
    let spent = started.elapsed().as_secs_f64();
    if let Some(folder) = &asked.lists {
        for (title, tally) in bench.lists(folder, &asked)? {
            writeln!(out, "{}", tally.line(&title))?;
        }
    }
    writeln!(
        out,
        "\n{:.0} rows a second on one core, index in memory",
        rows / spent
    )?;
    Ok(())
}

struct Bench<'a> {
    rules: &'a Matching,
    all: &'a [Entity],
    index: MemoryIndex,
    /// Places in `all` of the entities in the index, in order.
    kept: Vec<usize>,
    held_out: Vec<usize>,
}

impl<'a> Bench<'a> {
    fn new(rules: &'a Matching, all: &'a [Entity]) -> Self {
        const ONE_IN: u64 = 20;
        let (held_out, kept): (Vec<usize>, Vec<usize>) =
            (0..all.len()).partition(|at| all.get(*at).is_some_and(|e| e.hash / 2 % ONE_IN == 0));
        let index = MemoryIndex::new(kept.iter().filter_map(|at| all.get(*at)).map(Entity::known));
        Self {
            rules,
            all,
            index,
            kept,
            held_out,
        }
    }

    fn kind(&mut self, kind: &Kind, asked: &Asked) -> Result<Tally, Box<dyn Error>> {
        let mut tally = Tally::default();
        for (case, truth) in self.cases(kind, asked)? {
            let found = self.ask(&case, truth);
            if asked.examples && found.linked > found.linked_right {
                writeln!(std::io::stderr(), "{}: {}", kind.title, case.name)?;
            }
            tally.add(&found);
        }
        Ok(tally)
    }

    /// Rows of a kind, each with the entity it is about, if that is known.
    fn cases(
        &mut self,
        kind: &Kind,
        asked: &Asked,
    ) -> Result<Vec<(Case, Option<&'a Entity>)>, Box<dyn Error>> {
        let all = self.all;
        let pool = if kind.absent {
            self.held_out.clone()
        } else {
            self.kept.clone()
        };
        let mut chance = Chance::new(kind.title);
        let mut cases = Vec::new();
        let mut tries = 0;
        while cases.len() < asked.sample && tries < asked.sample * 60 && !pool.is_empty() {
            tries += 1;
            let Some(entity) = pool.get(chance.below(pool.len())).and_then(|at| all.get(*at)) else {
                continue;
            };
            if entity.hash % 2 != asked.part {
                continue;
            }
            let Some(case) = (kind.spoil)(entity, all, &mut chance) else {
                continue;
            };
            let answerable = !kind.absent && !kind.nobody;
            if !answerable && self.is_known(&case) {
                continue;
            }
            cases.push((case, answerable.then_some(entity)));
        }
        Ok(cases)
    }

    /// Whether a name that should be nobody's is somebody's after all.
    fn is_known(&mut self, case: &Case) -> bool {
        let places = Places::standard();
        let reading = matching::Reading::of(&case.name, places);
        let Some(key) = matching::keys_of_query(std::slice::from_ref(&reading))
            .first()
            .copied()
        else {
            return false;
        };
        let ids = self.index.under(key, 10_000).ok().flatten().unwrap_or_default();
        let known = self.index.known(&ids).unwrap_or_default();
        known
            .iter()
            .any(|known| matching::Reading::of(&known.name, places).full == reading.full)
    }

    fn ask(&mut self, case: &Case, truth: Option<&Entity>) -> Tally {
        let places = Places::standard();
        let query = Query::new(&case.code, &case.name, "", &case.place, &case.address, places);
        let Ok(finding) = find(&mut self.index, self.rules, &query, places) else {
            return Tally::default();
        };
        let mut tally = Tally {
            rows: 1,
            answerable: u32::from(truth.is_some()),
            ..Tally::default()
        };
        let right: Vec<bool> = finding
            .candidates
            .iter()
            .map(|candidate| truth.is_some_and(|truth| self.same(candidate.entity_id, truth)))
            .collect();
        let first = right.first().copied().unwrap_or(false);
        match finding.answer {
            Answer::Link => {
                tally.linked = 1;
                tally.linked_right = u32::from(first);
            }
            Answer::Ask => {
                tally.asked = 1;
                tally.first_right = u32::from(first);
                tally.shown_right = u32::from(right.contains(&true));
            }
            Answer::Leave => {}
        }
        tally
    }

    /// The same code; or the same name in the same city, which nothing in a row could tell apart.
    fn same(&self, place: i64, truth: &Entity) -> bool {
        let at = usize::try_from(place).unwrap_or(usize::MAX);
        let found = self.kept.get(at).and_then(|at| self.all.get(*at));
        found.is_some_and(|found| {
            found.code == truth.code || (found.normal == truth.normal && found.division == truth.division)
        })
    }
}
