//! The rim of the process: the only place that reads the clock and the system's randomness, and opens a deployment.
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use chrono::Utc;
use db::Db;
use house::assess::life;
use house::hall::files::{DataFolder, Settings};
use house::hall::keys::{Keys, SECRET_BYTES};
use house::hall::{Chance, Clock, House, Law, command, ledger, log, token};
use kernel::{Actor, Fault, Instant, Outcome};
use proof::Suite;
use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::packs;

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the time is read")]
    fn now(&self) -> Instant {
        Utc::now()
    }
}

/// A clock that is set by hand and then runs with the system's: the demo lives on fixed days.
pub struct SetClock {
    shift: Mutex<chrono::Duration>,
}

impl SetClock {
    /// A clock that shows `start` now.
    pub fn starting_at(start: Instant) -> Self {
        Self {
            shift: Mutex::new(start - SystemClock.now()),
        }
    }

    /// Sets the clock.
    pub fn set(&self, now: Instant) {
        if let Ok(mut shift) = self.shift.lock() {
            *shift = now - SystemClock.now();
        }
    }
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        let shift = self.shift.lock().map(|shift| *shift).unwrap_or_default();
        SystemClock.now() + shift
    }
}

/// The clock of this process: the system's, or one shifted by whole days for trials, which is said loudly.
pub fn clock(shift_days: i32) -> Arc<dyn Clock> {
    if shift_days == 0 {
        return Arc::new(SystemClock);
    }
    let clock = SetClock::starting_at(SystemClock.now() + chrono::Duration::days(i64::from(shift_days)));
    let today = house::hall::local_day(clock.now());
    crate::say::note(format!(
        "注意：时钟移动了 {shift_days} 天，今天算作 {today}。只供试运行和测试。"
    ));
    Arc::new(clock)
}

/// The system's source of randomness.
pub struct SystemChance;

impl Chance for SystemChance {
    fn fill(&self, bytes: &mut [u8]) -> Outcome<()> {
        SysRng
            .try_fill_bytes(bytes)
            .map_err(|e| Fault::internal("系统随机数不可用", std::io::Error::other(e.to_string())))
    }
}

/// Opens the deployment in a data folder for this process alone.
pub fn open(data: &Path, clock: Arc<dyn Clock>) -> Outcome<House> {
    let folder = DataFolder::open(data)?;
    let keys = Keys::open(&folder)?;
    let pack = packs::open(&folder.settings().pack)?;
    let db = Db::open(&folder.database_url())?;
    db.migrate(house::MIGRATIONS)?;
    let mut tx = db.read()?;
    log::require_own(&mut tx, &keys)?;
    behind(clock.now(), ledger::newest_at(&mut tx)?);
    drop(tx);
    let house = House {
        db,
        law: Arc::new(Law::new(pack)),
        keys: Arc::new(keys),
        names: house::hall::names::open(&folder)?,
        folder: Arc::new(folder),
        clock,
        chance: Arc::new(SystemChance),
    };
    life::service::refresh(&house)?;
    Ok(house)
}

/// How far the clock may be behind what was noted last before anybody is told.
const BEHIND_SECONDS: i64 = 60;

/// Says so when the clock is behind what was noted last: days of classes and deadlines would be wrong.
fn behind(now: Instant, newest: Option<Instant>) {
    let Some(newest) = newest.filter(|newest| *newest - now > chrono::Duration::seconds(BEHIND_SECONDS))
    else {
        return;
    };
    let minutes = (newest - now).num_minutes();
    crate::say::note(format!(
        "注意：系统时钟比已经记下的最后一件事早 {minutes} 分钟，可能被拨回。已入库的数据不受影响；请核对系统时间，以免日期和期限算错。"
    ));
}

/// Makes a new deployment. Returns it with the operator's token, which is shown only now.
pub fn init(data: &Path, settings: Settings, clock: Arc<dyn Clock>) -> Outcome<(House, String)> {
    let pack = packs::open(&settings.pack)?;
    let settings = Settings {
        pack: packs::lasting_name(&settings.pack)?,
        ..settings
    };
    let suite = Suite::parse(&settings.suite).ok_or_else(|| {
        let detail = format!(
            "不认识的密码套件“{}”。可用:sm3-sm2、sha256-ed25519。",
            settings.suite
        );
        Fault::invalid("hall.suite.unknown", detail)
    })?;
    let folder = DataFolder::create(data, settings)?;
    let db = Db::create(&folder.database_url())?;
    db.migrate(house::MIGRATIONS)?;
    log::require_empty(&mut db.read()?)?;
    let chance = SystemChance;
    let mut secret = [0_u8; SECRET_BYTES];
    chance.fill(&mut secret)?;
    let keys = Keys::create(&folder, suite, &secret)?;
    let house = House {
        db,
        law: Arc::new(Law::new(pack)),
        keys: Arc::new(keys),
        names: house::hall::names::open(&folder)?,
        folder: Arc::new(folder),
        clock,
        chance: Arc::new(chance),
    };
    let token = new_token(&house)?;
    // Last, so that a deployment that failed half-way is none and can be tried again.
    house.folder.found()?;
    Ok((house, token))
}

/// Makes another operator's token.
pub fn new_token(house: &House) -> Outcome<String> {
    let mut random = [0_u8; 24];
    house.chance.fill(&mut random)?;
    let op = house.op(Actor::operator("本机操作员"), "init");
    command(house, &op, |tx, op| token::create(tx, op, "本机操作员", random))
}

/// What is logged unless `RUST_LOG` says otherwise: warnings of everybody, and what the house itself tells. Only the
/// server tells anything (a line for each request), so that other commands stay quiet.
const LOGGED: &str = "warn,tower_http=info,house=info,xinheng=info";

/// Structured logs on standard error: text for people, JSON for machines. `RUST_LOG` chooses what.
pub fn start_log(json: bool) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    if json {
        log.json().init();
    } else {
        log.init();
    }
}

/// The day in China now, for commands that need no deployment.
pub fn today() -> kernel::Day {
    house::hall::local_day(SystemClock.now())
}
