//! Turns a card whose features are indicators of a pack's model into rows of that pack's `model.toml`.
use kernel::{Day, Fault, Outcome};
use toml::{Table, Value};

use crate::card::{Card, Part, Weighed};
use crate::feature::Derivation;
use crate::number::whole_above;
use crate::written::quoted;

/// A fragment and what could not be carried over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// Text of a `model.toml` with the proposed rows.
    pub text: String,
    /// Codes of the indicators proposed.
    pub indicators: Vec<String>,
    /// What was left as it is, in Chinese.
    pub notes: Vec<String>,
}

/// Least value a band of a pack may begin with.
const LEAST: i64 = -1_000_000_000_000_000;

/// Rows for `model` in force from a day. `rows` are the `[[indicator]]` rows of the pack in force before, each with its own
/// `basis`: everything but bands, map, points without a value and first day is taken from them. Points are moved so that
/// the best band of an indicator gives 0, as the cut-offs of a pack expect.
pub fn fragment(card: &Card, model: &str, rows: &[Table], from: Day) -> Outcome<Fragment> {
    let mut lines = vec![format!(
        "# 由过往检查结果提出的分段和分值（{} 行，{} 至 {}），有待影子运行和他人批准。",
        card.made.rows, card.made.from, card.made.until
    )];
    let (mut indicators, mut notes) = (Vec::new(), Vec::new());
    for part in &card.points {
        let declared = card.features.iter().find(|feature| feature.name == part.feature);
        let column = match declared.map(crate::feature::Feature::derivation).transpose()? {
            Some(Derivation::Number(column) | Derivation::Category(column)) => column,
            _ => {
                notes.push(format!(
                    "特征“{}”是组合出来的，政策包的指标写不下，未写入。",
                    part.feature
                ));
                continue;
            }
        };
        let row = rows.iter().find(|row| {
            row.get("model").and_then(Value::as_str) == Some(model)
                && row.get("code").and_then(Value::as_str) == Some(column)
        });
        let Some(row) = row else {
            notes.push(format!("模型“{model}”没有指标“{column}”，未写入。"));
            continue;
        };
        match proposed(part, row, from, &mut notes) {
            Some(proposed) => {
                lines.extend([String::new(), "[[indicator]]".to_owned()]);
                lines.extend(proposed.iter().map(|(key, value)| format!("{key} = {value}")));
                indicators.push(column.to_owned());
            }
            None => notes.push(format!(
                "指标“{column}”按{}计分，数据却不是，未写入。",
                if row.contains_key("map") {
                    "代码"
                } else {
                    "数值"
                }
            )),
        }
    }
    if indicators.is_empty() {
        return Err(Fault::invalid(
            "model.fragment.empty",
            format!("没有一个特征是模型“{model}”的指标。{}", notes.join("")),
        ));
    }
    lines.push(String::new());
    Ok(Fragment {
        text: lines.join("\n"),
        indicators,
        notes,
    })
}

/// The row as it was, with what the card proposes.
fn proposed(part: &Part, row: &Table, from: Day, notes: &mut Vec<String>) -> Option<Vec<(String, String)>> {
    let by_map = row.contains_key("map");
    if by_map == part.categories.is_empty() {
        return None;
    }
    let spoken = part
        .bands
        .iter()
        .map(|band| band.weighed)
        .chain(part.categories.iter().map(|category| category.weighed));
    let spare = [part.missing, part.others]
        .into_iter()
        .filter(|weighed| weighed.rows > 0);
    let least = spoken
        .chain(spare)
        .map(|weighed| weighed.points)
        .min()
        .unwrap_or(0);
    let points = |weighed: &Weighed| weighed.points - least;
    let mut lines = Vec::new();
    for (key, value) in row {
        match key.as_str() {
            "bands" => lines.push((key.clone(), bands(part, row, &points))),
            "map" => lines.push((key.clone(), map(part, value, &points, least, notes))),
            "absent" | "from" | "until" => {}
            _ => lines.push((key.clone(), value.to_string())),
        }
    }
    let absent = if part.missing.rows > 0 {
        i64::from(points(&part.missing))
    } else {
        row.get("absent").and_then(Value::as_integer).unwrap_or(0)
    };
    lines.push(("absent".to_owned(), absent.to_string()));
    lines.push(("from".to_owned(), from.to_string()));
    Some(lines)
}

fn bands(part: &Part, row: &Table, points: &impl Fn(&Weighed) -> i32) -> String {
    let can_be_negative = row.get("aggregate").and_then(Value::as_str) == Some("days-to-end");
    let second = part.bands.get(1).and_then(|band| band.from);
    let lowest = if can_be_negative || second.is_some_and(|second| second <= 0.0) {
        LEAST
    } else {
        0
    };
    let mut bands: Vec<(i64, i32)> = Vec::new();
    for band in &part.bands {
        // Values of indicators are whole: the first one not below the edge begins the band.
        let min = band.from.map_or(lowest, |from| whole_above(from));
        match bands.last_mut() {
            Some((before, held)) if *before >= min || *held == points(&band.weighed) => {
                *held = points(&band.weighed);
            }
            _ => bands.push((min, points(&band.weighed))),
        }
    }
    let words: Vec<String> = bands
        .iter()
        .map(|(min, points)| format!("{{ min = {min}, points = {points} }}"))
        .collect();
    format!("[{}]", words.join(", "))
}

/// The map of before with points of the card: codes the card has not seen get those of an unknown one.
fn map(
    part: &Part,
    before: &Value,
    points: &impl Fn(&Weighed) -> i32,
    least: i32,
    notes: &mut Vec<String>,
) -> String {
    let unknown = if part.others.rows > 0 {
        points(&part.others)
    } else {
        -least
    };
    let codes: Vec<&String> = before
        .as_table()
        .map(|table| table.keys().collect())
        .unwrap_or_default();
    let entries: Vec<String> = codes
        .iter()
        .map(|code| {
            let seen = part.categories.iter().find(|category| category.is == **code);
            let points = seen.map_or(unknown, |category| points(&category.weighed));
            format!("{} = {points}", quoted(code))
        })
        .collect();
    let strange = part
        .categories
        .iter()
        .filter(|category| !codes.contains(&&category.is));
    let strange: Vec<&str> = strange.map(|category| category.is.as_str()).collect();
    if !strange.is_empty() {
        notes.push(format!(
            "特征“{}”的代码 {} 不在原来的表里，未写入。",
            part.feature,
            strange.join("、")
        ));
    }
    format!("{{ {} }}", entries.join(", "))
}
