//! Just enough reading of SQLite's stored `CREATE TABLE` text to find what its catalogue does not tell.

/// A piece of SQL text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A keyword, number or name in lower case, without its quotes.
    Word(String),
    /// A text in single quotes.
    Text(String),
    /// Any other sign.
    Sign(char),
    /// A comment between `/*` and `*/`.
    Comment(String),
}

/// Cuts SQL text into tokens; line comments are left out.
pub(crate) fn tokens(sql: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => out.push(Token::Text(
                letters.by_ref().take_while(|next| *next != '\'').collect(),
            )),
            '"' => out.push(Token::Word(
                letters.by_ref().take_while(|next| *next != '"').collect(),
            )),
            '-' if letters.peek() == Some(&'-') => {
                letters.by_ref().find(|next| *next == '\n');
            }
            '/' if letters.peek() == Some(&'*') => {
                letters.next();
                let mut text = String::new();
                while let Some(next) = letters.next() {
                    if next == '*' && letters.peek() == Some(&'/') {
                        letters.next();
                        break;
                    }
                    text.push(next);
                }
                out.push(Token::Comment(text.trim().to_lowercase()));
            }
            _ if letter.is_alphanumeric() || letter == '_' => {
                let mut word = String::from(letter);
                while let Some(next) = letters.next_if(|next| next.is_alphanumeric() || *next == '_') {
                    word.push(next);
                }
                out.push(Token::Word(word.to_lowercase()));
            }
            _ if letter.is_whitespace() => {}
            _ => out.push(Token::Sign(letter)),
        }
    }
    out
}

/// The items (columns and table constraints) of one `CREATE TABLE`.
pub(crate) struct Table {
    items: Vec<Vec<Token>>,
}

impl Table {
    pub(crate) fn parse(sql: &str) -> Self {
        let mut items = vec![Vec::new()];
        let mut depth = 0_u32;
        for token in tokens(sql) {
            match token {
                Token::Sign(')') if depth <= 1 => depth = 0,
                Token::Sign('(') if depth == 0 => depth = 1,
                Token::Sign(',') if depth == 1 => items.push(Vec::new()),
                _ if depth == 0 => {}
                other => {
                    match other {
                        Token::Sign('(') => depth += 1,
                        Token::Sign(')') => depth -= 1,
                        _ => {}
                    }
                    if let Some(last) = items.last_mut() {
                        last.push(other);
                    }
                }
            }
        }
        Self { items }
    }

    /// Whether the table has `CHECK (column IN (0, 1))`.
    pub(crate) fn is_boolean(&self, column: &str) -> bool {
        self.says(&tokens(&format!("{column} IN (0, 1)")))
    }

    /// Whether the table has `CHECK (json_valid(column))`.
    pub(crate) fn is_json(&self, column: &str) -> bool {
        self.says(&tokens(&format!("json_valid({column})")))
    }

    /// Whether the column's own item carries the comment `/* hint */`.
    pub(crate) fn has_hint(&self, column: &str, hint: &str) -> bool {
        self.items.iter().any(|item| {
            item.first() == Some(&Token::Word(column.to_owned()))
                && item.contains(&Token::Comment(hint.to_owned()))
        })
    }

    fn says(&self, wanted: &[Token]) -> bool {
        self.items
            .iter()
            .any(|item| item.windows(wanted.len()).any(|window| window == wanted))
    }

    /// The name of the foreign key over `columns`: as declared, else `<table>_<columns>_fkey` as PostgreSQL makes it.
    pub(crate) fn foreign_name(&self, table: &str, columns: &[String]) -> String {
        self.items
            .iter()
            .find_map(|item| named_foreign(item, columns))
            .unwrap_or_else(|| format!("{table}_{}_fkey", columns.join("_")))
    }
}

/// The name in `CONSTRAINT name FOREIGN KEY (columns)` or `column … CONSTRAINT name REFERENCES`.
fn named_foreign(item: &[Token], columns: &[String]) -> Option<String> {
    let words: Vec<&str> = item
        .iter()
        .filter_map(|token| {
            if let Token::Word(word) = token {
                Some(word.as_str())
            } else {
                None
            }
        })
        .collect();
    let own = match words.as_slice() {
        ["constraint", name, "foreign", "key", rest @ ..] => rest
            .iter()
            .take_while(|word| **word != "references")
            .eq(columns.iter())
            .then_some(*name),
        [column, rest @ ..] if columns == [*column] => rest.windows(3).find_map(|window| match window {
            ["constraint", name, "references"] => Some(*name),
            _ => None,
        }),
        _ => None,
    };
    own.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::Table;

    const SQL: &str = "CREATE TABLE t (a INTEGER /* boolean */, b INTEGER CHECK (b IN (0,1)), -- c IN (0, 1)
        c TEXT CONSTRAINT c_is_json CHECK (c IS NULL OR json_valid( c )), d INTEGER CONSTRAINT t_owner REFERENCES o (id),
        e INTEGER REFERENCES o, CONSTRAINT t_pair FOREIGN KEY (a, b) REFERENCES p (x, y)) STRICT";

    #[test]
    fn kinds_are_read_from_checks_and_hints() {
        let table = Table::parse(SQL);
        assert_eq!(
            ["a", "b", "c"].map(|column| table.is_boolean(column)),
            [false, true, false]
        );
        assert!(table.is_json("c") && !table.is_json("b"));
        assert!(table.has_hint("a", "boolean") && !table.has_hint("b", "boolean"));
    }

    #[test]
    fn foreign_keys_are_named_as_declared_or_as_postgresql_would() {
        let table = Table::parse(SQL);
        let name = |columns: &[&str]| {
            table.foreign_name(
                "t",
                &columns
                    .iter()
                    .map(|column| (*column).to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(name(&["d"]), "t_owner");
        assert_eq!(name(&["a", "b"]), "t_pair");
        assert_eq!(name(&["e"]), "t_e_fkey");
    }
}
