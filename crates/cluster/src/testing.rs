//! For tests: an S3-compatible server on a folder of this machine, each subfolder a bucket.

use std::net::SocketAddr;
use std::path::Path;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

use crate::fault::{Cluster, ClusterFault};

/// Serves `folder` on a free port of this machine to whoever signs with these keys, for as long as `runtime` lives.
pub fn s3_server(
    runtime: &tokio::runtime::Runtime,
    folder: &Path,
    access_key: &str,
    secret_key: &str,
) -> Cluster<SocketAddr> {
    let failed = |reason: String| ClusterFault::Node {
        role: "S3 测试服务",
        reason,
    };
    let files = FileSystem::new(folder).map_err(|e| failed(format!("{e:?}")))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
    let service = builder.build();
    let listener = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .map_err(|e| failed(e.to_string()))?;
    let address = listener.local_addr().map_err(|e| failed(e.to_string()))?;
    runtime.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let server = Builder::new(TokioExecutor::new());
                // A client that hangs up is no concern of a test server.
                let _ = server.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    Ok(address)
}
