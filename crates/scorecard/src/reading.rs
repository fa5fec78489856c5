//! Reads features from the cells of a row.
use chrono::Datelike as _;
use kernel::{Day, Outcome};

use crate::feature::{Derivation, Feature, check};

/// What a feature says of one row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Missing,
    Number(f64),
    Text(String),
}

/// A day as files write it: `2014-09-02`, `2014/9/2`, `20140902`, with or without a time behind it.
pub fn day_of(text: &str) -> Option<Day> {
    let text = text.trim();
    let head = text.split([' ', 'T']).next().unwrap_or_default();
    if head.len() == 8 && head.bytes().all(|byte| byte.is_ascii_digit()) {
        return Day::parse_from_str(head, "%Y%m%d").ok();
    }
    let head = head.replace(['/', '.'], "-");
    Day::parse_from_str(&head, "%Y-%m-%d").ok()
}

/// A number as files write it; none for an empty cell and for what is no number.
pub(crate) fn number_of(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = text.replace(',', "");
    plain.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// One form for the headings of different systems: `Inspection_ID` is `inspection_id` is `InspectionId`.
pub(crate) fn same_heading(a: &str, b: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|c| !matches!(c, '_' | '-' | ' ' | '\u{feff}'))
            .flat_map(char::to_lowercase)
            .collect()
    };
    plain(a) == plain(b)
}

/// Where a column stands: the exact heading first, then one that differs only in case and separators.
pub(crate) fn place_of(headings: &[String], column: &str) -> Option<usize> {
    headings
        .iter()
        .position(|heading| heading.trim() == column)
        .or_else(|| headings.iter().position(|heading| same_heading(heading, column)))
}

/// Features with the places of their columns in one file.
#[derive(Debug, Clone)]
pub(crate) struct Features {
    list: Vec<Feature>,
    /// For each feature, its columns by name with their places.
    places: Vec<Vec<(String, Option<usize>)>>,
}

impl Features {
    pub fn in_file(list: &[Feature], headings: &[String]) -> Outcome<Self> {
        check(list)?;
        let places = list
            .iter()
            .map(|feature| {
                let columns = feature.columns().into_iter();
                columns
                    .map(|column| (column.to_owned(), place_of(headings, column)))
                    .collect()
            })
            .collect();
        Ok(Self {
            list: list.to_vec(),
            places,
        })
    }

    pub fn list(&self) -> &[Feature] {
        &self.list
    }

    /// Columns that some feature needs and the file has not, each with the titles of the features it takes away.
    pub fn absent(&self) -> Vec<(String, Vec<String>)> {
        let mut absent: Vec<(String, Vec<String>)> = Vec::new();
        for (feature, places) in self.list.iter().zip(&self.places) {
            for (column, _) in places.iter().filter(|(_, place)| place.is_none()) {
                match absent.iter_mut().find(|(name, _)| name == column) {
                    Some((_, titles)) => titles.push(feature.title.clone()),
                    None => absent.push((column.clone(), vec![feature.title.clone()])),
                }
            }
        }
        absent
    }

    /// What every feature says of a row, in their order.
    pub fn read<'r>(&self, cell: &impl Fn(usize) -> Option<&'r str>) -> Vec<Value> {
        (0..self.list.len()).map(|at| self.value(at, cell)).collect()
    }

    fn value<'r>(&self, at: usize, cell: &impl Fn(usize) -> Option<&'r str>) -> Value {
        let (Some(feature), Some(places)) = (self.list.get(at), self.places.get(at)) else {
            return Value::Missing;
        };
        let text = |column: &str| -> Option<&'r str> {
            let (_, place) = places.iter().find(|(name, _)| name == column)?;
            cell((*place)?).map(str::trim).filter(|text| !text.is_empty())
        };
        let barred = feature.missing_when.iter().any(|(column, values)| {
            text(column).is_some_and(|text| values.iter().any(|value| value == text))
        });
        if barred {
            return Value::Missing;
        }
        let Ok(derivation) = feature.derivation() else {
            return Value::Missing;
        };
        if let Derivation::Cross(parts) = derivation {
            return self.crossed(parts, cell);
        }
        derived(derivation, &text)
    }

    fn crossed<'r>(&self, parts: &[String], cell: &impl Fn(usize) -> Option<&'r str>) -> Value {
        let mut words: Vec<String> = Vec::new();
        let mut known = false;
        for part in parts {
            let Some(at) = self.list.iter().position(|feature| feature.name == *part) else {
                return Value::Missing;
            };
            let cuts = self.list.get(at).map_or(&[][..], |feature| &feature.cuts);
            let word = match self.value(at, cell) {
                Value::Missing => "缺".to_owned(),
                Value::Text(text) => text,
                Value::Number(number) => span(cuts, number),
            };
            known |= word != "缺";
            words.push(word);
        }
        if known {
            Value::Text(words.join(" × "))
        } else {
            Value::Missing
        }
    }
}

/// The band of a number in words.
fn span(cuts: &[f64], number: f64) -> String {
    let above = cuts.iter().take_while(|cut| **cut <= number).count();
    let lower = above.checked_sub(1).and_then(|at| cuts.get(at));
    match (lower, cuts.get(above)) {
        (None, Some(upper)) => format!("<{upper}"),
        (Some(lower), None) => format!("≥{lower}"),
        (Some(lower), Some(upper)) => format!("{lower}–{upper}"),
        (None, None) => "全部".to_owned(),
    }
}

fn derived<'r>(derivation: Derivation<'_>, text: &impl Fn(&str) -> Option<&'r str>) -> Value {
    let number = |column: &str| text(column).and_then(number_of);
    let day = |column: &str| text(column).and_then(day_of);
    let told = |number: Option<f64>| {
        number
            .filter(|number| number.is_finite())
            .map_or(Value::Missing, Value::Number)
    };
    match derivation {
        Derivation::Number(column) => told(number(column)),
        Derivation::Category(column) => {
            text(column).map_or(Value::Missing, |text| Value::Text(text.to_owned()))
        }
        Derivation::Sum(parts) => told(
            parts
                .iter()
                .map(|(column, weight)| number(column).map(|number| number * weight))
                .sum(),
        ),
        Derivation::Ratio(of, by) => told(match (number(of), number(by)) {
            (Some(of), Some(by)) if by != 0.0 => Some(of / by),
            _ => None,
        }),
        Derivation::Log(column) => told(number(column).filter(|x| *x >= 0.0).map(f64::ln_1p)),
        Derivation::Days(from, to) => told(match (day(from), day(to)) {
            (Some(from), Some(to)) => Some(f64::from(to.num_days_from_ce() - from.num_days_from_ce())),
            _ => None,
        }),
        Derivation::Month(column) => told(day(column).map(|day| f64::from(day.month()))),
        Derivation::DayOfYear(column) => told(day(column).map(|day| f64::from(day.ordinal()))),
        Derivation::Season(column) => day(column).map_or(Value::Missing, |day| {
            let season = match day.month() {
                3..=5 => "春",
                6..=8 => "夏",
                9..=11 => "秋",
                _ => "冬",
            };
            Value::Text(season.to_owned())
        }),
        Derivation::Given(column) => Value::Text(if text(column).is_some() { "有" } else { "无" }.to_owned()),
        Derivation::Cross(_) => Value::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(features: &[Feature], headings: &[&str], cells: &[&str]) -> Vec<Value> {
        let headings: Vec<String> = headings.iter().map(|h| (*h).to_owned()).collect();
        let features = Features::in_file(features, &headings).unwrap();
        features.read(&|at| cells.get(at).copied())
    }

    fn feature(name: &str) -> Feature {
        Feature {
            name: name.to_owned(),
            title: name.to_owned(),
            ..Feature::default()
        }
    }

    #[test]
    fn every_derivation_says_what_it_says() {
        let features = [
            Feature {
                number: Some("a".into()),
                ..feature("number")
            },
            Feature {
                sum: [("a".into(), 1.0), ("b".into(), 3.0)].into(),
                ..feature("sum")
            },
            Feature {
                ratio: Some(["a".into(), "b".into()]),
                ..feature("ratio")
            },
            Feature {
                log: Some("b".into()),
                ..feature("log")
            },
            Feature {
                days: Some(["from".into(), "to".into()]),
                ..feature("days")
            },
            Feature {
                month: Some("to".into()),
                ..feature("month")
            },
            Feature {
                season: Some("to".into()),
                ..feature("season")
            },
            Feature {
                day_of_year: Some("to".into()),
                ..feature("year")
            },
            Feature {
                given: Some("c".into()),
                ..feature("given")
            },
            Feature {
                category: Some("kind".into()),
                ..feature("kind")
            },
            Feature {
                number: Some("a".into()),
                cuts: vec![2.0, 5.0],
                only_crossed: true,
                ..feature("cut")
            },
            Feature {
                cross: vec!["kind".into(), "cut".into()],
                ..feature("cross")
            },
            Feature {
                number: Some("a".into()),
                missing_when: [("first".into(), vec!["1".into()])].into(),
                ..feature("barred")
            },
        ];
        let headings = ["A", "b", "From", "to", "c", "kind", "first"];
        let row = ["4", "2", "2014/1/1", "2014-03-02T00:00:00", "", " 餐饮 ", "1"];
        let said = read(&features, &headings, &row);
        let expected = vec![
            Value::Number(4.0),
            Value::Number(10.0),
            Value::Number(2.0),
            Value::Number(2.0_f64.ln_1p()),
            Value::Number(60.0),
            Value::Number(3.0),
            Value::Text("春".into()),
            Value::Number(61.0),
            Value::Text("无".into()),
            Value::Text("餐饮".into()),
            Value::Number(4.0),
            Value::Text("餐饮 × 2–5".into()),
            Value::Missing,
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn empty_cells_and_absent_columns_are_missing_and_named() {
        let features = [
            Feature {
                sum: [("a".into(), 1.0), ("b".into(), 3.0)].into(),
                ..feature("sum")
            },
            Feature {
                ratio: Some(["a".into(), "z".into()]),
                ..feature("ratio")
            },
        ];
        assert_eq!(
            read(&features, &["a", "b"], &["1", ""]),
            [Value::Missing, Value::Missing]
        );
        let headings = ["a".to_owned(), "b".to_owned()];
        let features = Features::in_file(&features, &headings).unwrap();
        assert_eq!(features.absent(), [("z".to_owned(), vec!["ratio".to_owned()])]);
    }

    #[test]
    fn days_are_read_as_files_write_them() {
        let day = Day::from_ymd_opt(2014, 9, 2).unwrap();
        for text in [
            "2014-09-02",
            "2014/9/2",
            "20140902",
            " 2014-09-02 00:00:00",
            "2014.9.2",
        ] {
            assert_eq!(day_of(text), Some(day), "{text}");
        }
        assert_eq!(day_of("2014-02-30"), None);
        assert_eq!(day_of(""), None);
    }
}
