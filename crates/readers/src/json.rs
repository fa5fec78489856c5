//! Walks JSON text as it streams by: finds the arrays of records, wherever they lie inside of objects, and cuts out one
//! record at a time. Only the record in hand is in memory.
use crate::fault::ReadFault;
use crate::text::Text;

/// How deep arrays of records may lie.
const DEEPEST: usize = 32;
/// Bytes of a key.
const LONGEST_KEY: usize = 1 << 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before a value.
    Value,
    /// Before a key, or the end of an object.
    Key,
    /// After a value.
    After,
    /// Inside an array, before a record or its end.
    Records,
}

/// What was cut out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A record; its text is in the buffer.
    Record,
    /// A record longer than allowed; passed over.
    TooLong,
    /// The array is over.
    End,
}

/// A walk through a JSON text.
pub(crate) struct Walk {
    text: Text,
    at: At,
    /// Keys of the objects reading is inside of.
    path: Vec<String>,
    line: u64,
    /// Whether the outermost value was an object, and whether any array of records was met.
    pub outer_is_object: bool,
}

impl Walk {
    pub fn new(text: Text) -> Self {
        Self {
            text,
            at: At::Value,
            path: Vec::new(),
            line: 1,
            outer_is_object: false,
        }
    }

    pub fn encoding(&self) -> &'static str {
        self.text.encoding()
    }

    fn peek(&mut self) -> Result<Option<u8>, ReadFault> {
        loop {
            if let Some(byte) = self.text.window().first() {
                return Ok(Some(*byte));
            }
            let line = self.line;
            if !self.text.fill().map_err(|fault| fault.near(line))? {
                return Ok(None);
            }
        }
    }

    fn next(&mut self) -> Result<Option<u8>, ReadFault> {
        let byte = self.peek()?;
        if byte.is_some() {
            self.text.pass(1);
            self.line += u64::from(byte == Some(b'\n'));
        }
        Ok(byte)
    }

    fn blanks(&mut self) -> Result<Option<u8>, ReadFault> {
        while let Some(byte) = self.peek()? {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Ok(Some(byte));
            }
            self.next()?;
        }
        Ok(None)
    }

    fn broken(&self, what: &str) -> ReadFault {
        let fault = ReadFault::fatal(
            "readers.json.broken",
            format!("JSON 结构有误：{what}。"),
            "请检查文件是否完整；应为记录的数组 [{…}, {…}]，或每行一条记录。",
        );
        fault.near(self.line)
    }

    /// Goes on to the next array of records. Gives the keys it lies under, joined by dots.
    pub fn next_array(&mut self) -> Result<Option<String>, ReadFault> {
        loop {
            match self.at {
                At::Records => {
                    let mut nothing = Vec::new();
                    while self.cut(&mut nothing, 0)? != Cut::End {}
                }
                At::Value => {
                    if let Some(path) = self.value()? {
                        return Ok(Some(path));
                    }
                }
                At::Key => self.key()?,
                At::After => {
                    let byte = self.blanks()?;
                    if self.path.is_empty() {
                        return match byte {
                            None => Ok(None),
                            Some(_) => Err(self.broken("最外层的值之后还有内容")),
                        };
                    }
                    match byte {
                        Some(b',') => {
                            self.next()?;
                            self.at = At::Key;
                        }
                        Some(b'}') => self.at = At::Key,
                        _ => return Err(self.broken("缺少逗号或右花括号")),
                    }
                }
            }
        }
    }

    fn value(&mut self) -> Result<Option<String>, ReadFault> {
        match self.blanks()? {
            Some(b'{') => {
                if self.path.len() >= DEEPEST {
                    return Err(self.broken("嵌套太深"));
                }
                self.outer_is_object |= self.path.is_empty();
                self.next()?;
                self.path.push(String::new());
                self.at = At::Key;
            }
            Some(b'[') => {
                self.next()?;
                self.at = At::Records;
                let first = self.blanks()?;
                if first == Some(b'{') || self.path.is_empty() {
                    let keys: Vec<&str> = self.path.iter().map(String::as_str).collect();
                    return Ok(Some(keys.join(".")));
                }
            }
            Some(_) => {
                self.pass_value(&mut Vec::new(), 0)?;
                self.at = At::After;
            }
            None => return Err(self.broken("内容在中途结束")),
        }
        Ok(None)
    }

    fn key(&mut self) -> Result<(), ReadFault> {
        match self.blanks()? {
            Some(b'}') => {
                self.next()?;
                self.path.pop();
                self.at = At::After;
                Ok(())
            }
            Some(b'"') => {
                let mut raw = Vec::new();
                if !self.pass_value(&mut raw, LONGEST_KEY)? {
                    return Err(self.broken("键名太长"));
                }
                let key: String = serde_json::from_slice(&raw).map_err(|_| self.broken("键名有误"))?;
                if self.blanks()? != Some(b':') {
                    return Err(self.broken("键名之后缺少冒号"));
                }
                self.next()?;
                if let Some(last) = self.path.last_mut() {
                    *last = key;
                }
                self.at = At::Value;
                Ok(())
            }
            Some(_) => Err(self.broken("键名应当用双引号括起来")),
            None => Err(self.broken("内容在中途结束")),
        }
    }

    /// Cuts the next record of the array out into `record`, if it has no more than `most` bytes.
    pub fn cut(&mut self, record: &mut Vec<u8>, most: usize) -> Result<Cut, ReadFault> {
        record.clear();
        let mut byte = self.blanks()?;
        if byte == Some(b',') {
            self.next()?;
            byte = self.blanks()?;
        }
        match byte {
            Some(b']') => {
                self.next()?;
                self.at = At::After;
                Ok(Cut::End)
            }
            None => Err(self.broken("内容在中途结束，缺少右方括号")),
            Some(b'}' | b':' | b',') => Err(self.broken("数组里的记录之间有误")),
            Some(_) => Ok(if self.pass_value(record, most)? {
                Cut::Record
            } else {
                Cut::TooLong
            }),
        }
    }

    /// Passes a whole value, keeping it while it has no more than `most` bytes. Tells whether it was kept whole.
    fn pass_value(&mut self, kept: &mut Vec<u8>, most: usize) -> Result<bool, ReadFault> {
        let (mut depth, mut inside, mut escaped, mut whole) = (0_u64, false, false, true);
        loop {
            // A bare value (a number, true) ends before what follows it.
            let Some(byte) = self.peek()? else {
                return if depth == 0 && !inside && !kept.is_empty() {
                    Ok(whole)
                } else {
                    Err(self.broken("内容在中途结束"))
                };
            };
            let bare = depth == 0 && !inside;
            if bare && matches!(byte, b',' | b']' | b'}' | b':' | b' ' | b'\t' | b'\r' | b'\n') {
                return Ok(whole);
            }
            self.next()?;
            if whole && kept.len() < most {
                kept.push(byte);
            } else {
                whole = false;
                kept.clear();
            }
            if inside {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => inside = false,
                    _ => {}
                }
                if !inside && depth == 0 {
                    return Ok(whole);
                }
                continue;
            }
            match byte {
                b'"' => inside = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Ok(whole);
                    }
                }
                _ => {}
            }
        }
    }
}
