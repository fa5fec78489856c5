//! Stories of pulling, on both databases. The source is a table in memory; real servers are met in the crate that speaks to
//! them.
use std::sync::Mutex;

use chrono::Duration;
use db::db_test;

use super::model::{Ask, Drawn, NewPull, Pull, Sink, Source};
use super::service;
use crate::MIGRATIONS;
use crate::hall::duty;
use crate::intake::service::{self as intake, Mapping};
use crate::stories::{FIRM, OTHER, Town};

/// A view with a number as watermark: number, code, decision.
#[derive(Default)]
struct View {
    rows: Mutex<Vec<(i64, &'static str, String)>>,
    fault: Mutex<Option<String>>,
    asked: Mutex<Vec<Ask>>,
    most: Option<i64>,
}

impl View {
    fn add(&self, number: i64, code: &'static str, no: &str) {
        self.rows.lock().unwrap().push((number, code, no.to_owned()));
    }

    fn is_gone(&self, gone: bool) {
        *self.fault.lock().unwrap() = gone.then(|| "连接或读取失败：没有人应答".to_owned());
    }
}

impl Source for View {
    fn draw(&self, ask: &Ask, sink: &mut Sink<'_>) -> Result<Drawn, String> {
        self.asked.lock().unwrap().push(ask.clone());
        if let Some(fault) = self.fault.lock().unwrap().clone() {
            return Err(fault);
        }
        let after: Option<i64> = ask.after.as_ref().map(|after| after.parse().unwrap());
        let mut rows = self.rows.lock().unwrap().clone();
        rows.sort();
        rows.retain(|row| after.is_none_or(|after| row.0 >= after));
        let most = usize::try_from(self.most.unwrap_or(ask.most_rows)).unwrap();
        let beyond: Vec<i64> = rows
            .iter()
            .map(|row| row.0)
            .filter(|n| after.is_none_or(|after| *n > after))
            .collect();
        let bound = beyond.get(most).copied();
        rows.retain(|row| bound.is_none_or(|bound| row.0 <= bound));
        sink(
            &[
                "id",
                "统一社会信用代码",
                "处罚决定书文号",
                "处罚类别",
                "处罚决定日期",
            ]
            .map(Some),
        )?;
        for (number, code, no) in &rows {
            let number = number.to_string();
            sink(&[
                Some(number.as_str()),
                Some(code),
                Some(no),
                Some("警告"),
                Some("2026-03-04"),
            ])?;
        }
        Ok(Drawn {
            watermark: rows
                .last()
                .map(|row| row.0.to_string())
                .or_else(|| ask.after.clone()),
            unmarked: false,
            more: bound.is_some(),
        })
    }
}

fn new(name: &str) -> NewPull {
    NewPull {
        name: name.into(),
        url: "postgres://reader@db.example/share".into(),
        password: Some("geheim".into()),
        relation: "share.v_penalty".into(),
        marker: "id".into(),
        item: "penalty".into(),
        supplier: "440511-scjg".into(),
        mapping: Mapping::default(),
        every_seconds: 600,
        back_seconds: 0,
    }
}

fn add(town: &Town) -> Pull {
    service::add(&town.house, &town.op(), &new("处罚库")).unwrap()
}

fn later(town: &Town, seconds: i64) {
    *town.clock.0.lock().unwrap() += Duration::seconds(seconds);
}

fn serve(town: &Town, view: &View) -> u64 {
    let read = service::serve(&town.house, &town.op(), view).unwrap();
    town.settle();
    read
}

fn pull(town: &Town) -> Pull {
    town.ask(service::pulls).remove(0)
}

fn kept(town: &Town) -> i64 {
    town.ask(|tx, _| intake::counts(tx))
        .into_iter()
        .map(|(_, records)| records)
        .sum()
}

fn batches(town: &Town) -> Vec<crate::intake::model::Batch> {
    town.ask(|tx, op| intake::batches(tx, op, i64::MAX, 100))
}

db_test!(
    rows_at_the_watermark_are_neither_lost_nor_doubled,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let view = View::default();
        add(&town);
        view.add(1, FIRM, "1号");
        view.add(2, FIRM, "2号");
        assert_eq!(serve(&town, &view), 1);
        assert_eq!((kept(&town), pull(&town).watermark.as_deref()), (2, Some("2")));
        assert_eq!(serve(&town, &view), 0, "it is not due");
        // One more at the very watermark, and nothing new besides.
        later(&town, 601);
        view.add(2, OTHER, "3号");
        serve(&town, &view);
        assert_eq!(kept(&town), 3);
        let newest = batches(&town).remove(0);
        assert_eq!(
            (newest.rows_read, newest.rows_accepted),
            (1, 1),
            "what was read before is left out: {newest:?}"
        );
        // Nothing new makes no batch.
        later(&town, 601);
        serve(&town, &view);
        assert_eq!((batches(&town).len(), pull(&town).rows_taken), (2, 3));
        let asked = view.asked.lock().unwrap().clone();
        assert_eq!(asked[0].password.as_deref(), Some("geheim"));
        let told = format!("{:?}", pull(&town));
        assert!(!told.contains("geheim"), "{told}");
    }
);

db_test!(a_large_source_comes_batch_by_batch_at_once, MIGRATIONS, |db| {
    let town = Town::build(&db);
    let view = View {
        most: Some(2),
        ..View::default()
    };
    add(&town);
    // Five share one watermark: they are never parted.
    for (at, number) in [1, 1, 2, 2, 2, 2, 2, 3, 4].into_iter().enumerate() {
        view.add(number, FIRM, &format!("{at}号"));
    }
    let mut rounds = 0;
    while serve(&town, &view) > 0 {
        rounds += 1;
        assert!(rounds < 10);
    }
    assert_eq!((kept(&town), pull(&town).watermark.as_deref()), (9, Some("4")));
    assert!(batches(&town).len() > 1);
});

db_test!(
    a_failure_is_said_tried_again_later_and_moves_no_watermark,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let view = View::default();
        add(&town);
        view.add(1, FIRM, "1号");
        view.is_gone(true);
        assert_eq!(serve(&town, &view), 0);
        let failed = pull(&town);
        assert_eq!((failed.failures, failed.watermark.as_deref()), (1, None));
        assert!(failed.last_fault.unwrap().contains("没有人应答"));
        assert_eq!(serve(&town, &view), 0, "not before its pause is over");
        assert_eq!(view.asked.lock().unwrap().len(), 1);
        later(&town, 31);
        serve(&town, &view);
        assert_eq!(pull(&town).failures, 2);
        later(&town, 121);
        view.is_gone(false);
        assert_eq!(serve(&town, &view), 1);
        let well = pull(&town);
        assert_eq!((well.failures, well.last_fault, kept(&town)), (0, None, 1));
        // A view that is no penalty any more: nothing is taken and the watermark stays.
        view.add(2, FIRM, "2号");
        let mut other = new("许可库");
        other.item = "licence".into();
        let wrong = service::add(&town.house, &town.op(), &other).unwrap();
        let fault = service::pull_once(&town.house, &town.op(), &view, &wrong).unwrap_err();
        assert!(fault.detail.contains("缺少必需的列"), "{}", fault.detail);
        let wrong = town.ask(|tx, op| service::named(tx, op, "许可库"));
        assert_eq!((wrong.watermark, wrong.failures), (None, 1));
    }
);

db_test!(
    a_source_silent_for_too_long_is_a_duty_of_its_supplier_until_it_speaks,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let view = View::default();
        let pull = add(&town);
        let duties = || town.ask(|tx, _| duty::about(tx, &format!("pull:{}", pull.pull_id)));
        let watch = || town.run(service::watch).unwrap();
        // Penalties go stale after 31 days.
        town.later(31);
        assert_eq!((watch(), duties().len()), (0, 0));
        town.later(1);
        assert_eq!((watch(), watch(), duties().len()), (1, 1, 1));
        let open = duties().remove(0);
        assert_eq!(
            (open.department.as_deref(), open.done_at),
            (Some("440511-scjg"), None)
        );
        assert!(open.title.contains("处罚库"), "{}", open.title);
        view.add(1, FIRM, "1号");
        serve(&town, &view);
        assert!(duties()[0].done_at.is_some(), "it spoke");
        assert_eq!(watch(), 0);
    }
);

db_test!(
    what_a_source_must_be_is_said_before_it_is_kept,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let refused = |change: &dyn Fn(&mut NewPull)| {
            let mut new = new("甲");
            change(&mut new);
            service::add(&town.house, &town.op(), &new).unwrap_err().code
        };
        assert_eq!(
            refused(&|new| new.url = "postgres://u:p@h/d".into()),
            "intake.pull.password"
        );
        assert_eq!(
            refused(&|new| new.url = "postgres://h/d?password=p".into()),
            "intake.pull.password"
        );
        assert_eq!(refused(&|new| new.url = "http://h/d".into()), "intake.pull.url");
        assert_eq!(refused(&|new| new.item = "penalti".into()), "intake.item.unknown");
        assert_eq!(refused(&|new| new.marker = " ".into()), "intake.pull.incomplete");
        assert_eq!(refused(&|new| new.every_seconds = 1), "intake.pull.times");
        let pull = add(&town);
        let twice = service::add(&town.house, &town.op(), &new("处罚库")).unwrap_err();
        assert_eq!(twice.code, "intake.pull.taken");
        let file = town.house.folder.path(&format!("pull-{}.password", pull.pull_id));
        assert!(file.exists());
        service::set_state(&town.house, &town.op(), pull.pull_id, "removed").unwrap();
        assert!(!file.exists(), "its password goes with it");
    }
);
