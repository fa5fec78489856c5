//! What the program prints: results to standard output, progress and faults to standard error.
use std::io::{self, ErrorKind, Write as _};

use kernel::Fault;

/// What a shell reports of a program ended by SIGPIPE (128 + 13).
const READER_GONE: i32 = 141;

/// A line of result.
///
/// When the reader has gone (`xinheng show … | head`) the program ends at once and quietly, as if SIGPIPE had ended it.
/// Not with 0: it stopped before its work was done, and a script with `pipefail` must not take it for finished.
pub fn line(text: impl AsRef<str>) {
    if let Err(error) = writeln!(io::stdout().lock(), "{}", text.as_ref()) {
        if error.kind() == ErrorKind::BrokenPipe {
            end(READER_GONE);
        }
        note(format!(
            "错误：结果无法写出：{}。请检查输出的去处（例如磁盘空间）。",
            kernel::fault::in_words(&error)
        ));
        end(1);
    }
}

/// A line about what is going on. Nobody is left to be told when it cannot be written, and the work goes on.
pub fn note(text: impl AsRef<str>) {
    let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
}

#[expect(
    clippy::disallowed_methods,
    reason = "without an output there is nothing to return to; what was not committed is undone by the database"
)]
fn end(status: i32) -> ! {
    std::process::exit(status)
}

/// Why it did not work, and what to do.
pub fn fault(fault: &Fault) {
    note(format!("错误：{}", fault.detail));
    for field in &fault.fields {
        note(format!("  {}：{}", field.field, field.detail));
    }
    if let Some(basis) = &fault.basis {
        note(format!("  依据：{basis}"));
    }
    note(format!("  代码：{}", fault.code));
    let mut cause = std::error::Error::source(fault);
    while let Some(error) = cause {
        note(format!("  原因：{error}"));
        cause = error.source();
    }
}

/// A whole number with thousands separators.
pub fn count(number: impl Into<i128>) -> String {
    let number: i128 = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if number < 0 { format!("-{out}") } else { out }
}
