//! Subscribers: signed calls with retries, each in the order of the ledger, at least once.
//!
//! The signature is that of the Standard Webhooks specification (`webhook-id`, `webhook-timestamp`,
//! `webhook-signature: v1,base64(HMAC-SHA256(secret, id.timestamp.body))`), so that receivers find libraries for it.
//! The secret is derived from the deployment's and never stored. A message keeps its number when it is sent again.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use db::Tx;
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::actor::Scope;
use kernel::{Division, Fault, FaultKind, Instant, Outcome};
use serde_json::json;
use sha2::Sha256;

use super::model::{Call, Carrier, Delivery, FeedEvent, Hook, Introduced, NewHook, Reply};
use super::{log, store};
use crate::hall::keys::Keys;
use crate::hall::ledger::{self, Event};
use crate::hall::{House, Op, command, query, whole_house};

/// Most events in one message.
const MOST_EVENTS: i64 = 100;
/// Longest time a subscriber may take to answer.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);
/// Seconds before the next try, by the number of failures so far; the last one repeats.
const PAUSES: [i64; 9] = [5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200];
/// A subscriber that fails for so many days is set aside for a person.
const STOPPED_AFTER_DAYS: i64 = 5;
/// Days for which calls are kept.
const KEPT_DAYS: i64 = 90;

/// Introduces a subscriber. It is told of what happens from now on, unless it names a position. Its secret comes from
/// [`with_secret`], outside of whatever keeps answers for retries.
pub fn introduce(tx: &mut Tx, op: &Op, new: &NewHook) -> Outcome<Hook> {
    whole_house(op)?;
    tx.lock("hall_hook", 0)?;
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 60 {
        return Err(Fault::invalid("hall.hook.name", "订阅的名称须为 1 至 60 个字。"));
    }
    if store::hooks(tx)?.iter().any(|hook| hook.name == name) {
        let detail = format!("已有名为“{name}”的订阅。请换一个名称，或先移除原来的。");
        return Err(Fault::conflict("hall.hook.taken", detail));
    }
    check_url(&new.url)?;
    let scope = scope(new)?;
    let height = ledger::height(tx)?;
    let position = new.after.unwrap_or(height);
    if !(0..=height).contains(&position) {
        let detail = format!("起始位置须在 0 至 {height} 之间。");
        return Err(Fault::invalid("hall.hook.position", detail));
    }
    let hook_id = tx.next_id()?;
    store::save_hook(tx, op, hook_id, (name, &new.url), (&new.verbs, &scope), position)?;
    tell(
        tx,
        op,
        "hall.hook-introduced",
        hook_id,
        &json!({ "name": name, "url": new.url }),
    )?;
    hook(tx, hook_id)
}

/// The subscriber with the secret that was its own when it was read.
pub fn with_secret(keys: &Keys, hook: Hook) -> Introduced {
    let secret = format!("whsec_{}", STANDARD.encode(secret(keys, &hook)));
    Introduced { hook, secret }
}

fn secret(keys: &Keys, hook: &Hook) -> [u8; 32] {
    keys.derived(&format!("hook:{}:{}", hook.hook_id, hook.generation))
}

fn scope(new: &NewHook) -> Outcome<Scope> {
    if new.divisions.is_empty() && new.departments.is_empty() {
        return Ok(Scope::everything());
    }
    let divisions: Result<Vec<Division>, _> =
        new.divisions.iter().map(|text| Division::parse(text)).collect();
    Ok(Scope {
        divisions: divisions
            .map_err(|fault| Fault::invalid("hall.hook.division", format!("行政区划有误：{fault}")))?,
        departments: (!new.departments.is_empty()).then(|| new.departments.clone()),
        everything: false,
    })
}

/// Takes http and https addresses without a user in them, and none that leads to a cloud's own metadata service.
pub fn check_url(url: &str) -> Outcome<()> {
    let refuse = |why: &str| {
        let detail = format!("接收地址“{url}”不能使用：{why}。形式如 https://host/path。");
        Err(Fault::invalid("hall.hook.url", detail))
    };
    let Ok(parsed) = url.parse::<::http::Uri>() else {
        return refuse("不是网址");
    };
    if !matches!(parsed.scheme_str(), Some("http" | "https")) {
        return refuse("须以 http:// 或 https:// 开头");
    }
    let Some(authority) = parsed.authority() else {
        return refuse("没有主机名");
    };
    if authority.as_str().contains('@') {
        return refuse("不能带用户名和密码");
    }
    let host = authority.host().trim_matches(['[', ']']);
    if host.parse().is_ok_and(is_out_of_bounds) {
        return refuse("不能指向链路本地地址或云主机的元数据服务");
    }
    Ok(())
}

/// Where nothing is called however the address is written: link-local addresses, among them the metadata services of most
/// clouds, and the places where the others keep theirs. A name may lead there too, so who carries calls asks again.
pub fn is_out_of_bounds(address: IpAddr) -> bool {
    /// Of Alibaba Cloud.
    const METADATA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
    /// Of Amazon.
    const METADATA_6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_link_local() || address == METADATA,
        IpAddr::V6(address) => address.is_unicast_link_local() || address == METADATA_6,
    }
}

/// All subscribers.
pub fn hooks(tx: &mut Tx, op: &Op) -> Outcome<Vec<Hook>> {
    whole_house(op)?;
    store::hooks(tx)
}

fn hook(tx: &mut Tx, hook_id: i64) -> Outcome<Hook> {
    store::hook(tx, hook_id)?.ok_or_else(Fault::hidden)
}

/// What a person does with a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Tell nothing until resumed; nothing is lost.
    Pause,
    /// Go on from where it stands.
    Resume,
    /// Never tell again.
    Remove,
    /// Sign with a new secret from now on.
    Renew,
}

/// Does it. Returns the subscriber when its secret is new, for [`with_secret`].
pub fn change(tx: &mut Tx, op: &Op, hook_id: i64, deed: Deed) -> Outcome<Option<Hook>> {
    whole_house(op)?;
    let name = hook(tx, hook_id)?.name;
    let (verb, state) = match deed {
        Deed::Pause => ("hall.hook-paused", Some("paused")),
        Deed::Resume => ("hall.hook-resumed", Some("active")),
        Deed::Remove => ("hall.hook-removed", Some("removed")),
        Deed::Renew => ("hall.hook-renewed", None),
    };
    match state {
        Some(state) => store::set_state(tx, hook_id, state, op.at)?,
        None => store::renew(tx, hook_id)?,
    }
    tell(tx, op, verb, hook_id, &json!({ "name": name }))?;
    match deed {
        Deed::Renew => hook(tx, hook_id).map(Some),
        _ => Ok(None),
    }
}

/// Sets a subscriber back (or forward) to a position, to tell it again.
pub fn rewind(tx: &mut Tx, op: &Op, hook_id: i64, position: i64) -> Outcome<()> {
    whole_house(op)?;
    let name = hook(tx, hook_id)?.name;
    let height = ledger::height(tx)?;
    if !(0..=height).contains(&position) {
        let detail = format!("位置须在 0 至 {height} 之间。");
        return Err(Fault::invalid("hall.hook.position", detail));
    }
    store::rewind(tx, hook_id, position, op.at)?;
    tell(
        tx,
        op,
        "hall.hook-rewound",
        hook_id,
        &json!({ "name": name, "position": position }),
    )
}

/// Calls made to a subscriber, newest first.
pub fn deliveries(tx: &mut Tx, op: &Op, hook_id: i64, before: i64, limit: i64) -> Outcome<Vec<Delivery>> {
    whole_house(op)?;
    hook(tx, hook_id)?;
    store::deliveries(tx, hook_id, before, limit)
}

fn tell(tx: &mut Tx, op: &Op, verb: &'static str, hook_id: i64, payload: &serde_json::Value) -> Outcome<()> {
    let event = Event {
        verb,
        subject: format!("hook:{hook_id}"),
        payload: payload.clone(),
        ..Event::default()
    };
    ledger::append(tx, op, event).map(drop)
}

/// Tells the subscriber that has waited longest one message. Returns how many calls were made: one, or none when nobody
/// waits. One at a time, so that each carries the time of its sending and nobody who stops the program waits for more than
/// one. The call is made outside any transaction; when the program dies before its note, the same message is sent again.
pub fn deliver(house: &House, op: &Op, carrier: &dyn Carrier) -> Outcome<u64> {
    let due = query(house, op, |tx, _| {
        let height = log::height(tx)?;
        let longest = PAUSES.into_iter().max().unwrap_or_default();
        store::due_hooks(tx, (op.at, op.at + Duration::seconds(longest)), height)
    })?;
    for hook in due {
        let (events, upto) = query(house, op, |tx, _| wanted(tx, &hook))?;
        if events.is_empty() {
            command(house, op, |tx, _| store::passed(tx, &hook, upto))?;
            continue;
        }
        let message = message(&house.keys, &hook, &events, op.at)?;
        let answer = carrier.send(&message.1);
        command(house, op, |tx, op| {
            note(tx, op, &hook, (&message.0, &events, upto), &answer)
        })?;
        return Ok(1);
    }
    Ok(0)
}

/// The next events a subscriber wants, and the position up to which that is all.
fn wanted(tx: &mut Tx, hook: &Hook) -> Outcome<(Vec<FeedEvent>, i64)> {
    const LOOKED_AT: i64 = 5_000;
    let height = log::height(tx)?;
    let events = store::events(tx, hook.position, height, LOOKED_AT)?;
    let mut upto = events.last().map_or(height, |(event, _)| event.position);
    let mut found = Vec::new();
    for (event, place) in events {
        if !hook.wants(&event.verb) || !hook.reaches(&place) {
            continue;
        }
        if i64::try_from(found.len()).unwrap_or(i64::MAX) >= MOST_EVENTS {
            upto = event.position - 1;
            break;
        }
        found.push(event);
    }
    Ok((found, upto))
}

/// The number of a message and the call that carries it.
fn message(keys: &Keys, hook: &Hook, events: &[FeedEvent], now: Instant) -> Outcome<(String, Call)> {
    let place = |event: Option<&FeedEvent>| event.map_or(0, |event| event.position);
    let (first, last) = (place(events.first()), place(events.last()));
    let number = format!("xh-{}-{first}-{last}", hook.hook_id);
    let body = json!({ "subscription": hook.name, "first": first, "last": last, "events": events });
    let body = serde_json::to_vec(&body).map_err(|e| Fault::internal("消息无法写出", e))?;
    let stamp = now.timestamp();
    let signature = signature(&secret(keys, hook), &number, stamp, &body)?;
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", number.clone()),
        ("webhook-timestamp", stamp.to_string()),
        ("webhook-signature", signature),
    ];
    let call = Call {
        method: "POST",
        url: hook.url.clone(),
        headers: headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        body,
        patience: PATIENCE,
    };
    Ok((number, call))
}

/// `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
pub fn signature(secret: &[u8], number: &str, stamp: i64, body: &[u8]) -> Outcome<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|e| Fault::internal("签名密钥不可用", e))?;
    mac.update(format!("{number}.{stamp}.").as_bytes());
    mac.update(body);
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

fn note(
    tx: &mut Tx,
    op: &Op,
    hook: &Hook,
    (number, events, upto): (&str, &[FeedEvent], i64),
    answer: &Result<Reply, String>,
) -> Outcome<()> {
    let status = answer.as_ref().ok().map(|reply| i64::from(reply.status));
    let fault = match answer {
        Ok(reply) if (200..300).contains(&reply.status) => None,
        Ok(reply) => Some(format!("接收方答复 HTTP {}", reply.status)),
        Err(why) => Some(why.clone()),
    };
    let delivery = Delivery {
        delivery_id: tx.next_id()?,
        message: number.to_owned(),
        first_position: events.first().map_or(0, |event| event.position),
        last_position: events.last().map_or(0, |event| event.position),
        events: i64::try_from(events.len()).unwrap_or(i64::MAX),
        at: op.at,
        status,
        fault: fault.clone(),
    };
    store::save_delivery(tx, hook.hook_id, &delivery, op.at - Duration::days(KEPT_DAYS))?;
    let Some(fault) = fault else {
        return store::told(tx, hook, upto, op.at);
    };
    let since = hook.failing_at.unwrap_or(op.at);
    let gone = status == Some(410);
    let stopped = gone || op.at - since >= Duration::days(STOPPED_AFTER_DAYS);
    let state = if stopped { "stopped" } else { "active" };
    let noted = store::failed(tx, hook, (op.at, op.at + pause(hook)), &fault, state)?;
    // Whoever paused or removed it while it was called has decided already.
    if stopped && noted {
        tracing::warn!(hook = %hook.name, fault, "a subscriber is told nothing more until somebody resumes it");
        let payload = json!({ "name": hook.name, "since": since, "fault": fault });
        tell(tx, op, "hall.hook-stopped", hook.hook_id, &payload)?;
    }
    Ok(())
}

/// How long to wait after another failure: longer each time, and not the same for all subscribers of one moment.
fn pause(hook: &Hook) -> Duration {
    let step = usize::try_from(hook.failures)
        .unwrap_or(usize::MAX)
        .min(PAUSES.len() - 1);
    let seconds = PAUSES.get(step).copied().unwrap_or(43_200);
    let spread = (hook.hook_id.wrapping_mul(31) + hook.failures * 7).rem_euclid(10);
    Duration::seconds(seconds + seconds * spread / 100)
}

/// Sends a subscriber a message without events, to see whether it answers. Nothing is kept.
pub fn probe(house: &House, op: &Op, carrier: &dyn Carrier, hook_id: i64) -> Outcome<()> {
    let found = query(house, op, |tx, op| {
        whole_house(op)?;
        hook(tx, hook_id)
    })?;
    let (_, call) = message(&house.keys, &found, &[], op.at)?;
    let why = match carrier.send(&call) {
        Ok(reply) if (200..300).contains(&reply.status) => return Ok(()),
        Ok(reply) => format!("接收方答复 HTTP {}", reply.status),
        Err(why) => why,
    };
    let detail = format!("“{}”没有接收测试消息：{why}。", found.name);
    Err(Fault::new(FaultKind::Busy, "hall.hook.unreachable", detail))
}
