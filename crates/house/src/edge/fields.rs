//! Extractors that answer with a problem instead of axum's plain text.
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts};
use kernel::{Fault, FaultKind};

use super::Problem;

/// A JSON body.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
pub struct Body<T>(pub T);

/// Path parameters.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub struct Path<T>(pub T);

/// Query parameters.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Query<T>(pub T);

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let detail = format!(
            "请求正文不是所要求的 JSON:{}。请对照 /api/openapi.json 中的说明。",
            rejection.body_text()
        );
        Self(Fault::new(FaultKind::Malformed, "edge.body.malformed", detail))
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        let detail = format!("地址中的参数有误：{}。", rejection.body_text());
        Self(Fault::new(FaultKind::Malformed, "edge.path.malformed", detail))
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        let detail = format!("查询参数有误：{}。", rejection.body_text());
        Self(Fault::new(FaultKind::Malformed, "edge.query.malformed", detail))
    }
}
