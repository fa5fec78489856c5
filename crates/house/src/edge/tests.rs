//! Stories of the rim: through the router, as a caller sees it.
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use db::testing::TestDb;
use kernel::permission::Permission;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::Value;
use tower::ServiceExt as _;

use super::router::MOST_BODY;
use super::{Doc, Edge, Routes, all_routes, may, router};
use crate::MIGRATIONS;
use crate::hall::{command, token};
use crate::stories::{FIRM, Town, registrations};

struct Desk {
    router: Router,
    token: String,
    town: Town,
    _db: TestDb,
}

fn desk() -> Desk {
    desk_with(None)
}

fn desk_with(metrics: Option<PrometheusHandle>) -> Desk {
    let db = TestDb::sqlite(MIGRATIONS);
    let town = Town::build(&db.db());
    let token = command(&town.house, &town.op(), |tx, op| {
        token::create(tx, op, "操作员", [9; 24])
    })
    .unwrap();
    let router = router(Edge::new(town.house.clone(), metrics), all_routes()).unwrap();
    Desk {
        router,
        token,
        town,
        _db: db,
    }
}

impl Desk {
    async fn send(&self, request: Request<Body>) -> (StatusCode, String, Value) {
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let kind = response
            .headers()
            .get(header::CONTENT_TYPE)
            .map_or("", |v| v.to_str().unwrap())
            .to_owned();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (
            status,
            kind,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        )
    }

    fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
    }
}

#[tokio::test]
async fn without_a_token_only_public_routes_answer() {
    let desk = desk();
    for entry in all_routes().entries() {
        let path = entry.path.replace("{subject_no}", FIRM).replace(['{', '}'], "");
        let request = Request::builder()
            .method(entry.method.clone())
            .uri(path)
            .body(Body::empty())
            .unwrap();
        let (status, kind, _) = desk.send(request).await;
        if entry.permission == may::PUBLIC {
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{}", entry.path);
        } else {
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{}", entry.path);
            assert_eq!(kind, "application/problem+json");
        }
    }
}

#[tokio::test]
async fn a_hand_over_is_taken_in_once_for_each_idempotency_key() {
    let desk = desk();
    let path = "/api/v1/intake/batches?item=registration&supplier=440511-scjg&file_name=a.csv";
    let send = |text: String| {
        desk.request("POST", path)
            .header("idempotency-key", "k1")
            .body(Body::from(text))
            .unwrap()
    };
    let (status, _, first) = desk.send(send(registrations())).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    let (_, _, again) = desk.send(send(registrations())).await;
    assert_eq!(first, again);
    let (status, _, other) = desk.send(send("something else".into())).await;
    assert_eq!(
        (status, other["code"].as_str()),
        (StatusCode::CONFLICT, Some("hall.once.other-question"))
    );
    desk.town.settle();
    let (_, _, page) = desk
        .send(
            desk.request("GET", "/api/v1/registry/entities")
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    assert_eq!(page["total"], 3);
}

#[tokio::test]
async fn lists_are_paged_by_cursor_without_loss() {
    let desk = desk();
    desk.town.hand_over("registration", &registrations());
    let mut seen = Vec::new();
    let mut path = "/api/v1/registry/entities?limit=2".to_owned();
    loop {
        let (status, _, page) = desk
            .send(desk.request("GET", &path).body(Body::empty()).unwrap())
            .await;
        assert_eq!(status, StatusCode::OK, "{page}");
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|e| e["subject_no"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/registry/entities?limit=2&cursor={next}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn faults_are_problems_with_stable_codes() {
    let desk = desk();
    let cases = [
        (
            "/api/v1/registry/entities/91440511MA4000004X/file",
            422,
            "registry.subject-no.invalid",
        ),
        ("/api/v1/registry/entities/91440511MA4000004Y/file", 404, ""),
        ("/api/v1/registry/entities?limit=0", 400, "edge.page.limit"),
        ("/api/v1/registry/entities?limit=x", 400, "edge.query.malformed"),
        ("/api/v1/nowhere", 404, "edge.route.unknown"),
    ];
    for (path, status, code) in cases {
        let (got, kind, body) = desk
            .send(desk.request("GET", path).body(Body::empty()).unwrap())
            .await;
        assert_eq!(got.as_u16(), status, "{path}: {body}");
        assert_eq!(kind, "application/problem+json", "{path}");
        assert!(code.is_empty() || body["code"] == code, "{path}: {body}");
        assert!(
            body["detail"].as_str().is_some_and(|text| !text.is_empty()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_upload_is_limited_by_its_route_and_not_by_the_framework() {
    let desk = desk();
    let mut text = registrations();
    let row = text.lines().last().unwrap().to_owned() + "\n";
    text.push_str(&row.repeat(3 * 1_048_576 / row.len() + 1));
    assert!(text.len() > MOST_BODY);
    let path = "/api/v1/intake/batches?item=registration&supplier=440511-scjg&file_name=a.csv";
    let (status, _, receipt) = desk
        .send(desk.request("POST", path).body(Body::from(text)).unwrap())
        .await;
    assert_eq!(status, StatusCode::OK, "{receipt}");
}

#[tokio::test]
async fn a_body_over_the_limit_of_its_route_is_a_problem() {
    let desk = desk();
    let path = "/api/v1/assess/runs";
    let known = |entry: &&super::router::Entry| entry.path == path && entry.method == "POST";
    assert_eq!(
        all_routes().entries().iter().find(known).unwrap().most_body,
        MOST_BODY
    );
    for (size, too_large) in [(MOST_BODY, false), (MOST_BODY + 1, true)] {
        let request = desk
            .request("POST", path)
            .header("content-type", "application/json")
            .body(Body::from(vec![b' '; size]))
            .unwrap();
        let (status, kind, body) = desk.send(request).await;
        assert_eq!(
            status == StatusCode::PAYLOAD_TOO_LARGE,
            too_large,
            "{size}: {body}"
        );
        assert_eq!(kind, "application/problem+json");
        assert_eq!(body["code"] == "edge.body.too-large", too_large, "{body}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_that_names_the_right_ones() {
    let desk = desk();
    for (method, path, allowed) in [
        ("DELETE", "/health/live", "GET,HEAD"),
        ("GET", "/api/v1/inspect/draws/1/reveals", "POST"),
        ("PUT", "/api/v1/intake/batches", "GET,HEAD,POST"),
        ("POST", "/api/openapi.json", "GET,HEAD"),
    ] {
        let request = desk.request(method, path).body(Body::empty()).unwrap();
        let response = desk.router.clone().oneshot(request).await.unwrap();
        assert_eq!(
            response.status(),
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}"
        );
        let header = |name| response.headers()[name].to_str().unwrap().to_owned();
        let mut named: Vec<String> = header(header::ALLOW).split(',').map(str::to_owned).collect();
        named.sort();
        assert_eq!(named.join(","), allowed, "{path}");
        assert_eq!(header(header::CONTENT_TYPE), "application/problem+json");
        assert!(!header(axum::http::HeaderName::from_static("x-request-id")).is_empty());
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (body["code"].as_str(), body["status"].as_u64()),
            (Some("edge.method.not-allowed"), Some(405))
        );
    }
}

#[tokio::test]
async fn every_answer_is_counted_under_the_pattern_of_its_route() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let desk = desk_with(Some(recorder.handle()));
    let _recording = metrics::set_default_local_recorder(&recorder);
    for path in [
        "/api/v1/registry/entities/91440511MA4000004Y/file",
        "/api/v1/registry/entities/91440511MA400008XL/file",
        "/api/v1/nowhere/91440511MA400008XL",
    ] {
        let (status, _, _) = desk
            .send(desk.request("GET", path).body(Body::empty()).unwrap())
            .await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    let odd = desk.request("BREW", "/health/live").body(Body::empty()).unwrap();
    desk.send(odd).await;
    let request = desk.request("GET", "/metrics").body(Body::empty()).unwrap();
    let response = desk.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let text = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    for line in [
        r#"http_requests_total{method="GET",route="/api/v1/registry/entities/{subject_no}/file",status="404"} 2"#,
        r#"http_requests_total{method="GET",route="none",status="404"} 1"#,
        r#"http_requests_total{method="other",route="/health/live",status="405"} 1"#,
        r#"http_request_duration_seconds_count{route="/api/v1/registry/entities/{subject_no}/file"} 2"#,
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    assert!(
        !text.contains("91440511"),
        "what callers write is no label:\n{text}"
    );
}

#[tokio::test]
async fn the_openapi_document_names_every_route_and_its_schemas() {
    let desk = desk();
    let (_, _, document) = desk
        .send(
            Request::builder()
                .uri("/api/openapi.json")
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    assert!(
        document["openapi"].as_str().is_some_and(|v| v.starts_with("3.1")),
        "{}",
        document["openapi"]
    );
    for entry in all_routes().entries() {
        let operation = &document["paths"][entry.path][entry.method.as_str().to_lowercase()];
        assert!(
            operation["operationId"].is_string(),
            "{} {}",
            entry.method,
            entry.path
        );
    }
    let text = document.to_string();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for part in text.split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(
            schemas.contains_key(name),
            "{name} is referred to but not described"
        );
    }
}

#[test]
fn a_route_without_a_known_permission_keeps_the_program_from_starting() {
    let routes = Routes::new().get("/x", Permission(""), Doc::new("x"), || async { "x" });
    assert_eq!(routes.check().unwrap_err().code, "edge.route.no-permission");
    let twice = Routes::new()
        .get("/x", may::PUBLIC, Doc::new("x"), || async { "x" })
        .get("/x", may::PUBLIC, Doc::new("x"), || async { "x" });
    assert_eq!(twice.check().unwrap_err().code, "edge.route.twice");
    assert!(all_routes().check().is_ok());
}

#[tokio::test]
async fn the_secret_of_a_subscriber_is_told_again_on_a_retry_and_stands_nowhere_in_the_database() {
    let desk = desk();
    let introduce = || {
        desk.request("POST", "/api/v1/feed/hooks")
            .header("idempotency-key", "k1")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(
                r#"{"name":"市平台","url":"https://receiver.example/in"}"#,
            ))
            .unwrap()
    };
    let (status, _, first) = desk.send(introduce()).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    let (_, _, again) = desk.send(introduce()).await;
    assert_eq!(first, again);
    let path = format!("/api/v1/feed/hooks/{}/change", first["hook"]["hook_id"]);
    let renew = desk
        .request("POST", &path)
        .header("idempotency-key", "k2")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(r#"{"deed":"renew"}"#))
        .unwrap();
    let (_, _, renewed) = desk.send(renew).await;
    assert!(renewed["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_ne!(renewed["secret"], first["secret"]);
    let kept = desk.town.ask(|tx, _| crate::hall::tests::kept_answers(tx));
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|answer| !answer.contains("whsec_")), "{kept:?}");
}

#[tokio::test]
async fn the_token_of_a_target_goes_when_the_target_is_removed() {
    let desk = desk();
    let post = |path: &str, body: &str| {
        desk.request("POST", path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap()
    };
    let new = r#"{"name":"省平台","item":"penalty","url":"https://upper.example","supplier":"440500","token":"xh_1"}"#;
    let (status, _, made) = desk.send(post("/api/v1/intake/targets", new)).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let id = &made["target_id"];
    let token = desk.town.house.folder.path(&format!("push-{id}.token"));
    let state = format!("/api/v1/intake/targets/{id}/state");
    for (word, kept) in [("paused", true), ("removed", false)] {
        let body = format!(r#"{{"state":"{word}"}}"#);
        let (status, _, said) = desk.send(post(&state, &body)).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        assert_eq!(token.exists(), kept, "{word}");
    }
}
