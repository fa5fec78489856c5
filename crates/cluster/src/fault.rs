//! The ways the cluster says no: each names what failed and what to do about it.

use std::path::PathBuf;

use datafusion::error::DataFusionError;
use kernel::{FaultKind, Refusal};
use lake::LakeFault;
use policy::ModelFault;

/// A refusal or accident of the cluster. `Display` is Simplified Chinese, for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ClusterFault {
    /// The snapshot cannot be read.
    #[error("{0}")]
    Lake(#[from] LakeFault),
    /// A model cannot be compiled.
    #[error("{0}")]
    Model(#[from] ModelFault),
    /// The storage refused or does not know the file.
    #[error(
        "存储访问失败：{place}：{source}。请检查地址和凭据（S3 兼容存储由环境变量 AWS_ENDPOINT、AWS_ACCESS_KEY_ID 等给出）"
    )]
    Storage {
        /// What was asked for.
        place: String,
        /// What the storage said.
        source: object_store::Error,
    },
    /// A file of results that cannot be read.
    #[error("结果文件无法读取：{path}：{reason}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A place that is neither a folder nor a bucket.
    #[error("无法识别的数据位置“{0}”。请写本地文件夹，或 s3://桶名/路径")]
    Place(String),
    /// The plan could not be made or carried out.
    #[error("计划执行失败：{0}")]
    Plan(#[from] DataFusionError),
    /// Every attempt failed.
    #[error(
        "共提交 {attempts} 次，均未成功，最后一次的原因：{last}。请检查调度进程和执行进程是否都在运行，再试一次"
    )]
    GivenUp {
        /// How often the job was submitted.
        attempts: u32,
        /// Why the last attempt failed.
        last: Box<ClusterFault>,
    },
    /// A process of the cluster could not be started or ended with an error.
    #[error("{role}未能运行：{reason}")]
    Node {
        /// Which process.
        role: &'static str,
        /// What it said.
        reason: String,
    },
    /// The result does not have the shape asked for.
    #[error("集群返回的结果不完整：{0}。请确认各进程为同一版本")]
    Shape(&'static str),
    /// The caller gave arguments that make no sense.
    #[error("参数有误：{0}")]
    Argument(String),
}

/// Result of every fallible function of this crate.
pub type Cluster<T> = Result<T, ClusterFault>;

impl Refusal for ClusterFault {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Lake(fault) => fault.kind(),
            Self::Place(_) | Self::Argument(_) | Self::Model(_) => FaultKind::Invalid,
            _ => FaultKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Lake(fault) => fault.code(),
            Self::Storage { .. } => "cluster.storage.refused",
            Self::Unreadable { .. } => "cluster.result.unreadable",
            Self::Place(_) => "cluster.place.unknown",
            Self::Model(_) => "cluster.model.invalid",
            Self::Plan(_) => "cluster.plan.failed",
            Self::GivenUp { .. } => "cluster.job.given-up",
            Self::Node { .. } => "cluster.node.stopped",
            Self::Shape(_) => "cluster.result.shape",
            Self::Argument(_) => "cluster.argument.senseless",
        }
    }

    fn detail(&self) -> String {
        self.to_string()
    }
}
