//! The packs that ship: they load, their cases pass, and what is asked of all of them holds.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what they expect by failing"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kernel::Day;
use policy::pack::{FieldType, Unit};
use policy::{Combine, Memory, Pack};

const PACKS: &[&str] = &["base", "shantou-jinping", "gd-ftz"];

fn packs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs")
}

fn load(name: &str) -> Pack {
    Pack::load(&packs().join(name)).unwrap_or_else(|faults| {
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("{name}\n{}", told.join("\n"))
    })
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

#[test]
fn every_shipped_pack_loads_and_passes_its_cases() {
    for name in PACKS {
        let report = load(name).check();
        assert!(
            report.passed(),
            "{name}: {:#?}",
            report.failures().collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_general_model_has_sixty_indicators_in_all_five_groups_each_with_its_why() {
    let pack = load("base");
    let model = pack.on(day("2026-06-30")).model("generic").unwrap().value;
    assert!(model.indicators.len() >= 60, "{}", model.indicators.len());
    let mut by_group: BTreeMap<&str, usize> = BTreeMap::new();
    for indicator in &model.indicators {
        *by_group.entry(&indicator.group).or_default() += 1;
    }
    assert_eq!(
        by_group.keys().copied().collect::<Vec<_>>(),
        ["basic", "dynamic", "relation", "social", "supervision"]
    );
    assert!(by_group.values().all(|count| *count >= 6), "{by_group:?}");
}

#[test]
fn every_indicator_and_factor_of_every_model_says_why_it_is_there() {
    for name in PACKS {
        let pack = load(name);
        let on = pack.on(day("2026-06-30"));
        for code in on.models() {
            let model = on.model(code).unwrap().value;
            for indicator in &model.indicators {
                assert!(
                    indicator.why.chars().count() >= 6,
                    "{name} {code} {}",
                    indicator.code
                );
                assert!(
                    !indicator.basis.title.is_empty(),
                    "{name} {code} {}",
                    indicator.code
                );
            }
            for factor in &model.factors {
                assert!(factor.why.chars().count() >= 6, "{name} {code} {}", factor.code);
            }
        }
    }
}

#[test]
fn every_item_says_how_it_is_collected_and_withholds_persons() {
    let pack = load("base");
    let on = pack.on(day("2026-06-30"));
    let persons = ["legal_person", "holder", "creditor", "contact", "phone", "id_no"];
    for item in on.items() {
        let code = &item.trace.code;
        assert!(
            item.value.collect.is_some() && item.value.fresh_days.is_some(),
            "{code}"
        );
        for field in item
            .value
            .fields
            .iter()
            .filter(|field| persons.contains(&field.name.as_str()))
        {
            assert!(!field.public, "{code} {}", field.name);
        }
    }
    let shows = |item: &str, field: &str| on.item(item).unwrap().value.shows(field);
    assert!(shows("registration", "name") && !shows("registration", "legal_person"));
    assert!(!shows("complaint", "outcome"), "the item is not public");
    assert!(!shows("penalty", "no-such-field"));
}

#[test]
fn the_catalogue_has_an_item_for_every_kind_of_information_the_documents_name() {
    // What 沈政发〔2017〕59号, 粤自贸法函〔2017〕77号, 东府办〔2017〕74号, the plan of Jinping and the national catalogue say is to be
    // collected, the item that takes it, and who must be able to supply it.
    let wanted = [
        ("许可", "licence", "fire"),
        ("处罚", "penalty", "environment"),
        ("黑名单", "serious-listing", "social-security"),
        ("政策扶持、行政给付等", "administrative-act", "finance"),
        ("抽查检查", "inspection-result", "culture"),
        ("备案", "filing", "commerce"),
        ("司法协助", "equity", "court"),
        ("司法裁判", "judgement", "court"),
        ("金融", "finance", "financial-regulation"),
        ("税收", "tax-grade", "tax"),
        ("欠税", "tax-arrears", "tax"),
        ("交通违法", "traffic-violation", "public-security"),
        ("安全生产", "accident", "emergency"),
        ("统计调查", "statistics", "statistics"),
        ("社会保险", "social-security", "social-security"),
        ("水电气、通信", "utility", "water"),
        ("口岸监管", "customs-grade", "customs"),
        ("表彰奖励", "honour", "education"),
        ("合同履行", "contract", "development"),
        ("自愿提供", "declared", "market"),
        ("知识产权", "intellectual-property", "market"),
        ("标准、计量、认证认可、检验检测", "certification", "market"),
        ("价格、广告、网络等监管行为", "supervision-act", "market"),
    ];
    let pack = load("base");
    let on = pack.on(day("2026-06-30"));
    for (said, item, supplier) in wanted {
        let suppliers = &on.item(item).unwrap().value.suppliers;
        let may = suppliers.is_empty() || suppliers.iter().any(|known| known == supplier);
        assert!(may, "{said}: {supplier} cannot supply {item}");
    }
}

#[test]
fn terms_of_collection_run_from_the_event_or_the_end_of_its_period() {
    let pack = load("base");
    let due = |item: &str, on: &str| pack.on(day(on)).collect_due(item).unwrap().unwrap().to_string();
    assert_eq!(
        due("penalty", "2024-02-05"),
        "2024-02-20",
        "7 working days over the new year holiday"
    );
    assert_eq!(
        due("social-security", "2025-06-03"),
        "2025-07-10",
        "by the 10th of the next month"
    );
    assert_eq!(due("annual-report", "2025-03-01"), "2026-06-30");
    assert_eq!(
        due("annual-report-missing", "2025-03-01"),
        "2026-07-14",
        "10 working days after the reports were due"
    );
    let fault = pack.on(day("2027-12-30")).collect_due("penalty").unwrap_err();
    assert!(fault.detail.contains("2028"), "{}", fault.detail);
}

#[test]
fn every_class_of_every_model_has_its_measures_and_shares() {
    for name in PACKS {
        let pack = load(name);
        let on = pack.on(day("2026-06-30"));
        for class in on.classes("generic").unwrap().value {
            assert!(
                on.class_effect("generic", &class.code).is_ok(),
                "{name} {}",
                class.code
            );
            assert!(on.ratio("generic", &class.code).is_ok(), "{name} {}", class.code);
            assert!(
                on.frequency("generic", &class.code).is_ok(),
                "{name} {}",
                class.code
            );
        }
        assert!(on.measures().count() >= 10, "{name}");
        assert_eq!(on.unclassed().unwrap().value.class, "generic/B");
        assert_eq!(on.contributors().unwrap().value.least, 2);
    }
}

#[test]
fn professional_models_stand_in_the_order_of_the_plan() {
    let pack = load("shantou-jinping");
    let lineup = pack.on(day("2026-06-30")).lineup("generic").unwrap().value;
    let codes: Vec<&str> = lineup
        .special
        .iter()
        .map(|special| special.model.code.as_str())
        .collect();
    for code in [
        "pickled-vegetables",
        "food",
        "special-equipment",
        "drug",
        "device",
        "cosmetics",
        "product-quality",
        "intellectual-property",
        "consumer",
        "metrology",
        "certification",
        "inspection-testing",
        "price",
        "online",
        "advertising",
    ] {
        assert!(codes.contains(&code), "{codes:?}");
    }
    let quality = lineup
        .special
        .iter()
        .find(|one| one.model.code == "product-quality");
    assert_eq!(
        quality.and_then(|one| one.falls_back_to.as_deref()),
        Some("industrial-product")
    );
    let pickled = lineup
        .special
        .iter()
        .find(|one| one.model.code == "pickled-vegetables")
        .unwrap();
    assert_eq!(
        (pickled.origin.as_str(), pickled.falls_back_to.as_deref()),
        ("shantou-jinping", Some("food"))
    );
    let food = lineup
        .special
        .iter()
        .find(|one| one.model.code == "food")
        .unwrap();
    assert_eq!((food.origin.as_str(), food.combine), ("base", Combine::Worse));
    assert!(
        lineup
            .regimes
            .iter()
            .any(|regime| regime.code == "individual" && regime.model.is_none())
    );
}

/// The published tables: item, whether all required columns are there, headings as they are.
const NATIONAL: [(&str, bool, &str); 7] = [
    (
        "penalty",
        true,
        "CF_XDR_MC CF_XDR_LB CF_XDR_SHXYM CF_XDR_GSZC CF_XDR_ZZJG CF_XDR_SWDJ CF_XDR_SYDW \
         CF_XDR_SHZZ CF_FRDB CF_WSH CF_WFXW CF_SY CF_YJ CF_CFLB1 CF_CFLB2 CF_NR CF_NR_FK \
         CF_NR_WFFF CF_NR_ZKDX CF_JDRQ CF_YXQ CF_GSJZQ CF_CFJG CF_CFJGDM CF_SJLY \
         CF_SJLYDM BZ",
    ),
    (
        "licence",
        false,
        "XK_XDR_MC XK_XDR_LB XK_XDR_SHXYM XK_XDR_GSZC XK_XDR_ZZJG XK_XDR_SWDJ XK_XDR_SYDW \
         XK_XDR_SHZZ XK_FRDB XK_XKWS XK_WSH XK_XKLB XK_XKZS XK_XKBH XK_NR XK_JDRQ XK_YXQZ \
         XK_YXQZI XK_XKJG XK_XKJGDM XK_ZT XK_LYDW XK_LYDWDM BZ",
    ),
    (
        "registration",
        false,
        "主体身份代码 登记机关 企业类型 登记状态 统一社会信用代码 名称 住所 法定代表人 行业代码 注册资本 币种 经营范围 注册号 核准日期 成立日期 经营期限自 \
         经营期限至 住所行政区划 生产经营地 邮编 组成形式 隶属企业主体代码",
    ),
    (
        "abnormal-listing",
        true,
        "统一社会信用代码 企业名称 列入决定书文号 列入日期 列入原因 列入机关 移出日期 移出原因 移出机关",
    ),
    (
        "serious-listing",
        false,
        "统一社会信用代码 企业名称 列入日期 列入类别 列入决定文号 列入决定机关 所属地市 移出日期 移出原因",
    ),
    (
        "annual-report",
        false,
        "统一社会信用代码 企业名称 ANCHEYEAR ANCHEDATE 年报状态 资产总额 负债总额 营业总收入 主营业务收入 利润总额 净利润 纳税总额 \
         所有者权益合计 从业人数 网站网店 对外投资",
    ),
    (
        "supervision-act",
        true,
        "统一社会信用代码 监管行为编码 监管事项目录检查实施清单编码 监管行为类型 监管行为日期 监管结果 监管部门",
    ),
];

#[test]
fn items_know_the_headings_of_the_national_tables() {
    let pack = load("base");
    let on = pack.on(day("2026-06-30"));
    for (code, whole, headings) in NATIONAL {
        let item = on.item(code).unwrap().value;
        let strange: Vec<&str> = headings
            .split_whitespace()
            .filter(|heading| item.recognise(heading).is_none())
            .collect();
        if code != "supervision-act" {
            assert!(strange.is_empty(), "{code}: {strange:?}");
        }
        let met = |name: &str| {
            let mut known = headings
                .split_whitespace()
                .filter_map(|heading| item.recognise(heading));
            known.any(|field| field.name == name)
        };
        let required = item.fields.iter().filter(|field| field.required);
        let missing: Vec<&str> = required
            .map(|field| field.name.as_str())
            .filter(|name| !met(name))
            .collect();
        assert!(!whole || missing.is_empty(), "{code}: {missing:?}");
    }
}

#[test]
fn fines_of_the_national_table_are_in_ten_thousands() {
    let pack = load("base");
    let on = pack.on(day("2026-06-30"));
    let penalty = on.item("penalty").unwrap().value;
    let unit = |field: &str, heading: &str| penalty.field(field).unwrap().unit_under(heading);
    assert_eq!(unit("amount", "CF_NR_FK"), Unit::TenThousand);
    assert_eq!(unit("confiscated", "cf_nr_wfff"), Unit::TenThousand);
    assert_eq!(unit("amount", "罚款（万元）"), Unit::TenThousand);
    assert_eq!(unit("amount", "罚款金额"), Unit::Yuan);
    assert_eq!(penalty.field("amount").unwrap().kind, FieldType::Money);
    let kinds = on.table("penalty-kind").unwrap().value;
    assert_eq!(kinds.resolve_several("警告;罚款"), Some("fine"));
    let natural = penalty.refusal(|field| (field == "subject_kind").then(|| "自然人".to_owned()));
    assert!(natural.unwrap().reason.contains("自然人"));
    assert!(penalty.refusal(|_| Some("法人及非法人组织".to_owned())).is_none());
}

#[test]
fn published_penalties_end_with_their_term_even_where_none_is_said() {
    let pack = load("base");
    let penalty = pack.on(day("2026-06-30")).item("penalty").unwrap().value;
    let until = |said: Option<&str>| {
        let said = said.map(str::to_owned);
        penalty
            .public_until(day("2025-01-10"), move |_| said.clone())
            .unwrap()
            .to_string()
    };
    assert_eq!(until(Some("2025-04-10")), "2025-04-10");
    assert_eq!(until(None), "2028-01-10");
    assert_eq!(until(Some("长期")), "2028-01-10");
}

/// A pack over the shipped base, made in memory.
fn over_base(files: &[(&str, &str)]) -> Pack {
    let base = walk(&packs().join("base"), "base/").into_iter();
    let mut all: Vec<(String, String)> = base
        .map(|(path, name)| (name, std::fs::read_to_string(path).unwrap()))
        .collect();
    all.extend(
        files
            .iter()
            .map(|(name, text)| (format!("local/{name}"), (*text).to_owned())),
    );
    Pack::from_sources(&Memory::new(all), "local").unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn walk(folder: &Path, prefix: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.path().is_dir() {
            found.extend(walk(&entry.path(), &format!("{name}/")));
        } else {
            found.push((entry.path(), name));
        }
    }
    found
}

#[test]
fn a_later_version_of_an_item_leaves_the_earlier_one_as_it_was() {
    let item = |from: &str, fields: &str| {
        format!(
            "[[item]]\ncode = \"well\"\ntitle = \"取水\"\nfrom = {from}\nbasis = {{ source = \"CAT\", article = \"全部类别\" }}\n\
             group = \"operating\"\nmode = \"fact\"\nsuppliers = []\npublic = true\nshare = \"conditional\"\nkey = [\"no\"]\n\
             facts = {{ on = \"on\", code = \"kind\" }}\n{fields}\n"
        )
    };
    let field = |name: &str, title: &str, kind: &str, required: bool| {
        format!(
            "[[item.field]]\nname = \"{name}\"\ntitle = \"{title}\"\ntype = \"{kind}\"\nrequired = {required}\n"
        )
    };
    let common = field("no", "编号", "text", true) + &field("on", "日期", "day", true);
    let first =
        common.clone() + &field("kind", "种类", "text", false) + &field("depth", "井深", "integer", false);
    // Renamed (kind → sort), removed (depth), added and required (use).
    let then = common + &field("sort", "类别", "text", false) + &field("use", "用途", "text", true);
    let later = item("2026-01-01", &then).replace("code = \"kind\"", "code = \"sort\"");
    let pack = over_base(&[
        (
            "pack.toml",
            "format = 1\ncode = \"local\"\ntitle = \"地方\"\ndivision = \"440511\"\nextends = \"base\"\n",
        ),
        ("catalogue.toml", &(item("2024-01-01", &first) + &later)),
    ]);
    let names = |on: &str| -> Vec<String> {
        let item = pack.on(day(on)).item("well").unwrap().value;
        item.fields.iter().map(|field| field.name.clone()).collect()
    };
    assert_eq!(names("2025-06-30"), ["no", "on", "kind", "depth"]);
    assert_eq!(names("2026-06-30"), ["no", "on", "sort", "use"]);
    let old = pack.on(day("2025-06-30")).item("well").unwrap().value;
    let facts = old
        .facts(|name| (name == "kind").then(|| "深井".to_owned()))
        .unwrap();
    assert_eq!(facts.code.as_deref(), Some("深井"));
    assert_ne!(pack.symbols().item("well"), 0, "one number for all versions");
}

#[test]
fn words_for_levels_stand_for_whole_numbers() {
    let mut seen = 0;
    for name in PACKS {
        let pack = load(name);
        let on = pack.on(day("2026-06-30"));
        for item in on.items() {
            let levels = item
                .value
                .fields
                .iter()
                .filter(|field| field.kind == FieldType::Integer);
            for table in levels.filter_map(|field| field.table.as_deref()) {
                for code in &on.table(table).unwrap().value.values {
                    assert!(code.code.parse::<i32>().is_ok(), "{table}: {}", code.code);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 0);
}
