//! Carries calls to other systems: the only place that speaks HTTP outwards.
use std::time::Duration;

use house::hall::feed::hooks::is_out_of_bounds;
use house::hall::feed::model::{Call, Carrier, MOST_REPLY, Reply};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// Blocking HTTP over the system's sockets, TLS by rustls.
pub struct Outward {
    agent: ureq::Agent,
}

impl Outward {
    /// Ready to call.
    pub fn new() -> Self {
        let config = ureq::Agent::config_builder()
            // An answer is an answer whatever its status: who called decides what it means.
            .http_status_as_error(false)
            // A redirect could lead a signed message to somebody else.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .user_agent(concat!("xinheng/", env!("CARGO_PKG_VERSION")))
            .build();
        let agent = ureq::Agent::with_parts(config, DefaultConnector::default(), Bounded::default());
        Self { agent }
    }
}

/// Looks names up, and refuses those that lead where nothing is called: what counts is the address that is connected to.
#[derive(Debug, Default)]
struct Bounded(DefaultResolver);

impl Resolver for Bounded {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        if found.iter().any(|address| is_out_of_bounds(address.ip())) {
            let why = "指向链路本地地址或云主机的元数据服务";
            return Err(ureq::Error::BadUri(why.to_owned()));
        }
        Ok(found)
    }
}

impl Carrier for Outward {
    fn send(&self, call: &Call) -> Result<Reply, String> {
        let answer = if call.method == "GET" {
            let mut request = self.agent.get(&call.url);
            for (name, value) in &call.headers {
                request = request.header(name, value);
            }
            request
                .config()
                .timeout_global(Some(call.patience))
                .build()
                .call()
        } else {
            let mut request = self.agent.post(&call.url);
            for (name, value) in &call.headers {
                request = request.header(name, value);
            }
            request
                .config()
                .timeout_global(Some(call.patience))
                .build()
                .send(call.body.as_slice())
        };
        let mut answer = answer.map_err(|fault| reason(&fault))?;
        let status = answer.status().as_u16();
        let most = u64::try_from(MOST_REPLY).unwrap_or(u64::MAX);
        let body = answer
            .body_mut()
            .with_config()
            .limit(most)
            .read_to_vec()
            .map_err(|fault| reason(&fault))?;
        Ok(Reply { status, body })
    }
}

/// Why there was no answer, in words a person can act on.
fn reason(fault: &ureq::Error) -> String {
    match fault {
        ureq::Error::Timeout(_) => "对方没有在限定时间内应答".to_owned(),
        ureq::Error::BadUri(why) => format!("地址不能使用：{why}"),
        ureq::Error::HostNotFound => "找不到对方的主机，请检查地址或域名解析".to_owned(),
        ureq::Error::ConnectionFailed => "连接不上对方，请检查网络和防火墙".to_owned(),
        ureq::Error::Io(error) => format!("网络错误（{error}）"),
        ureq::Error::BodyExceedsLimit(_) => "对方的应答过大".to_owned(),
        other => format!("调用失败（{other}）"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_written_or_looked_up_nothing_is_sent_to_the_metadata_service_of_a_cloud() {
        let outward = Outward::new();
        for url in [
            "http://2852039166/latest",
            "http://0xa9.0xfe.0xa9.0xfe/",
            "http://[::ffff:100.100.100.200]/",
        ] {
            let call = Call {
                method: "POST",
                url: url.to_owned(),
                headers: Vec::new(),
                body: b"{}".to_vec(),
                patience: Duration::from_secs(5),
            };
            let refused = outward.send(&call).unwrap_err();
            assert!(refused.contains("元数据"), "{url}: {refused}");
        }
    }
}
