//! Stories of rows as departments really write them (made up after what was found), on both databases.
use db::db_test;

use super::super::service::{self, Mapping};
use crate::MIGRATIONS;
use crate::stories::{FIRM, OTHER, Town};

/// What whoever hands a file over knows and the file does not say.
fn told(values: &[(&str, &str)]) -> Mapping {
    Mapping {
        defaults: values
            .iter()
            .map(|(field, value)| ((*field).to_owned(), (*value).to_owned()))
            .collect(),
        ..Mapping::default()
    }
}

db_test!(
    a_sector_grade_is_taken_in_each_of_the_forms_sectors_publish_it_in,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        // Several roles in one cell, as transport departments write it: the lowest grade is kept.
        let roles = format!(
            "name_raw,uscc_raw,company_type,grade,year\n\
             示例甲,{FIRM},施工企业,施工[AA]级  监理、检测[B]级  设计[A]级  ,2022\n\
             示例乙,{OTHER},施工企业,施工[A]级  别的[B]级  ,2022\n\
             示例乙,{OTHER},咨询,,2022\n"
        );
        let day = told(&[("graded_on", "2023-12-31")]);
        let batch = town.hand_over_mapped("credit-grade", roles.as_bytes(), &day);
        assert_eq!((batch.rows_accepted, batch.rows_refused), (1, 2), "{batch:?}");
        let refused = town.ask(|tx, _| service::refusals(tx, batch.batch_id, 0, 10));
        assert_eq!(
            refused
                .iter()
                .map(|refusal| (refusal.line, refusal.field.as_str()))
                .collect::<Vec<_>>(),
            [(3, "信用等级"), (4, "信用等级")],
            "an unknown grade and none at all: {refused:?}"
        );
        // A score without a grade, as water departments publish it: taken without a code.
        let scores =
            format!("name_raw,uscc_raw,qualification,score\n示例甲,{FIRM},水利水电工程施工总承包三级,80.2\n");
        let told = told(&[("graded_on", "2023-12-31"), ("period", "2023")]);
        let batch = town.hand_over_mapped("credit-grade", scores.as_bytes(), &told);
        assert_eq!((batch.rows_accepted, batch.rows_refused), (1, 0), "{batch:?}");
        let subject = town.ask(|tx, _| service::subject_id(tx, FIRM)).unwrap();
        let records = town.ask(|tx, op| service::records_of(tx, subject, op.at));
        let grades: Vec<_> = records
            .iter()
            .map(|record| (record.code.as_deref(), record.payload["score"].as_str()))
            .collect();
        assert_eq!(grades, [(Some("B"), None), (None, Some("80.2"))]);
    }
);

db_test!(
    a_failed_test_without_a_report_is_known_by_the_batch_of_the_product,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let text = format!(
            "药品品名,统一社会信用代码,标示生产企业或供货单位,生产批号,检品来源,检验结果,不合格项目\n\
             示例药,{FIRM},示例甲,20160629,示例药店,不合格,鉴别\n\
             示例药,{FIRM},示例甲,20160630,示例药店,不合格,性状\n\
             示例药,{OTHER},示例乙,,示例药店,不合格,性状\n"
        );
        let batch = town.hand_over_mapped(
            "product-test",
            text.as_bytes(),
            &told(&[("tested_on", "2017-12-31")]),
        );
        assert_eq!((batch.rows_accepted, batch.rows_refused), (2, 1), "{batch:?}");
        let refused = town.ask(|tx, _| service::refusals(tx, batch.batch_id, 0, 10));
        assert_eq!((refused[0].line, refused[0].field.as_str()), (4, "检验报告编号"));
    }
);

db_test!(
    types_of_enterprises_are_known_in_the_words_of_older_registers,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let kind = |code: &str, kind: &str| {
            let text = format!("统一社会信用代码,名称,企业类型\n{code},示例甲,{kind}\n");
            let batch = town.hand_over("registration", &text);
            assert_eq!(
                (batch.rows_accepted, batch.rows_refused),
                (1, 0),
                "{kind}: {batch:?}"
            );
            town.ask(|tx, op| crate::registry::service::by_no(tx, op, code))
                .kind
        };
        for (written, code) in [
            ("有限责任公司 港、澳、台", "6100"),
            ("有限责任公司（ 自然人独资）", "1151"),
            ("股份合作企业经营单位（非法人）", "4400"),
            ("私营企业", "body-91"),
            ("集体经济", "3200"),
            ("个体(内地)", "9500"),
            ("来件装配", "9900"),
        ] {
            assert_eq!(kind(FIRM, written), code, "{written}");
        }
    }
);

db_test!(
    grades_of_two_authorities_and_lists_of_two_courts_stand_beside_each_other,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let records = |item: &str, text: &str| {
            let batch = town.hand_over(item, text);
            assert_eq!(batch.rows_refused, 0, "{batch:?}");
            let subject = town.ask(|tx, _| service::subject_id(tx, FIRM)).unwrap();
            let all = town.ask(|tx, op| service::records_of(tx, subject, op.at));
            let own = all.iter().filter(|record| record.item == item);
            own.map(|record| record.names_id.is_some()).collect::<Vec<_>>()
        };
        let head = "统一社会信用代码,行业领域,评价年度,信用等级,公布日期,评价机关";
        let row =
            |authority: &str, grade: &str| format!("{FIRM},建筑施工,2025,{grade},2026-03-01,{authority}\n");
        let text = format!("{head}\n{}{}", row("示例市住建局", "A"), row("示例省住建厅", "B"));
        assert_eq!(
            records("credit-grade", &text),
            [false, false],
            "neither corrects the other"
        );
        let text = format!("{head}\n{}", row("示例省住建厅", "C"));
        assert_eq!(
            records("credit-grade", &text),
            [false, false, true],
            "the same authority corrects itself"
        );
        let lists = format!(
            "统一社会信用代码,名单名称,认定机关,案号,列入日期\n\
             {FIRM},失信被执行人,示例区法院,（2026）粤0511执1号,2026-03-01\n\
             {FIRM},失信被执行人,示例市法院,（2026）粤05执1号,2026-03-02\n"
        );
        assert_eq!(records("list-entry", &lists), [false, false]);
    }
);

db_test!(levels_written_as_words_become_their_numbers, MIGRATIONS, |db| {
    let town = Town::build(&db);
    let text = format!(
        "统一社会信用代码,证书编号,荣誉称号,荣誉级别,授予日期\n\
             {FIRM},1号,示例奖,省级,2026-03-01\n{OTHER},2号,示例奖,2,2026-03-01\n{OTHER},3号,另一奖,很高,2026-03-01\n"
    );
    let batch = town.hand_over("honour", &text);
    assert_eq!((batch.rows_accepted, batch.rows_refused), (2, 1), "{batch:?}");
    let level = |code: &str| {
        let subject = town.ask(|tx, _| service::subject_id(tx, code)).unwrap();
        town.ask(|tx, op| service::records_of(tx, subject, op.at))[0].level
    };
    assert_eq!((level(FIRM), level(OTHER)), (Some(3), Some(2)));
    let refused = town.ask(|tx, _| service::refusals(tx, batch.batch_id, 0, 10));
    assert_eq!((refused[0].line, refused[0].field.as_str()), (4, "荣誉级别"));
});
