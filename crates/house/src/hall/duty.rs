//! Duties (待办): who must do what by when. Every deadline in the house is one of these, so one table gives
//! every inbox, every late list and every on-time rate.
use chrono::{DateTime, NaiveDate, Utc};
use db::Tx;
use kernel::actor::Jurisdiction;
use kernel::page::{Cursor, Page};
use kernel::{Day, Division, Outcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{InJurisdiction, Op, paged, store};

/// A duty about to be opened.
#[derive(Debug, Clone)]
pub struct NewDuty {
    /// `module.verb`, for example `inspect.publish-result`; also the code of the deadline in the pack.
    pub kind: &'static str,
    /// What it is about, as `kind:number`. One open duty of a kind for each subject.
    pub subject: String,
    /// What must be done, in Chinese.
    pub title: String,
    /// The entity concerned.
    pub entity_id: Option<i64>,
    /// Where.
    pub division: Option<String>,
    /// Who owes it.
    pub department: Option<String>,
    /// The day the clock starts; that day itself is not counted.
    pub from: Day,
}

/// A duty as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Duty {
    /// Number.
    pub duty_id: i64,
    /// Kind, see [`NewDuty::kind`].
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// What must be done.
    pub title: String,
    /// Where.
    pub division: Option<String>,
    /// Who owes it.
    pub department: Option<String>,
    /// Start of the clock.
    pub opened_on: NaiveDate,
    /// Last day on which it is in time.
    pub due_on: NaiveDate,
    /// Source of the deadline: document and article.
    pub basis: String,
    /// When it was done.
    pub done_at: Option<DateTime<Utc>>,
}

impl InJurisdiction for Duty {
    fn jurisdiction(&self) -> Jurisdiction {
        Jurisdiction {
            division: self
                .division
                .as_deref()
                .and_then(|place| Division::parse(place).ok()),
            department: self.department.clone(),
        }
    }
}

/// Opens a duty whose deadline the pack knows under the duty's kind. Opening it again changes nothing.
pub fn open(tx: &mut Tx, op: &Op, duty: &NewDuty) -> Outcome<Day> {
    open_under(tx, op, duty, duty.kind)
}

/// Opens a duty under a deadline the pack itself names, for example for the follow-up of a result.
pub fn open_under(tx: &mut Tx, op: &Op, duty: &NewDuty, deadline: &str) -> Outcome<Day> {
    let (due_on, basis) = due(op, deadline, duty.from)?;
    let duty_id = tx.next_id()?;
    store::save_duty(tx, op, duty_id, duty, due_on, &basis)?;
    Ok(due_on)
}

/// Opens a duty whose last day and basis are already known. Opening it again changes nothing.
pub fn open_until(tx: &mut Tx, op: &Op, duty: &NewDuty, due_on: Day, basis: &str) -> Outcome<()> {
    let duty_id = tx.next_id()?;
    store::save_duty(tx, op, duty_id, duty, due_on, basis)
}

/// Closes the duty of a kind for a subject. Returns whether one was open.
pub fn done(tx: &mut Tx, op: &Op, kind: &str, subject: &str) -> Outcome<bool> {
    store::close_duty(tx, op, kind, subject)
}

/// A page of the open duties the actor reaches, the most urgent first; only those of `department` when it is given.
pub fn open_duties(
    tx: &mut Tx,
    op: &Op,
    department: Option<&str>,
    cursor: Option<&str>,
    limit: i64,
) -> Outcome<Page<Duty>> {
    let start = || Ok((Day::default(), 0));
    let after: (Day, i64) = cursor.map_or_else(start, |text| Cursor::from_text(text).decode())?;
    let key = |duty: &Duty| (duty.due_on, duty.duty_id);
    paged(tx, &op.actor.scope, (after, limit), key, |tx, after, chunk| {
        store::open_duties(tx, department, *after, chunk)
    })
}

/// The duties about one subject.
pub fn about(tx: &mut Tx, subject: &str) -> Outcome<Vec<Duty>> {
    store::duties_about(tx, subject)
}

/// The last day in time for a deadline of the pack that starts on `from`, with its basis.
pub fn due(op: &Op, code: &str, from: Day) -> Outcome<(Day, String)> {
    let answer = op.pack.on(from).due(code)?;
    Ok((
        answer.value,
        format!("{}{}", answer.trace.basis.title, answer.trace.basis.article),
    ))
}
