//! Names of tables and columns, quoted as a database wants them.

/// A table's name, part by part: `share.v_penalty` in double quotes or backticks.
pub fn relation(name: &str, quote: char) -> String {
    let parts: Vec<String> = name.split('.').map(|part| column(part, quote)).collect();
    parts.join(".")
}

/// One name, quoted.
pub fn column(name: &str, quote: char) -> String {
    let inner = name.replace(quote, &format!("{quote}{quote}"));
    format!("{quote}{inner}{quote}")
}

/// How the watermark column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// A date or a time.
    Time,
    /// A number.
    Number,
}

/// Why a column cannot be a watermark.
pub fn no_marker(marker: &str, kind: &str) -> String {
    format!(
        "游标列“{marker}”的类型是 {kind}，不能用作游标。请换一个只增不减的时间列或数字列（更新时间、自增编号）"
    )
}

/// Why there is no such column.
pub fn no_column(marker: &str, columns: &[String]) -> String {
    format!(
        "表（视图）中没有游标列“{marker}”。它的列有：{}",
        columns.join("、")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_part_by_part() {
        assert_eq!(relation("share.v_penalty", '"'), "\"share\".\"v_penalty\"");
        assert_eq!(relation("a\"b", '"'), "\"a\"\"b\"");
        assert_eq!(column("x`; DROP TABLE y", '`'), "`x``; DROP TABLE y`");
    }
}
