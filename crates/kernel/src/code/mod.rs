//! The codes that name subjects and people, read at the door and trusted inside.

mod citizen;
mod credit;
mod fault;
mod org;
mod registration;
mod subject;

pub use citizen::{CitizenId, Sex};
pub use credit::{CreditCode, Marks};
pub use fault::{CodeFault, CodeKind, CodeReason};
pub use org::OrgCode;
pub use registration::RegistrationNo;
pub use subject::SubjectNo;

/// Digit value of an ASCII digit.
pub(crate) fn digit(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte.wrapping_sub(b'0')))
}

/// Whether the first two digits are those of a province-level place of GB/T 2260 (or of the nation: `10`).
pub(crate) fn is_province(first: u8, second: u8) -> bool {
    match first {
        b'1' => matches!(second, b'0'..=b'5'),
        b'2' | b'8' => matches!(second, b'1'..=b'3'),
        b'3' => matches!(second, b'1'..=b'7'),
        b'4' => matches!(second, b'1'..=b'6'),
        b'5' => matches!(second, b'0'..=b'4'),
        b'6' => matches!(second, b'1'..=b'5'),
        b'7' => second == b'1',
        _ => false,
    }
}
