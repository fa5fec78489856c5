//! The one place where a fault becomes an HTTP answer: `application/problem+json` (RFC 9457).
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::{Fault, FaultKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A refusal or an accident on its way out.
#[derive(Debug)]
pub struct Problem(pub Fault);

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

/// The body of a problem answer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemView {
    /// A name for the kind of problem: `/problems/` and the code.
    pub r#type: String,
    /// 简短标题
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// 发生了什么、为什么、怎么办
    pub detail: String,
    /// Stable code, also the translation key.
    pub code: String,
    /// 依据（文件与条款）
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// 有误的字段
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fields: Vec<FieldProblem>,
}

/// One wrong field of the question.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// Name of the field.
    pub field: String,
    /// Stable code.
    pub code: String,
    /// 说明
    pub detail: String,
}

fn status(kind: FaultKind) -> (StatusCode, &'static str) {
    match kind {
        FaultKind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "内容有误"),
        FaultKind::Malformed => (StatusCode::BAD_REQUEST, "请求格式有误"),
        FaultKind::Unauthenticated => (StatusCode::UNAUTHORIZED, "需要身份"),
        FaultKind::Forbidden => (StatusCode::FORBIDDEN, "没有权限"),
        FaultKind::Hidden => (StatusCode::NOT_FOUND, "没有找到"),
        FaultKind::Conflict => (StatusCode::CONFLICT, "与现状冲突"),
        FaultKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "内容过大"),
        FaultKind::Busy => (StatusCode::SERVICE_UNAVAILABLE, "暂时繁忙"),
        FaultKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "系统内部错误"),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let fault = self.0;
        let (code, title) = status(fault.kind);
        if fault.kind == FaultKind::Internal {
            tracing::error!(code = fault.code, fault = ?fault, "internal fault");
        }
        let detail = if fault.kind == FaultKind::Internal {
            // The cause stays in the log: it may name paths, statements or people.
            "系统内部出错，已记入日志。请稍后再试；若仍出现，请把请求编号（x-request-id）告诉管理员。"
                .to_owned()
        } else {
            fault.detail
        };
        let view = ProblemView {
            r#type: format!("/problems/{}", fault.code),
            title: title.to_owned(),
            status: code.as_u16(),
            detail,
            code: fault.code.to_owned(),
            basis: fault.basis,
            fields: fault
                .fields
                .into_iter()
                .map(|f| FieldProblem {
                    field: f.field,
                    code: f.code.to_owned(),
                    detail: f.detail,
                })
                .collect(),
        };
        let mut response = (code, Json(view)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if code == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
