//! Real servers: the PostgreSQL cluster of the tests, and a MariaDB of this test's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests fail by panicking and report what they skip"
)]
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mysql::prelude::Queryable as _;
use postgres::NoTls;
use sources::{Ask, Drawn, draw};

/// A database of this test's own.
trait Server {
    /// Runs a statement as its owner.
    fn run(&mut self, sql: &str);
    /// Where a reader finds it.
    fn url(&self) -> String;
    fn password(&self) -> Option<String>;
    /// The type of a moment.
    fn moment(&self) -> &'static str;
}

struct Postgres {
    client: postgres::Client,
    cluster: String,
    name: String,
}

impl Postgres {
    fn start(test: &str) -> Option<Self> {
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

struct MariaDb {
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
fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

impl MariaDb {
    fn start(test: &str) -> Option<Self> {
        Self::start_with(test, None)
    }

    /// With a certificate and its key, when it is to speak TLS.
    fn start_with(test: &str, certificate: Option<&(String, String)>) -> Option<Self> {
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
        let made = Command::new(install)
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
        let encrypted = certificate.map_or_else(Vec::new, |(certificate, key)| {
            let file = |name: &str, text: &str| {
                let path = folder.path().join(name);
                fs::write(&path, text).unwrap();
                path.display().to_string()
            };
            vec![
                format!("--ssl-cert={}", file("cert.pem", certificate)),
                format!("--ssl-key={}", file("key.pem", key)),
            ]
        });
        let server = Command::new(server)
            .args([
                "--no-defaults",
                "--bind-address=127.0.0.1",
                "--innodb-flush-log-at-trx-commit=0",
            ])
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
        let begun = Instant::now();
        let opts = mysql::OptsBuilder::new()
            .ip_or_hostname(Some("127.0.0.1"))
            .tcp_port(port)
            .user(Some("root"))
            .prefer_socket(false);
        while started.conn.is_none() {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "MariaDB does not come up"
            );
            assert!(
                started.server.try_wait().unwrap().is_none(),
                "MariaDB ended by itself"
            );
            started.conn = mysql::Conn::new(opts.clone()).ok();
            std::thread::sleep(Duration::from_millis(50));
        }
        started.run("CREATE DATABASE share CHARACTER SET utf8mb4");
        started.run("USE share");
        let quoted = PASSWORD.replace('\'', "''");
        started.run(&format!(
            "CREATE USER reader@'127.0.0.1' IDENTIFIED BY '{quoted}'"
        ));
        started.run("GRANT SELECT, EXECUTE ON share.* TO reader@'127.0.0.1'");
        Some(started)
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

/// Tells one story on both servers.
macro_rules! on_both {
    ($name:ident, $story:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn postgresql() {
                if let Some(mut server) = Postgres::start(stringify!($name)) {
                    $story(&mut server);
                }
            }

            #[test]
            fn mariadb() {
                if let Some(mut server) = MariaDb::start(stringify!($name)) {
                    $story(&mut server);
                }
            }
        }
    };
}

fn ask(server: &dyn Server, marker: &str, after: Option<&str>) -> Ask {
    Ask {
        url: server.url(),
        password: server.password(),
        relation: "v".into(),
        marker: marker.into(),
        after: after.map(str::to_owned),
        back_seconds: 0,
        most_rows: 1_000,
        patience: Duration::from_secs(30),
    }
}

type Rows = Vec<Vec<Option<String>>>;

fn read(ask: &Ask) -> Result<(Rows, Drawn), String> {
    let mut rows = Rows::new();
    let drawn = draw(ask, &mut |cells| {
        rows.push(cells.iter().map(|cell| cell.map(str::to_owned)).collect());
        Ok(())
    })?;
    Ok((rows, drawn))
}

fn names(rows: &Rows) -> Vec<&str> {
    rows.iter()
        .skip(1)
        .map(|row| row[1].as_deref().unwrap_or("∅"))
        .collect()
}

on_both!(
    every_value_comes_as_text_and_what_is_absent_is_none,
    |server: &mut dyn Server| {
        let moment = server.moment();
        server.run(&format!(
            "CREATE TABLE t (id bigint, name text, fine numeric(10,2), day date, at {moment}, yes boolean)"
        ));
        server.run("CREATE VIEW v AS SELECT * FROM t");
        server
            .run("INSERT INTO t VALUES (1, '示例,“甲”', 5000.50, '2026-03-04', '2026-03-04 08:00:00', true)");
        server.run("INSERT INTO t VALUES (2, '', NULL, NULL, NULL, NULL)");
        let (rows, drawn) = read(&ask(server, "id", None)).unwrap();
        let text = |row: usize, at: usize| rows[row][at].as_deref();
        assert_eq!(
            rows[0].iter().flatten().map(String::as_str).collect::<Vec<_>>(),
            ["id", "name", "fine", "day", "at", "yes"]
        );
        assert_eq!(
            (text(1, 1), text(1, 2), text(1, 3)),
            (Some("示例,“甲”"), Some("5000.50"), Some("2026-03-04"))
        );
        assert!(text(1, 4).unwrap().starts_with("2026-03-04 "), "{rows:?}");
        assert!(["true", "1"].contains(&text(1, 5).unwrap()), "{rows:?}");
        assert_eq!((text(2, 1), text(2, 2)), (Some(""), None), "empty is not absent");
        assert_eq!(
            drawn,
            Drawn {
                watermark: Some("2".into()),
                unmarked: false,
                more: false
            }
        );
    }
);

on_both!(
    by_number_ties_are_never_parted_and_nothing_is_left_out,
    |server: &mut dyn Server| {
        server.run("CREATE TABLE t (id bigint, name varchar(20))");
        server.run("CREATE VIEW v AS SELECT * FROM t");
        for (at, id) in [1, 1, 2, 2, 2, 2, 3].into_iter().enumerate() {
            server.run(&format!("INSERT INTO t VALUES ({id}, 'r{at}')"));
        }
        server.run("INSERT INTO t VALUES (NULL, 'lost')");
        let mut asked = ask(server, "id", None);
        asked.most_rows = 2;
        let (rows, drawn) = read(&asked).unwrap();
        assert_eq!(
            rows.len() - 1,
            6,
            "the third row has the watermark 2, so all with 2 come: {rows:?}"
        );
        assert_eq!(
            drawn,
            Drawn {
                watermark: Some("2".into()),
                unmarked: true,
                more: true
            }
        );
        asked.after = drawn.watermark;
        let (rows, drawn) = read(&asked).unwrap();
        assert_eq!(
            rows.len() - 1,
            5,
            "those at the watermark are read again: {rows:?}"
        );
        assert_eq!((drawn.watermark.as_deref(), drawn.more), (Some("3"), false));
        asked.after = drawn.watermark;
        assert_eq!(names(&read(&asked).unwrap().0), ["r6"]);
        // All gone: the watermark stays where it is.
        server.run("DELETE FROM t");
        let (rows, drawn) = read(&asked).unwrap();
        assert_eq!((rows.len(), drawn.watermark.as_deref()), (1, Some("3")));
    }
);

on_both!(
    by_time_what_was_committed_late_is_read_again,
    |server: &mut dyn Server| {
        let moment = server.moment();
        server.run(&format!("CREATE TABLE t (at {moment}, name varchar(20))"));
        server.run("CREATE VIEW v AS SELECT * FROM t");
        server.run("INSERT INTO t VALUES ('2026-03-04 08:00:00.123456', 'a'), ('2026-03-04 08:10:00', 'b')");
        let mut asked = ask(server, "at", None);
        let (rows, drawn) = read(&asked).unwrap();
        assert_eq!(names(&rows), ["a", "b"]);
        asked.after = drawn.watermark.clone();
        assert_eq!(names(&read(&asked).unwrap().0), ["b"]);
        server.run("INSERT INTO t VALUES ('2026-03-04 08:07:00', 'late')");
        assert_eq!(
            names(&read(&asked).unwrap().0),
            ["b"],
            "without looking back it is lost"
        );
        asked.back_seconds = 300;
        let (rows, again) = read(&asked).unwrap();
        assert_eq!(names(&rows), ["late", "b"]);
        assert_eq!(again.watermark, drawn.watermark);
        // Parts of a second count.
        server.run("INSERT INTO t VALUES ('2026-03-04 08:10:00.000001', 'c')");
        asked.back_seconds = 0;
        let (rows, drawn) = read(&asked).unwrap();
        assert_eq!(names(&rows), ["b", "c"]);
        // In which hour it is told depends on the zone of the session.
        assert!(drawn.watermark.unwrap().contains(":10:00.000001"));
    }
);

on_both!(nothing_can_be_written, |server: &mut dyn Server| {
    server.run("CREATE TABLE t (id bigint)");
    if server.password().is_none() {
        server.run(
            "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING id'",
        );
    } else {
        server.run("CREATE FUNCTION f() RETURNS bigint MODIFIES SQL DATA BEGIN INSERT INTO t VALUES (1); RETURN 1; END");
    }
    server.run("CREATE VIEW v AS SELECT f() AS id");
    let fault = read(&ask(server, "id", None)).unwrap_err();
    assert!(
        fault.to_lowercase().contains("read") && fault.contains("数据库答复"),
        "{fault}"
    );
});

on_both!(
    what_is_wrong_is_said_without_the_password,
    |server: &mut dyn Server| {
        server.run("CREATE TABLE t (id bigint, name varchar(20))");
        server.run("CREATE VIEW v AS SELECT * FROM t");
        let fault = read(&ask(server, "nr", None)).unwrap_err();
        assert!(
            fault.contains("没有游标列“nr”") && fault.contains("id、name"),
            "{fault}"
        );
        let fault = read(&ask(server, "name", None)).unwrap_err();
        assert!(fault.contains("不能用作游标"), "{fault}");
        let mut asked = ask(server, "id", None);
        asked.relation = "share.nowhere; DROP TABLE t".into();
        assert!(read(&asked).unwrap_err().contains("数据库答复"));
        let mut asked = ask(server, "id", Some("1'; DROP TABLE t"));
        assert!(read(&asked).is_err());
        asked.after = None;
        assert_eq!(read(&asked).unwrap().0.len(), 1, "the table is still there");
        if server.password().is_some() {
            asked.password = Some("falsch".into());
            let fault = read(&asked).unwrap_err();
            assert!(!fault.contains("falsch") && fault.contains("1045"), "{fault}");
        }
        assert!(!format!("{asked:?}").contains("falsch"));
        asked.url = asked.url.replace("127.0.0.1", "127.0.0.1:1@127.0.0.1");
        assert!(read(&asked).is_err());
    }
);

on_both!(
    a_sink_that_has_enough_ends_the_reading,
    |server: &mut dyn Server| {
        server.run("CREATE TABLE t (id bigint)");
        server.run("CREATE VIEW v AS SELECT * FROM t");
        server.run("INSERT INTO t VALUES (1), (2), (3)");
        let mut rows = 0;
        let ended = draw(&ask(server, "id", None), &mut |_| {
            rows += 1;
            if rows == 3 {
                Err("磁盘已满".into())
            } else {
                Ok(())
            }
        });
        assert_eq!((ended, rows), (Err("磁盘已满".to_owned()), 3));
    }
);

/// Reads over an encrypted link, and not when the certificate or the name is another.
fn checked(server: &dyn Server, roots: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (ours, others) = (file("ours.pem", roots), file("others.pem", &certificate().0));
    let over = |url: &str, roots: &str| Ask {
        url: format!("{url}?sslmode=verify-full&sslrootcert={roots}"),
        ..ask(server, "id", None)
    };
    let (rows, _) = read(&over(&server.url(), &ours)).unwrap();
    assert_eq!(
        rows[1][1].as_deref(),
        Some("yes"),
        "the server says that the link is encrypted"
    );
    let (rows, _) = read(&ask(server, "id", None)).unwrap();
    assert_eq!(rows[1][1].as_deref(), Some("no"), "and that the plain one is not");
    let stranger = read(&over(&server.url(), &others)).unwrap_err();
    assert!(stranger.contains("服务器证书未通过核对"), "{stranger}");
    let renamed = read(&over(&server.url().replace("127.0.0.1", "localhost"), &ours)).unwrap_err();
    assert!(renamed.contains("服务器证书未通过核对"), "{renamed}");
    let missing = read(&over(&server.url(), "/没有.pem")).unwrap_err();
    assert!(missing.contains("根证书文件 /没有.pem 无法使用"), "{missing}");
}

mod a_link_is_encrypted_and_its_server_checked_when_the_address_says_so {
    use super::*;

    #[test]
    fn postgresql() {
        let Some(mut server) = Postgres::start("tls") else {
            return;
        };
        let (certificate, key) = certificate();
        // The server writes its own files: whoever runs it is the one who may read them. The plain connections of other
        // tests go on as they are.
        for (name, text) in [("tls-test.crt", &certificate), ("tls-test.key", &key)] {
            server.run(&format!(
                "COPY (SELECT unnest(string_to_array('{}', E'\\n'))) TO PROGRAM 'umask 077; cat > {name}'",
                text.trim()
            ));
        }
        server.run("ALTER SYSTEM SET ssl_cert_file = 'tls-test.crt'");
        server.run("ALTER SYSTEM SET ssl_key_file = 'tls-test.key'");
        server.run("ALTER SYSTEM SET ssl = on");
        server.run("SELECT pg_reload_conf()");
        server.run(
            "CREATE VIEW v AS SELECT 1::bigint AS id, CASE WHEN ssl THEN 'yes' ELSE 'no' END AS encrypted
             FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        );
        let begun = Instant::now();
        loop {
            // Reloading takes a moment.
            let shown = server
                .client
                .query_one("SHOW ssl", &[])
                .unwrap()
                .get::<_, String>(0);
            if shown == "on" {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "TLS does not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        checked(&server, &certificate);
    }

    #[test]
    fn mariadb() {
        let made = certificate();
        let Some(mut server) = MariaDb::start_with("tls", Some(&made)) else {
            return;
        };
        server.run(
            "CREATE FUNCTION cipher() RETURNS varchar(100) READS SQL DATA
             RETURN (SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'Ssl_cipher')",
        );
        server.run(
            "CREATE SQL SECURITY INVOKER VIEW v AS
             SELECT CAST(1 AS SIGNED) AS id, IF(cipher() = '', 'no', 'yes') AS encrypted",
        );
        checked(&server, &made.0);
    }
}
