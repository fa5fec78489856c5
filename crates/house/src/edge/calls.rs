//! From async to blocking and back: how a handler runs a command or a query.
use std::sync::Arc;

use axum::Json;
use db::Tx;
use kernel::{ActorKind, Fault, FaultKind, Outcome};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::Semaphore;

use super::Problem;
use crate::hall::{self, House, Op};

/// What a handler answers.
pub type Answer<T> = Result<Json<T>, Problem>;

/// What every handler gets: the house and two separate counters of blocking threads, so a rush of public
/// readers cannot take the desk's.
#[derive(Clone)]
pub struct Edge {
    /// The house.
    pub house: House,
    desk: Arc<Semaphore>,
    public: Arc<Semaphore>,
    /// Renders the metrics, when a recorder is installed.
    pub metrics: Option<metrics_exporter_prometheus::PrometheusHandle>,
}

/// Blocking threads for signed-in work.
const DESK_PLACES: usize = 8;
/// Blocking threads for the public.
const PUBLIC_PLACES: usize = 4;

impl Edge {
    /// The rim of a house.
    pub fn new(house: House, metrics: Option<metrics_exporter_prometheus::PrometheusHandle>) -> Self {
        Self {
            house,
            desk: Arc::new(Semaphore::new(DESK_PLACES)),
            public: Arc::new(Semaphore::new(PUBLIC_PLACES)),
            metrics,
        }
    }

    fn places(&self, op: &Op) -> Arc<Semaphore> {
        Arc::clone(if op.actor.kind == ActorKind::Public {
            &self.public
        } else {
            &self.desk
        })
    }
}

/// Runs a command (once for each idempotency key) and answers with its outcome.
pub async fn act<T, V>(
    edge: &Edge,
    op: Op,
    work: impl FnMut(&mut Tx, &Op) -> Outcome<T> + Send + 'static,
) -> Answer<V>
where
    T: Serialize + DeserializeOwned + Into<V> + Send + 'static,
{
    let house = edge.house.clone();
    let done = blocking(edge.places(&op), move || hall::command_once(&house, &op, work)).await?;
    Ok(Json(done.into()))
}

/// Runs a query on a read-only snapshot and answers with its outcome.
pub async fn ask<T, V>(
    edge: &Edge,
    op: Op,
    work: impl FnOnce(&mut Tx, &Op) -> Outcome<T> + Send + 'static,
) -> Answer<V>
where
    T: Into<V> + Send + 'static,
{
    let house = edge.house.clone();
    let found = blocking(edge.places(&op), move || hall::query(&house, &op, work)).await?;
    Ok(Json(found.into()))
}

pub(super) async fn blocking<T: Send + 'static>(
    places: Arc<Semaphore>,
    work: impl FnOnce() -> Outcome<T> + Send + 'static,
) -> Outcome<T> {
    let stopped = |what: &'static str| Fault::new(FaultKind::Busy, "edge.stopping", what);
    let place = places
        .acquire_owned()
        .await
        .map_err(|_| stopped("服务正在停止，请稍后再试。"))?;
    let span = tracing::Span::current();
    let task = tokio::task::spawn_blocking(move || {
        let _place = place;
        // What the work logs carries the request's number too.
        span.in_scope(work)
    });
    task.await.map_err(|e| Fault::internal("后台线程中断", e))?
}

impl Edge {
    /// Runs blocking work outside any transaction of the rim (for example taking an upload in).
    pub async fn off_loop<T: Send + 'static>(
        &self,
        op: &Op,
        work: impl FnOnce() -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        blocking(self.places(op), work).await
    }
}
