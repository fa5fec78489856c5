//! Rust source as text: what is code, what stands in literals, and how long each function is.

/// A string literal and the line it begins on, from 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Literal {
    pub line: usize,
    pub text: String,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub line: usize,
    /// From the line of `fn` to the line of the closing brace.
    pub lines: usize,
}

/// The source with comments and the insides of literals blanked (line ends kept), and the literals apart.
pub fn split(source: &str) -> (String, Vec<Literal>) {
    let mut reader = Reader {
        rest: source,
        code: String::with_capacity(source.len()),
        line: 1,
        literals: Vec::new(),
    };
    while let Some(next) = reader.rest.chars().next() {
        if reader.rest.starts_with("//") {
            let end = reader.rest.find('\n').unwrap_or(reader.rest.len());
            reader.blank(end);
        } else if reader.rest.starts_with("/*") {
            let end = block_comment(reader.rest);
            reader.blank(end);
        } else if let Some((opening, closing)) = reader.literal() {
            reader.string(opening, &closing);
        } else if let Some(end) = character(reader.rest) {
            reader.blank(end);
        } else if next.is_alphanumeric() || next == '_' {
            // A whole word at once, so that the `r` of a name is not taken for a raw string.
            let end = reader
                .rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(reader.rest.len());
            reader.copy(end);
        } else {
            reader.copy(next.len_utf8());
        }
    }
    (reader.code, reader.literals)
}

struct Reader<'a> {
    rest: &'a str,
    code: String,
    line: usize,
    literals: Vec<Literal>,
}

impl Reader<'_> {
    fn copy(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.code.push_str(taken);
        self.rest = rest;
    }

    fn blank(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.code
            .extend(taken.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        self.rest = rest;
    }

    /// How a literal begins here, as the length of the opening and the text that closes it.
    fn literal(&self) -> Option<(usize, String)> {
        let bare = self.rest.trim_start_matches(['b', 'c']);
        let prefix = self.rest.len() - bare.len();
        if prefix > 1 {
            return None;
        }
        if let Some(raw) = bare.strip_prefix('r') {
            let hashes = raw.len() - raw.trim_start_matches('#').len();
            return raw
                .trim_start_matches('#')
                .starts_with('"')
                .then(|| (prefix + 1 + hashes + 1, format!("\"{}", "#".repeat(hashes))));
        }
        bare.starts_with('"').then(|| (prefix + 1, String::new()))
    }

    /// Takes a literal; an empty `closing` means an ordinary one, with escapes.
    fn string(&mut self, opening: usize, closing: &str) {
        let inside = self.rest.get(opening..).unwrap_or_default();
        let (length, close) = if closing.is_empty() {
            (ordinary_end(inside), 1)
        } else {
            (inside.find(closing).unwrap_or(inside.len()), closing.len())
        };
        let text = inside.get(..length).unwrap_or_default().to_owned();
        self.literals.push(Literal {
            line: self.line,
            text,
        });
        let whole = (opening + length + close).min(self.rest.len());
        self.blank(whole);
    }
}

fn ordinary_end(inside: &str) -> usize {
    let mut escaped = false;
    for (place, letter) in inside.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return place,
            _ => {}
        }
    }
    inside.len()
}

/// Length of a (nested) block comment at the start.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0_usize);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth.saturating_sub(1), at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Length of a character literal at the start; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('\'')?;
    if let Some(escaped) = inside.strip_prefix('\\') {
        let letter = escaped.chars().next()?.len_utf8();
        let end = escaped.get(letter..)?.find('\'')?;
        return Some(2 + letter + end + 1);
    }
    let letter = inside.chars().next()?;
    inside
        .get(letter.len_utf8()..)?
        .starts_with('\'')
        .then(|| letter.len_utf8() + 2)
}

/// Every function with a body, in code whose comments and literals are blank.
pub fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, name) in words_after(code, "fn") {
        if let Some(end) = body_end(code, at) {
            let line = line_of(code, at);
            found.push(Function {
                name: name.to_owned(),
                line,
                lines: line_of(code, end) - line + 1,
            });
        }
    }
    found
}

/// Each word that follows the keyword, with the place of the keyword.
fn words_after<'a>(code: &'a str, keyword: &str) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(keyword) {
        let before = code.get(..at).and_then(|text| text.chars().next_back());
        let after = code.get(at + keyword.len()..).unwrap_or_default();
        if before.is_some_and(is_word) || !after.starts_with(char::is_whitespace) {
            continue;
        }
        let name = word(after.trim_start());
        if !name.is_empty() {
            found.push((at, name));
        }
    }
    found
}

/// Whether a character may stand in a name.
pub fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The name at the start of a text; empty when there is none.
pub fn word(text: &str) -> &str {
    text.split(|c| !is_word(c)).next().unwrap_or_default()
}

/// Whether a text has a name as a whole word.
pub fn has_word(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Line of a place, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    text.get(..at)
        .map_or(1, |before| before.matches('\n').count() + 1)
}

/// Place of the brace that closes the body of the function that begins at a place; none for a bare signature.
fn body_end(code: &str, from: usize) -> Option<usize> {
    let (mut round, mut curly, mut inside) = (0_i32, 0_i32, false);
    for (offset, letter) in code.get(from..)?.char_indices() {
        match letter {
            '(' | '[' if !inside => round += 1,
            ')' | ']' if !inside => round -= 1,
            ';' if !inside && round == 0 => return None,
            '{' if inside || round == 0 => (curly, inside) = (curly + 1, true),
            '}' if inside => {
                curly -= 1;
                if curly == 0 {
                    return Some(from + offset);
                }
            }
            _ => {}
        }
    }
    None
}

/// Names of the tests in code: functions under a test attribute, and the stories of `db_test!`.
pub fn tests(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for mark in ["#[test]", "#[tokio::test"] {
        for (at, _) in code.match_indices(mark) {
            let after = code.get(at..).unwrap_or_default();
            if let Some((_, name)) = words_after(after, "fn").first() {
                found.push((*name).to_owned());
            }
        }
    }
    for (at, mark) in code.match_indices("db_test!(") {
        let mut after = code.get(at + mark.len()..).unwrap_or_default().trim_start();
        while after.starts_with("#[") {
            after = after.split_once(']').map_or("", |(_, rest)| rest.trim_start());
        }
        let name = word(after);
        if !name.is_empty() {
            found.push(name.to_owned());
        }
    }
    found
}

#[test]
fn comments_and_literals_are_told_from_code() {
    let source = "let a = \"SELECT \\\" x\"; // fn no()\nlet b = r#\"raw \"q\" \"#; let c = '\"'; let d: &'static str = b\"y\";\n/* a /* b */ c */ fn yes() {}\n";
    let (code, literals) = split(source);
    let texts: Vec<&str> = literals.iter().map(|literal| literal.text.as_str()).collect();
    assert_eq!(texts, ["SELECT \\\" x", "raw \"q\" ", "y"]);
    assert_eq!(
        functions(&code),
        [Function {
            name: "yes".into(),
            line: 3,
            lines: 1
        }]
    );
    assert!(!code.contains("SELECT") && code.contains("'static"));
    assert_eq!(code.lines().count(), source.lines().count());
}

#[test]
fn a_function_is_counted_from_its_name_to_its_brace() {
    let source = "trait T { fn bare(&self) -> [u8; 2]; }\nfn two<F: Fn() -> u8>(f: F) -> [u8; 2]\n{\n    let x = || { 1 };\n    [f(), x()]\n}\n";
    assert_eq!(
        functions(source),
        [Function {
            name: "two".into(),
            line: 2,
            lines: 5
        }]
    );
}

#[test]
fn tests_are_found_by_attribute_and_by_macro() {
    let source = "#[test]\nfn one() {}\nfn helper() {}\ndb_test!(\n    two,\n    STEPS, |db| {});\n#[tokio::test]\nasync fn three() {}\n";
    let mut names = tests(source);
    names.sort_unstable();
    assert_eq!(names, ["one", "three", "two"]);
}
