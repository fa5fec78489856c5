//! What a training has to say about itself, in Chinese, as a page of Markdown.
use kernel::Day;

use crate::bands::Shape;
use crate::card::{Card, Part, Weighed};
use crate::feature::Feature;
use crate::leniency::Leniency;
use crate::measure::Judged;
use crate::spec::Trial;

/// A feature left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Name.
    pub name: String,
    /// Title.
    pub title: String,
    /// Why, in Chinese.
    pub why: String,
}

impl Dropped {
    pub(crate) fn of(feature: &Feature, why: String) -> Self {
        Self {
            name: feature.name.clone(),
            title: feature.title.clone(),
            why,
        }
    }
}

/// A trial and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialResult {
    /// The trial.
    pub trial: Trial,
    /// Rows trained on.
    pub trained_on: usize,
    /// Last day trained on.
    pub last_trained: Option<Day>,
    /// Features used.
    pub features: usize,
    /// How the later days were judged; none when there was nothing to tell apart.
    pub judged: Option<Judged>,
    /// Problems the probabilities of the card add up to on the later days.
    pub expected: f64,
}

/// The report of a training.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The card.
    pub card: Card,
    /// Features left out.
    pub dropped: Vec<Dropped>,
    /// Strengths tried with their AUC on the parts of the time that came next.
    pub tried: Vec<(f64, f64)>,
    /// Inspectors, the strictest first. Not in the card.
    pub leniency: Vec<Leniency>,
    /// Trials.
    pub trials: Vec<TrialResult>,
}

/// An interval in words.
pub(crate) fn ranged(interval: crate::measure::Interval, decimals: usize) -> String {
    format!(
        "{:.decimals$}（{:.decimals$} 至 {:.decimals$}）",
        interval.value, interval.low, interval.high
    )
}

impl Report {
    /// The page.
    pub fn to_markdown(&self) -> String {
        let made = &self.card.made;
        let mut lines = vec![
            format!("# {}：训练报告", self.card.title),
            String::new(),
            format!(
                "训练数据 {} 行（{} 至 {}），检出问题 {} 行，检出率 {}‰。{} 分风险（几率）翻一倍，基础分 {}。",
                made.rows,
                made.from,
                made.until,
                made.found,
                crate::number::permille(f64::from(made.found), f64::from(made.rows)),
                self.card.scale.points_to_double,
                self.card.scale.base_score
            ),
            String::new(),
        ];
        lines.extend(self.trial_lines());
        lines.extend(self.strength_lines());
        lines.extend(self.feature_lines());
        lines.extend(self.dropped_lines());
        lines.extend(self.leniency_lines());
        lines.join("\n")
    }

    fn trial_lines(&self) -> Vec<String> {
        if self.trials.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![
            "## 试验：只用之前的数据训练，评判之后的月份".to_owned(),
            String::new(),
            "| 训练至 | 评判 | 行数 | 检出 | 预计检出 | AUC（95% 区间） | 前一半检查找出（%） | 原来次序（%） | 提前天数 |".to_owned(),
            "|---|---|---|---|---|---|---|---|---|".to_owned(),
        ];
        for trial in &self.trials {
            let last = trial.last_trained.map_or(String::new(), |day| day.to_string());
            let days = format!("{} 至 {}", trial.trial.from, trial.trial.until);
            let Some(judged) = &trial.judged else {
                lines.push(format!(
                    "| {last} | {days} | 无法评判（没有数据，或全部检出、全部未检出） | | | | | | |"
                ));
                continue;
            };
            let percent = |share: crate::measure::Interval| crate::measure::Interval {
                value: share.value * 100.0,
                low: share.low * 100.0,
                high: share.high * 100.0,
            };
            lines.push(format!(
                "| {last} | {days} | {} | {} | {:.0} | {} | {} | {:.1} | {} |",
                judged.rows,
                judged.found,
                trial.expected,
                ranged(judged.auc, 3),
                ranged(percent(judged.half), 1),
                judged.half_as_it_was * 100.0,
                ranged(judged.earlier, 2)
            ));
        }
        lines.push(String::new());
        lines
    }

    fn strength_lines(&self) -> Vec<String> {
        let tried: Vec<String> = self
            .tried
            .iter()
            .map(|(strength, auc)| format!("{strength}（AUC {auc:.4}）"))
            .collect();
        vec![
            format!(
                "惩罚强度试过 {}；取 {}：按时间向前验证最好，差不多时取强的。",
                tried.join("、"),
                self.card.made.strength
            ),
            String::new(),
        ]
    }

    fn feature_lines(&self) -> Vec<String> {
        let mut lines = vec!["## 特征、分段和分值".to_owned(), String::new()];
        for part in &self.card.points {
            let feature = self
                .card
                .features
                .iter()
                .find(|feature| feature.name == part.feature);
            let title = feature.map_or(part.feature.as_str(), |feature| feature.title.as_str());
            lines.push(format!(
                "### {title}（{}）：信息值 {:.4}，系数 {:.2}，{}",
                part.feature,
                part.information,
                part.coefficient,
                shape(part.shape)
            ));
            lines.push(String::new());
            lines.push(
                "| 分段 | 行数 | 检出 | 检出率（‰） | 同一检查人员平均（‰） | 证据权重 | 分值 |".to_owned(),
            );
            lines.push("|---|---|---|---|---|---|---|".to_owned());
            lines.extend(rows(part).into_iter().map(|(band, w)| {
                format!(
                    "| {band} | {} | {} | {} | {} | {:.3} | {:+} |",
                    w.rows, w.found, w.permille, w.expected_permille, w.woe, w.points
                )
            }));
            lines.push(String::new());
        }
        lines
    }

    fn dropped_lines(&self) -> Vec<String> {
        let mut lines = vec!["## 未采用的特征".to_owned(), String::new()];
        if self.dropped.is_empty() {
            lines.push("没有。".to_owned());
        }
        let dropped = self.dropped.iter();
        lines.extend(dropped.map(|one| format!("- {}（{}）：{}。", one.title, one.name, one.why)));
        lines.push(String::new());
        lines
    }

    fn leniency_lines(&self) -> Vec<String> {
        let mut lines = vec![
            "## 检查人员宽严（另行估计，不进入评分）".to_owned(),
            String::new(),
        ];
        if self.leniency.is_empty() {
            lines.push("没有检查人员一列，或只有一名（组），无从比较。".to_owned());
        } else {
            lines.push("| 检查人员（组） | 行数 | 检出 | 检出几率与平均之比（95% 区间） |".to_owned());
            lines.push("|---|---|---|---|".to_owned());
        }
        lines.extend(self.leniency.iter().map(|one| {
            format!(
                "| {} | {} | {} | {:.2}（{:.2} 至 {:.2}） |",
                one.inspector, one.rows, one.found, one.odds, one.low, one.high
            )
        }));
        lines.push(String::new());
        lines
    }
}

fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Up => "数值越大风险越高",
        Shape::Down => "数值越大风险越低",
        Shape::Valley => "中间风险低（U 形）",
        Shape::Hump => "中间风险高",
        Shape::Auto | Shape::Free => "各自计分",
    }
}

/// Bands with their names; missing and others where there were any.
fn rows(part: &Part) -> Vec<(String, Weighed)> {
    let mut rows = Vec::new();
    let uppers = part.bands.iter().skip(1).map(|band| band.from).chain([None]);
    for (band, upper) in part.bands.iter().zip(uppers) {
        let name = match (band.from, upper) {
            (None, Some(upper)) => format!("小于 {upper}"),
            (Some(from), None) => format!("{from} 及以上"),
            (Some(from), Some(upper)) => format!("{from} 至 {upper}"),
            (None, None) => "全部".to_owned(),
        };
        rows.push((name, band.weighed));
    }
    rows.extend(part.categories.iter().map(|one| (one.is.clone(), one.weighed)));
    for (name, weighed) in [("未知", part.missing), ("其他", part.others)] {
        if weighed.rows > 0 {
            rows.push((name.to_owned(), weighed));
        }
    }
    rows
}
