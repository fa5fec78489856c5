//! The processes of a cluster: one scheduler, and executors that do the work.

use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

use ballista_core::registry::BallistaFunctionRegistry;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::start_server;

use crate::fault::{Cluster, ClusterFault};
use crate::session::{config, runtime_env, state};
use crate::speak::{SPEAKS, speaks};

/// Seconds between two signs of life of an executor.
const HEARTBEAT: u64 = 3;
/// Seconds without a sign of life after which an executor counts as lost, and its work is given to others.
const LOST_AFTER: u64 = 15;
/// Seconds a job waits for any executor at all.
const NOBODY_FOR: u64 = 60;
/// Seconds results and intermediate files are kept when nobody has cleared them away.
const KEPT_FOR: u64 = 24 * 3600;
/// Plans are trees walked by recursion.
const STACK: usize = 16 << 20;

/// Where a scheduler listens.
#[derive(Debug, Clone, Copy)]
pub struct SchedulerAt {
    /// Address and port.
    pub bind: SocketAddr,
}

/// Where an executor listens, whom it works for and with what.
#[derive(Debug, Clone)]
pub struct ExecutorAt {
    /// Address and port for data; the next port takes orders of the scheduler.
    pub bind: SocketAddr,
    /// Name or address under which others reach it, where that is not `bind`.
    pub reached_at: Option<String>,
    /// Host and port of the scheduler.
    pub scheduler: (String, u16),
    /// Folder for intermediate results.
    pub work_dir: PathBuf,
    /// Tasks at a time; `None` = one for each core.
    pub cores: Option<usize>,
    /// Bytes of memory sorts may take before they go to disk, over all tasks; `None` = 70 % of the machine's.
    pub memory: Option<u64>,
}

/// A runtime for any of the processes.
pub fn runtime() -> Cluster<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build()
        .map_err(|e| node("进程", &e))
}

/// Runs a scheduler until it is ended.
pub async fn scheduler(at: SchedulerAt) -> Cluster<()> {
    let settings = SchedulerConfig {
        bind_host: at.bind.ip().to_string(),
        bind_port: at.bind.port(),
        external_host: at.bind.ip().to_string(),
        task_distribution: TaskDistributionPolicy::RoundRobin,
        executor_timeout_seconds: LOST_AFTER,
        expire_dead_executor_interval_seconds: HEARTBEAT,
        no_executors_grace_period_seconds: NOBODY_FOR,
        override_config_producer: Some(Arc::new(config)),
        override_session_builder: Some(Arc::new(state)),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&settings)
        .await
        .map_err(|e| node("调度进程", &e))?;
    start_server(cluster, at.bind, Arc::new(settings))
        .await
        .map_err(|e| node("调度进程", &e))
}

/// Runs an executor until it is ended.
pub async fn executor(at: ExecutorAt) -> Cluster<()> {
    let failed = |e: &dyn std::fmt::Display| node("执行进程", e);
    std::fs::create_dir_all(&at.work_dir).map_err(|e| failed(&e))?;
    let work_dir = std::path::absolute(&at.work_dir).map_err(|e| failed(&e))?;
    let work_dir = work_dir
        .to_str()
        .ok_or_else(|| failed(&"工作文件夹的路径不是 UTF-8"))?
        .to_owned();
    let orders = at.bind.port().checked_add(1).ok_or_else(|| failed(&"端口过大"))?;
    let cores = at
        .cores
        .or_else(|| std::thread::available_parallelism().ok().map(NonZero::get))
        .unwrap_or(1);
    let mut functions = BallistaFunctionRegistry::default();
    functions.window_functions.insert(SPEAKS.to_owned(), speaks());
    let spill = work_dir.clone();
    let settings = ExecutorProcessConfig {
        bind_host: at.bind.ip().to_string(),
        external_host: Some(at.reached_at.unwrap_or_else(|| at.bind.ip().to_string())),
        port: at.bind.port(),
        grpc_port: orders,
        scheduler_host: at.scheduler.0,
        scheduler_port: at.scheduler.1,
        scheduler_connect_timeout_seconds: 30,
        vcores: cores.max(1),
        work_dir: Some(work_dir),
        job_data_ttl_seconds: KEPT_FOR,
        job_data_clean_up_interval_seconds: KEPT_FOR / 24,
        executor_heartbeat_interval_seconds: HEARTBEAT,
        memory_pool_size: at.memory,
        override_function_registry: Some(Arc::new(functions)),
        override_config_producer: Some(Arc::new(config)),
        override_runtime_producer: Some(Arc::new(move |_| runtime_env(Some(&spill)))),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(settings))
        .await
        .map_err(|e| failed(&e))
}

fn node(role: &'static str, reason: &dyn std::fmt::Display) -> ClusterFault {
    ClusterFault::Node {
        role,
        reason: reason.to_string(),
    }
}
