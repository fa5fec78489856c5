//! A look into a deployment that no process holds: its tables, and the house's own single answers.
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLockReadGuard};

use db::{Db, Row, Statement, args, statements};
use house::hall::files::DataFolder;
use house::hall::keys::Keys;
use house::hall::{Chance, Clock, House, Law, Op, query};
use kernel::{Actor, Day, Instant, Outcome};
use policy::pack::Pack;

statements! {
    /// Records in words, without numbers that depend on the order of work.
    RECORDS = "SELECT j.subject_no, r.item, r.record_key, r.digest, r.relation, COALESCE(n.digest, '') AS named
               FROM intake_record r JOIN intake_subject j ON j.subject_id = r.subject_id
               LEFT JOIN intake_record n ON n.record_id = r.names_id ORDER BY 1, 2, 3, 4, 5, 6";
    /// The register in words.
    ENTITIES = "SELECT j.subject_no, e.name FROM registry_entity e
                LEFT JOIN intake_subject j ON j.subject_id = e.entity_id ORDER BY 1, 2";
    /// Classes in words.
    CLASSES = "SELECT j.subject_no, c.class, c.points FROM assess_class c
               JOIN intake_subject j ON j.subject_id = c.entity_id ORDER BY 1";
    /// Batches and what they came to.
    BATCHES = "SELECT item, state, rows_read, rows_accepted, rows_unchanged, rows_refused FROM intake_batch
               ORDER BY item, batch_id";
    /// Refused fields.
    REFUSED = "SELECT CAST(count(*) AS BIGINT) AS n FROM intake_refusal";
    /// Refused fields in order, and why.
    REFUSALS = "SELECT line, field, value, code, reason, COALESCE(suggestion, '') AS suggestion FROM intake_refusal
                ORDER BY batch_id, line, field";
    /// Refused rows that have not come in corrected.
    REFUSED_OPEN = "SELECT CAST(COALESCE(sum(rows_refused - rows_corrected), 0) AS BIGINT) AS n FROM intake_batch
                    WHERE corrects_id IS NULL";
    /// Records.
    RECORD_COUNT = "SELECT CAST(count(*) AS BIGINT) AS n FROM intake_record";
    /// Batches.
    BATCH_COUNT = "SELECT CAST(count(*) AS BIGINT) AS n FROM intake_batch";
    /// Jobs that are not done.
    OPEN_JOBS = "SELECT CAST(count(*) AS BIGINT) AS n FROM hall_job WHERE state <> 'done'";
    /// Jobs that wait or are being done.
    LIVE_JOBS = "SELECT CAST(count(*) AS BIGINT) AS n FROM hall_job WHERE state IN ('queued', 'running')";
    /// Events by verb.
    EVENTS = "SELECT verb, CAST(count(*) AS BIGINT) AS n FROM hall_event GROUP BY verb ORDER BY verb";
    /// Runs by kind and state.
    RUNS = "SELECT run_id, kind, state, as_of, upto, entities, changed FROM assess_run ORDER BY run_id";
    /// Draws that were carried out.
    DRAWN = "SELECT CAST(count(*) AS BIGINT) AS n FROM inspect_draw WHERE state = 'drawn'";
    /// Tasks with their teams.
    TASKS = "SELECT task_no, subject_no, items, members, leader, state FROM inspect_task ORDER BY task_no";
    /// A step of the schema that no program knows yet.
    STEP_OF_TOMORROW = "INSERT INTO hall_migration (number, name, checksum) VALUES (9999, 'tomorrow', 'unknown')";
}

struct System;

impl Clock for System {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test looks at a deployment that lives on the system's clock"
    )]
    fn now(&self) -> Instant {
        chrono::Utc::now() + chrono::Duration::days(super::shift_days())
    }
}

impl Chance for System {
    fn fill(&self, bytes: &mut [u8]) -> Outcome<()> {
        bytes.fill(7);
        Ok(())
    }
}

/// The deployment, opened for this test while nobody else has it.
pub struct Inside {
    pub house: House,
    _gate: RwLockReadGuard<'static, ()>,
}

impl Inside {
    /// Opens the data folder as the program would.
    pub fn open(data: &Path) -> Self {
        let gate = super::GATE.read().unwrap_or_else(PoisonError::into_inner);
        let folder = DataFolder::open(data).unwrap();
        let name = folder.settings().pack.clone();
        let pack = if name.contains('/') {
            name.into()
        } else {
            super::repository("packs").join(name)
        };
        let house = House {
            db: Db::open(&folder.database_url()).unwrap(),
            law: Arc::new(Law::new(Pack::load(&pack).unwrap())),
            keys: Arc::new(Keys::open(&folder).unwrap()),
            names: house::hall::names::open(&folder).unwrap(),
            folder: Arc::new(folder),
            clock: Arc::new(System),
            chance: Arc::new(System),
        };
        Self { house, _gate: gate }
    }

    /// The operator, now.
    pub fn op(&self) -> Op {
        self.house.op(Actor::operator("测试"), "test")
    }

    /// The day in China.
    pub fn today(&self) -> Day {
        self.op().today()
    }

    /// A question to a module.
    pub fn ask<T>(&self, work: impl FnOnce(&mut db::Tx, &Op) -> Outcome<T>) -> T {
        query(&self.house, &self.op(), work).unwrap()
    }

    /// All rows of a statement.
    pub fn rows(&self, statement: &Statement) -> Vec<Row> {
        self.house.db.read().unwrap().all(statement, &args![]).unwrap()
    }

    /// The one number a statement gives.
    pub fn count(&self, statement: &Statement) -> i64 {
        self.rows(statement)[0].get("n").unwrap()
    }

    /// Batches whose checked rows still wait beside the database.
    pub fn staged(&self) -> usize {
        let inbox = std::fs::read_dir(self.house.folder.path("inbox"));
        let names = inbox
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name());
        names
            .filter(|name| name.to_string_lossy().ends_with(".rows"))
            .count()
    }

    /// Does a statement.
    pub fn exec(&self, statement: &Statement) {
        let mut tx = self.house.db.begin().unwrap();
        tx.exec(statement, &args![]).unwrap();
        tx.commit().unwrap();
    }

    /// Class and points of every entity by its code.
    pub fn classes(&self) -> BTreeMap<String, (String, i64)> {
        let rows = self.rows(&CLASSES);
        let class = |row: &Row| (row.get("class").unwrap(), row.get("points").unwrap());
        rows.iter()
            .map(|row| (row.get("subject_no").unwrap(), class(row)))
            .collect()
    }

    /// Every record in words.
    pub fn records(&self) -> Vec<[String; 6]> {
        let text = |row: &Row, column| row.get::<String>(column).unwrap();
        let columns = ["subject_no", "item", "record_key", "digest", "relation", "named"];
        self.rows(&RECORDS)
            .iter()
            .map(|row| columns.map(|column| text(row, column)))
            .collect()
    }

    /// Every entity in words; an entity without a code shows as an empty one.
    pub fn entities(&self) -> Vec<(String, String)> {
        let rows = self.rows(&ENTITIES);
        let code = |row: &Row| {
            row.get::<Option<String>>("subject_no")
                .unwrap()
                .unwrap_or_default()
        };
        rows.iter()
            .map(|row| (code(row), row.get("name").unwrap()))
            .collect()
    }

    /// Item, state and sums of every batch.
    pub fn batches(&self) -> Vec<(String, String, [i64; 4])> {
        let sums = ["rows_read", "rows_accepted", "rows_unchanged", "rows_refused"];
        let rows = self.rows(&BATCHES);
        rows.iter()
            .map(|row| {
                (
                    row.get("item").unwrap(),
                    row.get("state").unwrap(),
                    sums.map(|column| row.get(column).unwrap()),
                )
            })
            .collect()
    }

    /// How often each thing happened.
    pub fn events(&self) -> BTreeMap<String, i64> {
        self.rows(&EVENTS)
            .iter()
            .map(|row| (row.get("verb").unwrap(), row.get("n").unwrap()))
            .collect()
    }
}
