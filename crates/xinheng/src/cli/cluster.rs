//! `xinheng cluster`: classification beyond one machine. Only in builds with the feature `cluster`.
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use cluster::{Client, ClusterFault, ExecutorAt, Lake, Question, SchedulerAt, Task};
use kernel::{Day, Fault, Outcome};
use lake::{ResultFile, Results, Sink as _, Snapshot};
use policy::{Compiled, LineUp, Pack, compile_lineup, day_number};

use crate::{packs, rim, say};

/// Processes of a cluster, and what they are asked.
#[derive(Debug, Subcommand)]
pub enum Cluster {
    /// 启动调度进程（每个集群一个）。各进程之间没有认证、没有加密：只能放在专用网络里，不得对外开放端口
    Scheduler(Scheduler),
    /// 启动执行进程（每台机器一个）。各进程之间没有认证、没有加密：只能放在专用网络里，不得对外开放端口
    Executor(Executor),
    /// 把数据快照交给集群，对全部主体分类，结果写成 Parquet 文件（与单机结果逐行相同）
    Classify(Classify),
    /// 逐行比较两个结果文件；有任何一行不同，退出码为 1
    Compare {
        /// 结果文件
        left: PathBuf,
        /// 另一个结果文件
        right: PathBuf,
    },
}

/// Arguments of the scheduler.
#[derive(Debug, Args)]
pub struct Scheduler {
    /// 监听地址。多台机器时写本机在专用网络里的地址
    #[arg(long, default_value = "127.0.0.1:50050")]
    bind: SocketAddr,
}

/// Arguments of an executor.
#[derive(Debug, Args)]
pub struct Executor {
    /// 调度进程的地址
    #[arg(long, default_value = "127.0.0.1:50050", value_name = "主机:端口")]
    scheduler: String,
    /// 监听地址，占用这个端口（数据）和下一个端口（指令）。多台机器时写本机在专用网络里的地址
    #[arg(long, default_value = "127.0.0.1:50051")]
    bind: SocketAddr,
    /// 其他进程用什么主机名找到本进程，不写为监听地址
    #[arg(long, value_name = "主机")]
    reached_at: Option<String>,
    /// 存放中间结果的文件夹
    #[arg(long)]
    work_dir: PathBuf,
    /// 同时做几项工作，不写为处理器核数
    #[arg(long)]
    cores: Option<usize>,
    /// 排序最多占用的内存（MiB），超出部分写入工作文件夹；不写为本机内存的七成
    #[arg(long, value_name = "MiB")]
    memory: Option<u64>,
}

/// Arguments of a classification.
#[derive(Debug, Args)]
pub struct Classify {
    /// 调度进程的地址
    #[arg(long, default_value = "127.0.0.1:50050", value_name = "主机:端口")]
    scheduler: String,
    /// 数据快照：本地文件夹（各台机器上须是同一路径、同一内容），或 s3://桶名/路径。不写为数据文件夹里的快照
    ///
    /// S3 兼容存储的地址和密钥由各进程自己的环境变量给出：AWS_ENDPOINT、AWS_ALLOW_HTTP、AWS_REGION、
    /// AWS_ACCESS_KEY_ID、AWS_SECRET_ACCESS_KEY。
    #[arg(long, value_name = "文件夹|s3://桶名/路径")]
    lake: Option<String>,
    /// 政策包：内置的名称或文件夹
    #[arg(long, default_value = "base")]
    pack: String,
    /// 通用型分类模型的代码，连同专业型模型和另行管理的主体一起计算
    #[arg(long, default_value = "generic")]
    model: Vec<String>,
    /// 截止日，不写为今天
    #[arg(long)]
    as_of: Option<Day>,
    /// 账本位置，只算到这个位置为止的记录；不写为整个快照
    #[arg(long)]
    up_to: Option<i64>,
    /// 不用集群，在本机计算，写出同样的文件（只能用本地文件夹）
    #[arg(long, conflicts_with_all = ["scheduler", "partitions"])]
    alone: bool,
    /// 结果文件夹，每个模型一个文件：<模型代码>.parquet
    #[arg(long)]
    out: PathBuf,
    /// 把工作分成几份；集群总核数的两倍较合适
    #[arg(long, default_value_t = 16)]
    partitions: usize,
}

/// Does it.
pub fn run(data: &Path, what: Cluster) -> Outcome<ExitCode> {
    match what {
        Cluster::Scheduler(asked) => {
            open_to_all(asked.bind);
            say::note(format!("调度进程在 {} 上等待。", asked.bind));
            let at = SchedulerAt { bind: asked.bind };
            cluster::runtime()?.block_on(cluster::scheduler(at))?;
        }
        Cluster::Executor(asked) => {
            open_to_all(asked.bind);
            say::note(format!(
                "执行进程在 {} 上等待，听从 {} 的调度。",
                asked.bind, asked.scheduler
            ));
            let at = ExecutorAt {
                bind: asked.bind,
                reached_at: asked.reached_at,
                scheduler: host_and_port(&asked.scheduler)?,
                work_dir: asked.work_dir,
                cores: asked.cores,
                memory: asked.memory.map(|mebibytes| mebibytes.saturating_mul(1 << 20)),
            };
            cluster::runtime()?.block_on(cluster::executor(at))?;
        }
        Cluster::Classify(asked) => classify(data, &asked)?,
        Cluster::Compare { left, right } => return compare(&left, &right),
    }
    Ok(ExitCode::SUCCESS)
}

fn compare(left: &Path, right: &Path) -> Outcome<ExitCode> {
    let found = cluster::compare(left, right)?;
    if found.same() {
        say::line(format!("{} 行，逐行相同。", say::count(found.rows)));
        return Ok(ExitCode::SUCCESS);
    }
    say::line(format!(
        "共同的 {} 行中有 {} 行不同，另有 {} 行只在一个文件里。",
        say::count(found.rows),
        say::count(found.differing),
        say::count(found.surplus)
    ));
    if let Some(entity) = found.first {
        say::line(format!("第一处不同：主体 {entity}。"));
    }
    Ok(ExitCode::FAILURE)
}

/// Says loudly that a port others can reach is open to all of them.
fn open_to_all(bind: SocketAddr) {
    if !bind.ip().is_loopback() {
        say::note(format!(
            "注意：{bind} 可以从其他机器访问，而集群没有认证、没有加密：能连上的人都能读取数据、提交任务。只能放在专用网络里。"
        ));
    }
}

fn host_and_port(address: &str) -> Outcome<(String, u16)> {
    let parts = address.rsplit_once(':');
    parts
        .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)))
        .filter(|(host, _)| !host.is_empty())
        .ok_or_else(|| {
            let detail = format!("“{address}”不是地址，应写成“主机:端口”，例如 10.0.0.1:50050。");
            Fault::invalid("cluster.address.unknown", detail)
        })
}

/// What a classification needs, whoever does it.
struct Prepared {
    pack: Pack,
    lineups: Vec<LineUp>,
    models: Vec<Compiled>,
    files: Vec<PathBuf>,
    as_of: Day,
    lake: String,
}

impl Prepared {
    fn of(data: &Path, asked: &Classify) -> Outcome<Self> {
        let as_of = asked.as_of.unwrap_or_else(rim::today);
        let pack = packs::open(&asked.pack)?;
        let lineups = asked
            .model
            .iter()
            .map(|code| Ok(pack.on(as_of).lineup(code)?.value));
        let lineups = lineups.collect::<Outcome<Vec<LineUp>>>()?;
        let models = lineups
            .iter()
            .map(|lineup| compile_lineup(lineup, pack.symbols()));
        let models = models
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| Fault::invalid("cluster.model.invalid", e.to_string()))?;
        std::fs::create_dir_all(&asked.out)
            .map_err(|e| Fault::internal(format!("结果文件夹 {} 无法建立：{e}", asked.out.display()), e))?;
        let file = |model: &Compiled| asked.out.join(format!("{}.parquet", model.model().code));
        let lake = asked.lake.clone();
        Ok(Self {
            files: models.iter().map(file).collect(),
            models,
            lineups,
            pack,
            as_of,
            lake: lake.unwrap_or_else(|| data.join("snapshot").to_string_lossy().into_owned()),
        })
    }

    /// What the files say of themselves.
    fn stamp(&self, up_to: i64) -> [(&'static str, String); 3] {
        [
            ("pack", self.pack.hash().to_owned()),
            ("as_of", self.as_of.to_string()),
            ("up_to", up_to.to_string()),
        ]
    }

    fn warn_of_pack(&self, entities_pack: &str) {
        if entities_pack != self.pack.hash() {
            say::note("注意：快照里的主体属性是按另一版政策包写的，行业和地区可能较粗。请先重新导出主体。");
        }
    }

    fn tell(&self, entities: u64, by_class: &[Vec<u64>]) {
        say::line(format!(
            "分类完成（截止 {}）：{} 户。",
            self.as_of,
            say::count(entities)
        ));
        for ((model, counts), file) in self.models.iter().zip(by_class).zip(&self.files) {
            say::line(format!("{}（{}）", model.model().title, file.display()));
            for (class, count) in model.model().classes.iter().zip(counts) {
                say::line(format!("  {} 类 {:>12} 户", class.code, say::count(*count)));
            }
            let outside = entities.saturating_sub(counts.iter().sum());
            if outside > 0 {
                say::line(format!("  不参加分类 {:>8} 户", say::count(outside)));
            }
        }
    }
}

fn classify(data: &Path, asked: &Classify) -> Outcome<()> {
    let prepared = Prepared::of(data, asked)?;
    if asked.alone {
        return alone(&prepared, asked.up_to);
    }
    host_and_port(&asked.scheduler)?;
    cluster::runtime()?.block_on(together(&prepared, asked))
}

/// By the cluster.
async fn together(prepared: &Prepared, asked: &Classify) -> Outcome<()> {
    let client = Client::connect(&asked.scheduler, asked.partitions).await?;
    let lake = Lake::open(client.context(), &prepared.lake).await?;
    let up_to = asked.up_to.unwrap_or(lake.manifest().position);
    prepared.warn_of_pack(lake.entities_pack(up_to)?);
    let files: Vec<&Path> = prepared.files.iter().map(PathBuf::as_path).collect();
    let task = Task {
        question: Question {
            lineups: &prepared.lineups,
            symbols: prepared.pack.symbols(),
            as_of: day_number(prepared.as_of),
            up_to: Some(up_to),
        },
        files: &files,
        stamp: &prepared.stamp(up_to),
    };
    let mut retrying = |attempt: u32, why: &ClusterFault| {
        say::note(format!("第 {attempt} 次提交未完成，重新提交。原因：{why}"));
    };
    let answer = client.classify(&lake, &task, &mut retrying).await?;
    prepared.tell(answer.entities, &answer.by_class);
    if answer.attempts > 1 {
        say::line(format!("共提交 {} 次。", answer.attempts));
    }
    Ok(())
}

/// On this machine, by the lake.
fn alone(prepared: &Prepared, up_to: Option<i64>) -> Outcome<()> {
    let snapshot = Snapshot::open(Path::new(&prepared.lake))?;
    let up_to = up_to.unwrap_or_else(|| snapshot.position());
    let stamp = prepared.stamp(up_to);
    let mut files = Vec::new();
    for (number, (model, path)) in prepared.models.iter().zip(&prepared.files).enumerate() {
        files.push(ResultFile::create(path, number, model.model(), &stamp)?);
    }
    let question = lake::Question {
        models: &prepared.models,
        as_of: day_number(prepared.as_of),
        up_to: Some(up_to),
        threads: std::thread::available_parallelism().map_or(1, NonZero::get),
    };
    let mut sink = |results: &Results| files.iter_mut().try_for_each(|file| file.take(results));
    let answer = lake::classify(&snapshot, &question, &mut sink, &mut |_| {})?;
    for file in files {
        file.finish()?;
    }
    prepared.warn_of_pack(&answer.entities_pack);
    let by_class: Vec<Vec<u64>> = answer.totals.into_iter().map(|totals| totals.by_class).collect();
    prepared.tell(answer.entities, &by_class);
    Ok(())
}
