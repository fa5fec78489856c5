//! The gates of a running server: records with receipts, files that are described, a folder that is watched, a department's
//! database that is read.
use std::fs;

use postgres_free::Database;
use serde_json::{Value, json};

use crate::common::server::{Answer, Server};
use crate::common::{eventually, xinheng};

const FIRM: &str = "91440511MA4000004Y";

fn post(server: &Server, path: &str, more: &str, body: &[u8]) -> Answer {
    let headers = format!(
        "Authorization: Bearer {}\r\nContent-Type: application/json\r\n{more}",
        server.token
    );
    server.ask("POST", path, &headers, body).unwrap()
}

fn applied(server: &Server, batch: &Value) -> Value {
    eventually("the batch is applied", || {
        let batch = server.read(&format!("/api/v1/intake/batches/{batch}"));
        ["applied", "refused"]
            .contains(&batch["state"].as_str().unwrap())
            .then_some(batch)
    })
}

#[test]
fn a_single_record_is_taken_once_and_its_receipt_holds_without_the_server() {
    let server = Server::start(|_| ());
    let record = json!({ "CF_XDR_SHXYM": FIRM, "CF_WSH": "1号", "CF_CFLB1": "警告", "CF_JDRQ": "2026-03-04", "CF_NR_FK": 0.5 });
    let body = record.to_string();
    let path = "/api/v1/intake/records?supplier=440500-test";
    let first = post(&server, path, "Idempotency-Key: k1\r\n", body.as_bytes()).good();
    let batch = applied(&server, &first["batch_id"]);
    assert_eq!(
        (batch["item"].as_str(), batch["rows_accepted"].as_i64()),
        (Some("penalty"), Some(1)),
        "{batch}"
    );
    // A retry gets the same answer, receipt and all; another body under the same key is refused.
    let again = post(&server, path, "Idempotency-Key: k1\r\n", body.as_bytes()).good();
    assert_eq!(again, first);
    let other = body.replace("1号", "2号");
    let refused = post(&server, path, "Idempotency-Key: k1\r\n", other.as_bytes());
    assert_eq!(
        (refused.status, refused.json()["code"].as_str()),
        (409, Some("hall.once.other-question"))
    );
    // The receipt, had again, is verified offline: of the very bytes that were sent, by the key the platform shows.
    let receipt = server.read(&format!("/api/v1/intake/receipts/{}", first["receipt_id"]));
    assert_eq!(receipt, first["receipt"]);
    let text = serde_json::to_string(&receipt).unwrap();
    let (file, sent) = (
        server.place.write("receipt.json", &text),
        server.place.write("sent.json", &body),
    );
    let key = receipt["received"]["key"].as_str().unwrap().to_owned();
    let verify = |receipt: &std::path::Path, content: &std::path::Path| {
        xinheng(&[
            "verify-receipt",
            receipt.to_str().unwrap(),
            "--key",
            &key,
            "--file",
            content.to_str().unwrap(),
        ])
    };
    let said = verify(&file, &sent).good();
    assert!(said.contains("全部相符") && said.contains("penalty"), "{said}");
    let forged = server
        .place
        .write("forged.json", text.replace("440500-test", "440500-fake"));
    assert_eq!(verify(&forged, &sent).code, Some(1));
    let changed = server.place.write("changed.json", body.replace("1号", "9号"));
    assert_eq!(verify(&file, &changed).code, Some(1));
}

#[test]
fn records_that_are_none_are_refused_in_words_and_several_are_taken_together() {
    let server = Server::start(|_| ());
    let path = "/api/v1/intake/records?item=penalty&supplier=440500-test";
    for (body, code) in [
        ("", "intake.records.malformed"),
        ("[]", "intake.records.malformed"),
        ("[1]", "intake.records.malformed"),
        ("\"x\"", "intake.records.malformed"),
    ] {
        let answer = post(&server, path, "", body.as_bytes());
        assert_eq!(
            (answer.status, answer.json()["code"].as_str().unwrap()),
            (400, code),
            "{body}"
        );
    }
    let many: Vec<Value> = (0..1_001).map(|n| json!({ "n": n })).collect();
    assert_eq!(
        post(&server, path, "", json!(many).to_string().as_bytes()).status,
        413
    );
    let nobody = post(&server, "/api/v1/intake/records?item=penalty", "", b"{\"a\":1}");
    assert_eq!(nobody.json()["code"].as_str(), Some("intake.supplier.missing"));
    let two = json!([
        { "统一社会信用代码": FIRM, "处罚决定书文号": "1号", "处罚类别": "警告", "处罚决定日期": "2026-03-04" },
        { "统一社会信用代码": FIRM, "处罚决定书文号": "2号", "处罚类别": "警告", "处罚决定日期": "2026-02-30" },
    ]);
    let taken = post(&server, path, "", two.to_string().as_bytes()).good();
    assert_eq!(taken["receipt"]["received"]["parts"][0]["rows"], 2);
    let batch = applied(&server, &taken["batch_id"]);
    assert_eq!(
        (batch["rows_accepted"].as_i64(), batch["rows_refused"].as_i64()),
        (Some(1), Some(1)),
        "{batch}"
    );
    // What was refused is had as text and as a workbook, which is a zip.
    for (ending, kind, begins) in [
        ("csv", "text/csv", &b"\xEF\xBB\xBF"[..]),
        (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            b"PK",
        ),
    ] {
        let path = format!("/api/v1/intake/batches/{}/refusals.{ending}", taken["batch_id"]);
        let token = format!("Authorization: Bearer {}\r\n", server.token);
        let answer = server.ask("GET", &path, &token, b"").unwrap();
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            answer.headers.contains(kind) && answer.headers.contains(&format!(".{ending}\"")),
            "{}",
            answer.headers
        );
        assert!(answer.body.starts_with(begins), "{path}");
        assert_eq!(server.ask("GET", &path, "", b"").unwrap().status, 401, "{path}");
    }
}

#[test]
fn a_file_is_described_and_a_watched_folder_emptied_by_the_running_server() {
    let mut folder = None;
    let server = Server::start(|place| {
        let drop = place.path("投递");
        fs::create_dir_all(&drop).unwrap();
        place
            .run(&["drop", "add", drop.to_str().unwrap(), "--supplier", "440500-test"])
            .good();
        folder = Some(drop);
    });
    let folder = folder.unwrap();
    let text = format!("CF_XDR_SHXYM,CF_WSH,CF_CFLB1,CF_JDRQ,别的\n{FIRM},1号,警告,2026-03-04,x\n");
    let seen = post(
        &server,
        "/api/v1/intake/describe?file_name=x.csv",
        "",
        text.as_bytes(),
    )
    .good();
    assert_eq!(
        (seen[0]["item"].as_str(), &seen[0]["unknown"]),
        (Some("penalty"), &json!(["别的"])),
        "{seen}"
    );
    assert_eq!(seen[0]["first_rows"][0][1], "1号");
    assert_eq!(
        server.read("/api/v1/intake/batches")["items"],
        json!([]),
        "nothing was taken in"
    );
    fs::write(folder.join("处罚.csv"), &text).unwrap();
    eventually("the file is done", || {
        folder.join("done/处罚.csv").exists().then_some(())
    });
    let batch = server.read("/api/v1/intake/batches")["items"][0].clone();
    assert_eq!(
        (batch["source"].as_str(), batch["rows_accepted"].as_i64()),
        (Some("drop"), Some(1)),
        "{batch}"
    );
}

#[test]
fn a_view_of_a_departments_database_is_read_by_the_running_server() {
    let Some(mut database) =
        Database::start("a_view_of_a_departments_database_is_read_by_the_running_server")
    else {
        return;
    };
    database.run(
        "CREATE TABLE penalty (id bigserial, cf_xdr_shxym text, cf_wsh text, cf_cflb1 text, cf_jdrq date, changed_at timestamptz)",
    );
    let insert = |no: &str| {
        format!(
            "INSERT INTO penalty (cf_xdr_shxym, cf_wsh, cf_cflb1, cf_jdrq, changed_at)
             VALUES ('{FIRM}', '{no}', '警告', '2026-03-04', now())"
        )
    };
    database.run(&insert("1号"));
    let url = database.url();
    let server = Server::start(|place| {
        place
            .run(&[
                "pull",
                "add",
                "处罚库",
                "--url",
                &url,
                "--table",
                "penalty",
                "--watermark",
                "changed_at",
                "--type",
                "penalty",
                "--supplier",
                "440500-test",
                "--every",
                "10",
            ])
            .good();
    });
    let records = |wanted: i64| {
        eventually("the rows are taken in", || {
            let counts = server.read("/api/v1/intake/counts");
            (counts[0]["records"].as_i64() == Some(wanted)).then_some(())
        });
    };
    records(1);
    database.run(&insert("2号"));
    records(2);
    let batches = server.read("/api/v1/intake/batches");
    let read: Vec<i64> = batches["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b["rows_read"].as_i64().unwrap())
        .collect();
    assert_eq!(read, [1, 1], "what was read before is recognised: {batches}");
}

/// A PostgreSQL database of this test's own, without the driver, which belongs to other crates.
mod postgres_free {
    use std::process::Command;

    pub struct Database {
        cluster: String,
        name: String,
    }

    impl Database {
        pub fn start(test: &str) -> Option<Self> {
            let Ok(cluster) = std::env::var("XINHENG_TEST_PG") else {
                assert!(
                    std::env::var("XINHENG_REQUIRE_PG").as_deref() != Ok("1"),
                    "{test}: XINHENG_TEST_PG is not set"
                );
                eprintln!("skipped: {test} (XINHENG_TEST_PG is not set)");
                return None;
            };
            let name = format!("gates_{}", std::process::id());
            let database = Self { cluster, name };
            psql(&database.cluster, &format!("CREATE DATABASE {}", database.name));
            Some(database)
        }

        pub fn url(&self) -> String {
            let (server, _) = self.cluster.rsplit_once('/').unwrap();
            format!("{server}/{}", self.name)
        }

        pub fn run(&mut self, sql: &str) {
            psql(&self.url(), sql);
        }
    }

    impl Drop for Database {
        fn drop(&mut self) {
            psql(
                &self.cluster,
                &format!("DROP DATABASE {} WITH (FORCE)", self.name),
            );
        }
    }

    fn psql(url: &str, sql: &str) {
        let done = Command::new("psql")
            .args(["-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}
