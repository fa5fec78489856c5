//! Rows of measures, deadlines and alarms.

use serde::{Deserialize, Serialize};

use super::references::Kind;
use super::sheet::Sheet;
use super::values::Fraction;

/// On-site checks of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnSite {
    /// Only upon complaint, assignment or data finding.
    OnlyCaused,
    /// By the normal plan.
    Normal,
    /// On own motion as well.
    OwnMotion,
}

/// How much of a check list is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckContent {
    /// Fewer items.
    Fewer,
    /// The usual ones.
    Normal,
    /// More items.
    More,
    /// All items.
    Full,
}

/// What a class means for inspection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassEffect {
    /// Title in Chinese.
    pub title: String,
    /// On-site checks.
    pub on_site: OnSite,
    /// Content.
    pub content: CheckContent,
    /// Advice to the inspector.
    pub advice: String,
}

impl ClassEffect {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        let words = &[
            ("only-caused", OnSite::OnlyCaused),
            ("normal", OnSite::Normal),
            ("own-motion", OnSite::OwnMotion),
        ];
        let contents = &[
            ("fewer", CheckContent::Fewer),
            ("normal", CheckContent::Normal),
            ("more", CheckContent::More),
            ("full", CheckContent::Full),
        ];
        sheet.refer("code", Kind::Class, &sheet.text("code"));
        Self {
            title: sheet.text("title"),
            on_site: sheet.needed_word("on_site", words, OnSite::Normal),
            content: sheet.needed_word("content", contents, CheckContent::Normal),
            advice: sheet.text("advice"),
        }
    }
}

/// Kind of a measure (措施).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeasureKind {
    /// 惩戒.
    Restriction,
    /// 激励.
    Benefit,
    /// 管理.
    Management,
}

/// What a screening does with a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// 拦截.
    Block,
    /// 提示.
    Hint,
    /// Nothing.
    None,
}

/// What brings a measure about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// An open record of this catalogue item.
    Item(String),
    /// The class, `model/class`.
    Class(String),
}

/// When a measure ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeasureEnd {
    /// With what brought it about.
    WithCause,
    /// After this many days.
    AfterDays(u32),
}

/// One measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Title in Chinese.
    pub title: String,
    /// Kind.
    pub kind: MeasureKind,
    /// What a screening does.
    pub strength: Strength,
    /// Scenes, codes of the code table `scene`.
    pub scenes: Vec<String>,
    /// What brings it about.
    pub when: Trigger,
    /// Department function that applies it.
    pub function: String,
    /// When it ends.
    pub ends: MeasureEnd,
}

impl Measure {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        let kinds = &[
            ("restriction", MeasureKind::Restriction),
            ("benefit", MeasureKind::Benefit),
            ("management", MeasureKind::Management),
        ];
        let strengths = &[
            ("block", Strength::Block),
            ("hint", Strength::Hint),
            ("none", Strength::None),
        ];
        let scenes = sheet.texts("scenes");
        for scene in &scenes {
            sheet.refer("scenes", Kind::Code("scene".to_owned()), scene);
        }
        let function = sheet.text("function");
        sheet.refer(
            "function",
            Kind::Code("department-function".to_owned()),
            &function,
        );
        let kind = sheet.needed_word("kind", kinds, MeasureKind::Management);
        let when = read_trigger(sheet);
        if kind == MeasureKind::Restriction && matches!(when, Trigger::Class(_)) {
            let what = "分类结果不能引起惩戒措施";
            sheet.fault(
                "kind",
                what,
                "分类只用于配置监管资源；改为 benefit、management，或改由目录项引起",
            );
        }
        let ends = sheet.needed_word("ends", &[("with-cause", false), ("after-days", true)], false);
        if sheet.has("days") != ends {
            sheet.fault(
                "days",
                "days 与 ends = \"after-days\" 要一起写",
                "补上 days，或改 ends",
            );
        }
        let days = sheet
            .maybe_whole("days", 1..=36_500)
            .and_then(|days| u32::try_from(days).ok());
        Self {
            title: sheet.text("title"),
            kind,
            strength: sheet.needed_word("strength", strengths, Strength::Hint),
            scenes,
            when,
            function,
            ends: days.map_or(MeasureEnd::WithCause, MeasureEnd::AfterDays),
        }
    }
}

fn read_trigger(sheet: &Sheet<'_>) -> Trigger {
    let Some(when) = sheet.maybe_sheet("when") else {
        sheet.fault(
            "when",
            "缺少 when",
            "写成 when = { item = \"…\" } 或 { class = \"generic/A\" }",
        );
        return Trigger::Item(String::new());
    };
    let trigger = if when.has("class") {
        let class = when.text("class");
        when.refer("class", Kind::Class, &class);
        Trigger::Class(class)
    } else {
        let item = when.text("item");
        when.refer("item", Kind::Item, &item);
        Trigger::Item(item)
    };
    when.finish();
    trigger
}

/// How days are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DayUnit {
    /// 工作日.
    Working,
    /// 自然日.
    Natural,
}

/// A deadline (期限).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// Title in Chinese.
    pub title: String,
    /// Days.
    pub days: u32,
    /// Unit.
    pub unit: DayUnit,
    /// From what the days run.
    pub after: String,
    /// Longest extension in days of the same unit.
    pub extend_days: u32,
}

impl Deadline {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        let count = |days: i64| u32::try_from(days).unwrap_or(0);
        Self {
            title: sheet.text("title"),
            days: count(sheet.whole("days", 0..=36_500)),
            unit: sheet.needed_word(
                "unit",
                &[("working", DayUnit::Working), ("natural", DayUnit::Natural)],
                DayUnit::Working,
            ),
            after: sheet.text("after"),
            extend_days: sheet.maybe_whole("extend_days", 0..=36_500).map_or(0, count),
        }
    }
}

/// Colour of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colour {
    /// 蓝.
    Blue,
    /// 黄.
    Yellow,
    /// 橙.
    Orange,
    /// 红.
    Red,
}

/// An alarm on a jump of a class's share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Title in Chinese.
    pub title: String,
    /// Model.
    pub model: String,
    /// Class code.
    pub class: String,
    /// Rise of the class's share of all entities.
    pub rise: Fraction,
    /// Within these days.
    pub within_days: u32,
    /// Not below so many entities in the class.
    pub at_least: u64,
    /// Colour.
    pub colour: Colour,
}

impl Alarm {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        let colours = &[
            ("red", Colour::Red),
            ("orange", Colour::Orange),
            ("yellow", Colour::Yellow),
            ("blue", Colour::Blue),
        ];
        let (model, class) = (sheet.text("model"), sheet.text("class"));
        sheet.refer("model", Kind::Model, &model);
        sheet.refer("class", Kind::Class, &format!("{model}/{class}"));
        Self {
            title: sheet.text("title"),
            model,
            class,
            rise: sheet.fraction("rise"),
            within_days: u32::try_from(sheet.whole("within_days", 1..=3_660)).unwrap_or(1),
            at_least: sheet
                .maybe_whole("at_least", 0..=1_000_000_000)
                .and_then(|least| u64::try_from(least).ok())
                .unwrap_or(0),
            colour: sheet.needed_word("colour", colours, Colour::Yellow),
        }
    }
}
