//! The whole way through the window of the desk: a plan is written, approved, committed, revealed and drawn over HTTP.
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use db::testing::TestDb;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::MIGRATIONS;
use crate::edge::{Edge, all_routes, router};
use crate::hall::token;

async fn send(
    router: &Router,
    token: &str,
    path: &str,
    once: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(if body.is_some() { "POST" } else { "GET" })
        .uri(format!("/api/v1/inspect{path}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("idempotency-key", once);
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let response = router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn a_plan_goes_its_whole_way_over_http_and_a_repeated_draw_gets_the_first_answer() {
    let db = TestDb::sqlite(MIGRATIONS);
    let town = district(&db.db(), 100);
    let token = town
        .run(|tx, op| token::create(tx, op, "操作员", [9; 24]))
        .unwrap();
    let router = router(Edge::new(town.house.clone(), None), all_routes()).unwrap();
    let good = async |path: String, once: &str, body: Option<Value>| {
        let (status, answer) = send(&router, &token, &path, once, body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    };
    let new = json!(new_plan(vec![item(LICENCE, None)]));
    let plan = good("/plans".into(), "1", Some(new)).await["plan_id"]
        .as_i64()
        .unwrap();
    good(format!("/plans/{plan}/approve"), "2", Some(json!({}))).await;
    let draw = good(format!("/plans/{plan}/draws"), "3", Some(json!(promises()))).await;
    let draw = draw["draw_id"].as_i64().unwrap();
    let early = json!({ "name": PARTIES[0], "value": "11".repeat(16) });
    let (status, problem) = send(
        &router,
        &token,
        &format!("/draws/{draw}/reveals"),
        "4",
        Some(early),
    )
    .await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("inspect.reveal.not-logged"))
    );
    town.settle();
    for (at, one) in values().iter().enumerate() {
        let body = json!({ "name": one.name, "value": hex::encode(&one.value) });
        good(
            format!("/draws/{draw}/reveals"),
            &format!("reveal-{at}"),
            Some(body),
        )
        .await;
    }
    let first = good(format!("/draws/{draw}/draw"), "5", Some(json!({}))).await;
    let again = good(format!("/draws/{draw}/draw"), "5", Some(json!({}))).await;
    assert_eq!((first["state"].as_str(), &again), (Some("drawn"), &first));
    let tasks = good(format!("/tasks?plan={plan}&limit=3"), "6", None).await;
    assert_eq!(tasks["items"].as_array().unwrap().len(), 3);
    let next = tasks["next"].as_str().unwrap().to_owned();
    let rest = good(format!("/tasks?plan={plan}&limit=3&cursor={next}"), "7", None).await;
    assert_ne!(rest["items"][0]["task_id"], tasks["items"][0]["task_id"]);
    let auditor = good(format!("/draws/{draw}/auditor"), "8", None).await;
    assert_eq!(auditor["kind"], "auditor");
    let subject_no = tasks["items"][0]["subject_no"].as_str().unwrap();
    let firm = good(format!("/draws/{draw}/firms/{subject_no}"), "9", None).await;
    assert_eq!(firm[0]["row"]["id"], subject_no);
}
