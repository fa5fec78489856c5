//! Routes of the office.
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Department, Inspector, Listed, Loaded};
use super::service;
use crate::edge::fields::Body;
use crate::edge::{Answer, Doc, Edge, Routes, act, ask, may};
use crate::hall::Op;

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .get(
            "/api/v1/office/departments",
            may::READ_OFFICE,
            Doc::new("部门列表").list_of::<Department>(),
            departments,
        )
        .get(
            "/api/v1/office/inspectors",
            may::READ_OFFICE,
            Doc::new("执法检查人员名录库；回避的主体只对管辖其部门的账号显示").list_of::<Listed>(),
            inspectors,
        )
        .post(
            "/api/v1/office/roll",
            may::WRITE_OFFICE,
            Doc::new("导入部门和执法人员").body::<Roll>().answer::<Loaded>(),
            load,
        )
}

/// Departments and inspectors to be loaded.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Roll {
    /// 部门
    #[serde(default)]
    pub departments: Vec<Department>,
    /// 执法人员
    #[serde(default)]
    pub inspectors: Vec<Inspector>,
}

async fn departments(State(edge): State<Edge>, op: Op) -> Answer<Vec<Department>> {
    ask(&edge, op, |tx, _| service::departments(tx)).await
}

async fn inspectors(State(edge): State<Edge>, op: Op) -> Answer<Vec<Listed>> {
    ask(&edge, op, service::listed).await
}

async fn load(State(edge): State<Edge>, op: Op, Body(roll): Body<Roll>) -> Answer<Loaded> {
    act(&edge, op, move |tx, op| {
        service::load(tx, op, &roll.departments, &roll.inspectors)
    })
    .await
}
