//! Duties (待办): who must do what by when. Every deadline in the house is one of these, so one table gives
//! every inbox, every late list and every on-time rate.
use chrono::{DateTime, NaiveDate, Utc};
use db::Tx;
use kernel::actor::Jurisdiction;
use kernel::page::{Cursor, Page};
use kernel::{Day, Division, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::ledger::{self, Event};
use super::{House, InJurisdiction, Op, command, paged, store};

/// What the basis of a deadline says while a year it touches has no holiday notice.
const PROVISIONAL: &str =
    "（所涉年度的放假安排尚未公布，暂按《全国年节及纪念日放假办法》推算，公布后自动重算）";

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
    let term = term(op, deadline, duty.from)?;
    let duty_id = tx.next_id()?;
    store::save_duty(tx, op, duty_id, duty, Some(deadline), &term)?;
    Ok(term.due_on)
}

/// Opens a duty whose last day and basis are already known. Opening it again changes nothing.
pub fn open_until(tx: &mut Tx, op: &Op, duty: &NewDuty, due_on: Day, basis: &str) -> Outcome<()> {
    let duty_id = tx.next_id()?;
    let term = Term {
        due_on,
        basis: basis.to_owned(),
        provisional: false,
    };
    store::save_duty(tx, op, duty_id, duty, None, &term)
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
    term(op, code, from).map(|term| (term.due_on, term.basis))
}

/// A deadline reckoned.
pub(super) struct Term {
    pub due_on: Day,
    pub basis: String,
    /// It touches a year whose holiday notice is not out.
    pub provisional: bool,
}

fn term(op: &Op, code: &str, from: Day) -> Outcome<Term> {
    let pack = op.pack.on(from);
    let answer = pack.due(code)?;
    let provisional = pack.is_provisional(answer.value);
    let note = if provisional { PROVISIONAL } else { "" };
    Ok(Term {
        due_on: answer.value,
        basis: format!("{}{}{note}", answer.trace.basis.title, answer.trace.basis.article),
        provisional,
    })
}

/// Reckons open duties anew whose last day rested on a year without a holiday notice, once the pack holds that notice.
/// A changed day is told in the ledger. Returns how many were changed; what is still provisional stays as it is.
pub fn redate(house: &House, op: &Op) -> Outcome<u64> {
    let (mut after, mut changed) = (0, 0);
    loop {
        let (last, redated) = command(house, op, |tx, op| redate_some(tx, op, after))?;
        changed += redated;
        match last {
            Some(last) => after = last,
            None => return Ok(changed),
        }
    }
}

/// The next few after a number. Returns the last number looked at, while there was any.
fn redate_some(tx: &mut Tx, op: &Op, after: i64) -> Outcome<(Option<i64>, u64)> {
    const AT_ONCE: i64 = 500;
    let mut changed = 0;
    let duties = store::provisional_duties(tx, after, AT_ONCE)?;
    for (duty, deadline) in &duties {
        let term = term(op, deadline, duty.opened_on)?;
        if term.provisional && term.due_on == duty.due_on {
            continue;
        }
        store::redate_duty(tx, duty.duty_id, &term)?;
        changed += 1;
        if term.due_on != duty.due_on {
            let event = Event {
                verb: "hall.duty-redated",
                subject: duty.subject.clone(),
                division: duty.division.clone(),
                department: duty.department.clone(),
                payload: json!({ "duty": duty.duty_id, "kind": duty.kind, "from": duty.due_on, "to": term.due_on }),
                ..Event::default()
            };
            ledger::append(tx, op, event)?;
        }
    }
    Ok((duties.last().map(|(duty, _)| duty.duty_id), changed))
}
