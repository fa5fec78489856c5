//! The command line: what can be asked for, and who does it.

mod classes;
mod classify;
#[cfg(feature = "cluster")]
mod cluster;
mod demo;
mod describe;
mod drop;
mod feed;
mod find;
mod import;
mod init;
mod inspect;
mod log;
mod model;
mod pack;
mod pull;
mod push;
mod quality;
mod receipt;
mod scorecard;
mod show;
mod token;
mod verify;
mod whose;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use house::House;
use kernel::{Day, Outcome};

use crate::rim;
use crate::{serve, worker};

/// 信衡：事中事后监管平台。
#[derive(Debug, Parser)]
#[command(name = "xinheng", version, about, disable_help_subcommand = true)]
pub struct Arguments {
    /// 数据文件夹
    #[arg(long, global = true, default_value = "var/xinheng", env = "XINHENG_DATA")]
    pub data: PathBuf,
    /// 时钟比实际早或晚多少天（只供试运行和测试，正式数据不得使用）
    #[arg(
        long,
        global = true,
        default_value_t = 0,
        env = "XINHENG_CLOCK_SHIFT_DAYS",
        hide = true,
        allow_negative_numbers = true
    )]
    pub clock_shift_days: i32,
    /// 日志用 JSON 格式（供采集系统使用）
    #[arg(long, global = true)]
    pub log_json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 建立新的数据文件夹和数据库，给出操作员令牌
    Init(init::Init),
    /// 导入主体、信用记录或人员名录
    #[command(subcommand)]
    Import(import::Import),
    /// 对全部主体分类（可行时只重新计算有变化的主体，结果与全量计算相同）
    Classify {
        /// 截止日，不写为今天
        #[arg(long)]
        as_of: Option<Day>,
        /// 对全部主体重新计算
        #[arg(long)]
        full: bool,
    },
    /// 说明一个主体为什么是这一类，怎样会改变
    Explain {
        /// 统一社会信用代码
        code: String,
        /// 截止日，不写为今天
        #[arg(long)]
        as_of: Option<Day>,
        /// 按当时所知，重算这一批次的分类
        #[arg(long, value_name = "批次号", conflicts_with = "as_of")]
        run: Option<i64>,
    },
    /// 分类结果的变动
    #[command(subcommand)]
    Classes(classes::Classes),
    /// 分类模型：训练、评分、评判；草案、影子运行、批准、生效、退回
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// 为一个人建立访问令牌
    Token {
        /// 姓名
        name: String,
    },
    /// 显示一个主体的信用档案
    Show {
        /// 统一社会信用代码
        code: String,
        /// 截至哪一天所知，不写为现在
        #[arg(long)]
        on: Option<Day>,
    },
    /// 待关联：代码缺失或有误的行归到谁名下
    #[command(subcommand)]
    Match(whose::Match),
    /// 把一个主体并入另一个（同一主体有两个代码时）
    Merge(whose::Merge),
    /// 撤销一次主体合并
    Unmerge {
        /// 被并入的主体代码，或合并编号
        which: String,
        /// 理由
        #[arg(long)]
        reason: String,
    },
    /// 关联主体：总公司与分支机构、投资、同一住所、同一法定代表人
    Related {
        /// 统一社会信用代码
        code: String,
        /// 从上一页给出的位置接着看
        #[arg(long)]
        after: Option<String>,
    },
    /// 按名称、拼音首字母或代码开头查找主体
    Find(find::Find),
    /// 抽查计划
    #[command(subcommand)]
    Plan(inspect::PlanCommand),
    /// 抽取
    #[command(subcommand)]
    Draw(inspect::DrawCommand),
    /// 检查任务
    #[command(subcommand)]
    Task(inspect::TaskCommand),
    /// 公示
    #[command(subcommand)]
    Publish(inspect::PublishCommand),
    /// 演练：给计划的全部任务录入模拟的检查结果（仅用于试运行）
    Rehearse {
        /// 计划编号
        plan: String,
        /// 随机种子
        #[arg(long, default_value_t = 7)]
        seed: u64,
    },
    /// 演示：造一座城市，走完一圈，然后提供服务
    Demo(demo::Demo),
    /// 验证一次抽取的文书；有任何一项不符，退出码为 1
    Verify(verify::Verify),
    /// 政策包
    #[command(subcommand)]
    Policy(pack::Policy),
    /// 公开日志
    #[command(subcommand)]
    Log(log::Log),
    /// 事件的增量下载
    #[command(subcommand)]
    Feed(feed::Feed),
    /// 推送订阅（webhook）
    #[command(subcommand)]
    Hook(feed::HookCommand),
    /// 上报：把记录报给上级平台，一次录入
    #[command(subcommand)]
    Push(push::PushCommand),
    /// 投递文件夹：部门把文件放进去，自动入库
    #[command(subcommand)]
    Drop(drop::DropCommand),
    /// 抽取：按游标从部门的数据库视图取数
    #[command(subcommand)]
    Pull(pull::PullCommand),
    /// 验证一张提交回执；有任何一项不符，退出码为 1
    VerifyReceipt(receipt::VerifyReceipt),
    /// 归集质量：得分、更新情况、同比增长
    #[command(subcommand)]
    Quality(quality::Quality),
    /// 集群：一台机器不够时，用多台机器分类
    #[cfg(feature = "cluster")]
    #[command(subcommand)]
    Cluster(cluster::Cluster),
    /// 启动服务
    Serve {
        /// 监听地址
        #[arg(long, default_value = "127.0.0.1:8080", env = "XINHENG_LISTEN")]
        listen: SocketAddr,
    },
}

/// Does what was asked for.
pub fn run(arguments: Arguments) -> Outcome<ExitCode> {
    let data = arguments.data;
    let clock = rim::clock(arguments.clock_shift_days);
    let open = || -> Outcome<House> { rim::open(&data, clock.clone()) };
    match arguments.command {
        Command::Init(init) => init::run(&data, init, clock.clone()),
        Command::Import(what) => import::run(&open()?, what),
        Command::Classify { as_of, full } => classify::run(&opened(open()?)?, as_of, full),
        Command::Explain { code, as_of, run } => classify::explain(&open()?, &code, as_of, run),
        Command::Classes(what) => classes::run(&opened(open()?)?, what),
        Command::Token { name } => token::run(&open()?, &name),
        Command::Show { code, on } => show::run(&opened(open()?)?, &code, on),
        Command::Match(what) => whose::run(&opened(open()?)?, what),
        Command::Merge(asked) => whose::merge(&opened(open()?)?, &asked),
        Command::Unmerge { which, reason } => whose::unmerge(&opened(open()?)?, &which, &reason),
        Command::Related { code, after } => whose::show_related(&opened(open()?)?, &code, after.as_deref()),
        Command::Find(asked) => find::run(&opened(open()?)?, asked),
        Command::Plan(what) => inspect::plan(&opened(open()?)?, what),
        Command::Draw(inspect::DrawCommand::Contribute { name, suite }) => inspect::contribute(&name, &suite),
        Command::Draw(what) => inspect::draw(&opened(open()?)?, what),
        Command::Task(what) => inspect::task(&opened(open()?)?, what),
        Command::Publish(what) => inspect::publish(&opened(open()?)?, &what),
        Command::Rehearse { plan, seed } => demo::rehearse(&opened(open()?)?, &plan, seed),
        Command::Demo(asked) => demo::run(&data, &asked),
        Command::Verify(verify) => return verify::run(&verify),
        Command::Policy(policy) => return pack::run(&policy),
        Command::Log(what) => log::run(&opened(open()?)?, &what),
        Command::Feed(what) => match feed::follow(&what) {
            Some(followed) => followed,
            None => feed::run(&opened(open()?)?, &what),
        },
        Command::Hook(what) => feed::hook(&opened(open()?)?, what),
        Command::Push(what) => push::run(&opened(open()?)?, what),
        Command::Drop(what) => drop::run(&opened(open()?)?, what),
        Command::Pull(what) => pull::run(&opened(open()?)?, what),
        Command::VerifyReceipt(asked) => return receipt::run(&asked),
        Command::Quality(what) => quality::run(&opened(open()?)?, what),
        Command::Model(what) => model::run(|| opened(open()?), what),
        #[cfg(feature = "cluster")]
        Command::Cluster(what) => return cluster::run(&data, what),
        Command::Serve { listen } => serve::serve(&open()?, listen),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// A house whose unfinished business of an earlier, perhaps killed, process is done first.
fn opened(house: House) -> Outcome<House> {
    worker::settle(&house, true)?;
    Ok(house)
}
