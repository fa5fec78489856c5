//! `xinheng policy model`: a classification model as a table a jurist can read.
use kernel::{Day, Fault, FaultKind, Fen, Outcome};
use policy::pack::PackOn;
use policy::{
    Aggregate, Attribute, Condition, Direct, Factor, FactorSource, FactorUnit, Gate, Indicator, Model, Pack,
    Scoring, Source,
};

use crate::say;

/// Prints one model, or says which there are.
pub fn show(pack: &Pack, code: Option<&str>, day: Day) -> Outcome<()> {
    let law = pack.on(day);
    let Some(code) = code else {
        for code in law.models() {
            let model = law.model(code)?.value;
            say::line(format!(
                "{code:<20} {}：{} 组 {} 项指标",
                model.title,
                model.groups.len(),
                model.indicators.len()
            ));
        }
        say::line("查看其中一个：xinheng policy model 代码");
        return Ok(());
    };
    let Ok(found) = law.model(code) else {
        let known: Vec<&str> = law.models().collect();
        let detail = format!("没有模型“{code}”。可用的有：{}。", known.join("、"));
        return Err(Fault::new(FaultKind::Invalid, "policy.model.unknown", detail));
    };
    let model = found.value;
    head(&model);
    who(&law, &model)?;
    for group in &model.groups {
        say::line("");
        say::line(format!("【{}】 最高 {} 分", group.title, group.cap));
        for indicator in model.indicators.iter().filter(|one| one.group == group.code) {
            indicate(&law, indicator);
        }
    }
    if !model.factors.is_empty() {
        say::line("");
        say::line("【调节系数】");
        model.factors.iter().for_each(|factor| turn(&model, factor));
    }
    if !model.direct.is_empty() {
        say::line("");
        say::line("【直接判定】");
        model.direct.iter().for_each(|direct| decide(&model, direct));
    }
    Ok(())
}

fn head(model: &Model) {
    say::line(format!("{}（{}），自 {} 起", model.title, model.code, model.from));
    say::line(format!("依据：{}", model.basis));
    let mut from = 0;
    let classes: Vec<String> = model
        .classes
        .iter()
        .map(|class| {
            let range = match class.below {
                Some(below) => format!("{from} 至 {} 分", below - 1),
                None => format!("{from} 分以上"),
            };
            from = class.below.unwrap_or(from);
            format!("{} {}（{range}）", class.code, class.title)
        })
        .collect();
    say::line(format!("类别：{}", classes.join("，")));
}

/// Whom the model is for, where it is not for everybody.
fn who(law: &PackOn<'_>, model: &Model) -> Outcome<()> {
    let lineup = law.lineup("generic")?.value;
    if let Some(special) = lineup
        .special
        .iter()
        .find(|special| special.model.code == model.code)
    {
        let gates: Vec<String> = special.applies.iter().map(|gate| gate_text(law, gate)).collect();
        say::line(format!("适用：{}", gates.join("；或 ")));
        let needs: Vec<String> = special.needs.iter().map(|item| item_title(law, item)).collect();
        if !needs.is_empty() {
            say::line(format!("须有记录：{}；没有时退回", needs.join("、")));
        }
        let next = special.falls_back_to.as_deref().unwrap_or("generic");
        say::line(format!("退回到：{next}（最后为通用型）"));
        say::line(match special.combine {
            policy::Combine::Worse => "与通用型合并：取较差者",
            policy::Combine::Replaces => "与通用型合并：以专业型为准",
        });
    }
    if model.code == lineup.general.code {
        for regime in &lineup.regimes {
            say::line(format!(
                "不适用：{}（{}；依据：{}）",
                regime.title, regime.reason, regime.basis
            ));
        }
    }
    Ok(())
}

fn gate_text(law: &PackOn<'_>, gate: &Gate) -> String {
    let mut parts = Vec::new();
    for (title, list) in [
        ("行业", &gate.industries),
        ("类型", &gate.kinds),
        ("登记状态", &gate.statuses),
        ("行政区划", &gate.divisions),
    ] {
        if !list.is_empty() {
            parts.push(format!("{title} {}", list.join("、")));
        }
    }
    if let Some(item) = &gate.item {
        let open = if gate.open { "有效的" } else { "" };
        let codes = if gate.codes.is_empty() {
            String::new()
        } else {
            format!("（{}）", gate.codes.join("、"))
        };
        parts.push(format!("有{open}{}记录{codes}", item_title(law, item)));
    }
    parts.join("且")
}

fn item_title(law: &PackOn<'_>, item: &str) -> String {
    law.item(item).map_or_else(
        |_| item.to_owned(),
        |known| format!("{}（{item}）", known.value.title),
    )
}

fn indicate(law: &PackOn<'_>, indicator: &Indicator) {
    say::line(format!("  {}  {}", indicator.code, indicator.title));
    say::line(format!("      看什么：{}", source_text(law, &indicator.source)));
    let absent = if indicator.absent == 0 {
        String::new()
    } else {
        format!("；没有时 {:+} 分", indicator.absent)
    };
    let money = is_money(&indicator.source);
    say::line(format!(
        "      计分：{}{absent}",
        scoring_text(&indicator.scoring, money)
    ));
    if !indicator.why.is_empty() {
        say::line(format!("      为什么：{}", indicator.why));
    }
    say::line(format!("      依据：{}", indicator.basis));
}

fn is_money(source: &Source) -> bool {
    match source {
        Source::Attribute(attribute) => *attribute == Attribute::CapitalFen,
        Source::Records(records) => records.aggregate == Aggregate::Sum,
    }
}

fn source_text(law: &PackOn<'_>, source: &Source) -> String {
    let records = match source {
        Source::Attribute(attribute) => return format!("登记信息：{}", attribute_text(*attribute)),
        Source::Records(records) => records,
    };
    let items: Vec<String> = records.items.iter().map(|item| fed(law, item)).collect();
    let what = match &records.aggregate {
        Aggregate::Count => "记录条数".to_owned(),
        Aggregate::Sum => "金额合计".to_owned(),
        Aggregate::MaxLevel => "最高等级".to_owned(),
        Aggregate::LastLevel => "最近一条的等级".to_owned(),
        Aggregate::LastCode => "最近一条的代码".to_owned(),
        Aggregate::DaysSinceLast => "距最近一条的天数".to_owned(),
        Aggregate::DaysToEnd => "距最早到期的天数".to_owned(),
        Aggregate::Decayed(steps) => {
            let steps: Vec<String> = steps
                .iter()
                .map(|step| format!("{} 天内按 {}‰", step.days, step.permille))
                .collect();
            format!("按时间折算的条数（{}，更早不计；1000 为一条）", steps.join("，"))
        }
    };
    let within = records
        .within_days
        .map_or_else(String::new, |days| format!("，{days} 天内"));
    format!(
        "{} 的{what}{within}{}",
        items.join("、"),
        condition_text(&records.condition)
    )
}

/// An item with the departments that hand it over.
fn fed(law: &PackOn<'_>, item: &str) -> String {
    let Ok(known) = law.item(item) else {
        return item.to_owned();
    };
    let functions: Vec<String> = known
        .value
        .suppliers
        .iter()
        .map(|code| {
            let table = law.table("department-function").ok();
            let title = table.and_then(|table| table.value.title_of(code).map(str::to_owned));
            title.unwrap_or_else(|| code.clone())
        })
        .collect();
    let from = if functions.is_empty() {
        "各部门".to_owned()
    } else {
        functions.join("、")
    };
    format!("{}（{item}，由{from}提供）", known.value.title)
}

fn condition_text(condition: &Condition) -> String {
    let mut parts = Vec::new();
    if !condition.codes.is_empty() {
        parts.push(format!("代码为 {}", condition.codes.join("、")));
    }
    if let Some(level) = condition.level_min {
        parts.push(format!("等级不低于 {level}"));
    }
    if let Some(amount) = condition.amount_min {
        parts.push(format!("金额不少于 {}", Fen(amount)));
    }
    if condition.open {
        parts.push("尚未结束".to_owned());
    }
    if parts.is_empty() {
        String::new()
    } else {
        format!("，只计{}的", parts.join("、"))
    }
}

fn attribute_text(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::EstablishedOn => "成立至今的天数",
        Attribute::CapitalFen => "注册资本",
        Attribute::Kind => "企业类型",
        Attribute::Status => "登记状态",
        Attribute::Industry => "所属行业（取最细的一级）",
        Attribute::Division => "行政区划（取最细的一级）",
    }
}

fn scoring_text(scoring: &Scoring, money: bool) -> String {
    let parts: Vec<String> = match scoring {
        Scoring::Bands(bands) => bands
            .iter()
            .map(|band| {
                let min = if money {
                    Fen(band.min).to_string()
                } else {
                    band.min.to_string()
                };
                format!("自 {min} 起 {:+}", band.points)
            })
            .collect(),
        Scoring::Map(entries) => entries
            .iter()
            .map(|entry| {
                let title = if entry.title.is_empty() {
                    String::new()
                } else {
                    format!(" {}", entry.title)
                };
                format!("{}{title} {:+}", entry.code, entry.points)
            })
            .collect(),
    };
    parts.join("，")
}

fn turn(model: &Model, factor: &Factor) {
    let source = match &factor.source {
        FactorSource::Attribute(attribute) => attribute_text(*attribute).to_owned(),
        FactorSource::Indicator(code) => {
            let title = model.indicators.iter().find(|one| one.code == *code);
            title.map_or_else(|| code.clone(), |one| format!("指标“{}”", one.title))
        }
    };
    let unit = match factor.unit {
        FactorUnit::Permille => "各组之和的千分比，1000 为不变",
        FactorUnit::Points => "分",
    };
    say::line(format!("  {}  {}：{source}（{unit}）", factor.code, factor.title));
    let entries = scoring_text(&factor.scoring, false).replace('+', "");
    say::line(format!("      取值：{entries}"));
    if !factor.why.is_empty() {
        say::line(format!("      为什么：{}", factor.why));
    }
    say::line(format!("      依据：{}", factor.basis));
}

fn decide(model: &Model, direct: &Direct) {
    let indicator = model.indicators.iter().find(|one| one.code == direct.indicator);
    let title = indicator.map_or(direct.indicator.as_str(), |one| one.title.as_str());
    say::line(format!(
        "  {}  {}：“{title}”达到 {} 时，不优于 {} 类",
        direct.code, direct.title, direct.min, direct.not_better_than
    ));
    say::line(format!("      依据：{}", direct.basis));
}
