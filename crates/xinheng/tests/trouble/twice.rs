//! The same file twice at once: over HTTP, by two processes, from two suppliers.
use std::process::Stdio;

use super::common::server::Server;
use super::common::{Place, Ran, city, spawn, word};
use super::{State, import_of, reports, same, state};

const FIRMS: usize = 700;

fn registered(place: &Place) {
    let city = city(21, FIRMS);
    place
        .import("registration", &city.path().join("registration.csv"))
        .good();
}

/// What one undisturbed import comes to. No row of the file corrects another one of it: such a file handed over again says
/// the first wording anew, then the last.
fn calm() -> (Place, std::path::PathBuf) {
    let calm = Place::with_deployment();
    registered(&calm);
    let text = std::fs::read_to_string(reports(&calm, FIRMS)).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    // Code and year.
    let key = |line: &str| {
        line.split(',')
            .step_by(2)
            .take(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let once: Vec<&str> = text.lines().filter(|line| seen.insert(key(line))).collect();
    let file = calm.write("once.csv", once.join("\n"));
    calm.run(&import_of(&file)).good();
    (calm, file)
}

#[test]
fn two_processes_with_the_same_file_take_turns_and_keep_it_once() {
    let (calm, file) = calm();
    let place = Place::with_deployment();
    registered(&place);
    let start = || {
        let mut command = place.command(&import_of(&file));
        spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()))
    };
    let both = [start(), start()].map(|running| {
        let done = running.wait_with_output().unwrap();
        Ran {
            code: done.status.code(),
            out: String::from_utf8(done.stdout).unwrap(),
            err: String::from_utf8_lossy(&done.stderr).replace("注意：", "\n注意："),
        }
    });
    // One does it; the other is told who is at it, or comes after it and finds the file known.
    assert!(both.iter().any(|ran| ran.code == Some(0)), "{both:?}");
    for ran in &both {
        let turned_away =
            ran.err.contains("代码：hall.folder.in-use") && ran.err.contains("正被另一个信衡进程");
        assert!(ran.code == Some(0) || turned_away, "{ran:?}");
    }
    let said = place.run(&import_of(&file)).good();
    assert!(said.contains("以前已经导入过"), "{said}");
    same("after two at once", &state(&place), &state(&calm));
}

#[test]
fn the_same_file_handed_over_twice_at_once_is_one_batch_and_from_two_suppliers_it_says_nothing_new() {
    let (calm, file) = calm();
    let place = Place::new();
    let said = place.run(&["init"]).good();
    registered(&place);
    let server = Server::serve(place, word(&said, "请妥善保存）："));
    let text = std::fs::read_to_string(&file).unwrap();
    let answers = std::thread::scope(|scope| {
        let ask = |_| scope.spawn(|| server.hand_over("annual-report", "", &text).good());
        let asked: Vec<_> = (0..4).map(ask).collect();
        asked
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect::<Vec<_>>()
    });
    let first = &answers[0]["batch_id"];
    assert!(
        answers.iter().all(|answer| &answer["batch_id"] == first),
        "{answers:?}"
    );
    let new = answers.iter().filter(|answer| answer["known"] == false).count();
    assert_eq!(new, 1, "{answers:?}");
    let other = |supplier: &str| {
        let path = format!("/api/v1/intake/batches?item=annual-report&supplier={supplier}&file_name=x.csv");
        let headers = format!("Authorization: Bearer {}\r\n", server.token);
        server
            .ask("POST", &path, &headers, text.as_bytes())
            .unwrap()
            .good()
    };
    let suppliers = std::thread::scope(|scope| {
        let asked = ["440500-one", "440500-two"].map(|supplier| scope.spawn(move || other(supplier)));
        asked.map(|asked| asked.join().unwrap())
    });
    assert!(
        suppliers.iter().all(|answer| answer["known"] == false),
        "{suppliers:?}"
    );
    let Server {
        place, mut running, ..
    } = {
        server.signal("-TERM");
        server
    };
    assert_eq!(running.wait(), Some(0));
    place.run(&["plan", "list"]).good();
    let (found, wanted) = (state(&place), state(&calm));
    assert!(
        found.records == wanted.records,
        "{} records of {}",
        found.records.len(),
        wanted.records.len()
    );
    assert!(found.classes == wanted.classes);
    each_says_what_became_of_its_rows(&found, &wanted);
}

/// Every batch says what became of its rows: new once, unchanged twice, refused each time.
fn each_says_what_became_of_its_rows(found: &State, wanted: &State) {
    let reports: Vec<[i64; 4]> = found
        .batches
        .iter()
        .filter(|(item, ..)| item == "annual-report")
        .map(|(_, state, sums)| {
            assert_eq!(state, "applied");
            *sums
        })
        .collect();
    assert_eq!(reports.len(), 3, "{reports:?}");
    let accepted: i64 = reports.iter().map(|sums| sums[1]).sum();
    let wanted = wanted
        .batches
        .iter()
        .find(|(item, ..)| item == "annual-report")
        .unwrap()
        .2;
    assert_eq!(accepted, wanted[1], "{reports:?}");
    // One batch is as undisturbed; to the others every good row is known.
    for sums in &reports {
        let [read, _, unchanged, refused] = *sums;
        assert!(
            *sums == wanted || (read, refused) == (unchanged + wanted[3], wanted[3]),
            "{reports:?}"
        );
    }
}
