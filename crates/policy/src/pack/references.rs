//! What one row says about another: noted while reading, checked when all packs are laid over each other.

use kernel::Day;

use super::content::Content;
use super::fault::{PackFault, Place};

/// What a reference must lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A document of `sources.toml`.
    Source,
    /// A code table.
    Table,
    /// A code of a code table.
    Code(String),
    /// A catalogue item.
    Item,
    /// A code that the fact column `code` of one of these items may hold.
    ItemCode(Vec<String>),
    /// A model.
    Model,
    /// `model/group`.
    Group,
    /// `model/indicator`.
    Indicator,
    /// `model/class`.
    Class,
    /// A class code of any model.
    AnyClass,
    /// A deadline.
    Deadline,
}

/// One reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub kind: Kind,
    pub target: String,
    pub place: Place,
}

impl Reference {
    /// The fault of a reference from a row in force from `begin` to `last`; `None` when it leads somewhere all that time.
    pub fn check(&self, content: &Content, begin: Day, last: Option<Day>) -> Option<PackFault> {
        let target = &self.target;
        let last = last.unwrap_or(Day::MAX);
        let (held, what, file) = match &self.kind {
            Kind::Source => (content.sources.contains_key(target), "文件", "sources.toml"),
            Kind::Table => (content.tables.covers(target, begin, last), "代码表", "codes.toml"),
            Kind::Code(table) => {
                let held = content
                    .tables
                    .always(table, begin, last, |table| table.has(target));
                return (!held).then(|| self.fault(format!("代码表 {table} 中没有 {target}"), "codes.toml"));
            }
            Kind::Item => (
                content.items.covers(target, begin, last),
                "目录项",
                "catalogue.toml",
            ),
            Kind::ItemCode(items) => {
                let held = items
                    .iter()
                    .any(|item| item_code_held(content, item, target, begin));
                return (!held).then(|| {
                    self.fault(
                        format!("目录项 {} 的代码中没有 {target}", items.join("、")),
                        "catalogue.toml 与 codes.toml",
                    )
                });
            }
            Kind::Model => (content.models.covers(target, begin, last), "模型", "model.toml"),
            Kind::Group => (content.groups.covers(target, begin, last), "分组", "model.toml"),
            Kind::Indicator => (
                content.indicators.covers(target, begin, last),
                "指标",
                "model.toml",
            ),
            Kind::Class => (
                class_held(content, target, begin, last),
                "分类",
                "model.toml 的 classes",
            ),
            Kind::AnyClass => {
                let found = content
                    .models
                    .on(begin)
                    .any(|model| model.body().is_some_and(|model| model.has_class(target)));
                (found, "分类", "model.toml 的 classes")
            }
            Kind::Deadline => (
                content.deadlines.covers(target, begin, last),
                "期限",
                "deadlines.toml",
            ),
        };
        (!held).then(|| {
            self.fault(
                format!("没有{what} {target}，或它在此行有效期内不是始终有效"),
                file,
            )
        })
    }

    fn fault(&self, what: String, file: &str) -> PackFault {
        PackFault {
            place: self.place.clone(),
            what,
            right: format!("请在 {file} 中补上，或改正名称与有效期"),
        }
    }
}

fn class_held(content: &Content, target: &str, begin: Day, last: Day) -> bool {
    target.split_once('/').is_some_and(|(model, class)| {
        content
            .models
            .always(model, begin, last, |model| model.has_class(class))
    })
}

fn item_code_held(content: &Content, item: &str, code: &str, day: Day) -> bool {
    let Some(item) = content.items.at(item, day).and_then(|version| version.body()) else {
        return false;
    };
    let Some(field) = item.facts.code.as_ref().and_then(|name| item.field(name)) else {
        return false;
    };
    match &field.table {
        Some(table) => content
            .tables
            .at(table, day)
            .and_then(|version| version.body())
            .is_some_and(|table| table.has(code)),
        None => true,
    }
}
