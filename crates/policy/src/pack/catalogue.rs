//! Code tables and the catalogue of public credit information (信用信息目录): items, fields, headings, facts.

use kernel::Day;
use serde::{Deserialize, Serialize};

use super::collect::{Collect, Publication, Refuse, Unit};
use super::values::{parse_day, parse_money};
use crate::symbols::ItemMode;

/// A code table (代码表).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeTable {
    /// Title in Chinese.
    pub title: String,
    /// Codes in the order of the pack.
    pub values: Vec<Code>,
}

/// One code of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The code.
    pub code: String,
    /// Its title.
    pub title: String,
    /// What suppliers also write.
    pub aliases: Vec<String>,
    /// How grave what it stands for is: the level of a record that has this code and no level of its own.
    pub level: Option<i32>,
}

impl CodeTable {
    /// How grave what a code stands for is, where the table says so.
    pub fn level_of(&self, code: &str) -> Option<i32> {
        self.values.iter().find(|value| value.code == code)?.level
    }

    /// Whether the table holds the code.
    pub fn has(&self, code: &str) -> bool {
        self.values.iter().any(|value| value.code == code)
    }

    /// Title of a code.
    pub fn title_of(&self, code: &str) -> Option<&str> {
        self.values
            .iter()
            .find(|value| value.code == code)
            .map(|value| value.title.as_str())
    }

    /// The code meant by what a supplier wrote: code first, then title, then alias.
    pub fn resolve(&self, text: &str) -> Option<&str> {
        let text = text.trim();
        let by = |fits: &dyn Fn(&Code) -> bool| {
            self.values
                .iter()
                .find(|value| fits(value))
                .map(|value| value.code.as_str())
        };
        by(&|value| value.code == text)
            .or_else(|| by(&|value| value.title == text))
            .or_else(|| by(&|value| value.aliases.iter().any(|alias| alias == text)))
            .or_else(|| {
                let plain = plain(text);
                by(&|value| {
                    let mut written = value.aliases.iter().chain([&value.title]);
                    written.any(|written| self::plain(written) == plain)
                })
            })
    }

    /// Of several codes in one cell the one that stands last in the table; `None` when any of them is not known. A title
    /// that itself holds a separator is one code; blanks separate where nothing else does.
    pub fn resolve_several(&self, text: &str) -> Option<&str> {
        const SEPARATORS: [char; 7] = [';', '；', '、', ',', '，', '|', '/'];
        self.resolve(text)
            .or_else(|| self.worst_of(text.split(SEPARATORS)))
            .or_else(|| self.worst_of(text.split_whitespace()))
    }

    fn worst_of<'t>(&self, parts: impl Iterator<Item = &'t str>) -> Option<&str> {
        let parts = parts.map(str::trim).filter(|part| !part.is_empty());
        let places: Option<Vec<usize>> = parts
            .map(|part| {
                let code = self.resolve(part)?;
                self.values.iter().position(|value| value.code == code)
            })
            .collect();
        let last = places?.into_iter().max()?;
        self.values.get(last).map(|value| value.code.as_str())
    }
}

/// A text without blanks and with narrow brackets and commas: what is written so or so is meant alike.
fn plain(text: &str) -> String {
    let narrow = |letter: char| match letter {
        '（' | '［' => '(',
        '）' | '］' => ')',
        '，' => ',',
        '：' => ':',
        other => other,
    };
    text.chars()
        .filter(|letter| !letter.is_whitespace())
        .map(narrow)
        .collect()
}

/// Display group of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemGroup {
    /// 基本信息.
    Basic,
    /// 经营信息.
    Operating,
    /// 良好信息.
    Good,
    /// 警示信息.
    Warning,
}

/// Share class (共享属性).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Share {
    /// 无条件共享.
    Unconditional,
    /// 有条件共享.
    Conditional,
    /// 不予共享.
    Refused,
}

/// Type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldType {
    /// Any text.
    Text,
    /// A day.
    Day,
    /// An amount of money.
    Money,
    /// A whole number.
    Integer,
    /// A code of a code table.
    Code,
    /// A division (行政区划).
    Division,
    /// An industry (国民经济行业).
    Industry,
    /// Number of another entity.
    Subject,
}

/// One field of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Name in JSON.
    pub name: String,
    /// Title in Chinese.
    pub title: String,
    /// Type.
    pub kind: FieldType,
    /// Code table, for codes.
    pub table: Option<String>,
    /// Whether a record without it is refused.
    pub required: bool,
    /// Usual headings in suppliers' files, besides name and title.
    pub headings: Vec<String>,
    /// Whether the field is shown to the public where the item is; `false` for personal data.
    pub public: bool,
    /// Unit of amounts written without one.
    pub unit: Unit,
    /// Another field that speaks when this one is empty. For a code it only says that something is told (a score for a
    /// grade); the code itself stays open.
    pub instead: Option<String>,
    /// A cell may hold several codes; the one that stands last in the table is kept (a table of penalties goes from light
    /// to grave).
    pub several: bool,
    /// Headings whose amounts without a unit are in another one (`CF_NR_FK` is in 万元), normalised.
    pub units: Vec<(String, Unit)>,
}

impl Field {
    /// Unit of amounts under a heading of a file: what the catalogue says of the heading, else what stands in brackets in
    /// the heading, else the field's own.
    pub fn unit_under(&self, heading: &str) -> Unit {
        let wanted = normal_heading(heading);
        if let Some((_, unit)) = self.units.iter().find(|(known, _)| *known == wanted) {
            return *unit;
        }
        let written = |word: &str| {
            [('(', ')'), ('（', '）'), ('[', ']'), ('【', '】')]
                .iter()
                .any(|(open, close)| heading.contains(&format!("{open}{word}{close}")))
                || heading.contains(&format!("单位：{word}"))
                || heading.contains(&format!("单位:{word}"))
        };
        if written("万元") || written("万") {
            Unit::TenThousand
        } else if written("亿元") || written("亿") {
            Unit::HundredMillion
        } else if written("元") {
            Unit::Yuan
        } else {
            self.unit
        }
    }
}

/// Which fields become the evaluator's columns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FactFields {
    /// Day of the fact.
    pub on: Option<String>,
    /// Day it ends.
    pub until: Option<String>,
    /// Amount.
    pub amount: Option<String>,
    /// Level.
    pub level: Option<String>,
    /// Code.
    pub code: Option<String>,
}

/// The evaluator's columns of one record, before codes become numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FactValues {
    /// Day of the fact.
    pub on: Option<Day>,
    /// Day it ends.
    pub until: Option<Day>,
    /// Amount in fen.
    pub amount_fen: Option<i64>,
    /// Level.
    pub level: Option<i32>,
    /// Code.
    pub code: Option<String>,
}

/// One item of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Title in Chinese.
    pub title: String,
    /// Display group.
    pub group: ItemGroup,
    /// How its records live together.
    pub mode: ItemMode,
    /// Department functions that supply it; none = every department.
    pub suppliers: Vec<String>,
    /// Whether it is public.
    pub public: bool,
    /// Share class.
    pub share: Share,
    /// Fields that name one record of an entity.
    pub key: Vec<String>,
    /// Fields that become the evaluator's columns.
    pub facts: FactFields,
    /// Item whose record it ends (mode "end").
    pub ends: Option<String>,
    /// Fields.
    pub fields: Vec<Field>,
    /// When it is collected.
    pub collect: Option<Collect>,
    /// How long it is published; `None` = as long as it is in force.
    pub publish: Option<Publication>,
    /// Days without anything new after which the item counts as stale (更新频率).
    pub fresh_days: Option<u32>,
    /// Rows that are refused whatever else they say.
    pub refuse: Vec<Refuse>,
}

/// A heading without what does not count: blanks, brackets and what is in them, `*`, width, case.
pub fn normal_heading(heading: &str) -> String {
    let mut depth = 0_u32;
    let mut normal = String::new();
    for letter in heading.chars() {
        let folded = match letter {
            '\u{FF01}'..='\u{FF5E}' => {
                char::from_u32(u32::from(letter).saturating_sub(0xFEE0)).unwrap_or(letter)
            }
            '【' | '〔' => '[',
            '】' | '〕' => ']',
            other => other,
        };
        match folded {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '*' | ':' | '"' | '\u{FEFF}' | '\u{200B}' => {}
            other if other.is_whitespace() => {}
            other if depth == 0 => normal.extend(other.to_lowercase()),
            _ => {}
        }
    }
    normal
}

impl Item {
    /// A field by name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether a field is shown to the public. A field the item does not have is not.
    pub fn shows(&self, name: &str) -> bool {
        self.public && self.field(name).is_some_and(|field| field.public)
    }

    /// Last day a record is published; `None` = no end. `value` gives a field's text.
    pub fn public_until(&self, on: Day, value: impl Fn(&str) -> Option<String>) -> Option<Day> {
        let term = self.publish.as_ref()?;
        let by_field = term
            .until
            .as_deref()
            .and_then(value)
            .and_then(|text| parse_day(&text));
        let by_months = term
            .months
            .and_then(|months| on.checked_add_months(chrono::Months::new(months)));
        [by_field, by_months].into_iter().flatten().min()
    }

    /// Why a row is refused whatever else it says; `written` gives a field's text as the supplier wrote it.
    pub fn refusal(&self, written: impl Fn(&str) -> Option<String>) -> Option<&Refuse> {
        self.refuse.iter().find(|refuse| {
            written(&refuse.field).is_some_and(|text| refuse.values.iter().any(|value| *value == text.trim()))
        })
    }

    /// The field a heading means with how usual the heading is for it (0 = the name itself); of several columns for one field
    /// the lowest is meant.
    pub fn recognise_ranked(&self, heading: &str) -> Option<(&Field, usize)> {
        let wanted = normal_heading(heading);
        if wanted.is_empty() {
            return None;
        }
        self.fields.iter().find_map(|field| {
            let rank = field_headings(field).position(|heading| normal_heading(heading) == wanted)?;
            Some((field, rank))
        })
    }

    /// The field a heading means; `None` when none does.
    pub fn recognise(&self, heading: &str) -> Option<&Field> {
        let wanted = normal_heading(heading);
        let means = |field: &&Field| field_headings(field).any(|heading| normal_heading(heading) == wanted);
        if wanted.is_empty() {
            None
        } else {
            self.fields.iter().find(means)
        }
    }

    /// The evaluator's columns from the values of a record. `value` gives a field's text; codes are to be resolved already.
    ///
    /// # Errors
    /// Names of the fields whose text is not what their type says.
    pub fn facts(&self, value: impl Fn(&str) -> Option<String>) -> Result<FactValues, Vec<String>> {
        let mut wrong = Vec::new();
        let text = |field: &Option<String>| {
            field
                .as_ref()
                .and_then(|name| Some((name.clone(), value(name).filter(|text| !text.trim().is_empty())?)))
        };
        let facts = FactValues {
            on: read_fact(text(&self.facts.on), parse_day, &mut wrong),
            until: read_fact(text(&self.facts.until), parse_day, &mut wrong),
            amount_fen: read_fact(text(&self.facts.amount), parse_money, &mut wrong),
            level: read_fact(
                text(&self.facts.level),
                |text| text.trim().parse().ok(),
                &mut wrong,
            ),
            code: text(&self.facts.code).map(|(_, text)| text.trim().to_owned()),
        };
        if wrong.is_empty() { Ok(facts) } else { Err(wrong) }
    }
}

fn read_fact<T>(
    text: Option<(String, String)>,
    parse: impl Fn(&str) -> Option<T>,
    wrong: &mut Vec<String>,
) -> Option<T> {
    let (name, text) = text?;
    let value = parse(&text);
    if value.is_none() {
        wrong.push(name);
    }
    value
}

pub(super) fn field_headings(field: &Field) -> impl Iterator<Item = &str> {
    [field.name.as_str(), field.title.as_str()]
        .into_iter()
        .chain(field.headings.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_compared_without_blanks_brackets_width_and_case() {
        let case = |heading: &str, expected: &str| assert_eq!(normal_heading(heading), expected, "{heading}");
        case("处罚 决定书文号", "处罚决定书文号");
        case("*罚款金额(万元)", "罚款金额");
        case("罚款金额(万元)", "罚款金额");
        case("CF_WSH", "cf_wsh");
        case("ＣＦ＿ＷＳＨ", "cf_wsh");
        case("\u{FEFF}名称【必填】", "名称");
    }

    #[test]
    fn a_code_is_resolved_by_code_then_title_then_alias() {
        let code = |code: &str, title: &str, alias: &str| Code {
            code: code.into(),
            title: title.into(),
            aliases: vec![alias.into()],
            level: None,
        };
        let table = CodeTable {
            title: "t".into(),
            values: vec![code("1", "警告", "2"), code("2", "罚款", "罚金")],
        };
        assert_eq!(
            table.resolve("2"),
            Some("2"),
            "the code itself wins over another's alias"
        );
        assert_eq!(table.resolve("警告"), Some("1"));
        assert_eq!(table.resolve(" 罚金 "), Some("2"));
        assert_eq!(table.resolve("没收"), None);
        let table = CodeTable {
            values: vec![
                code("3", "公司（外资）", "设计[B]级"),
                code("4", "办事处", "监理、检测[B]级"),
                code("1", "警告", "2"),
                code("2", "罚款", "罚金"),
            ],
            ..table
        };
        for written in ["公司(外资)", "公司 （外资）", "公司(外资）"] {
            assert_eq!(table.resolve(written), Some("3"), "{written}");
        }
        assert_eq!(
            table.resolve_several("设计[B]级  监理、检测[B]级"),
            Some("4"),
            "blanks between"
        );
        assert_eq!(table.resolve_several("设计[B]级 别的"), None);
        assert_eq!(
            table.resolve_several("罚款；警告"),
            Some("2"),
            "the last of the table"
        );
        assert_eq!(table.resolve_several("罚款、没收"), None);
        assert_eq!(table.resolve_several("警告"), Some("1"));
    }
}
