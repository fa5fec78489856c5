//! Checks the rows of a file on every core, and gives them back in their order.
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use kernel::{Fault, Outcome};
use readers::ReadFault;

use super::super::model::{LooseDraft, Refusal};
use super::super::rules::{Checker, Judged};
use super::super::table::{self, Line};
use super::frame::Frame;

/// Rows that go from hand to hand together: one frame.
const TOGETHER: usize = 4_000;
/// Bytes of text at which a frame is closed although it has fewer rows: rows may be a megabyte long each, and a frame is
/// one value of the database and stands in memory whole.
const TOGETHER_BYTES: usize = 8 << 20;
/// More threads than this only wait for the reader.
const MOST_THREADS: usize = 8;
/// Pieces under way for each thread: one read, one checked, one kept.
const IN_HAND: usize = 3;

/// What checking some rows in sequence came to.
#[derive(Default)]
pub struct Checked {
    /// Rows read, without blank ones.
    pub rows: i64,
    /// Last line read.
    pub last_line: i64,
    /// Rows refused.
    pub refused: i64,
    /// Why.
    pub refusals: Vec<Refusal>,
    /// Rows of a reject report that come back: line, and batch and line of the refused row it takes the place of.
    pub corrects: Vec<(i64, i64, i64)>,
    /// The good rows.
    pub frame: Frame,
    /// Rows that are good but for their code.
    pub loose: Vec<LooseDraft>,
}

impl Checked {
    fn take(&mut self, checker: &Checker<'_>, line: &Line) {
        let number = line.number();
        let row = match line {
            Line::Row(row) => row,
            Line::Bad(fault) => {
                self.rows += 1;
                self.last_line = number;
                self.refused += 1;
                self.refusals.push(unreadable(number, fault));
                return;
            }
        };
        if row.cells().all(|cell| cell.trim().is_empty()) {
            return;
        }
        self.rows += 1;
        self.last_line = number;
        if let Some((batch, of_line)) = checker.corrects(|at| row.cell(at)) {
            self.corrects.push((number, batch, of_line));
        }
        match checker.judge(number, &|at| row.cell(at)) {
            Judged::Good(draft) => self.frame.push(&draft),
            Judged::Loose(draft) => self.loose.push(draft),
            Judged::Refused(mut faults) => {
                self.refused += 1;
                // One line may have the same field wrong in two ways; the first tells enough.
                let mut named = BTreeSet::new();
                faults.retain(|fault| named.insert(fault.field.clone()));
                self.refusals.append(&mut faults);
            }
        }
    }
}

/// A row that cannot be read at all is refused like any other.
fn unreadable(line: i64, fault: &ReadFault) -> Refusal {
    let column = match fault {
        ReadFault::Row {
            column: Some(column), ..
        } => format!("第 {column} 列"),
        _ => "整行".to_owned(),
    };
    Refusal {
        line,
        field: column,
        value: String::new(),
        code: fault.code().to_owned(),
        reason: fault.reason().to_owned(),
        suggestion: fault.suggestion().map(str::to_owned),
    }
}

/// Rows in hand, and where in the file they belong.
type Piece = (u64, Outcome<Vec<Line>>);
/// What a piece came to.
type Done = (u64, Outcome<Checked>);

/// Checks every row after a line. `keep` gets what was checked in the order of the file; its fault, or the file's, ends it.
/// However long the file, only a few pieces are in memory: each thread waits until the next one takes its pieces.
pub fn check_all(
    checker: &Checker<'_>,
    rows: table::Rows,
    after: i64,
    mut keep: impl FnMut(Checked) -> Outcome<()>,
) -> Outcome<()> {
    let threads = std::thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(MOST_THREADS);
    let (give, work) = channel::<Piece>();
    let work = Mutex::new(work);
    std::thread::scope(|scope| {
        // The keeper hands out a leave for each piece it will take, so that nothing piles up anywhere.
        let (leave, leaves) = channel();
        let (tell, done) = channel::<Done>();
        for _ in 0..threads * IN_HAND {
            let _ = leave.send(());
        }
        scope.spawn(move || read(rows, after, &give, &leaves));
        for _ in 0..threads {
            let (tell, work) = (tell.clone(), &work);
            scope.spawn(move || check(checker, work, &tell));
        }
        drop(tell);
        // A fault drops what the reader waits for, which ends the reader, which ends the others.
        in_order(&done, &leave, &mut keep)
    })
}

/// Cuts the file into pieces.
fn read(rows: table::Rows, after: i64, give: &Sender<Piece>, leaves: &Receiver<()>) {
    let mut number = 0;
    let mut bytes = 0;
    let mut piece = Vec::with_capacity(TOGETHER);
    let mut send = |piece: Outcome<Vec<Line>>| {
        number += 1;
        leaves.recv().is_ok() && give.send((number - 1, piece)).is_ok()
    };
    for row in rows {
        match row {
            Ok(row) if row.number() <= after => {}
            Ok(row) => {
                bytes += row.bytes();
                piece.push(row);
            }
            Err(fault) => {
                let _ = send(Ok(piece)) && send(Err(fault));
                return;
            }
        }
        if piece.len() >= TOGETHER || bytes >= TOGETHER_BYTES {
            bytes = 0;
            let full = std::mem::replace(&mut piece, Vec::with_capacity(TOGETHER));
            if !send(Ok(full)) {
                return;
            }
        }
    }
    let _ = send(Ok(piece));
}

/// Checks pieces until there are no more.
fn check(checker: &Checker<'_>, work: &Mutex<Receiver<Piece>>, tell: &Sender<Done>) {
    loop {
        let Ok(next) = work.lock().map(|work| work.recv()) else {
            return;
        };
        let Ok((number, piece)) = next else { return };
        let checked = piece.map(|rows| {
            let mut checked = Checked::default();
            for row in &rows {
                checked.take(checker, row);
            }
            checked
        });
        if tell.send((number, checked)).is_err() {
            return;
        }
    }
}

fn in_order(
    done: &Receiver<Done>,
    leave: &Sender<()>,
    keep: &mut impl FnMut(Checked) -> Outcome<()>,
) -> Outcome<()> {
    let mut waiting: BTreeMap<u64, Outcome<Checked>> = BTreeMap::new();
    let mut next = 0;
    for (number, checked) in done {
        waiting.insert(number, checked);
        while let Some(checked) = waiting.remove(&next) {
            next += 1;
            keep(checked?)?;
            let _ = leave.send(());
        }
    }
    if waiting.is_empty() {
        Ok(())
    } else {
        let died = std::io::Error::other("a thread that checks rows died");
        Err(Fault::internal("核对数据的线程中断", died))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn a_piece_ends_by_bytes_long_before_it_has_its_rows() {
        let long = "x".repeat(1 << 20);
        let mut text = "a,b\n".to_owned();
        (0..20).for_each(|n| writeln!(text, "{n},{long}").unwrap());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let rows = table::open(file.path(), "x.csv", 0).unwrap().after(0);
        let ((give, work), (leave, leaves)) = (channel(), channel());
        (0..9).for_each(|_| leave.send(()).unwrap());
        read(rows, 0, &give, &leaves);
        drop(give);
        let pieces: Vec<usize> = work.iter().map(|(_, piece)| piece.unwrap().len()).collect();
        assert_eq!(pieces, [8, 8, 4], "8 MiB and the row that goes over");
    }
}
