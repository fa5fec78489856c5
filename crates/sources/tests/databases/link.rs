//! Links that are encrypted and checked.
use std::fs;
use std::time::{Duration, Instant};

use sources::Ask;

use super::servers::{MariaDb, Postgres, Server, certificate};
use super::{ask, read};

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
