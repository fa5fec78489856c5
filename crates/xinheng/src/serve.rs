//! The server: HTTP in front, the worker beside it, both stopped in order.
use std::net::SocketAddr;
use std::time::Duration;

use house::House;
use house::edge::{self, Edge};
use kernel::{Fault, FaultKind, Outcome};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::say;
use crate::worker::Background;

/// Limits of the classes of durations in the metrics, in seconds.
const DURATIONS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
/// How often the recorder is tidied, so that what nobody fetches does not pile up.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// Serves until interrupted.
pub fn serve(house: &House, address: SocketAddr) -> Outcome<()> {
    let metrics = recorder()?;
    let router = edge::router(
        Edge::new(house.clone(), Some(metrics.clone())),
        edge::all_routes(),
    )?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Fault::internal("无法启动服务线程", e))?;
    let background = Background::start(house)?;
    let served = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.map_err(|e| {
            let detail = format!("不能在 {address} 提供服务：{}。可用 --listen 换一个地址或端口。", kernel::fault::in_words(&e));
            Fault::new(FaultKind::Busy, "edge.listen.failed", detail)
        })?;
        let address = listener.local_addr().unwrap_or(address);
        say::line(format!("信衡已在 http://{address} 提供服务。接口说明：http://{address}/api/openapi.json 。按 Ctrl+C 停止。"));
        tokio::spawn(tidy(metrics));
        axum::serve(listener, router)
            .with_graceful_shutdown(stopped())
            .await
            .map_err(|e| Fault::internal("服务中断", e))
    });
    drop(background);
    served
}

fn recorder() -> Outcome<PrometheusHandle> {
    let failed = |e| Fault::internal("运行指标无法启用", e);
    PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Full("http_request_duration_seconds".to_owned()),
            &DURATIONS,
        )
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(failed)
}

async fn tidy(metrics: PrometheusHandle) {
    let mut times = tokio::time::interval(TIDY_EVERY);
    loop {
        times.tick().await;
        metrics.run_upkeep();
    }
}

async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
        }
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}
