//! Stories of the office, on both databases.
use db::db_test;

use super::model::{Department, Inspector};
use super::service;
use crate::MIGRATIONS;
use crate::stories::{FIRM, Town};

fn department() -> Department {
    Department {
        department_id: "440511-scjg".into(),
        name: "金平区市场监督管理局(示例)".into(),
        division: "440511".into(),
        function: "market".into(),
    }
}

fn inspector(department: &str) -> Inspector {
    Inspector {
        inspector_id: "YA0001".into(),
        name: "甲一".into(),
        department: department.into(),
        divisions: vec!["440511".into()],
        qualifications: vec!["*".into()],
        certificate_until: "2028-01-01".parse().unwrap(),
        may_lead: true,
        recused: vec![FIRM.into()],
    }
}

db_test!(
    a_roll_is_kept_as_loaded_and_loading_it_again_changes_nothing,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        for _ in 0..2 {
            town.run(|tx, op| service::load(tx, op, &[department()], &[inspector("440511-scjg")]))
                .unwrap();
        }
        assert_eq!(town.ask(|tx, _| service::departments(tx)), [department()]);
        assert_eq!(
            town.ask(|tx, _| service::inspectors(tx)),
            [inspector("440511-scjg")]
        );
    }
);

db_test!(
    a_roll_with_one_wrong_line_is_refused_whole_and_names_the_field,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let wrong = inspector("440511-none");
        let refused = town
            .run(|tx, op| service::load(tx, op, &[department()], std::slice::from_ref(&wrong)))
            .unwrap_err();
        assert_eq!(refused.fields.len(), 1);
        assert_eq!(refused.fields[0].field, "inspectors[0].department");
        assert!(town.ask(|tx, _| service::departments(tx)).is_empty());
    }
);
