//! A served deployment and what its callers ask of it.
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Place, Running, eventually, spawn, word};

/// An answer: status, headers in lower case, body.
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {} {text}", self.status))
    }

    #[track_caller]
    pub fn good(self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }
}

/// A server on a free port with the operator's token.
pub struct Server {
    pub place: Place,
    pub running: Running,
    pub address: SocketAddr,
    pub token: String,
}

impl Server {
    /// A deployment of the town, prepared by `prepare`, then served until it is ready.
    pub fn start(prepare: impl FnOnce(&Place)) -> Self {
        let place = Place::new();
        let token = word(&place.run(&["init"]).good(), "请妥善保存）：");
        prepare(&place);
        Self::serve(place, token)
    }

    /// Serves a deployment that is there, until it is ready.
    pub fn serve(place: Place, token: String) -> Self {
        Self::serve_with(place, token, &[])
    }

    /// The same with more in its environment.
    pub fn serve_with(place: Place, token: String, environment: &[(&str, &str)]) -> Self {
        // The port is free now; nobody else on this machine asks for it before the server does.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = place.command(&["serve", "--listen", &address.to_string()]);
        command.envs(environment.iter().copied());
        let mut running = Running(spawn(command.stdout(Stdio::piped()).stderr(Stdio::null())));
        assert!(running.first_line().contains(&address.to_string()));
        let server = Self {
            place,
            running,
            address,
            token,
        };
        eventually("/health/ready answers", || {
            server.get("/health/ready").filter(|answer| answer.status == 200)
        });
        server
    }

    /// One HTTP/1.1 request on a connection of its own; `None` when nobody listens.
    pub fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(super::PATIENCE)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
            self.address,
            body.len()
        );
        stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body))
            .ok()?;
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).ok()?;
        let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
        let headers = String::from_utf8_lossy(&raw[..end]).to_lowercase();
        let status = headers.split(' ').nth(1)?.parse().ok()?;
        let chunked = headers.contains("transfer-encoding: chunked");
        let body = if chunked {
            unchunked(&raw[end + 4..])
        } else {
            raw[end + 4..].to_vec()
        };
        Some(Answer {
            status,
            headers,
            body,
        })
    }

    pub fn get(&self, path: &str) -> Option<Answer> {
        self.ask("GET", path, "", b"")
    }

    /// With the operator's token.
    pub fn read(&self, path: &str) -> Value {
        self.ask(
            "GET",
            path,
            &format!("Authorization: Bearer {}\r\n", self.token),
            b"",
        )
        .unwrap()
        .good()
    }

    /// Hands rows over with the operator's token.
    pub fn hand_over(&self, item: &str, more: &str, body: &str) -> Answer {
        let path = format!("/api/v1/intake/batches?item={item}&supplier=440500-test&file_name=x.csv");
        let headers = format!(
            "Authorization: Bearer {}\r\nContent-Type: application/octet-stream\r\n{more}",
            self.token
        );
        self.ask("POST", &path, &headers, body.as_bytes()).unwrap()
    }

    pub fn signal(&self, name: &str) {
        let id = self.running.0.id().to_string();
        assert!(
            spawn(Command::new("kill").args([name, &id]))
                .wait()
                .unwrap()
                .success()
        );
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            break;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
    body
}
