//! Reading rows of `codes.toml` and `catalogue.toml`.

use super::catalogue::{
    Code, CodeTable, FactFields, Field, FieldType, Item, ItemGroup, Share, field_headings, normal_heading,
};
use super::collect::{Collect, Period, Publication, Refuse, Unit};
use super::references::Kind;
use super::rules::DayUnit;
use super::sheet::Sheet;
use crate::symbols::ItemMode;

impl CodeTable {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        let mut values: Vec<Code> = Vec::new();
        for value in sheet.sheets("values") {
            let code = Code {
                code: value.text("code"),
                title: value.text("title"),
                aliases: value.maybe_texts("aliases").unwrap_or_default(),
                level: value
                    .maybe_whole("level", 0..=9)
                    .and_then(|level| i32::try_from(level).ok()),
            };
            if values.iter().any(|other| other.code == code.code) {
                value.fault(
                    "code",
                    format!("代码 {} 重复", code.code),
                    "一个代码表中每个代码只写一次",
                );
            }
            if code.code.contains(char::is_whitespace) {
                value.fault("code", "代码中不能有空白", "去掉空白");
            }
            value.finish();
            values.push(code);
        }
        if values.is_empty() {
            sheet.fault(
                "values",
                "代码表为空",
                "至少写一个 { code = \"…\", title = \"…\" }",
            );
        }
        Self {
            title: sheet.text("title"),
            values,
        }
    }
}

const GROUPS: &[(&str, ItemGroup)] = &[
    ("basic", ItemGroup::Basic),
    ("operating", ItemGroup::Operating),
    ("good", ItemGroup::Good),
    ("warning", ItemGroup::Warning),
];
const MODES: &[(&str, ItemMode)] = &[
    ("state", ItemMode::State),
    ("fact", ItemMode::Fact),
    ("end", ItemMode::End),
];
const SHARES: &[(&str, Share)] = &[
    ("unconditional", Share::Unconditional),
    ("conditional", Share::Conditional),
    ("refused", Share::Refused),
];
const TYPES: &[(&str, FieldType)] = &[
    ("text", FieldType::Text),
    ("day", FieldType::Day),
    ("money", FieldType::Money),
    ("integer", FieldType::Integer),
    ("code", FieldType::Code),
    ("division", FieldType::Division),
    ("industry", FieldType::Industry),
    ("subject", FieldType::Subject),
];

impl Item {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        let fields: Vec<Field> = sheet.sheets("field").iter().map(read_field).collect();
        let mode = sheet.needed_word("mode", MODES, ItemMode::Fact);
        let item = Self {
            title: sheet.text("title"),
            group: sheet.needed_word("group", GROUPS, ItemGroup::Basic),
            mode,
            suppliers: sheet.texts("suppliers"),
            public: sheet.flag("public"),
            share: sheet.needed_word("share", SHARES, Share::Conditional),
            key: sheet.texts("key"),
            facts: sheet
                .maybe_sheet("facts")
                .map(|facts| read_fact_fields(&facts, &fields))
                .unwrap_or_default(),
            ends: sheet.maybe_text("ends"),
            collect: sheet.maybe_sheet("collect").map(|row| read_collect(&row)),
            publish: sheet
                .maybe_sheet("publish")
                .map(|row| read_publication(&row, &fields)),
            fresh_days: sheet
                .maybe_whole("fresh_days", 1..=3_660)
                .and_then(|days| u32::try_from(days).ok()),
            refuse: sheet
                .sheets("refuse")
                .iter()
                .map(|row| read_refuse(row, &fields))
                .collect(),
            fields,
        };
        if item.publish.is_some() && !item.public {
            sheet.fault(
                "publish",
                "不公开的目录项没有公示期限",
                "删去 publish，或写 public = true",
            );
        }
        item.check(sheet);
        item
    }

    fn check(&self, sheet: &Sheet<'_>) {
        for supplier in &self.suppliers {
            sheet.refer(
                "suppliers",
                Kind::Code("department-function".to_owned()),
                supplier,
            );
        }
        for name in self.key.iter().filter(|name| self.field(name).is_none()) {
            sheet.fault("key", format!("key 中的 {name} 不是本项的字段"), "写字段的 name");
        }
        if self.fields.is_empty() {
            sheet.fault("field", "目录项没有字段", "至少写一个 [[item.field]]");
        }
        if self.mode != ItemMode::State && self.key.is_empty() {
            sheet.fault(
                "key",
                "key 为空",
                "写出确定一条记录的字段；只有 mode = \"state\" 可以为空",
            );
        }
        if self.mode != ItemMode::State && self.facts.on.is_none() {
            sheet.fault("facts", "facts 缺少 on", "写明哪个日期字段是事实发生日");
        }
        match (&self.ends, self.mode == ItemMode::End) {
            (Some(ended), true) => sheet.refer("ends", Kind::Item, ended),
            (None, true) => sheet.fault("ends", "缺少 ends", "mode = \"end\" 要写明结束哪个目录项"),
            (Some(_), false) => sheet.fault("ends", "只有 mode = \"end\" 才写 ends", "删去 ends，或改 mode"),
            (None, false) => {}
        }
        for name in self.fields.iter().filter_map(|field| field.instead.as_ref()) {
            if self.field(name).is_none_or(|other| other.instead.is_some()) {
                sheet.fault(
                    "field",
                    format!("instead 中的 {name} 不能用"),
                    "写本项中没有 instead 的另一字段的 name",
                );
            }
        }
        let mut seen: Vec<(String, &str)> = Vec::new();
        for field in &self.fields {
            for heading in field_headings(field).map(normal_heading) {
                let other = seen
                    .iter()
                    .find(|(known, name)| *known == heading && *name != field.name);
                if let Some((_, name)) = other {
                    sheet.fault(
                        "field",
                        format!("表头“{heading}”同时指向 {name} 和 {}", field.name),
                        "一个表头只能属于一个字段",
                    );
                }
                seen.push((heading, &field.name));
            }
        }
        for (nth, field) in self.fields.iter().enumerate() {
            if self.fields.iter().take(nth).any(|other| other.name == field.name) {
                sheet.fault("field", format!("字段 {} 重复", field.name), "每个字段只写一次");
            }
        }
    }
}

fn read_field(sheet: &Sheet<'_>) -> Field {
    let name = sheet.text("name");
    let plain = name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if !plain && !name.is_empty() {
        sheet.fault(
            "name",
            format!("字段名 {name} 不合规"),
            "以小写字母开头，只用小写字母、数字、_",
        );
    }
    let kind = sheet.needed_word("type", TYPES, FieldType::Text);
    let table = sheet.maybe_text("table");
    match (&table, kind) {
        (Some(table), FieldType::Code | FieldType::Integer) => sheet.refer("table", Kind::Table, table),
        (None, FieldType::Code) => sheet.fault("table", "缺少 table", "type = \"code\" 要写明代码表"),
        (Some(_), _) => sheet.fault(
            "table",
            "只有 type = \"code\" 或 \"integer\" 才写 table",
            "删去 table，或改 type",
        ),
        (None, _) => {}
    }
    let field = Field {
        name,
        title: sheet.text("title"),
        kind,
        table,
        required: sheet.flag("required"),
        headings: sheet.maybe_texts("headings").unwrap_or_default(),
        public: sheet.maybe_flag("public").unwrap_or(true),
        unit: sheet.word("unit", UNITS).unwrap_or_default(),
        units: read_units(sheet),
        instead: sheet.maybe_text("instead"),
        several: sheet.flag("several"),
    };
    if field.several && kind != FieldType::Code {
        sheet.fault(
            "several",
            "只有 type = \"code\" 才写 several",
            "删去 several，或改 type",
        );
    }
    if kind != FieldType::Money && (sheet.has("unit") || sheet.has("units")) {
        let key = if sheet.has("unit") { "unit" } else { "units" };
        sheet.fault(key, "只有 type = \"money\" 才写单位", "删去单位，或改 type");
    }
    for (heading, _) in &field.units {
        if !field_headings(&field).any(|known| normal_heading(known) == *heading) {
            sheet.fault(
                "units",
                format!("表头“{heading}”不是本字段的表头"),
                "先写进 headings",
            );
        }
    }
    sheet.finish();
    field
}

const UNITS: &[(&str, Unit)] = &[
    ("元", Unit::Yuan),
    ("万元", Unit::TenThousand),
    ("亿元", Unit::HundredMillion),
];

/// `units = { "CF_NR_FK" = "万元" }`.
fn read_units(sheet: &Sheet<'_>) -> Vec<(String, Unit)> {
    let Some(units) = sheet.maybe_sheet("units") else {
        return Vec::new();
    };
    let mut read = Vec::new();
    for (heading, value, _) in units.free() {
        let word = value.to_string();
        match UNITS.iter().find(|(known, _)| *known == word) {
            Some((_, unit)) => read.push((normal_heading(&heading), *unit)),
            None => sheet.fault(
                "units",
                format!("{heading} 的单位 {word} 不认识"),
                "可用：元、万元、亿元",
            ),
        }
    }
    read
}

const PERIODS: &[(&str, Period)] = &[
    ("event", Period::Event),
    ("day", Period::Day),
    ("week", Period::Week),
    ("month", Period::Month),
    ("quarter", Period::Quarter),
    ("half-year", Period::HalfYear),
    ("year", Period::Year),
];

fn read_collect(sheet: &Sheet<'_>) -> Collect {
    let units = &[("working", DayUnit::Working), ("natural", DayUnit::Natural)];
    let collect = Collect {
        period: sheet.needed_word("period", PERIODS, Period::Event),
        months: sheet
            .maybe_whole("months", 0..=60)
            .and_then(|months| u32::try_from(months).ok())
            .unwrap_or(0),
        within: u32::try_from(sheet.whole("within", 0..=366)).unwrap_or(0),
        unit: sheet.needed_word("unit", units, DayUnit::Working),
    };
    sheet.finish();
    collect
}

fn read_publication(sheet: &Sheet<'_>, fields: &[Field]) -> Publication {
    let publication = Publication {
        until: sheet.maybe_text("until"),
        months: sheet
            .maybe_whole("months", 1..=1_200)
            .and_then(|months| u32::try_from(months).ok()),
    };
    if let Some(name) = &publication.until {
        let day = fields
            .iter()
            .any(|field| field.name == *name && field.kind == FieldType::Day);
        if !day {
            sheet.fault(
                "until",
                format!("{name} 不是本项的日期字段"),
                "写 type = \"day\" 的字段的 name",
            );
        }
    }
    if publication.until.is_none() && publication.months.is_none() {
        sheet.fault("until", "公示期限为空", "写 until 或 months，至少一个");
    }
    sheet.finish();
    publication
}

fn read_refuse(sheet: &Sheet<'_>, fields: &[Field]) -> Refuse {
    let refuse = Refuse {
        field: sheet.text("field"),
        values: sheet.texts("values"),
        reason: sheet.text("reason"),
    };
    if !fields.iter().any(|field| field.name == refuse.field) {
        sheet.fault(
            "field",
            format!("{} 不是本项的字段", refuse.field),
            "写字段的 name",
        );
    }
    sheet.finish();
    refuse
}

fn read_fact_fields(sheet: &Sheet<'_>, fields: &[Field]) -> FactFields {
    let column = |key: &'static str, types: &[FieldType]| {
        let name = sheet.maybe_text(key)?;
        match fields.iter().find(|field| field.name == name) {
            None => sheet.fault(key, format!("{name} 不是本项的字段"), "写字段的 name"),
            Some(field) if !types.contains(&field.kind) => {
                sheet.fault(
                    key,
                    format!("字段 {name} 的类型不能用作 {key}"),
                    "见 docs/packs.md 的 facts 一节",
                );
            }
            Some(_) => {}
        }
        Some(name)
    };
    let codes = [
        FieldType::Code,
        FieldType::Text,
        FieldType::Division,
        FieldType::Industry,
    ];
    let facts = FactFields {
        on: column("on", &[FieldType::Day]),
        until: column("until", &[FieldType::Day]),
        amount: column("amount", &[FieldType::Money]),
        level: column("level", &[FieldType::Integer]),
        code: column("code", &codes),
    };
    sheet.finish();
    facts
}
