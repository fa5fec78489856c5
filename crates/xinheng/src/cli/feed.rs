//! `xinheng feed`: download another platform's ledger with proof that nothing is missing, and manage subscribers.
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use house::hall::feed::hooks::{self, Deed};
use house::hall::feed::log;
use house::hall::feed::model::{Call, Carrier as _, Hook, NewHook};
use house::hall::{House, Op, command, query};
use kernel::{Actor, Fault, FaultKind, Outcome};
use proof::Suite;
use proof::feed::{Follower, Mark, Page};
use proof::text::Hex;

use crate::carrier::Outward;
use crate::say;

/// What to do with the feed.
#[derive(Debug, Subcommand)]
pub enum Feed {
    /// 从另一个平台增量下载事件，校验没有缺失、没有改动，接续写入文件
    Follow {
        /// 平台地址，例如 http://127.0.0.1:8080
        #[arg(long)]
        from: String,
        /// 访问令牌
        #[arg(long, env = "XINHENG_FEED_TOKEN", hide_env_values = true)]
        token: String,
        /// 写入的文件（每行一个事件）；进度记在同名的 .mark 文件中
        #[arg(long)]
        to: PathBuf,
        /// 平台公钥（十六进制）；不写则信任第一次下载时见到的
        #[arg(long)]
        key: Option<String>,
        /// 只要这些事件，逗号分隔；其余只核对摘要
        #[arg(long)]
        verbs: Option<String>,
    },
    /// 重新计算本平台全部事件的摘要树，与登记时的核对
    Verify,
}

/// What to do with subscribers.
#[derive(Debug, Subcommand)]
pub enum HookCommand {
    /// 新增订阅；签名密钥只显示一次
    Add {
        /// 名称
        name: String,
        /// 接收地址
        url: String,
        /// 要哪些事件：完整类型，或以“.”结尾的前缀；可写多次，不写为全部
        #[arg(long = "verb")]
        verbs: Vec<String>,
        /// 只要这些行政区划（含下级），可写多次
        #[arg(long = "division")]
        divisions: Vec<String>,
        /// 只要这些部门，可写多次
        #[arg(long = "department")]
        departments: Vec<String>,
        /// 从哪个位置之后开始；不写为现在
        #[arg(long)]
        after: Option<i64>,
    },
    /// 列出订阅
    List,
    /// 推送记录
    Log {
        /// 订阅编号
        hook: i64,
    },
    /// 暂停
    Pause {
        /// 订阅编号
        hook: i64,
    },
    /// 恢复：从停下的位置继续
    Resume {
        /// 订阅编号
        hook: i64,
    },
    /// 移除
    Remove {
        /// 订阅编号
        hook: i64,
    },
    /// 更换签名密钥
    Renew {
        /// 订阅编号
        hook: i64,
    },
    /// 从某一位置之后重新推送
    Rewind {
        /// 订阅编号
        hook: i64,
        /// 位置
        position: i64,
    },
    /// 发一条测试消息
    Test {
        /// 订阅编号
        hook: i64,
    },
}

/// Needs no deployment of its own.
pub fn follow(feed: &Feed) -> Option<Outcome<()>> {
    let Feed::Follow {
        from,
        token,
        to,
        key,
        verbs,
    } = feed
    else {
        return None;
    };
    Some(follow_to(from, token, to, key.as_deref(), verbs.as_deref()))
}

/// Does what needs a deployment.
pub fn run(house: &House, feed: &Feed) -> Outcome<()> {
    match feed {
        Feed::Follow { .. } => Ok(()),
        Feed::Verify => {
            let op = operator(house);
            log::extend(house, &op)?;
            let size = query(house, &op, |tx, _| log::check(tx, &house.keys))?;
            say::line(format!(
                "全部 {} 个事件与登记时的摘要一致。",
                say::count(i128::from(size))
            ));
            Ok(())
        }
    }
}

fn operator(house: &House) -> Op {
    house.op(Actor::operator("本机操作员"), "feed")
}

fn invalid(detail: String) -> Fault {
    Fault::invalid("feed.follow.refused", detail)
}

fn mark_path(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".mark");
    PathBuf::from(name)
}

fn file_fault(path: &Path, error: &std::io::Error) -> Fault {
    invalid(format!(
        "无法读写 {}：{}。",
        path.display(),
        kernel::fault::in_words(error)
    ))
}

/// The mark keeps the length of the file at its position too: what a killed download wrote beyond is cut off.
#[derive(serde::Serialize, serde::Deserialize)]
struct Kept {
    length: u64,
    mark: Mark,
}

fn follow_to(from: &str, token: &str, to: &Path, key: Option<&str>, verbs: Option<&str>) -> Outcome<()> {
    hooks::check_url(from)?;
    let marked = mark_path(to);
    let mut kept: Option<Kept> = match fs::read(&marked) {
        Ok(text) => {
            let broken = |e| {
                invalid(format!(
                    "{} 已损坏（{e}）。请删除它和数据文件，从头下载。",
                    marked.display()
                ))
            };
            Some(serde_json::from_slice(&text).map_err(broken)?)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(file_fault(&marked, &error)),
    };
    let mut file = continued(to, &marked, kept.as_ref().map(|kept| kept.length))?;
    let outward = Outward::new();
    let known = key
        .map(|text| Hex::try_from(text.to_owned()).map_err(|_| invalid("平台公钥须为小写十六进制。".into())))
        .transpose()?;
    let (mut taken, mut shown) = (0_u64, 0_u64);
    loop {
        let after = kept.as_ref().map_or(0, |kept| kept.mark.size);
        let page = fetch(&outward, from, token, after, verbs)?;
        let mut follower = match &kept {
            Some(kept) => Follower::resume(&kept.mark),
            None => Suite::parse(&page.suite)
                .map(|suite| Follower::new(suite, known.clone()))
                .ok_or_else(|| proof::ProofError::Feed("密码套件不认识".into())),
        }
        .map_err(|fault| invalid(fault.to_string()))?;
        if let (Some(known), Some(trusted)) = (&known, follower.mark().key)
            && *known != trusted
        {
            return Err(invalid("给出的平台公钥与以前下载时的不同。".into()));
        }
        if kept.is_none() {
            // Before the first event, so that a file cut off here is known again.
            keep(&marked, 0, follower.mark())?;
        }
        follower.take(&page).map_err(|fault| invalid(fault.to_string()))?;
        for data in page.entries.iter().filter_map(|entry| entry.data.as_ref()) {
            writeln!(file, "{data}").map_err(|e| file_fault(to, &e))?;
            shown += 1;
        }
        taken += follower.position() - after;
        file.sync_data().map_err(|e| file_fault(to, &e))?;
        let length = file.metadata().map_err(|e| file_fault(to, &e))?.len();
        let ended = follower.position() >= page.height;
        kept = Some(keep(&marked, length, follower.mark())?);
        if ended {
            say::line(format!(
                "取到 {taken} 个位置（其中 {shown} 个事件有全文），现在的位置是 {}，没有缺失。",
                follower.position()
            ));
            return Ok(());
        }
    }
}

/// The file, cut off where its mark says that the whole events end. A file that no mark speaks of is somebody else's, and
/// one that has become shorter is not what was downloaded.
fn continued(to: &Path, marked: &Path, length: Option<u64>) -> Outcome<File> {
    let mut options = OpenOptions::new();
    let wrong = |e| file_fault(to, &e);
    let file = options.create(true).append(true).open(to).map_err(wrong)?;
    let held = file.metadata().map_err(wrong)?.len();
    match length {
        None if held > 0 => Err(invalid(format!(
            "{} 已有内容，却没有它的进度文件 {}。为免覆盖，什么也没有做。请换一个文件名，或先移走这个文件。",
            to.display(),
            marked.display()
        ))),
        Some(length) if held < length => Err(invalid(format!(
            "{} 比进度文件 {} 所记的短，可能被截断或替换过。请恢复它，或删除这两个文件从头下载。",
            to.display(),
            marked.display()
        ))),
        _ => {
            file.set_len(length.unwrap_or(0)).map_err(wrong)?;
            Ok(file)
        }
    }
}

fn keep(marked: &Path, length: u64, mark: Mark) -> Outcome<Kept> {
    let kept = Kept { length, mark };
    let text = serde_json::to_vec_pretty(&kept).map_err(|e| Fault::internal("标记无法写出", e))?;
    replace(marked, &text)?;
    Ok(kept)
}

fn replace(path: &Path, text: &[u8]) -> Outcome<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let fresh = PathBuf::from(name);
    fs::write(&fresh, text)
        .and_then(|()| fs::rename(&fresh, path))
        .map_err(|e| file_fault(path, &e))
}

fn fetch(outward: &Outward, from: &str, token: &str, after: u64, verbs: Option<&str>) -> Outcome<Page> {
    let verbs = verbs.map_or_else(String::new, |verbs| format!("&verbs={verbs}"));
    let call = Call {
        method: "GET",
        url: format!(
            "{}/api/v1/feed/events?after={after}{verbs}",
            from.trim_end_matches('/')
        ),
        headers: vec![("authorization".into(), format!("Bearer {token}"))],
        body: Vec::new(),
        patience: Duration::from_mins(1),
    };
    let unreachable = |why: String| {
        Fault::new(
            FaultKind::Busy,
            "feed.follow.unreachable",
            format!("不能从 {from} 下载：{why}。"),
        )
    };
    let reply = outward.send(&call).map_err(unreachable)?;
    if reply.status != 200 {
        let said = String::from_utf8_lossy(&reply.body)
            .chars()
            .take(300)
            .collect::<String>();
        return Err(unreachable(format!("对方答复 HTTP {}：{said}", reply.status)));
    }
    serde_json::from_slice(&reply.body).map_err(|e| unreachable(format!("应答不是所要求的 JSON（{e}）")))
}

/// Manages subscribers.
pub fn hook(house: &House, what: HookCommand) -> Outcome<()> {
    let op = operator(house);
    match what {
        HookCommand::Add {
            name,
            url,
            verbs,
            divisions,
            departments,
            after,
        } => {
            let new = NewHook {
                name,
                url,
                verbs,
                divisions,
                departments,
                after,
            };
            let made = command(house, &op, |tx, op| hooks::introduce(tx, op, &new))?;
            let made = hooks::with_secret(&house.keys, made);
            say::line(format!(
                "已新增订阅 {}（编号 {}），从位置 {} 之后开始推送。",
                made.hook.name, made.hook.hook_id, made.hook.position
            ));
            say::line(format!("签名密钥（只显示这一次）：{}", made.secret));
            Ok(())
        }
        HookCommand::List => list(house, &op),
        HookCommand::Log { hook } => deliveries(house, &op, hook),
        HookCommand::Pause { hook } => change(house, &op, hook, Deed::Pause, "已暂停。"),
        HookCommand::Resume { hook } => change(house, &op, hook, Deed::Resume, "已恢复，从停下的位置继续。"),
        HookCommand::Remove { hook } => change(house, &op, hook, Deed::Remove, "已移除。"),
        HookCommand::Renew { hook } => change(house, &op, hook, Deed::Renew, "已更换密钥。"),
        HookCommand::Rewind { hook, position } => {
            command(house, &op, |tx, op| hooks::rewind(tx, op, hook, position))?;
            say::line(format!("将从位置 {position} 之后重新推送。"));
            Ok(())
        }
        HookCommand::Test { hook } => {
            hooks::probe(house, &op, &Outward::new(), hook)?;
            say::line("接收方收下了测试消息。");
            Ok(())
        }
    }
}

fn change(house: &House, op: &Op, hook_id: i64, deed: Deed, done: &str) -> Outcome<()> {
    let renewed = command(house, op, |tx, op| hooks::change(tx, op, hook_id, deed))?;
    say::line(done);
    if let Some(renewed) = renewed.map(|hook| hooks::with_secret(&house.keys, hook)) {
        say::line(format!("新的签名密钥（只显示这一次）：{}", renewed.secret));
    }
    Ok(())
}

fn state(hook: &Hook) -> String {
    match hook.state.as_str() {
        "active" if hook.failures > 0 => format!(
            "第 {} 次失败，{} 后再试：{}",
            hook.failures,
            hook.due_at.format("%m-%d %H:%M:%SZ"),
            hook.last_fault.as_deref().unwrap_or_default()
        ),
        "active" => "正常".to_owned(),
        "paused" => "已暂停".to_owned(),
        _ => format!(
            "多次失败，已停止：{}",
            hook.last_fault.as_deref().unwrap_or_default()
        ),
    }
}

fn list(house: &House, op: &Op) -> Outcome<()> {
    let (hooks, height) = query(house, op, |tx, op| Ok((hooks::hooks(tx, op)?, log::height(tx)?)))?;
    if hooks.is_empty() {
        say::line("还没有订阅。用 xinheng hook add 名称 地址 新增。");
    }
    for hook in hooks {
        say::line(format!(
            "{:>6}  {}  {}  位置 {}/{height}  {}",
            hook.hook_id,
            hook.name,
            hook.url,
            hook.position,
            state(&hook)
        ));
    }
    Ok(())
}

fn deliveries(house: &House, op: &Op, hook_id: i64) -> Outcome<()> {
    const SHOWN: i64 = 50;
    let found = query(house, op, |tx, op| {
        hooks::deliveries(tx, op, hook_id, i64::MAX, SHOWN)
    })?;
    if found.is_empty() {
        say::line("还没有推送过。");
    }
    for sent in found {
        say::line(format!(
            "{}  位置 {}–{}  {} 个事件  {}",
            sent.at.format("%Y-%m-%d %H:%M:%SZ"),
            sent.first_position,
            sent.last_position,
            sent.events,
            sent.fault.as_deref().unwrap_or("已送达")
        ));
    }
    Ok(())
}
