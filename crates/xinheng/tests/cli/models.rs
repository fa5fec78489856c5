//! A model from its draft to its release and back, on a city's own past results.
use std::fs;

use super::common::{self, Place, number, word, xinheng};

/// Cut-offs so low that a few points are enough for the worst class.
const STRICT: &str = r#"[default]
from = 2022-01-13
basis = { source = "DESIGN", article = "试算" }

[[model]]
code = "generic"
title = "从严的通用型"
classes = [
  { code = "A", title = "信用风险低", below = 1 },
  { code = "B", title = "信用风险一般", below = 2 },
  { code = "C", title = "信用风险较高", below = 3 },
  { code = "D", title = "信用风险高" },
]
"#;

/// What the account of a shadow run has.
const SHADOW_PARTS: [&str; 6] = [
    "全部：",
    "随机抽取：",
    "定向抽取：",
    "AUC  现行",
    "类别变动：",
    "[不满足] 护栏：D 类",
];

/// A small city, classified; the number of the run.
fn classified() -> (Place, i64) {
    let place = Place::with_deployment();
    place.import_city(common::town());
    let said = place.run(&["classify", "--full"]).good();
    (place, number(&said, "分类批次 "))
}

fn draft(place: &Place, name: &str, text: &str) -> common::Ran {
    let file = place.write(name, text);
    let file = file.to_str().unwrap();
    place.run(&["model", "draft", file, "--title", "从严", "--reason", "试算"])
}

/// How many entities stand in class D, as the program says it.
fn in_d(said: &str) -> i64 {
    let line = said.lines().find(|line| line.trim_start().starts_with("D 类"));
    let count = line.and_then(|line| line.split_whitespace().nth(2));
    count.map_or(0, |count| count.replace(',', "").parse().unwrap())
}

#[test]
fn a_model_is_drafted_run_in_the_shadow_approved_by_another_in_force_and_taken_back() {
    let (place, first) = classified();
    let code = demo::code_of(7, 1);
    let before = word(&place.run(&["explain", &code]).good(), "");
    let said = draft(&place, "strict.toml", STRICT).good();
    let id = number(&said, "已收下草案 ").to_string();
    let token = place.run(&["token", "李四"]).good();
    let token = word(&token, "妥善保存）：");

    let shadow = place
        .run(&["model", "shadow", &id, "--from", "2020-01-01", "--sample", "0"])
        .good();
    assert!(number(&shadow, "检查 ") > 50, "{shadow}");
    for part in SHADOW_PARTS {
        assert!(shadow.contains(part), "{part} is not in {shadow}");
    }
    let shown = place
        .run(&["model", "result", &number(&shadow, "影子运行 ").to_string()])
        .good();
    assert_eq!(shown, shadow, "the kept document says the same");

    let approve = |who: &[&str], more: &[&str]| {
        let start: &[&str] = &["model", "approve", &id, "--reason", "同意试行"];
        place.run(&[start, who, more].concat())
    };
    approve(&[], &[]).refused("assess.model.same-person");
    let other = ["--token", token.as_str()];
    let why = approve(&other, &[]).refused("assess.model.blocked");
    assert!(why.contains("D 类在草案下占"), "{why}");
    approve(&["--token", "xh_wrong"], &[]).refused("hall.token.unknown");
    let overruled = ["--overrule-by", "王局长", "--overrule-reason", "专项整治期间从严"];
    let said = approve(&other, &overruled).good();
    assert!(said.contains("王局长 决定仍放行：专项整治期间从严"), "{said}");
    let strict = in_d(&said);
    assert!(strict > 150, "{said}");
    assert!(place.run(&["explain", &code]).good().starts_with("D 类"));

    let again = place.run(&["explain", &code, "--run", &first.to_string()]).good();
    assert!(again.contains("结果一致"), "{again}");
    let since = ["classes", "changes", "--since", "2026-06-01"];
    let worse = place
        .run(&[&since[..], &["--direction", "worse"]].concat())
        .good();
    assert!(
        worse.contains("→ D（变差）") && worse.contains("主要理由："),
        "{worse}"
    );

    let back = [
        "model",
        "approve",
        "0",
        "--reason",
        "退回",
        "--overrule-by",
        "王局长",
        "--overrule-reason",
        "整治结束",
    ];
    let said = place.run(&[&back[..], &other].concat()).good();
    assert!(in_d(&said) < strict / 2, "{said}");
    assert_eq!(word(&place.run(&["explain", &code]).good(), ""), before);
    let list = place.run(&["model", "list"]).good();
    assert!(
        list.contains("已被取代") && list.contains("王局长 决定仍放行：专项整治期间从严"),
        "{list}"
    );
    let whole = place.run(&["model", "show", &id, "--text"]).good();
    for part in [
        "李四  批准（不满足条件仍放行，决定人 王局长",
        "开始生效",
        "从严的通用型",
    ] {
        assert!(whole.contains(part), "{part} is not in {whole}");
    }
}

#[test]
fn a_draft_with_faults_is_refused_with_file_and_line_and_leaves_nothing() {
    let place = Place::with_deployment();
    let why = draft(&place, "broken.toml", &STRICT.replace("below = 2", "under = 2"))
        .refused("assess.model.invalid");
    assert!(why.contains("broken.toml:10:"), "{why}");
    let why =
        draft(&place, "gone.toml", &STRICT.replace("DESIGN", "NOWHERE")).refused("assess.model.invalid");
    assert!(why.contains("gone.toml:3:"), "{why}");
    assert!(place.run(&["model", "list"]).good().contains("还没有模型草案"));
    place
        .run(&["model", "shadow", "99", "--from", "2020-01-01"])
        .refused("hidden");
}

#[test]
fn the_table_of_past_results_has_a_row_for_each_visit_and_no_name() {
    let (place, _) = classified();
    let out = place.path("table.csv");
    let out = out.to_str().unwrap();
    let said = place
        .run(&[
            "model",
            "table",
            "--from",
            "2020-01-01",
            "--until",
            "2026-05-31",
            "--out",
            out,
        ])
        .good();
    let text = fs::read_to_string(out).unwrap();
    let mut lines = text.lines();
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("day,entity,kind,known,inspectors,found,basic.age,basic.capital,")
    );
    let rows = i64::try_from(lines.count()).unwrap();
    assert_eq!(rows, number(&said, "已写出 "));
    assert!(rows > 50 && !text.contains("公司"), "{said}");
}

#[test]
fn a_model_is_printed_as_a_table_for_jurists() {
    let said = xinheng(&["policy", "model", "food", "--on", "2026-06-01"]).good();
    for part in [
        "食品生产经营信用风险分级（food）",
        "适用：",
        "退回到：generic",
        "看什么：",
        "为什么：",
        "依据：",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    let general = xinheng(&["policy", "model", "generic"]).good();
    assert_eq!(
        general.matches("看什么：").count(),
        general.matches("计分：").count()
    );
    assert!(general.matches("看什么：").count() >= 60);
    assert!(
        xinheng(&["policy", "model"])
            .good()
            .contains("industrial-product")
    );
    xinheng(&["policy", "model", "none-such"]).refused("policy.model.unknown");
}
