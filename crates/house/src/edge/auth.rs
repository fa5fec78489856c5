//! Who asks: the guard in front of every route makes the operation context, or refuses.
use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{DefaultBodyLimit, FromRequest as _, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use kernel::actor::Actor;
use kernel::permission::Permission;
use kernel::{Fault, FaultKind, Outcome};
use proof::Suite;

use super::{Edge, Problem, may};
use crate::hall::{self, Op, token};

/// Header that makes a write safe to repeat.
const ONCE_HEADER: &str = "idempotency-key";
/// Longest accepted idempotency key, in characters.
const ONCE_MOST: usize = 128;
/// How much of a caller's own request number is kept, in characters.
const REQUEST_ID_MOST: usize = 64;

/// What the guard of one route needs.
#[derive(Clone)]
pub struct Guard {
    pub edge: Edge,
    pub permission: Permission,
    /// Largest accepted body, in bytes.
    pub most_body: usize,
}

/// Checks the caller against the route's permission and puts the [`Op`] into the request.
pub async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match admit(&guard, request).await {
        Ok(request) => next.run(request).await,
        Err(fault) => Problem(fault).into_response(),
    }
}

async fn admit(guard: &Guard, request: Request) -> Outcome<Request> {
    let (mut parts, body) = request.into_parts();
    let trace = request_id(&parts.headers).unwrap_or_default();
    let house = &guard.edge.house;
    let actor = if guard.permission == may::PUBLIC {
        Actor::public()
    } else {
        let token = bearer(&parts.headers)?;
        let asker = house.op(Actor::system("edge"), trace.clone());
        let lookup = house.clone();
        guard
            .edge
            .off_loop(&asker.clone(), move || {
                hall::query(&lookup, &asker, |tx, _| token::holder(tx, &token))
            })
            .await?
    };
    if guard.permission != may::PUBLIC && !may::holds(&actor, guard.permission) {
        let detail = format!(
            "您的岗位没有“{}”这项权限。如确需办理，请联系系统管理员调整岗位。",
            guard.permission.0
        );
        return Err(Fault::new(
            FaultKind::Forbidden,
            "edge.permission.missing",
            detail,
        ));
    }
    let mut op = house.op(actor, trace);
    let body = if writes(&parts.method) {
        let bytes = read(body, guard.most_body).await?;
        if let Some(key) = header_text(&parts.headers, ONCE_HEADER) {
            op.once = Some(once(&key, &parts, &bytes)?);
        }
        Body::from(bytes)
    } else {
        body
    };
    parts.extensions.insert(op);
    let mut request = Request::from_parts(parts, body);
    // The route's own limit takes the place of axum's 2 MiB for whatever the handler reads.
    DefaultBodyLimit::max(guard.most_body).apply(&mut request);
    Ok(request)
}

/// Reads a body up to the limit of its route.
async fn read(body: Body, most: usize) -> Outcome<Bytes> {
    let mut request = Request::new(body);
    DefaultBodyLimit::max(most).apply(&mut request);
    Bytes::from_request(request, &())
        .await
        .map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => too_large(most),
            broken => Fault::new(
                FaultKind::Malformed,
                "edge.body.broken-off",
                "请求内容没有传完，连接就中断了。请重新提交。",
            )
            .with_source(broken),
        })
}

/// The number of a request: the caller's own, or the one it was given on its way in.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    header_text(headers, "x-request-id").map(|text| text.chars().take(REQUEST_ID_MOST).collect())
}

fn writes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn once(key: &str, parts: &Parts, body: &[u8]) -> Outcome<hall::Once> {
    if key.is_empty() || key.chars().count() > ONCE_MOST {
        let detail = format!("Idempotency-Key 须为 1 至 {ONCE_MOST} 个字符。");
        return Err(Fault::new(FaultKind::Malformed, "edge.once.length", detail));
    }
    let mut question = format!("{} {}\n", parts.method, parts.uri).into_bytes();
    question.extend_from_slice(body);
    let digest = Suite::Sha256Ed25519.hash(&question);
    Ok(hall::Once {
        key: key.to_owned(),
        digest: digest.to_string(),
    })
}

fn bearer(headers: &HeaderMap) -> Outcome<String> {
    header_text(headers, header::AUTHORIZATION.as_str())
        .and_then(|text| text.strip_prefix("Bearer ").map(|token| token.trim().to_owned()))
        .ok_or_else(|| {
            Fault::new(
                FaultKind::Unauthenticated,
                "edge.token.missing",
                "此接口需要访问令牌。请在请求头中写 Authorization: Bearer 令牌；令牌由 xinheng init 给出。",
            )
        })
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

fn too_large(most: usize) -> Fault {
    let detail = format!(
        "请求内容超过 {} MB。请分批提交，或用命令行导入。",
        most / 1_048_576
    );
    Fault::new(FaultKind::TooLarge, "edge.body.too-large", detail)
}

/// The operation context as handlers take it. Only the guard puts one in, so a handler behind no guard fails.
impl<S: Send + Sync> FromRequestParts<S> for Op {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            Problem(Fault::internal(
                "a handler without a guard",
                std::io::Error::other("every route must be registered through Routes"),
            ))
        })
    }
}
