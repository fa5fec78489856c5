//! Rows of the inspection list (抽查事项清单) with its result codes.

use serde::{Deserialize, Serialize};

use super::dated::read_basis;
use super::references::Kind;
use super::sheet::Sheet;
use crate::model::Basis;

/// Kind of a check item (事项类别).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckKind {
    /// 一般检查事项.
    General,
    /// 重点检查事项.
    Key,
}

pub(super) const KINDS: &[(&str, CheckKind)] = &[("general", CheckKind::General), ("key", CheckKind::Key)];

/// Which subjects a check item is for; every part given must hold, codes by prefix.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SubjectFilter {
    /// Entity types.
    pub kinds: Vec<String>,
    /// Industries.
    pub industries: Vec<String>,
    /// Registration statuses.
    pub statuses: Vec<String>,
    /// Divisions.
    pub divisions: Vec<String>,
    /// Holds a record of one of these items.
    pub items: Vec<String>,
}

impl SubjectFilter {
    fn read(sheet: &Sheet<'_>) -> Self {
        let list = |key: &'static str| sheet.maybe_texts(key).unwrap_or_default();
        let filter = Self {
            kinds: list("kinds"),
            industries: list("industries"),
            statuses: list("statuses"),
            divisions: list("divisions"),
            items: list("items"),
        };
        for item in &filter.items {
            sheet.refer("items", Kind::Item, item);
        }
        sheet.finish();
        filter
    }

    /// Whether a subject passes; `holds` says whether it has a record of an item.
    pub fn admits(
        &self,
        kind: &str,
        industry: &str,
        status: &str,
        division: &str,
        holds: impl Fn(&str) -> bool,
    ) -> bool {
        let fits = |prefixes: &[String], text: &str| {
            prefixes.is_empty() || prefixes.iter().any(|prefix| text.starts_with(prefix.as_str()))
        };
        fits(&self.kinds, kind)
            && fits(&self.industries, industry)
            && fits(&self.statuses, status)
            && fits(&self.divisions, division)
            && (self.items.is_empty() || self.items.iter().any(|item| holds(item)))
    }
}

/// One check item (抽查事项).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckItem {
    /// Title in Chinese.
    pub title: String,
    /// Field (抽查类别).
    pub field: String,
    /// Kind.
    pub kind: CheckKind,
    /// Subjects.
    pub subjects: SubjectFilter,
    /// Methods, codes of `check-method`.
    pub methods: Vec<String>,
    /// Levels, codes of `level`.
    pub levels: Vec<String>,
    /// Department function that checks.
    pub function: String,
    /// Functions that join in.
    pub partners: Vec<String>,
    /// Further legal basis.
    pub law: Vec<Basis>,
    /// What is looked at.
    pub content: Vec<String>,
}

impl CheckItem {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        let coded = |key: &'static str, table: &str, texts: Vec<String>| {
            for text in &texts {
                sheet.refer(key, Kind::Code(table.to_owned()), text);
            }
            if texts.is_empty() && key != "partners" {
                sheet.fault(key, format!("{key} 为空"), "至少写一个");
            }
            texts
        };
        let function = sheet.text("function");
        sheet.refer(
            "function",
            Kind::Code("department-function".to_owned()),
            &function,
        );
        let law = sheet.sheets("law");
        let law = law.iter().map(|row| {
            let (basis, place) = read_basis(row);
            row.refer_at(place, Kind::Source, &basis.source);
            basis
        });
        Self {
            law: law.collect(),
            title: sheet.text("title"),
            field: sheet.text("field"),
            kind: sheet.needed_word("kind", KINDS, CheckKind::General),
            subjects: sheet
                .maybe_sheet("subjects")
                .map(|row| SubjectFilter::read(&row))
                .unwrap_or_default(),
            methods: coded("methods", "check-method", sheet.texts("methods")),
            levels: coded("levels", "level", sheet.texts("levels")),
            function,
            partners: coded(
                "partners",
                "department-function",
                sheet.maybe_texts("partners").unwrap_or_default(),
            ),
            content: {
                let content = sheet.texts("content");
                if content.is_empty() {
                    sheet.fault("content", "检查内容为空", "至少写一条");
                }
                content
            },
        }
    }
}

/// What follows a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FollowAction {
    /// Nothing.
    None,
    /// 责令改正.
    Correct,
    /// 列入经营异常名录.
    AbnormalListing,
    /// 立案核查.
    Case,
    /// 责令公示.
    Publish,
    /// 清理.
    CleanUp,
}

/// Follow-up of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follow {
    /// Action.
    pub action: FollowAction,
    /// Deadline code.
    pub deadline: Option<String>,
}

/// One result code (抽查检查结果).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultCode {
    /// Title in Chinese.
    pub title: String,
    /// May not stand beside another.
    pub exclusive: bool,
    /// Counts as a problem found.
    pub problem: bool,
    /// What follows.
    pub follow: Option<Follow>,
}

impl ResultCode {
    pub(super) fn read(sheet: &Sheet<'_>) -> Self {
        let actions = &[
            ("none", FollowAction::None),
            ("correct", FollowAction::Correct),
            ("abnormal-listing", FollowAction::AbnormalListing),
            ("case", FollowAction::Case),
            ("publish", FollowAction::Publish),
            ("clean-up", FollowAction::CleanUp),
        ];
        let follow = sheet.maybe_sheet("follow").map(|row| {
            let follow = Follow {
                action: row.needed_word("action", actions, FollowAction::None),
                deadline: row.maybe_text("deadline"),
            };
            if let Some(deadline) = &follow.deadline {
                row.refer("deadline", Kind::Deadline, deadline);
            }
            row.finish();
            follow
        });
        Self {
            title: sheet.text("title"),
            exclusive: sheet.flag("exclusive"),
            problem: sheet.flag("problem"),
            follow,
        }
    }
}
