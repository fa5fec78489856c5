//! The table of routes: what makes the router, the OpenAPI document and the permission matrix.
use std::collections::BTreeSet;

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::handler::Handler;
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get, on};
use axum::{Json, Router};
use kernel::permission::Permission;
use kernel::{Fault, FaultKind, Outcome};
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::trace::TraceLayer;

use super::problem::ProblemView;
use super::{Doc, Edge, Problem, auth, doc, may};
use crate::hall::House;

/// Largest body of an ordinary request.
pub(super) const MOST_BODY: usize = 2 * 1_048_576;
/// Largest body of an upload.
const MOST_UPLOAD: usize = 512 * 1_048_576;

/// Name of the counter of answers.
const REQUESTS: &str = "http_requests_total";
/// Name of the histogram of their durations.
const DURATION: &str = "http_request_duration_seconds";

/// One route with all that must be known of it.
pub struct Entry {
    pub method: Method,
    pub path: &'static str,
    pub permission: Permission,
    pub doc: Doc,
    pub most_body: usize,
    handler: MethodRouter<Edge>,
}

impl Entry {
    /// A name for the operation: method and path in words.
    pub fn operation_id(&self) -> String {
        let words = self
            .path
            .trim_start_matches("/api/v1/")
            .replace(['{', '}'], "")
            .replace(['/', '.', '-'], "_");
        format!("{}_{words}", self.method.as_str().to_lowercase())
    }
}

/// The routes of a module. There is no way to add one without a permission.
#[derive(Default)]
pub struct Routes(Vec<Entry>);

impl Routes {
    /// No routes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A read.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, permission: Permission, doc: Doc, handler: H) -> Self
    where
        H: Handler<T, Edge>,
        T: 'static,
    {
        self.add(Method::GET, path, permission, doc, MOST_BODY, get(handler))
    }

    /// A write.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, permission: Permission, doc: Doc, handler: H) -> Self
    where
        H: Handler<T, Edge>,
        T: 'static,
    {
        self.add(
            Method::POST,
            path,
            permission,
            doc,
            MOST_BODY,
            on(axum::routing::MethodFilter::POST, handler),
        )
    }

    /// A write that carries a file.
    #[must_use]
    pub fn upload<H, T>(self, path: &'static str, permission: Permission, doc: Doc, handler: H) -> Self
    where
        H: Handler<T, Edge>,
        T: 'static,
    {
        self.add(
            Method::POST,
            path,
            permission,
            doc,
            MOST_UPLOAD,
            on(axum::routing::MethodFilter::POST, handler),
        )
    }

    fn add(
        mut self,
        method: Method,
        path: &'static str,
        permission: Permission,
        doc: Doc,
        most_body: usize,
        handler: MethodRouter<Edge>,
    ) -> Self {
        self.0.push(Entry {
            method,
            path,
            permission,
            doc,
            most_body,
            handler,
        });
        self
    }

    /// Adds the routes of another module.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    /// The entries, for the document and the matrix.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Refuses a table that could not be answered for: an unknown permission, or a route twice.
    pub fn check(&self) -> Outcome<()> {
        let mut seen = BTreeSet::new();
        for entry in &self.0 {
            let name = format!("{} {}", entry.method, entry.path);
            if !may::ALL.contains(&entry.permission) {
                let detail = format!(
                    "接口 {name} 没有登记的权限（“{}”）,程序不能启动。",
                    entry.permission.0
                );
                return Err(Fault::new(
                    FaultKind::Internal,
                    "edge.route.no-permission",
                    detail,
                ));
            }
            if !seen.insert(name.clone()) {
                let detail = format!("接口 {name} 登记了两次，程序不能启动。");
                return Err(Fault::new(FaultKind::Internal, "edge.route.twice", detail));
            }
        }
        Ok(())
    }
}

/// The routes of all modules.
pub fn all_routes() -> Routes {
    Routes::new()
        .get("/", may::PUBLIC, Doc::new("首页").raw_answer("text/html"), home)
        .get(
            "/health/live",
            may::PUBLIC,
            Doc::new("进程在运行").raw_answer("text/plain"),
            live,
        )
        .get(
            "/health/ready",
            may::PUBLIC,
            Doc::new("数据库可用").raw_answer("text/plain"),
            ready,
        )
        .get(
            "/metrics",
            may::READ_HALL,
            Doc::new("运行指标（Prometheus）").raw_answer("text/plain"),
            metrics,
        )
        .and(crate::hall::http::routes())
        .and(crate::hall::feed::http::routes())
        .and(crate::office::http::routes())
        .and(crate::intake::http::routes())
        .and(crate::intake::push::http::routes())
        .and(crate::intake::quality::http::routes())
        .and(crate::registry::http::routes())
        .and(crate::registry::whose::http::routes())
        .and(crate::assess::http::routes())
        .and(crate::assess::life::http::routes())
        .and(crate::inspect::http::routes())
        .and(crate::publish::http::routes())
}

/// The router of a house, or the reason why the program must not start.
pub fn router(edge: Edge, routes: Routes) -> Outcome<Router> {
    routes.check()?;
    let document = serde_json::to_string(&doc::openapi(routes.entries()))
        .map_err(|e| Fault::internal("接口说明无法生成", e))?;
    describe();
    let mut router = Router::new();
    for entry in routes.0 {
        let guard = auth::Guard {
            edge: edge.clone(),
            permission: entry.permission,
            most_body: entry.most_body,
        };
        // Only the handlers are guarded: that a method is wrong is said to anybody, like the document says it.
        let guarded = entry
            .handler
            .route_layer(middleware::from_fn_with_state(guard, auth::guard));
        router = router.route(entry.path, guarded);
    }
    let request_id = HeaderName::from_static("x-request-id");
    let maker = Numbered {
        house: edge.house.clone(),
    };
    let trace = TraceLayer::new_for_http()
        .make_span_with(span)
        .on_request(())
        .on_response(answered);
    Ok(router
        .route(
            "/api/openapi.json",
            get(move || async move { ([(header::CONTENT_TYPE, "application/json")], document) }),
        )
        .method_not_allowed_fallback(other_method)
        .fallback(missing)
        .layer(middleware::from_fn(count))
        .layer(PropagateRequestIdLayer::new(request_id.clone()))
        .layer(trace)
        .layer(SetRequestIdLayer::new(request_id, maker))
        .layer(tower_http::compression::CompressionLayer::new())
        .with_state(edge))
}

fn describe() {
    metrics::describe_counter!(REQUESTS, "Answered requests by method, route pattern and status.");
    metrics::describe_histogram!(
        DURATION,
        metrics::Unit::Seconds,
        "Time until an answer began, by route pattern."
    );
}

/// Counts and times every answer. Labels come from the table of routes, never from the caller, so that nobody can
/// make up endless series.
async fn count(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = known_method(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!(REQUESTS, "method" => method, "route" => route.clone(), "status" => status)
        .increment(1);
    metrics::histogram!(DURATION, "route" => route).record(begun.elapsed());
    response
}

fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// What every log line about a request carries. The query string stays out: it may name people.
fn span<B>(request: &axum::http::Request<B>) -> tracing::Span {
    let request_id = auth::request_id(request.headers()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = request.uri().path(), request_id)
}

/// The one line of an answered request.
fn answered<B>(response: &axum::http::Response<B>, latency: Duration, _: &tracing::Span) {
    let latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(status = response.status().as_u16(), latency_us, "answered");
}

/// The route exists, but not with this method. axum adds the header Allow.
async fn other_method(method: Method, uri: axum::http::Uri) -> Response {
    let code = "edge.method.not-allowed";
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let view = ProblemView {
        r#type: format!("/problems/{code}"),
        title: "方法不对".to_owned(),
        status: status.as_u16(),
        detail: format!(
            "{} 不接受 {method}。可用的方法见应答头 Allow 和 /api/openapi.json。",
            uri.path()
        ),
        code: code.to_owned(),
        basis: None,
        fields: Vec::new(),
    };
    (
        status,
        [(header::CONTENT_TYPE, "application/problem+json")],
        Json(view),
    )
        .into_response()
}

async fn missing(method: Method, uri: axum::http::Uri) -> Response {
    let detail = format!(
        "没有 {method} {} 这个地址。可用的接口见 /api/openapi.json。",
        uri.path()
    );
    Problem(Fault::new(FaultKind::Hidden, "edge.route.unknown", detail)).into_response()
}

async fn home() -> Html<&'static str> {
    Html(include_str!("home.html"))
}

async fn live() -> &'static str {
    "ok\n"
}

async fn ready(State(edge): State<Edge>, op: crate::Op) -> Result<&'static str, Problem> {
    let house = edge.house.clone();
    edge.off_loop(&op.clone(), move || {
        crate::hall::query(&house, &op, |tx, _| crate::hall::ledger::height(tx))
    })
    .await?;
    Ok("ok\n")
}

async fn metrics(State(edge): State<Edge>) -> Response {
    match &edge.metrics {
        Some(handle) => handle.render().into_response(),
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "metrics are not recorded in this process\n",
        )
            .into_response(),
    }
}

/// Gives every request a number, so log lines, events and answers can be tied together.
#[derive(Clone)]
struct Numbered {
    house: House,
}

impl MakeRequestId for Numbered {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        let mut bytes = [0_u8; 8];
        self.house.chance.fill(&mut bytes).ok()?;
        header::HeaderValue::from_str(&hex::encode(bytes))
            .ok()
            .map(RequestId::new)
    }
}
