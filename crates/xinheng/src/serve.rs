//! The server: HTTP in front, the worker beside it, both stopped in order.
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use house::House;
use house::edge::{self, Edge};
use kernel::{Fault, FaultKind, Outcome};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::{say, worker};

/// Serves until interrupted.
pub fn serve(house: &House, address: SocketAddr) -> Outcome<()> {
    let metrics = PrometheusBuilder::new()
        .install_recorder()
        .map_err(|e| Fault::internal("运行指标无法启用", e))?;
    let router = edge::router(Edge::new(house.clone(), Some(metrics)), edge::all_routes())?;
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Fault::internal("无法启动服务线程", e))?;
    let background = {
        let (house, stop) = (house.clone(), Arc::clone(&stop));
        std::thread::spawn(move || worker::work(&house, &stop))
    };
    let served = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.map_err(|e| {
            let detail = format!("不能在 {address} 提供服务：{e}。端口可能已被占用，可用 --listen 换一个。");
            Fault::new(FaultKind::Busy, "edge.listen.failed", detail)
        })?;
        let address = listener.local_addr().unwrap_or(address);
        say::line(format!("信衡已在 http://{address} 提供服务。接口说明:http://{address}/api/openapi.json 。按 Ctrl+C 停止。"));
        axum::serve(listener, router)
            .with_graceful_shutdown(stopped())
            .await
            .map_err(|e| Fault::internal("服务中断", e))
    });
    stop.store(true, Ordering::Relaxed);
    background.thread().unpark();
    let _ = background.join();
    served
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
