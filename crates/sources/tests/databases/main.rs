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
mod link;
mod servers;

use std::time::Duration;

use servers::{MariaDb, Postgres, Server};
use sources::{Ask, Drawn, draw};

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
