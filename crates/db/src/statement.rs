//! Named SQL: a statement is written once, with a sentence of purpose, and runs on both databases.

use std::borrow::Cow;
use std::fmt::Write as _;

/// SQL that both databases accept, with `$1` parameters; made by [`statements!`](crate::statements).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// `module::NAME`, for logs and errors.
    pub name: &'static str,
    /// The SQL text.
    pub sql: &'static str,
    /// What it is for, in one sentence.
    pub purpose: &'static str,
}

/// Declares the statements of a room and the list `ALL` of them. Once per module.
#[macro_export]
macro_rules! statements {
    ($( $(#[doc = $doc:literal])+ $name:ident = $sql:expr; )*) => {
        $(
            $(#[doc = $doc])+
            pub const $name: $crate::Statement = $crate::Statement {
                name: concat!(module_path!(), "::", stringify!($name)),
                sql: $sql,
                purpose: concat!($($doc),+),
            };
        )*
        /// Every statement of this module, for the test that prepares each of them on both databases.
        pub const ALL: &[$crate::Statement] = &[$($name),*];
    };
}

/// What stands for a list of values in the SQL of `all_in`.
const LIST: &str = "$list";
/// Lists are padded to these lengths, so that few texts are prepared; longer lists are cut into pieces.
const SIZES: [usize; 5] = [1, 4, 16, 64, 256];
/// The longest list one statement takes.
pub(crate) const LONGEST_LIST: usize = 256;

/// The padded length for a list of `length` values, at most [`LONGEST_LIST`].
pub(crate) fn padded(length: usize) -> usize {
    SIZES
        .into_iter()
        .find(|size| *size >= length)
        .unwrap_or(LONGEST_LIST)
}

/// Replaces `$list` by `count` parameters that follow the `before` ones.
pub(crate) fn with_list(sql: &str, before: usize, count: usize) -> String {
    let mut list = String::new();
    for place in 1..=count {
        let comma = if place == 1 { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(list, "{comma}${}", before + place);
    }
    sql.replace(LIST, &list)
}

/// `$1` as SQLite wants it, `?1`: SQLite takes `$1` for a *name* and numbers it by first appearance.
pub(crate) fn numbered(sql: &str) -> Cow<'_, str> {
    if !sql.contains('$') {
        return Cow::Borrowed(sql);
    }
    let mut out = String::with_capacity(sql.len());
    let mut quote = None;
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(mark), _) if mark == letter => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '$') if letters.peek().is_some_and(char::is_ascii_digit) => {
                out.push('?');
                continue;
            }
            _ => {}
        }
        out.push(letter);
    }
    Cow::Owned(out)
}

/// Whether a table or column name may be put into SQL text as it is.
pub(crate) fn is_plain_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::{numbered, padded, with_list};

    #[test]
    fn parameters_are_numbered_for_sqlite_but_not_inside_quotes() {
        assert_eq!(
            numbered("a = $2 AND b = '$1' AND \"$3\" = $10"),
            "a = ?2 AND b = '$1' AND \"$3\" = ?10"
        );
        assert_eq!(numbered("it = 'it''s $1' OR x = $1"), "it = 'it''s $1' OR x = ?1");
    }

    #[test]
    fn a_list_follows_the_other_parameters_and_is_padded() {
        assert_eq!(
            with_list("x = $1 AND y IN ($list)", 1, 4),
            "x = $1 AND y IN ($2, $3, $4, $5)"
        );
        assert_eq!([1, 2, 5, 17, 65, 256].map(padded), [1, 4, 16, 64, 256, 256]);
    }
}
