//! Databases of the tests' own.
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mysql::prelude::Queryable as _;
use postgres::NoTls;

/// A database of this test's own.
pub trait Server {
    /// Runs a statement as its owner.
    fn run(&mut self, sql: &str);
    /// Where a reader finds it.
    fn url(&self) -> String;
    fn password(&self) -> Option<String>;
    /// The type of a moment.
    fn moment(&self) -> &'static str;
}

pub struct Postgres {
    pub client: postgres::Client,
    cluster: String,
    name: String,
}

impl Postgres {
    pub fn start(test: &str) -> Option<Self> {
        let Ok(cluster) = std::env::var("XINHENG_TEST_PG") else {
            assert!(
                std::env::var("XINHENG_REQUIRE_PG").as_deref() != Ok("1"),
                "{test}: XINHENG_TEST_PG is not set"
            );
            eprintln!("skipped: {test}::postgresql (XINHENG_TEST_PG is not set)");
            return None;
        };
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "sources_{}_{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let mut owner = postgres::Client::connect(&cluster, NoTls).unwrap();
        owner.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let (server, _) = cluster.rsplit_once('/').unwrap();
        let url = format!("{server}/{name}");
        let client = postgres::Client::connect(&url, NoTls).unwrap();
        Some(Self {
            client,
            cluster,
            name,
        })
    }
}

impl Server for Postgres {
    fn run(&mut self, sql: &str) {
        self.client.batch_execute(sql).unwrap();
    }

    fn url(&self) -> String {
        let (server, _) = self.cluster.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    fn password(&self) -> Option<String> {
        None
    }

    fn moment(&self) -> &'static str {
        "timestamptz"
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        if let Ok(mut owner) = postgres::Client::connect(&self.cluster, NoTls) {
            let _ = owner.batch_execute(&drop);
        }
    }
}

pub struct MariaDb {
    conn: Option<mysql::Conn>,
    port: u16,
    server: Child,
    _folder: tempfile::TempDir,
}

const PASSWORD: &str = "g3h'eim 密";

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|file| file.exists())
}

/// A certificate of 127.0.0.1 that vouches for itself: certificate and key.
pub fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// How MariaDB is told of a certificate and its key.
fn encrypted(folder: &std::path::Path, (certificate, key): &(String, String)) -> Vec<String> {
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    vec![
        format!("--ssl-cert={}", file("cert.pem", certificate)),
        format!("--ssl-key={}", file("key.pem", key)),
    ]
}

impl MariaDb {
    pub fn start(test: &str) -> Option<Self> {
        Self::start_with(test, None)
    }

    /// With a certificate and its key, when it is to speak TLS.
    pub fn start_with(test: &str, certificate: Option<&(String, String)>) -> Option<Self> {
        let (Some(server), Some(install)) = (program("mariadbd"), program("mariadb-install-db")) else {
            assert!(
                std::env::var("XINHENG_REQUIRE_MARIADB").as_deref() != Ok("1"),
                "{test}: MariaDB is not installed"
            );
            eprintln!("skipped: {test}::mariadb (mariadb-server is not installed)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
        let user: &[&str] = if root { &["--user=root"] } else { &[] };
        // Each its own: a server that starts sweeps the temporary folder of what others have in it.
        let temporary = format!("--tmpdir={}", folder.path().display());
        let made = Command::new(install)
            .env("TMPDIR", folder.path())
            .args([
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ])
            .args(user)
            .arg(format!("--datadir={}", data.display()))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let encrypted = certificate.map_or_else(Vec::new, |made| encrypted(folder.path(), made));
        let server = Command::new(server)
            .env("TMPDIR", folder.path())
            .arg("--no-defaults")
            .arg(temporary)
            .args(["--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0"])
            .args(user)
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", folder.path().join("s").display()))
            .arg(format!("--pid-file={}", folder.path().join("pid").display()))
            .arg(format!("--port={port}"))
            .args(encrypted)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut started = Self {
            conn: None,
            port,
            server,
            _folder: folder,
        };
        started.connect();
        started.run("CREATE DATABASE share CHARACTER SET utf8mb4");
        started.run("USE share");
        let quoted = PASSWORD.replace('\'', "''");
        started.run(&format!(
            "CREATE USER reader@'127.0.0.1' IDENTIFIED BY '{quoted}'"
        ));
        started.run("GRANT SELECT, EXECUTE ON share.* TO reader@'127.0.0.1'");
        Some(started)
    }

    /// Waits until the server answers its owner.
    fn connect(&mut self) {
        let begun = Instant::now();
        let opts = mysql::OptsBuilder::new()
            .ip_or_hostname(Some("127.0.0.1"))
            .tcp_port(self.port)
            .user(Some("root"))
            .prefer_socket(false);
        while self.conn.is_none() {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "MariaDB does not come up"
            );
            assert!(
                self.server.try_wait().unwrap().is_none(),
                "MariaDB ended by itself"
            );
            self.conn = mysql::Conn::new(opts.clone()).ok();
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Server for MariaDb {
    fn run(&mut self, sql: &str) {
        self.conn.as_mut().unwrap().query_drop(sql).unwrap();
    }

    fn url(&self) -> String {
        format!("mysql://reader@127.0.0.1:{}/share", self.port)
    }

    fn password(&self) -> Option<String> {
        Some(PASSWORD.to_owned())
    }

    fn moment(&self) -> &'static str {
        "datetime(6)"
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        self.conn = None;
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
