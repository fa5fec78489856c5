//! Rows without a right code, merges and related entities as a caller over HTTP meets them.
use serde_json::{Value, json};

use crate::common::eventually;
use crate::common::server::{Answer, Server};

/// A firm under its credit code, and the name it is known by.
const FIRM: &str = "91440511MA4000004Y";
const NAME: &str = "汕头市伟奥五金制品有限公司";
/// Another at the same address with the same legal representative.
const OTHER: &str = "91440511MA400008XL";

fn post(server: &Server, path: &str, body: &Value) -> Answer {
    let headers = format!(
        "Authorization: Bearer {}\r\nContent-Type: application/json\r\n",
        server.token
    );
    server
        .ask("POST", path, &headers, body.to_string().as_bytes())
        .unwrap()
}

/// Two firms, and a penalty whose code a spreadsheet has spoilt.
fn served() -> Server {
    let server = Server::start(|place| {
        let registrations = place.write(
            "registration.csv",
            format!(
                "统一社会信用代码,名称,类型,成立日期,登记状态,行业代码,行政区划,住所,法定代表人\n\
                 {FIRM},{NAME},1130,2015-03-01,1,C3389,440511,汕头市金平区潮汕路11号,张三\n\
                 {OTHER},汕头市伟奥五金制品厂,1130,2015-03-01,1,C3389,440511,汕头市金平区潮汕路11号,张三\n"
            ),
        );
        place.import("registration", &registrations).good();
    });
    let rows = format!(
        "统一社会信用代码,当事人名称,处罚决定书文号,处罚类别,处罚决定日期\n9.14E+17,{NAME},3号,警告,2026-03-04\n"
    );
    let batch = server.hand_over("penalty", "", &rows).good()["batch_id"].clone();
    eventually("the row waits for a person", || {
        let standing = server.read(&format!("/api/v1/intake/matches/standing?batch={batch}"));
        (standing["queued"] == 1).then_some(())
    });
    server
}

/// How many records of penalties a firm's file shows that stand.
fn penalties(server: &Server, code: &str) -> usize {
    let file = server.read(&format!("/api/v1/registry/entities/{code}/file"));
    let text = file.to_string();
    assert!(text.contains(code), "{text}");
    text.matches("\"decision_no\":\"3号\"").count()
}

#[test]
fn a_person_sees_both_sides_links_a_row_once_and_takes_it_back_once() {
    let server = served();
    let page = server.read("/api/v1/intake/matches");
    let row = &page["items"][0];
    assert_eq!(
        (page["items"].as_array().unwrap().len(), row["state"].as_str()),
        (1, Some("queued"))
    );
    let path = format!("/api/v1/intake/matches/{}", row["loose_id"]);
    let case = server.read(&path);
    let first = &case["candidates"][0];
    assert_eq!(first["subject_no"].as_str(), Some(FIRM), "{case}");
    assert!(
        !first["reasons"].as_array().unwrap().is_empty() && !first["sides"].as_array().unwrap().is_empty()
    );
    assert_eq!(penalties(&server, FIRM), 0);

    // What is wrong with a decision is said, and nothing happens.
    for (deed, body, status) in [
        ("link", json!({ "subject_no": "91440511MA400000XX" }), 422),
        ("link", json!({ "subject": FIRM }), 400),
        ("undo", json!({ "reason": "还没有决定" }), 409),
    ] {
        let answer = post(&server, &format!("{path}/{deed}"), &body);
        assert_eq!(answer.status, status, "{deed}: {}", answer.json());
    }
    let linked = post(
        &server,
        &format!("{path}/link"),
        &json!({ "subject_no": FIRM, "reason": "电话核实" }),
    )
    .good();
    assert_eq!(
        (linked["kind"].as_str(), linked["automatic"].as_bool()),
        (Some("linked"), Some(false))
    );
    eventually("the record is in the file", || {
        (penalties(&server, FIRM) > 0).then_some(())
    });
    let again = post(
        &server,
        &format!("{path}/link"),
        &json!({ "subject_no": OTHER, "reason": "又想" }),
    );
    assert_eq!(again.status, 409, "{}", again.json());
    let undone = post(&server, &format!("{path}/undo"), &json!({ "reason": "看错了" })).good();
    assert_eq!(undone["undoes"], linked["decision_id"]);
    assert_eq!(server.read("/api/v1/intake/matches/standing")["linked"], 0);
    // Left alone by a person, it is left alone; a row that is not there is not there.
    let left = post(
        &server,
        &format!("{path}/leave"),
        &json!({ "reason": "不是本地企业" }),
    )
    .good();
    assert_eq!(left["kind"].as_str(), Some("left"));
    assert_eq!(
        server.read("/api/v1/intake/matches?state=left")["items"][0]["loose_id"],
        row["loose_id"]
    );
    assert_eq!(
        post(
            &server,
            "/api/v1/intake/matches/999/leave",
            &json!({ "reason": "x" })
        )
        .status,
        404
    );
}

#[test]
fn entities_are_merged_taken_apart_again_and_shown_with_their_relations() {
    let server = served();
    let related = server.read(&format!("/api/v1/registry/entities/{FIRM}/related"));
    let kinds: Vec<&str> = related["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["subject_no"].as_str() == Some(OTHER))
        .filter_map(|one| one["kind"].as_str())
        .collect();
    assert!(
        kinds.contains(&"address") && kinds.contains(&"legal-person"),
        "{related}"
    );
    assert!(
        !related.to_string().contains("张三"),
        "the person is compared, never shown"
    );

    let unreasoned = post(
        &server,
        "/api/v1/registry/merges",
        &json!({ "merged_no": OTHER, "into_no": FIRM, "reason": " " }),
    );
    assert_eq!(unreasoned.status, 422, "{}", unreasoned.json());
    let itself = post(
        &server,
        "/api/v1/registry/merges",
        &json!({ "merged_no": FIRM, "into_no": FIRM, "reason": "x" }),
    );
    assert!([409, 422].contains(&itself.status), "{}", itself.json());
    let merge = post(
        &server,
        "/api/v1/registry/merges",
        &json!({ "merged_no": OTHER, "into_no": FIRM, "reason": "同一企业" }),
    )
    .good();
    let listed = server.read("/api/v1/registry/merges");
    assert_eq!(listed["items"][0]["merge_id"], merge["merge_id"]);
    let moved = server.read(&format!("/api/v1/registry/merges/{}/records", merge["merge_id"]));
    assert_eq!(
        moved.as_array().map(Vec::len).map(|n| n as u64),
        merge["records"].as_u64()
    );
    let path = format!("/api/v1/registry/merges/{}/undo", merge["merge_id"]);
    let undone = post(&server, &path, &json!({ "reason": "是两家" })).good();
    assert_eq!(undone["undone_why"].as_str(), Some("是两家"));
    assert_eq!(post(&server, &path, &json!({ "reason": "再来" })).status, 409);
}
