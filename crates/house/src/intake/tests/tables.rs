//! The national tables as departments have them, made-up rows under exactly their headings: nobody says what they are.
use db::db_test;
use serde_json::Value;

use crate::MIGRATIONS;
use crate::intake::model::{Batch, Record};
use crate::intake::service::{self, Mapping};
use crate::stories::{FIRM, HOUSEHOLD, OTHER, Town};

/// Takes a file in without saying what it is: one batch of the item, nothing refused.
#[track_caller]
fn taken(town: &Town, name: &str, text: &str, item: &str, rows: i64) -> Batch {
    let (batches, left) = town.arrives(name, text.as_bytes()).unwrap();
    assert_eq!((batches.len(), left.len()), (1, 0), "{batches:?} {left:?}");
    let batch = batches[0].clone();
    let refusals = town.ask(|tx, _| service::refusals(tx, batch.batch_id, 0, 100));
    assert_eq!(
        (batch.item.as_str(), batch.rows_accepted),
        (item, rows),
        "{batch:?} {refusals:?}"
    );
    assert_eq!(batch.rows_refused, 0, "{refusals:?}");
    batch
}

fn records(town: &Town, batch: &Batch) -> Vec<Record> {
    town.ask(|tx, _| service::records_in(tx, batch.batch_id, 0, 100))
}

fn text(record: &Record, field: &str) -> String {
    record
        .payload
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

db_test!(
    the_national_penalty_table_is_recognised_as_it_is,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let headings = "CF_WSH,CF_CFMC,CF_XDR_LB,CF_XDR_MC,CF_XDR_SHXYM,CF_XDR_GSZC,CF_XDR_ZZJG,CF_XDR_SWDJ,CF_XDR_SYDW,CF_XDR_SHZZ,\
                    CF_FRDB,CF_FR_ZJLX,CF_FR_ZJHM,CF_XDR_ZJLX,CF_XDR_ZJHM,CF_WFXW,CF_SY,CF_YJ,CF_CFLB1,CF_CFLB2,CF_NR,CF_NR_FK,\
                    CF_NR_WFFF,CF_NR_ZKDX,CF_JDRQ,CF_YXQ,CF_GSJZQ,CF_CFJG,CF_CFJGDM,CF_SJLY,CF_SJLYDM,BZ";
        let rows = [
            format!(
                "金市监罚〔2026〕1号,示例甲未按规定公示案,法人及非法人组织,示例甲餐饮有限公司,{FIRM},440500000000001,,,,,张某,,,,,\
             未按规定公示,未按规定期限公示,《示例条例》第一条,罚款;没收违法所得,警告,罚款并没收,0.5,1.25,,2026/3/4,9999-9-9,2029-3-4,\
             示例区市场监督管理局,11440511000000001X,示例区市场监督管理局,11440511000000001X,"
            ),
            format!(
                "金市监罚〔2026〕2号,示例丙无照经营案,个体工商户,示例丙小吃店,{HOUSEHOLD},,,,,,李某,,,,,无照经营,无照经营,《示例条例》第二条,\
             警告,,警告,,,,20260305,,20270305,示例区市场监督管理局,11440511000000001X,示例区市场监督管理局,11440511000000001X,无"
            ),
        ];
        let batch = taken(
            &town,
            "导出.csv",
            &format!("{headings}\n{}\n", rows.join("\n")),
            "penalty",
            2,
        );
        let found = records(&town, &batch);
        let first = &found[0];
        assert_eq!(
            (first.on_day.to_string().as_str(), first.amount_fen),
            ("2026-03-04", Some(500_000)),
            "CF_NR_FK is in 万元: {first:?}"
        );
        assert_eq!(
            (first.level, found[1].level),
            (Some(2), Some(1)),
            "the table has no level, the kinds of penalty tell it"
        );
        assert_eq!(text(first, "confiscated"), "12500.00");
        assert_eq!(text(first, "valid_until"), "长期");
        assert_eq!(
            first.ends_day.map(|day| day.to_string()).as_deref(),
            Some("2029-03-04")
        );
        assert_eq!(text(first, "registration_no"), "440500000000001");
        assert_eq!(found[1].on_day.to_string(), "2026-03-05");
        let note = batch.note.unwrap();
        for paper in ["CF_FR_ZJHM", "CF_XDR_ZJHM"] {
            assert!(
                note.contains(paper),
                "numbers of papers are left out, and it is said: {note}"
            );
        }
    }
);

db_test!(
    the_national_licence_table_is_recognised_as_it_is,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let headings = "XK_XDR_MC,XK_XDR_LB,XK_XDR_SHXYM,XK_XDR_GSZC,XK_XDR_ZZJG,XK_XDR_SWDJ,XK_XDR_SYDW,XK_XDR_SHZZ,XK_FRDB,XK_XKWS,\
                    XK_WSH,XK_XKLB,XK_XKZS,XK_XKBH,XK_JDRQ,XK_YXQZ,XK_YXQZI,XK_NR,XK_XKJG,XK_XKJGDM,XK_ZT,XK_SJLY,XK_SJLYDM,BZ";
        let rows = [
            format!(
                "示例甲餐饮有限公司,法人及非法人组织,{FIRM},,,,,,张某,食品经营许可决定书,粤金食许〔2026〕1号,普通,食品经营许可证,\
             JY00000000000001,2026-03-04,2026年3月4日,2031.3.3,热食类食品制售,示例区市场监督管理局,11440511000000001X,1,示例局,1,"
            ),
            format!(
                "示例乙商贸有限公司,法人及非法人组织,{OTHER},,,,,,王某,登记决定书,粤金登〔2026〕2号,登记,营业执照,\
             JY00000000000002,2026-03-05,2026-03-05,9999-9-9,批发,示例区市场监督管理局,11440511000000001X,1,示例局,1,"
            ),
            // Without a certificate the number of the decision speaks.
            format!(
                "示例乙商贸有限公司,法人及非法人组织,{OTHER},,,,,,王某,核准决定书,粤金核〔2026〕3号,核准,,,2026-03-06,2026-03-06,2027-03-05,\
             某事项,示例局,1,1,示例局,1,"
            ),
        ];
        let batch = taken(
            &town,
            "x.csv",
            &format!("{headings}\n{}\n", rows.join("\n")),
            "licence",
            3,
        );
        let found = records(&town, &batch);
        assert_eq!(
            found[0].ends_day.map(|day| day.to_string()).as_deref(),
            Some("2031-03-03")
        );
        assert_eq!(
            (found[1].ends_day, text(&found[1], "valid_until")),
            (None, "长期".to_owned())
        );
        assert_eq!(found[2].record_key, "粤金核〔2026〕3号");
    }
);

db_test!(the_registration_table_is_recognised_as_it_is, MIGRATIONS, |db| {
    let town = Town::build(&db);
    let headings = "主体身份代码,登记机关,企业类型,登记状态,统一社会信用代码,名称,住所,法定代表人,行业代码,注册资本,币种,经营范围,\
                    注册号,核准日期,成立日期,经营期限起止,住所行政区划,生产经营地,邮编,组成形式,隶属企业主体代码";
    let row = |code: &str, name: &str, capital: &str, term: &str| {
        format!(
            "A1,示例区市场监督管理局,1130,1,{code},{name},示例路1号,张某,H6210,{capital},人民币,餐饮服务,440500000000001,\
             2026-01-05,2015-3-1,{term},440511,示例路1号,515000,,"
        )
    };
    let rows = [
        row(FIRM, "示例甲餐饮有限公司", "500万元", "2015-03-01至9999-9-9"),
        row(OTHER, "示例乙商贸有限公司", "1000000", "2015-03-01至2035-02-28"),
        row(HOUSEHOLD, "示例丙小吃店", "", "9999-9-9"),
    ];
    let batch = taken(
        &town,
        "主体.csv",
        &format!("{headings}\n{}\n", rows.join("\n")),
        "registration",
        3,
    );
    let found = records(&town, &batch);
    let terms: Vec<String> = found.iter().map(|record| text(record, "term_until")).collect();
    assert_eq!(terms, ["长期", "2035-02-28", "长期"], "9999-9-9 is no end");
    assert_eq!(text(&found[0], "registration_no"), "440500000000001");
    assert_eq!(text(&found[0], "capital"), "5000000.00");
});

db_test!(the_annual_report_table_is_recognised_as_it_is, MIGRATIONS, |db| {
    let town = Town::build(&db);
    let headings = "统一社会信用代码,企业名称,年报年度,填报日期,通信地址,邮政编码,联系电话,电子邮箱,企业经营状态,对外投资设立企业信息,\
                    认缴出资额,实缴出资额,股权转让等股权变更信息,网站或者网店信息,从业人数,资产总额(万元),负债总额(万元),对外担保,\
                    所有者权益合计(万元),营业总收入(万元),主营业务收入(万元),利润总额(万元),净利润(万元),纳税总额(万元)";
    let rows = [
        format!(
            "{FIRM},示例甲餐饮有限公司,2025,2026-03-04,示例路1号,515000,0754-00000000,a@example.com,开业,无,500,500,无,无,12,100,50,无,50,80.5,80,10,7.5,3"
        ),
        format!(
            "{OTHER},示例乙商贸有限公司,2025,2026/5/6,示例路2号,515000,,,歇业,无,100,0,无,https://example.com,0,0,0,无,0,0,0,0,0,0"
        ),
    ];
    let batch = taken(
        &town,
        "2025年.csv",
        &format!("{headings}\n{}\n", rows.join("\n")),
        "annual-report",
        2,
    );
    let found = records(&town, &batch);
    assert_eq!(
        (found[0].amount_fen, found[0].level),
        (Some(80_500_000), Some(12)),
        "in 万元"
    );
    assert_eq!(text(&found[0], "net_profit"), "75000.00");
    assert_eq!(
        (found[1].record_key.as_str(), batch.note.as_deref()),
        ("2025", None),
        "every column has a field"
    );
});

db_test!(
    the_lists_with_two_columns_of_one_name_are_recognised_as_they_are,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let abnormal = format!(
            "统一社会信用代码,名称,列入日期,原因,列入机关,移出日期,原因,移出机关\n\
         {FIRM},示例甲餐饮有限公司,2025-07-08,未按照规定的期限公示年度报告,示例局,2026/1/2,已补报,示例局\n\
         {OTHER},示例乙商贸有限公司,2025/7/8,无法联系,示例局,,,\n"
        );
        let batch = taken(&town, "名单.csv", &abnormal, "abnormal-listing", 2);
        let found = records(&town, &batch);
        assert_eq!(
            found[0].ends_day.map(|day| day.to_string()).as_deref(),
            Some("2026-01-02")
        );
        assert_eq!(
            (text(&found[0], "cause"), text(&found[0], "removal_cause")),
            ("1".into(), "1".into())
        );
        assert_eq!((text(&found[1], "cause"), found[1].ends_day), ("4".into(), None));
        assert_eq!(
            found[1].record_key, "2025-07-08",
            "without a number the day of listing names the record"
        );
        // Once the removal is known, the same list corrects what was known.
        let later = abnormal.replace(
            "2025/7/8,无法联系,示例局,,,",
            "20250708,无法联系,示例局,2026-02-03,重新取得联系,示例局",
        );
        let (batches, _) = town.arrives("名单2.csv", later.as_bytes()).unwrap();
        assert_eq!(
            (batches[0].rows_accepted, batches[0].rows_unchanged),
            (1, 1),
            "{batches:?}"
        );

        let serious = format!(
            "统一社会信用代码,名称,类别,文号,列入日期,原因,列入机关,移出日期,原因,移出机关,所属地市,所属区县\n\
         {FIRM},示例甲餐饮有限公司,,金市监严〔2026〕1号,2026-03-04,某项违法,示例局,2029-03-03,期满,示例局,汕头市,金平区\n"
        );
        let batch = taken(&town, "严重.csv", &serious, "serious-listing", 1);
        let found = records(&town, &batch);
        assert_eq!(
            (text(&found[0], "cause"), text(&found[0], "removal_cause")),
            ("某项违法".into(), "期满".into())
        );
        assert_eq!(
            (text(&found[0], "place"), text(&found[0], "county")),
            ("汕头市".into(), "金平区".into())
        );
    }
);

const PENALTIES: &str = "统一社会信用代码,处罚决定书文号,处罚类别,处罚决定日期\n";

db_test!(
    what_is_no_item_is_answered_with_the_nearest_and_what_they_lack,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let lacking = format!("CF_XDR_SHXYM,CF_XDR_MC,CF_WSH,CF_WFXW,CF_JDRQ\n{FIRM},甲,1号,某,2026-03-04\n");
        let fault = town.arrives("x.csv", lacking.as_bytes()).unwrap_err();
        assert_eq!(fault.code, "intake.item.unrecognised");
        assert!(
            fault
                .detail
                .contains("行政处罚（penalty），缺少必需的列：处罚类别"),
            "{}",
            fault.detail
        );
        let nothing = town.arrives("x.csv", b"a,b,c\n1,2,3\n").unwrap_err();
        assert!(nothing.detail.contains("没有一列"), "{}", nothing.detail);
        // A code and a name make no registration.
        let thin = format!("统一社会信用代码,企业名称,甲,乙,丙,丁\n{FIRM},甲,1,2,3,4\n");
        let fault = town.arrives("x.csv", thin.as_bytes()).unwrap_err();
        assert_eq!(fault.code, "intake.item.unrecognised", "{}", fault.detail);
        let empty = town.arrives("x.csv", b"\n\n").unwrap_err();
        assert_eq!(empty.code, "intake.file.empty");
        assert_eq!(town.ask(|tx, _| service::counts(tx)).len(), 0, "nothing was kept");
    }
);

db_test!(
    each_table_of_a_file_is_its_own_item_and_the_file_again_changes_nothing,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let text = serde_json::json!({
        "处罚": [{ "CF_XDR_SHXYM": FIRM, "CF_WSH": "1号", "CF_CFLB1": "警告", "CF_JDRQ": "2026-03-04" },
                 { "CF_XDR_SHXYM": "坏", "CF_WSH": "2号", "CF_CFLB1": "警告", "CF_JDRQ": "2026-03-04" }],
        "许可": [{ "XK_XDR_SHXYM": FIRM, "XK_XKBH": "JY1", "XK_XKZS": "食品经营许可证", "XK_JDRQ": "2026-03-04", "XK_YXQZI": "2031-03-03" }],
        "说明": [{ "填表人": "某", "日期": "2026-03-04" }],
    })
    .to_string();
        let (batches, left) = town.arrives("三张表.json", text.as_bytes()).unwrap();
        let told: Vec<(&str, i64, i64)> = batches
            .iter()
            .map(|batch| (batch.item.as_str(), batch.rows_accepted, batch.rows_refused))
            .collect();
        assert_eq!(told, [("penalty", 1, 1), ("licence", 1, 0)], "{batches:?}");
        assert!(left.len() == 1 && left[0].contains("说明"), "{left:?}");
        assert_eq!(batches[0].table_name, "处罚");
        let (again, _) = town.arrives("三张表.json", text.as_bytes()).unwrap();
        assert_eq!(again, batches);
        let csv = town.refusals_csv(batches[0].batch_id);
        assert!(
            String::from_utf8(csv)
                .unwrap()
                .lines()
                .any(|line| line.contains('坏') && line.contains("2号")),
            "the row of its own table comes back"
        );
    }
);

db_test!(
    the_name_of_a_table_decides_between_items_of_the_same_headings,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let op = town.op();
        let law = op.pack.on(op.today());
        // Headings that two items share: those of the checks of two fields.
        let (one, other) = (
            law.item("drug-check").unwrap().value,
            law.item("device-check").unwrap().value,
        );
        let shared: Vec<&str> = one
            .fields
            .iter()
            .map(|field| field.title.as_str())
            .filter(|title| other.recognise(title).is_some())
            .collect();
        let text = format!("{}\n{FIRM}\n", shared.join(","));
        let path = town
            .house
            .folder
            .write("inbox/shared.csv", text.as_bytes())
            .unwrap();
        let look = |name: &str| {
            let found = service::describe(&law, &path, name, None, &Mapping::default(), false).unwrap();
            found.into_iter().next().unwrap()
        };
        let unsure = look("x.csv");
        assert_eq!(unsure.item, None, "{unsure:?}");
        assert!(
            unsure.nearest.iter().any(|near| near.item == "device-check"),
            "{unsure:?}"
        );
        assert_eq!(look("药品监督检查.csv").item.as_deref(), Some("drug-check"));
        assert_eq!(
            look("2026-device-check.csv").item.as_deref(),
            Some("device-check")
        );
    }
);

db_test!(
    headings_over_two_rows_and_title_rows_above_are_read,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let text = format!(
            "2026年经营异常名录,,,,,,,\n,,列入,列入,列入,移出,移出,移出\n\
         统一社会信用代码,名称,日期,原因,机关,日期,原因,机关\n{FIRM},甲,2026-03-04,失联,某局,,,\n"
        );
        taken(&town, "x.csv", &text, "abnormal-listing", 1);
    }
);

db_test!(
    a_single_item_may_be_said_and_then_its_faults_are_told,
    MIGRATIONS,
    |db| {
        let town = Town::build(&db);
        let text = format!("{PENALTIES}{FIRM},1号,警告,2026-03-04\n");
        let (batches, _) = town
            .arrives_as("x.csv", text.as_bytes(), Some("licence"), &Mapping::default())
            .unwrap();
        assert_eq!(batches[0].state, "refused");
        assert!(
            batches[0]
                .note
                .as_ref()
                .unwrap()
                .contains("没有找到“行政许可”的表头"),
            "{batches:?}"
        );
    }
);
