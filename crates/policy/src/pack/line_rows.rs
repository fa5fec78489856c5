//! Rows of `model.toml` beside the indicators: who a professional model is for, regimes, factors.

use super::model_rows::{ATTRIBUTES, inner_code, read_bands, read_map, sentence_with};
use super::references::Kind;
use super::sheet::Sheet;
use crate::lineup::{Combine, Gate};
use crate::model::{Attribute, Basis, Factor, FactorSource, FactorUnit, Scoring, Source};

/// What makes a model a professional one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LineRow {
    pub applies: Vec<Gate>,
    pub needs: Vec<String>,
    pub combine: Combine,
    pub falls_back_to: Option<String>,
}

/// The keys `applies`, `needs`, `combine`, `falls_back_to` of a model; `None` when it has no `applies`.
pub(super) fn read_line(sheet: &Sheet<'_>) -> Option<LineRow> {
    let words = &[("worse", Combine::Worse), ("replaces", Combine::Replaces)];
    let needs = sheet.maybe_texts("needs").unwrap_or_default();
    for item in &needs {
        sheet.refer("needs", Kind::Item, item);
    }
    let falls_back_to = sheet.maybe_text("falls_back_to");
    if let Some(model) = &falls_back_to {
        sheet.refer("falls_back_to", Kind::Model, model);
    }
    let combine = sheet.word("combine", words);
    if !sheet.has("applies") {
        if !needs.is_empty() || combine.is_some() || falls_back_to.is_some() {
            sheet.fault(
                "applies",
                "没有 applies 就不是专业型模型",
                "补上 applies = [{ … }]，或删去 needs、combine、falls_back_to",
            );
        }
        return None;
    }
    Some(LineRow {
        applies: read_gates(sheet, true),
        needs,
        combine: sheet.needed_word("combine", words, Combine::Worse),
        falls_back_to,
    })
}

fn read_gates(sheet: &Sheet<'_>, records: bool) -> Vec<Gate> {
    let rows = sheet.sheets("applies");
    if rows.is_empty() {
        sheet.fault("applies", "applies 为空", "至少写一个 { industries = [\"…\"] }");
    }
    rows.iter().map(|row| read_gate(row, records)).collect()
}

/// Texts of one part of a gate, with whether the key is there.
fn part(sheet: &Sheet<'_>, key: &'static str) -> Vec<String> {
    let texts = sheet.maybe_texts(key);
    if texts.as_ref().is_some_and(Vec::is_empty) {
        sheet.fault(key, format!("{key} 为空"), format!("写出内容，或删去 {key}"));
    }
    texts.unwrap_or_default()
}

fn read_gate(sheet: &Sheet<'_>, records: bool) -> Gate {
    let gate = Gate {
        industries: part(sheet, "industries"),
        kinds: part(sheet, "kinds"),
        statuses: part(sheet, "statuses"),
        divisions: part(sheet, "divisions"),
        item: sheet.maybe_text("item"),
        codes: part(sheet, "codes"),
        open: sheet.flag("open"),
    };
    for status in &gate.statuses {
        sheet.refer("statuses", Kind::Code("registration-status".to_owned()), status);
    }
    match &gate.item {
        Some(_) if !records => {
            sheet.fault(
                "item",
                "这里不能看记录",
                "只写 industries、kinds、statuses、divisions",
            );
        }
        Some(item) => {
            sheet.refer("item", Kind::Item, item);
            for code in &gate.codes {
                sheet.refer("codes", Kind::ItemCode(vec![item.clone()]), code);
            }
        }
        None if !gate.codes.is_empty() || gate.open => {
            sheet.fault(
                "item",
                "codes、open 要与 item 一起写",
                "补上 item，或删去 codes、open",
            );
        }
        None => {}
    }
    if gate == Gate::default() {
        let place = if sheet.has("item") { "item" } else { "industries" };
        sheet.fault(
            place,
            "条件为空",
            "写出 industries、kinds、statuses、divisions 或 item 中的至少一个",
        );
    }
    sheet.finish();
    gate
}

/// A regime row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RegimeRow {
    pub title: String,
    pub applies: Vec<Gate>,
    pub model: Option<String>,
    pub reason: String,
}

impl RegimeRow {
    pub fn read(sheet: &Sheet<'_>) -> Self {
        let model = sheet.maybe_text("model");
        if let Some(model) = &model {
            sheet.refer("model", Kind::Model, model);
        }
        Self {
            title: sheet.text("title"),
            applies: read_gates(sheet, false),
            model,
            reason: sheet.text("reason"),
        }
    }
}

pub(super) fn read_factor(sheet: &Sheet<'_>) -> Factor {
    let (model, code) = inner_code(sheet);
    let words = &[("permille", FactorUnit::Permille), ("points", FactorUnit::Points)];
    let unit = sheet.needed_word("unit", words, FactorUnit::Permille);
    let source = match (sheet.has("indicator"), sheet.has("attribute")) {
        (true, false) => {
            let indicator = sheet.text("indicator");
            sheet.refer("indicator", Kind::Indicator, &format!("{model}/{indicator}"));
            FactorSource::Indicator(indicator)
        }
        (false, true) => {
            FactorSource::Attribute(sheet.needed_word("attribute", ATTRIBUTES, Attribute::Industry))
        }
        _ => {
            let right = "看主体属性写 attribute，看指标的值写 indicator";
            sheet.fault("indicator", "indicator 与 attribute 应当且只能写一个", right);
            FactorSource::Indicator(String::new())
        }
    };
    let scoring = match &source {
        FactorSource::Attribute(attribute) if attribute.is_code() => {
            Scoring::Map(read_map(sheet, &Source::Attribute(*attribute)))
        }
        _ => Scoring::Bands(read_bands(sheet)),
    };
    let numbers: Vec<i32> = match &scoring {
        Scoring::Bands(bands) => bands.iter().map(|band| band.points).collect(),
        Scoring::Map(entries) => entries.iter().map(|entry| entry.points).collect(),
    };
    if numbers.is_empty() {
        sheet.fault("map", "系数没有写数值", "看代码写 map，看数值写 bands");
    }
    if unit == FactorUnit::Permille && numbers.iter().any(|number| !(0..=10_000).contains(number)) {
        sheet.fault("unit", "千分比超出范围", "应在0至10000之间，1000表示不变");
    }
    Factor {
        code,
        title: sheet.text("title"),
        source,
        unit,
        scoring,
        absent: sheet
            .maybe_small("absent", -1_000_000..=1_000_000)
            .unwrap_or(unit.neutral()),
        sentence: sentence_with(sheet, &["{value}", "{factor}", "{points}"]),
        why: sheet.maybe_text("why").unwrap_or_default(),
        basis: Basis::default(),
    }
}
