//! What leaves the house, as the other side meets it: downloads with proof, signed calls, records pushed on.
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::common::server::Server;
use crate::common::{Place, eventually, town, xinheng};
use crate::with_town;

/// What was told: headers in lower case, body.
type Told = Arc<Mutex<Vec<(String, Value)>>>;

/// Somebody who listens and keeps what he is told: headers in lower case, body.
fn listener() -> (String, Told) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/in", listener.local_addr().unwrap());
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut got = Vec::new();
            let mut buffer = [0_u8; 4_096];
            let (head, length) = loop {
                let read = stream.read(&mut buffer).unwrap();
                got.extend_from_slice(&buffer[..read]);
                if let Some(end) = got.windows(4).position(|four| four == b"\r\n\r\n") {
                    let head = String::from_utf8_lossy(&got[..end]).to_lowercase();
                    let length = head.split("content-length: ").nth(1).unwrap();
                    let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
                    got.drain(..end + 4);
                    break (head, length);
                }
            };
            while got.len() < length {
                let read = stream.read(&mut buffer).unwrap();
                got.extend_from_slice(&buffer[..read]);
            }
            kept.lock()
                .unwrap()
                .push((head, serde_json::from_slice(&got).unwrap()));
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                .unwrap();
        }
    });
    (address, told)
}

#[test]
fn another_system_downloads_the_ledger_bit_by_bit_and_is_told_of_what_happens() {
    let (address, told) = listener();
    let server = Server::start(|place| {
        with_town(place);
        let added = place
            .run(&["hook", "add", "市平台", &address, "--verb", "intake."])
            .good();
        assert!(added.contains("whsec_"), "{added}");
    });
    let to = server.place.path("events.ndjson");
    let from = format!("http://{}", server.address);
    let follow = |token: &str| {
        let to = to.to_str().unwrap();
        xinheng(&["feed", "follow", "--from", &from, "--token", token, "--to", to])
    };
    follow("xh_wrong").refused("feed.follow.unreachable");
    eventually("the ledger is in the tree", || {
        follow(&server.token).good().contains("没有缺失").then_some(())
    });
    let lines = || fs::read_to_string(&to).unwrap().lines().count();
    let first = lines();
    assert!(first > 3, "{first}");
    let penalty = "统一社会信用代码,决定书文号,处罚类别,处罚决定日期\n";
    server.hand_over("penalty", "", penalty).good();
    eventually("the batch is told of", || {
        let told = told.lock().unwrap();
        let events = told
            .iter()
            .flat_map(|(_, body)| body["events"].as_array().unwrap());
        events
            .clone()
            .any(|event| event["verb"] == "intake.batch-received")
            .then_some(())
    });
    assert!(
        told.lock()
            .unwrap()
            .iter()
            .all(|(head, _)| head.contains("webhook-signature: v1,"))
    );
    eventually("the new events are downloaded", || {
        follow(&server.token).good();
        (lines() > first).then_some(())
    });
    // A file that became shorter is not continued, and one that was never downloaded is not touched.
    let whole = fs::read(&to).unwrap();
    fs::write(&to, &whole[..whole.len() - 1]).unwrap();
    follow(&server.token).refused("feed.follow.refused");
    assert_eq!(fs::read(&to).unwrap().len(), whole.len() - 1);
    fs::write(&to, &whole).unwrap();
    let other = server.place.path("notes.txt");
    fs::write(&other, "手写的笔记").unwrap();
    let onto = [
        "feed",
        "follow",
        "--from",
        &from,
        "--token",
        &server.token,
        "--to",
    ];
    xinheng(&[&onto[..], &[other.to_str().unwrap()]].concat()).refused("feed.follow.refused");
    assert_eq!(fs::read_to_string(&other).unwrap(), "手写的笔记");
    // What a killed download wrote behind its mark is cut off.
    fs::write(&to, [&whole[..], b"{\"half"].concat()).unwrap();
    follow(&server.token).good();
    assert!(fs::read(&to).unwrap().starts_with(&whole));
    assert!(!fs::read_to_string(&to).unwrap().contains("{\"half"));
    // Whoever changes the file's mark is found out.
    let mark = server.place.path("events.ndjson.mark");
    let text = fs::read_to_string(&mark).unwrap();
    let node = text.split('"').find(|word| word.len() == 64).unwrap();
    fs::write(&mark, text.replace(node, &"0".repeat(64))).unwrap();
    follow(&server.token).refused("feed.follow.refused");
}

#[test]
fn records_entered_below_arrive_above_once() {
    let upper = Server::start(with_town);
    let (address, token) = (format!("http://{}", upper.address), upper.token.clone());
    let lower = Server::start(|place: &Place| {
        with_town(place);
        place.import("penalty", &town().join("penalty.csv")).good();
        let add = [
            "push",
            "add",
            "省平台",
            "--type",
            "penalty",
            "--to",
            &address,
            "--supplier",
            "440500",
        ];
        place.run(&[&add[..], &["--token", &token]].concat()).good();
    });
    let share = eventually("everything is acknowledged", || {
        let share = lower.read("/api/v1/intake/targets")[0].clone();
        (share["received"] == share["acknowledged"] && share["received"].as_i64() > Some(0)).then_some(share)
    });
    assert_eq!(
        (share["pushed_permille"].as_i64(), share["refused"].as_i64()),
        (Some(1_000), Some(0))
    );
    let counts = upper.read("/api/v1/intake/counts");
    let penalties = counts
        .as_array()
        .unwrap()
        .iter()
        .find(|count| count["item"] == "penalty")
        .unwrap()
        .clone();
    assert_eq!(penalties["records"], share["received"]);
}
