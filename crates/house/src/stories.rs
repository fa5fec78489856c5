//! Builders for the stories the modules tell in their tests: a small town on a database of its own.
use std::path::Path;
use std::sync::{Arc, Mutex};

use db::{Db, Tx};
use kernel::{Actor, Instant, Outcome};
use policy::pack::Pack;
use proof::Suite;

use crate::hall::files::{DataFolder, Settings};
use crate::hall::keys::Keys;
use crate::hall::{Chance, Clock, House, Law, Op, command, job, ledger, log, query};
use crate::intake::correction::{ReportForm, reject_report};
use crate::intake::model::{Batch, NewBatch, Taken};
use crate::intake::service::{self as intake, HandOver, Mapping};

/// A clock that stands still until it is moved.
pub struct Still(pub Mutex<Instant>);

impl Clock for Still {
    fn now(&self) -> Instant {
        *self.0.lock().unwrap()
    }
}

/// Bytes that count up: chance for tests that must repeat.
pub struct Counting(Mutex<u8>);

impl Chance for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Outcome<()> {
        let mut next = self.0.lock().unwrap();
        for byte in bytes {
            *next = next.wrapping_add(1);
            *byte = *next;
        }
        Ok(())
    }
}

/// A house with everything it needs, thrown away at the end of the test.
pub struct Town {
    pub house: House,
    pub clock: Arc<Still>,
    _folder: tempfile::TempDir,
}

/// A credit code that is right: of a firm in 金平区.
pub const FIRM: &str = "91440511MA4000004Y";
/// Another.
pub const OTHER: &str = "91440511MA400008XL";
/// An individual household.
pub const HOUSEHOLD: &str = "92440511MA40001192";

impl Town {
    /// A town on an empty migrated database, on Monday 2026-06-01, nine in the morning in China.
    pub fn build(db: &Db) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            database: "sqlite:unused.db".into(),
            pack: "base".into(),
            suite: "sm3-sm2".into(),
        };
        let data = DataFolder::create(&folder.path().join("data"), settings).unwrap();
        let keys = Keys::create(&data, Suite::Sm3Sm2, &[7; 32]).unwrap();
        let pack = Pack::load(Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../packs/base"
        )))
        .unwrap();
        let clock = Arc::new(Still(Mutex::new("2026-06-01T01:00:00Z".parse().unwrap())));
        let house = House {
            db: db.clone(),
            law: Arc::new(Law::new(pack)),
            keys: Arc::new(keys),
            names: crate::hall::names::open(&data).unwrap(),
            folder: Arc::new(data),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            chance: Arc::new(Counting(Mutex::new(0))),
        };
        Self {
            house,
            clock,
            _folder: folder,
        }
    }

    /// The operator, now.
    pub fn op(&self) -> Op {
        self.house.op(Actor::operator("操作员"), "story")
    }

    /// Moves the clock on.
    pub fn later(&self, days: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now += chrono::Duration::days(days);
    }

    /// One command.
    pub fn run<T>(&self, work: impl FnMut(&mut Tx, &Op) -> Outcome<T>) -> Outcome<T> {
        command(&self.house, &self.op(), work)
    }

    /// One question.
    pub fn ask<T>(&self, work: impl FnOnce(&mut Tx, &Op) -> Outcome<T>) -> T {
        query(&self.house, &self.op(), work).unwrap()
    }

    /// Hands a file over and lets the house digest it.
    pub fn hand_over(&self, item: &str, text: &str) -> Batch {
        self.hand_over_bytes(item, text.as_bytes())
    }

    /// The same with bytes.
    pub fn hand_over_bytes(&self, item: &str, bytes: &[u8]) -> Batch {
        self.hand_over_mapped(item, bytes, &Mapping::default())
    }

    /// The same with a column mapping.
    pub fn hand_over_mapped(&self, item: &str, bytes: &[u8], mapping: &Mapping) -> Batch {
        let batch_id = self.receive(item, bytes, mapping);
        self.settle();
        self.ask(|tx, _| intake::batch(tx, batch_id))
    }

    /// The reject report of a batch as CSV.
    pub fn refusals_csv(&self, batch_id: i64) -> Vec<u8> {
        self.ask(|tx, op| reject_report(&self.house, tx, op, batch_id, ReportForm::Csv))
            .1
    }

    /// A file arrives as departments send it, nobody saying what it is, and the house digests it. Its batches, and what of
    /// it was not taken in.
    pub fn arrives(&self, name: &str, bytes: &[u8]) -> Outcome<(Vec<Batch>, Vec<String>)> {
        self.arrives_as(name, bytes, None, &Mapping::default())
    }

    /// The same, with what is said of it.
    pub fn arrives_as(
        &self,
        name: &str,
        bytes: &[u8],
        item: Option<&str>,
        mapping: &Mapping,
    ) -> Outcome<(Vec<Batch>, Vec<String>)> {
        let digest = Suite::Sha256Ed25519.hash(bytes).to_string();
        let path = self.house.folder.write(&intake::file_of(&digest), bytes)?;
        let op = self.op();
        let tables = intake::describe(&op.pack.on(op.today()), &path, name, item, mapping, true)?;
        let over = HandOver {
            supplier: "440511-scjg",
            source: "file",
            file_name: name,
            digest: &digest,
            item,
            mapping,
        };
        let arrived = self.run(|tx, op| intake::arrive(tx, op, &over, &tables))?;
        self.settle();
        let number = |(_, taken): &(usize, Taken)| match taken {
            Taken::New(batch_id) => *batch_id,
            Taken::Known(batch) => batch.batch_id,
        };
        let batches = arrived.taken.iter().map(number);
        let batches = batches.map(|batch| self.ask(|tx, _| intake::batch(tx, batch)));
        Ok((batches.collect(), arrived.left))
    }

    /// Hands a file over without any work on it.
    pub fn receive(&self, item: &str, bytes: &[u8], mapping: &Mapping) -> i64 {
        let digest = Suite::Sha256Ed25519.hash(bytes).to_string();
        self.house.folder.write(&intake::file_of(&digest), bytes).unwrap();
        let new = NewBatch {
            item: item.into(),
            supplier: "440511-scjg".into(),
            source: "file".into(),
            file_name: format!("{item}.csv"),
            ..NewBatch::default()
        };
        match self
            .run(|tx, op| intake::receive(tx, op, &new, &digest, mapping))
            .unwrap()
        {
            Taken::New(batch_id) => batch_id,
            Taken::Known(batch) => batch.batch_id,
        }
    }

    /// Seals events, lets readers catch up, does jobs, until all is quiet.
    pub fn settle(&self) {
        let op = self.house.op(Actor::system("后台"), "story");
        let readers = crate::readers();
        let readers: Vec<&dyn ledger::Reader> = readers.iter().map(AsRef::as_ref).collect();
        let workers = crate::workers();
        let workers: Vec<&dyn job::Worker> = workers.iter().map(AsRef::as_ref).collect();
        loop {
            let sealed = log::seal(&self.house, &op).unwrap();
            let read = ledger::catch_up(&self.house, &op, &readers).unwrap();
            let worked = job::run_next(&self.house, &op, &workers, true).unwrap();
            if sealed == 0 && read == 0 && !worked {
                return;
            }
        }
    }

    /// Registers three entities.
    pub fn with_three(self) -> Self {
        let batch = self.hand_over("registration", &registrations());
        assert_eq!((batch.rows_accepted, batch.rows_refused), (3, 0), "{batch:?}");
        self
    }
}

/// Three registrations as a department would write them.
pub fn registrations() -> String {
    format!(
        "统一社会信用代码,名称,类型,成立日期,注册资本,登记状态,行业代码,行政区划,住所\n\
         {FIRM},示例甲餐饮有限公司,1130,2015-03-01,500万元,1,H6210,440511,示例路1号\n\
         {OTHER},示例乙商贸有限公司,1130,2025-11-20,100万元,1,F5211,440511001,示例路2号\n\
         {HOUSEHOLD},示例丙小吃店,9500,2020-05-06,,1,H6291,440507,示例路3号\n"
    )
}
