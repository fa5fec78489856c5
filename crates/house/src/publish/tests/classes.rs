//! Risk classes are internal: every public route is called on a house full of them, and nothing of them may come out.
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use db::testing::TestDb;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{recorded, service};
use crate::MIGRATIONS;
use crate::edge::{Edge, all_routes, may, router};
use crate::inspect::tests::{CATERING, LICENCE, POINTS, approved, drawn, item, new_plan, tasks};
use crate::stories::Town;

/// Names that no field of a public answer may have.
const DENIED: &[&str] = &[
    "class",
    "class_code",
    "class_of",
    "classes",
    "former",
    "former_class",
    "points",
    "group_points",
    "score",
    "risk",
    "grade",
    "rating",
    "rank",
    "stratum",
    "ratios",
    "standing",
    "indicator",
    "indicators",
    "reasons",
    "pool_key",
    "legal_person",
];
/// Class codes of the pack of the scene.
const CLASSES: &[&str] = &["A", "B", "C", "D"];
/// A share of one class that only the plan's own record holds.
const SHARE: &str = "4/100";
/// The legal person of every firm of the scene.
const PERSON: &str = "甲某某";

/// What of an answer tells of classes, as paths.
fn leaks(answer: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk("", answer, &mut found);
    found
}

fn walk(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let path = format!("{path}.{name}");
                if DENIED.contains(&name.to_lowercase().as_str()) {
                    found.push(path.clone());
                }
                walk(&path, inner, found);
            }
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(at, inner)| walk(&format!("{path}[{at}]"), inner, found)),
        Value::String(text) => {
            // Documents may stand in answers as text (leaves of the log): look into them too.
            if let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
                walk(path, &inner, found);
            }
            let told = text.contains(&POINTS.to_string()) || text.contains(SHARE) || text.contains(PERSON);
            if told || CLASSES.contains(&text.as_str()) {
                found.push(format!("{path} = {text}"));
            }
        }
        Value::Number(number) if number.as_i64() == Some(POINTS) => found.push(path.to_owned()),
        _ => {}
    }
}

#[test]
fn the_search_for_leaks_finds_them() {
    for leak in [
        json!({ "items": [{ "class": "x" }] }),
        json!({ "name": "示例", "detail": { "n": POINTS } }),
        json!({ "opened": [{ "row": { "stratum": "s1" } }] }),
        json!(["D"]),
        json!({ "leaf": "{\"points\":1}" }),
        json!({ "text": format!("得分 {POINTS} 分") }),
        json!({ "x": SHARE }),
        json!({ "x": PERSON }),
    ] {
        assert!(!leaks(&leak).is_empty(), "{leak}");
    }
    assert!(
        leaks(&json!({ "strata": [{ "label": "s1", "size": 3, "quota": 1 }], "title": "ABCD" })).is_empty()
    );
}

/// A district with everything that can become public: a plan with a share of its own, a draw with open rows, results.
struct Seeded {
    town: Town,
    plan_no: String,
    draw_id: i64,
    subject_no: String,
}

fn seed(db: &TestDb) -> Seeded {
    let town = crate::inspect::tests::district(&db.db(), 100);
    let mut licence = item(LICENCE, None);
    licence.ratios.insert("B".into(), SHARE.into());
    let plan = approved(&town, &new_plan(vec![licence, item(CATERING, None)]));
    let draw = drawn(&town, &plan);
    town.later(20);
    let all = tasks(&town, &plan);
    let task = recorded(&town, &all[0], "04");
    recorded(&town, &all[1], "01");
    town.run(service::publish_due_results).unwrap();
    town.settle();
    Seeded {
        town,
        plan_no: plan.plan_no,
        draw_id: draw.draw_id,
        subject_no: task.subject_no,
    }
}

#[tokio::test]
async fn no_public_route_tells_of_risk_classes() {
    let db = TestDb::sqlite(MIGRATIONS);
    let seeded = seed(&db);
    let router = router(Edge::new(seeded.town.house.clone(), None), all_routes()).unwrap();
    let mut walked = 0;
    for entry in all_routes()
        .entries()
        .iter()
        .filter(|entry| entry.permission == may::PUBLIC)
    {
        let path = entry
            .path
            .replace("{plan_no}", &seeded.plan_no)
            .replace("{draw}", &seeded.draw_id.to_string())
            .replace("{subject_no}", &seeded.subject_no);
        // The search wants to be asked for something.
        let path = if path.ends_with("/public/entities") {
            format!("{path}?q={}", seeded.subject_no)
        } else {
            path
        };
        assert!(!path.contains('{'), "give this test something to ask {path} for");
        let request = Request::builder()
            .method(entry.method.clone())
            .uri(&path)
            .body(Body::empty())
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(
            response.status(),
            StatusCode::OK,
            "{path}: an empty walk proves nothing"
        );
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let found = serde_json::from_str(&text).map_or_else(|_| leaks(&json!(text)), |answer| leaks(&answer));
        assert!(found.is_empty(), "{path} tells {found:?}");
        walked += 1;
    }
    assert!(walked >= 11, "only {walked} public routes were found");
}

#[tokio::test]
async fn the_public_file_of_the_draw_verifies_as_downloaded() {
    let db = TestDb::sqlite(MIGRATIONS);
    let seeded = seed(&db);
    let router = router(Edge::new(seeded.town.house.clone(), None), all_routes()).unwrap();
    let path = format!("/api/v1/public/draws/{}/transcript", seeded.draw_id);
    let response = router
        .oneshot(Request::get(&path).body(Body::empty()).unwrap())
        .await
        .unwrap();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let sealed = proof::draw::Sealed::parse(&bytes).unwrap();
    let report = proof::verify::verify(&sealed, None);
    assert!(report.holds(), "{:?}", report.failed());
    assert!(!sealed.opened.is_empty());
}
