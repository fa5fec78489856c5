//! Writes a card as TOML that people read: a line for each band.
use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::bands::Shape;
use crate::card::{Card, Part, Weighed};
use crate::feature::Feature;

/// A text as TOML.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn texts(list: &[String]) -> String {
    let quoted: Vec<String> = list.iter().map(|text| quoted(text)).collect();
    format!("[{}]", quoted.join(", "))
}

/// A number that TOML and a reader both take for a real one.
fn number(value: f64) -> String {
    format!("{value:?}")
}

fn shape(shape: Shape) -> String {
    toml::Value::try_from(shape).map_or_else(|_| quoted("free"), |value| value.to_string())
}

/// The model file. It ends with a new line, and the same card gives the same bytes.
pub(crate) fn text(card: &Card) -> String {
    let mut lines = vec![
        "# 评分卡，由 xinheng model train 生成。分段和分值，不含任何一行数据；分值越高风险越大。".to_owned(),
        "# rows 行数，found 检出问题的行数，permille 检出率（千分比），expected_permille 同样的检查人员平均的检出率（千分比），woe 证据权重。".to_owned(),
        format!("format = {}", card.format),
        format!("title = {}", quoted(&card.title)),
        String::new(),
        "[columns]".to_owned(),
        format!("day = {}", quoted(&card.columns.day)),
        format!("outcome = {}", quoted(&card.columns.outcome)),
        format!("found = {}", texts(&card.columns.found)),
    ];
    if !card.columns.not_found.is_empty() {
        lines.push(format!("not_found = {}", texts(&card.columns.not_found)));
    }
    lines.extend([
        format!("id = {}", texts(&card.columns.id)),
        String::new(),
        "[made]".to_owned(),
        format!("rows = {}", card.made.rows),
        format!("found = {}", card.made.found),
        format!("from = {}", quoted(&card.made.from.to_string())),
        format!("until = {}", quoted(&card.made.until.to_string())),
        format!("strength = {}", number(card.made.strength)),
        String::new(),
        "[scale]".to_owned(),
        format!("base_score = {}", card.scale.base_score),
        format!("points_to_double = {}", card.scale.points_to_double),
        String::new(),
        "[probability]".to_owned(),
        format!("intercept = {}", number(card.probability.intercept)),
        format!("slope = {}", number(card.probability.slope)),
    ]);
    for feature in &card.features {
        lines.push(String::new());
        lines.extend(feature_lines(feature));
    }
    for part in &card.points {
        lines.push(String::new());
        lines.extend(part_lines(part));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn feature_lines(feature: &Feature) -> Vec<String> {
    let mut lines = vec![
        "[[feature]]".to_owned(),
        format!("name = {}", quoted(&feature.name)),
        format!("title = {}", quoted(&feature.title)),
    ];
    for (key, column) in [
        ("number", &feature.number),
        ("category", &feature.category),
        ("log", &feature.log),
        ("month", &feature.month),
        ("season", &feature.season),
        ("day_of_year", &feature.day_of_year),
        ("given", &feature.given),
    ] {
        if let Some(column) = column {
            lines.push(format!("{key} = {}", quoted(column)));
        }
    }
    for (key, pair) in [("ratio", &feature.ratio), ("days", &feature.days)] {
        if let Some(pair) = pair {
            lines.push(format!("{key} = {}", texts(pair)));
        }
    }
    if !feature.sum.is_empty() {
        lines.push(format!(
            "sum = {}",
            inline(&feature.sum, |weight| number(*weight))
        ));
    }
    if !feature.cross.is_empty() {
        lines.push(format!("cross = {}", texts(&feature.cross)));
    }
    if !feature.missing_when.is_empty() {
        lines.push(format!(
            "missing_when = {}",
            inline(&feature.missing_when, |values| texts(values))
        ));
    }
    if !feature.cuts.is_empty() {
        let cuts: Vec<String> = feature.cuts.iter().map(|cut| number(*cut)).collect();
        lines.push(format!("cuts = [{}]", cuts.join(", ")));
    }
    if !feature.shape.is_auto() {
        lines.push(format!("shape = {}", shape(feature.shape)));
    }
    if feature.only_crossed {
        lines.push("only_crossed = true".to_owned());
    }
    lines
}

fn inline<V>(map: &BTreeMap<String, V>, value: impl Fn(&V) -> String) -> String {
    let pairs: Vec<String> = map
        .iter()
        .map(|(key, one)| format!("{} = {}", quoted(key), value(one)))
        .collect();
    format!("{{ {} }}", pairs.join(", "))
}

fn part_lines(part: &Part) -> Vec<String> {
    let mut lines = vec![
        "[[points]]".to_owned(),
        format!("feature = {}", quoted(&part.feature)),
        format!("information = {}", number(part.information)),
        format!("coefficient = {}", number(part.coefficient)),
        format!("shape = {}", shape(part.shape)),
    ];
    if !part.bands.is_empty() {
        lines.push("bands = [".to_owned());
        for band in &part.bands {
            let from = band
                .from
                .map_or(String::new(), |from| format!("from = {}, ", number(from)));
            lines.push(format!("  {{ {from}{} }},", weighed(&band.weighed)));
        }
        lines.push("]".to_owned());
    }
    if !part.categories.is_empty() {
        lines.push("categories = [".to_owned());
        for category in &part.categories {
            lines.push(format!(
                "  {{ is = {}, {} }},",
                quoted(&category.is),
                weighed(&category.weighed)
            ));
        }
        lines.push("]".to_owned());
    }
    lines.push(format!("missing = {{ {} }}", weighed(&part.missing)));
    lines.push(format!("others = {{ {} }}", weighed(&part.others)));
    lines
}

fn weighed(weighed: &Weighed) -> String {
    let mut text = format!("rows = {}, found = {}", weighed.rows, weighed.found);
    let _ = write!(
        text,
        ", permille = {}, expected_permille = {}, woe = {}, points = {}",
        weighed.permille,
        weighed.expected_permille,
        number(weighed.woe),
        weighed.points
    );
    text
}
