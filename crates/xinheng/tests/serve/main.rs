//! The server as its callers meet it: ready, open to the public where it should be, quick to regrade, clean when stopped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[path = "../common/mod.rs"]
mod common;
mod feeds;
mod gates;
mod whose;

use std::net::TcpStream;
use std::time::Duration;

use common::inside::{self, Inside};
use common::server::Server;
use common::{Place, edits, eventually, town};
use serde_json::Value;

fn with_town(place: &Place) {
    place
        .import("registration", &town().join("registration.csv"))
        .good();
}

#[test]
fn the_public_reads_plans_and_nobody_reads_classes_without_a_token() {
    let server = Server::start(with_town);
    assert_eq!(server.get("/health/live").unwrap().body, b"ok\n");
    assert!(server.get("/api/v1/public/plans").unwrap().good()["items"].is_array());
    let document = server.get("/api/openapi.json").unwrap().good();
    assert!(
        document["openapi"].as_str().unwrap().starts_with("3.1"),
        "{}",
        document["openapi"]
    );
    for path in [
        "/api/v1/assess/shares",
        "/api/v1/assess/runs",
        "/api/v1/intake/batches",
        "/metrics",
    ] {
        let answer = server.get(path).unwrap();
        assert_eq!(answer.status, 401, "{path}");
        assert!(
            answer.headers.contains("application/problem+json"),
            "{}",
            answer.headers
        );
        let answer = server
            .ask("GET", path, "Authorization: Bearer xh_wrong\r\n", b"")
            .unwrap();
        assert_eq!(answer.status, 401, "{path}");
    }
    assert!(server.read("/api/v1/assess/shares").is_array());
    let answer = server.get("/api/v1/nowhere").unwrap();
    assert_eq!(
        (
            answer.status,
            answer.json()["code"].as_str().unwrap_or_default().to_owned()
        ),
        (404, "edge.route.unknown".into())
    );
}

#[test]
fn a_batch_handed_over_regrades_its_entity_after_it_was_applied_and_once() {
    let server = Server::start(with_town);
    let rows = edits::read_city(town());
    let (registrations, penalties) = (&rows["registration"], &rows["penalty"]);
    let firm = registrations.rows[0].clone();
    let history = || server.read(&format!("/api/v1/assess/entities/{}/history", firm[0]));
    let first = history();
    assert_eq!(
        first.as_array().unwrap().len(),
        1,
        "graded when it was registered: {first}"
    );
    let points = first[0]["points"].as_i64().unwrap();

    let mut penalty = penalties.rows[0].clone();
    penalty[0].clone_from(&firm[0]);
    penalty[7] = first[0]["as_of"].as_str().unwrap().to_owned();
    // Still published, so it counts in full.
    penalty[9].clear();
    let text = format!("{}\n{}\n", penalties.headings.join(","), penalty.join(","));
    let receipt = server
        .hand_over("penalty", "Idempotency-Key: once\r\n", &text)
        .good();
    assert_eq!(receipt["known"], false);
    let path = format!("/api/v1/intake/batches/{}", receipt["batch_id"]);
    let batch = eventually("the batch is applied", || {
        Some(server.read(&path)).filter(|batch| batch["state"] == "applied")
    });
    assert_eq!(
        (&batch["rows_accepted"], &batch["rows_refused"]),
        (&Value::from(1), &Value::from(0)),
        "{batch}"
    );
    let second = eventually("the entity is regraded", || {
        Some(history()).filter(|changes| changes != &first)
    });
    let change = &second[0];
    assert_eq!(second.as_array().unwrap().len(), 2, "{second}");
    assert!(
        change["points"].as_i64().unwrap() > points,
        "a penalty counts: {second}"
    );
    assert!(
        change["run_id"].as_i64() > batch["last_record"].as_i64(),
        "the run came after the record: {change} {batch}"
    );
    let time = |value: &Value| {
        value
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    };
    assert!(
        time(&change["decided_at"]) >= time(&receipt["received_at"]),
        "{change} {receipt}"
    );
    let shown = server.read(&format!("/api/v1/assess/entities/{}", firm[0]));
    assert_eq!(
        shown["explanation"]["points"], change["points"],
        "the single answer says the same"
    );

    // The same question again has the same answer; the same content under another key is known; nothing is regraded.
    assert_eq!(
        server
            .hand_over("penalty", "Idempotency-Key: once\r\n", &text)
            .good(),
        receipt
    );
    assert_eq!(server.hand_over("penalty", "", &text).good()["known"], true);
    let other = server.hand_over("penalty", "Idempotency-Key: once\r\n", "another body");
    assert_eq!(other.status, 409);
    assert_eq!(server.hand_over("penalti", "", &text).status, 422);
    assert_eq!(server.hand_over("penalty", "", "").status, 422);
    assert_eq!(history(), second);
}

#[test]
fn batches_handed_over_by_many_at_once_are_all_applied_once() {
    let server = Server::start(with_town);
    let rows = edits::read_city(town());
    let complaints = &rows["complaint"];
    let parts: Vec<String> = complaints
        .rows
        .chunks(complaints.rows.len() / 8 + 1)
        .map(|rows| {
            let lines: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
            format!("{}\n{}\n", complaints.headings.join(","), lines.join("\n"))
        })
        .collect();
    std::thread::scope(|scope| {
        for part in &parts {
            scope.spawn(|| server.hand_over("complaint", "", part).good());
            scope.spawn(|| server.hand_over("complaint", "", part).good());
        }
    });
    let batches = eventually("all batches are applied", || {
        let list = server.read("/api/v1/intake/batches?limit=100");
        let list = list["items"].as_array().unwrap().clone();
        let complaints: Vec<Value> = list
            .into_iter()
            .filter(|batch| batch["item"] == "complaint")
            .collect();
        complaints
            .iter()
            .all(|batch| batch["state"] == "applied")
            .then_some(complaints)
    });
    assert_eq!(batches.len(), parts.len(), "the same content twice is one batch");
    let read: i64 = batches
        .iter()
        .map(|batch| batch["rows_read"].as_i64().unwrap())
        .sum();
    assert_eq!(read, i64::try_from(complaints.rows.len()).unwrap());
}

#[test]
fn sigterm_stops_the_server_cleanly_although_a_silent_caller_hangs_on_the_line() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(with_town);
        let _silent = TcpStream::connect(server.address).unwrap();
        let text = std::fs::read_to_string(town().join("complaint.csv")).unwrap();
        server.hand_over("complaint", "", &text).good();
        server.signal(signal);
        assert_eq!(server.running.wait(), Some(0), "{signal}");
        assert!(
            TcpStream::connect(server.address).is_err(),
            "nobody listens any more"
        );
        // What was accepted is not lost, whether the worker had come to it or not.
        server.place.run(&["log", "verify"]).good();
        let inside = Inside::open(&server.place.data());
        assert!(
            inside.batches().iter().all(|(_, state, _)| state == "applied"),
            "{:?}",
            inside.batches()
        );
        assert_eq!(inside.batches().len(), 2);
        assert_eq!((inside.count(&inside::OPEN_JOBS), inside.staged()), (0, 0));
    }
}

#[test]
fn a_server_killed_with_work_in_hand_goes_on_when_it_is_started_again() {
    let mut server = Server::start(with_town);
    let text = std::fs::read_to_string(town().join("social-security.csv")).unwrap();
    server.hand_over("social-security", "", &text).good();
    std::thread::sleep(Duration::from_millis(30));
    server.signal("-KILL");
    assert_eq!(server.running.wait(), None);
    server.running = server
        .place
        .start(&["serve", "--listen", &server.address.to_string()]);
    server.running.first_line();
    eventually("the batch is applied after all", || {
        let batches = server.read("/api/v1/intake/batches?limit=10");
        let newest = &batches["items"][0];
        (newest["item"] == "social-security" && newest["state"] == "applied").then_some(())
    });
    server.signal("-TERM");
    assert_eq!(server.running.wait(), Some(0));
    let calm = Place::with_deployment();
    with_town(&calm);
    calm.import("social-security", &town().join("social-security.csv"))
        .good();
    let state = |place: &Place| {
        let inside = Inside::open(&place.data());
        (inside.records(), inside.classes())
    };
    let (found, wanted) = (state(&server.place), state(&calm));
    assert!(
        found == wanted,
        "{} records, {} in calm",
        found.0.len(),
        wanted.0.len()
    );
}
