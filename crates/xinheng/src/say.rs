//! What the program prints: results to standard output, progress and faults to standard error.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the one place where the program speaks"
)]

use kernel::Fault;

/// A line of result.
pub fn line(text: impl AsRef<str>) {
    println!("{}", text.as_ref());
}

/// A line about what is going on.
pub fn note(text: impl AsRef<str>) {
    eprintln!("{}", text.as_ref());
}

/// Why it did not work, and what to do.
pub fn fault(fault: &Fault) {
    eprintln!("错误：{}", fault.detail);
    for field in &fault.fields {
        eprintln!("  {}：{}", field.field, field.detail);
    }
    if let Some(basis) = &fault.basis {
        eprintln!("  依据：{basis}");
    }
    eprintln!("  代码：{}", fault.code);
    let mut cause = std::error::Error::source(fault);
    while let Some(error) = cause {
        eprintln!("  原因：{error}");
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
