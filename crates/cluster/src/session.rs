//! What all processes have in common: settings, storage, the function `speaks`.

use std::sync::Arc;

use ballista_core::extension::SessionConfigExt as _;
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::speak::speaks;
use crate::storage::Stores;

/// DataFusion in this process alone, without a cluster: what the plan means, for tests and for comparison.
pub fn local(partitions: usize) -> Result<SessionContext> {
    let config = SessionConfig::new().with_target_partitions(partitions.max(1));
    let context = SessionContext::new_with_config_rt(config, runtime_env(None)?);
    context.register_udwf(speaks().as_ref().clone());
    Ok(context)
}

/// Storage, and the folder where a process puts what does not fit into memory.
pub(crate) fn runtime_env(spill: Option<&str>) -> Result<Arc<RuntimeEnv>> {
    let builder = RuntimeEnvBuilder::new().with_object_store_registry(Arc::new(Stores::default()));
    let builder = match spill {
        Some(folder) => builder.with_temp_file_path(folder),
        None => builder,
    };
    builder.build_arc()
}

/// Settings of a process of the cluster before a client's are laid over them.
pub(crate) fn config() -> SessionConfig {
    SessionConfig::new_with_ballista()
}

/// Settings of one job. Joins are sorted, not hashed, and never broadcast: memory does not grow with the number of entities.
pub(crate) fn job_config(partitions: usize) -> SessionConfig {
    config()
        .with_target_partitions(partitions.max(1))
        .with_ballista_job_name("xinheng classify")
        .with_ballista_adaptive_query_planner(false)
        .with_ballista_broadcast_join_threshold_bytes(0)
        .with_ballista_broadcast_join_threshold_rows(0)
}

/// A session as the scheduler plans with it.
pub(crate) fn state(config: SessionConfig) -> Result<SessionState> {
    let mut windows = ballista_core::extension::ballista_window_functions();
    windows.push(speaks());
    Ok(SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_runtime_env(runtime_env(None)?)
        .with_scalar_functions(ballista_core::extension::ballista_scalar_functions())
        .with_aggregate_functions(ballista_core::extension::ballista_aggregate_functions())
        .with_window_functions(windows)
        .build())
}
