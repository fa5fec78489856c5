//! Stories of how much is on a page.
use super::*;

db_test!(
    a_page_ends_by_bytes_and_the_next_goes_on_there,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        for n in 0..12 {
            let event = Event {
                verb: "test.long",
                subject: format!("thing:{n}"),
                payload: json!({ "said": "a".repeat(1 << 20) }),
                ..Event::default()
            };
            town.run(|tx, op| ledger::append(tx, op, event.clone())).unwrap();
        }
        publication::seal(&town.house, &town.op()).unwrap();
        log::extend(&town.house, &town.op()).unwrap();
        let mut follower = Follower::new(town.house.keys.suite, None);
        let mut pages = Vec::new();
        while follower.position() < 12 {
            let page = page(
                &town,
                &town.op(),
                i64::try_from(follower.position()).unwrap(),
                1_000,
            );
            pages.push(page.entries.len());
            follower.take(&page).unwrap();
        }
        assert_eq!(pages, [8, 4], "eight of a mebibyte and a little are a page");
    }
);
