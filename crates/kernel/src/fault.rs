//! How the house says no: one type for every refusal and every accident.

use std::error::Error;
use std::fmt;

use serde::Serialize;

/// What a fallible function of the house returns.
pub type Outcome<T> = Result<T, Fault>;

/// The family of a fault; the edge turns it into an HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Well formed, but against a rule (422).
    Invalid,
    /// Cannot be read at all (400).
    Malformed,
    /// Nobody is signed in (401).
    Unauthenticated,
    /// Signed in, but this act is not theirs (403).
    Forbidden,
    /// Absent, or outside the actor's jurisdiction: the two look the same from outside (404).
    Hidden,
    /// Against the present state (409).
    Conflict,
    /// More than is taken at once (413).
    TooLarge,
    /// Try again later (503).
    Busy,
    /// An accident of ours (500).
    Internal,
}

impl FaultKind {
    /// The HTTP status of this family.
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid => 422,
            Self::Malformed => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::Hidden => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::Busy => 503,
            Self::Internal => 500,
        }
    }
}

/// Code of the fault when there is no room left on a disk.
pub const DISK_FULL: &str = "disk.full";

/// Whether an error comes, at any depth, from a disk without room: full, over the quota, or a file beyond the limit.
pub fn is_full(error: &(dyn Error + 'static)) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    if let Some(io) = error.downcast_ref::<std::io::Error>() {
        if matches!(io.kind(), StorageFull | QuotaExceeded | FileTooLarge) {
            return true;
        }
        // An error of this type does not name the one it holds as its source, but that one's.
        if let Some(held) = io.get_ref() {
            return is_full(held);
        }
    }
    error.source().is_some_and(is_full)
}

/// What went wrong with a file or a connection, in words for people; the system's own words are English.
pub fn in_words(error: &std::io::Error) -> String {
    use std::io::ErrorKind::{
        AddrInUse, AddrNotAvailable, AlreadyExists, BrokenPipe, ConnectionRefused, ConnectionReset,
        FileTooLarge, InvalidData, IsADirectory, NotADirectory, NotFound, PermissionDenied, QuotaExceeded,
        ReadOnlyFilesystem, StorageFull, TimedOut, UnexpectedEof,
    };
    if let Some(said) = error.get_ref() {
        // Not the system's words but ours, or a library's: they say more than the kind does.
        return said.to_string();
    }
    let known = match error.kind() {
        NotFound => "文件或文件夹不存在",
        PermissionDenied => "没有权限",
        AlreadyExists => "已经存在",
        IsADirectory => "这是文件夹，不是文件",
        NotADirectory => "路径中有一段不是文件夹",
        ReadOnlyFilesystem => "所在的磁盘只能读取",
        InvalidData => "内容不是 UTF-8 文本或已损坏",
        UnexpectedEof => "文件不完整",
        BrokenPipe => "接收的一方已经关闭",
        AddrInUse => "地址已被占用",
        AddrNotAvailable => "本机没有这个地址",
        ConnectionRefused => "对方拒绝连接",
        ConnectionReset => "连接被对方断开",
        TimedOut => "等待超时",
        StorageFull | QuotaExceeded | FileTooLarge => "磁盘已满",
        _ => return format!("系统错误（{error}）"),
    };
    known.to_owned()
}

/// What is wrong with one field of what was handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldFault {
    /// Path of the field as the caller wrote it: `rows[3].subject_no`.
    pub field: String,
    /// Stable code, also the translation key.
    pub code: &'static str,
    /// Chinese sentence: what is wrong and what would be right.
    pub detail: String,
}

/// A refusal or an accident, ready to be told.
#[derive(Debug)]
pub struct Fault {
    /// Family, decides the status.
    pub kind: FaultKind,
    /// Stable code such as `inspect.plan.already-drawn`, also the translation key.
    pub code: &'static str,
    /// Chinese: what happened, why, what to do.
    pub detail: String,
    /// The rule that demands the refusal: document and article.
    pub basis: Option<String>,
    /// Field by field, where the fault is in what was handed in.
    pub fields: Vec<FieldFault>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A fault without basis, fields or source.
    pub fn new(kind: FaultKind, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            detail: detail.into(),
            basis: None,
            fields: Vec::new(),
            source: None,
        }
    }

    /// Against a rule (422).
    pub fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(FaultKind::Invalid, code, detail)
    }

    /// Against the present state (409).
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(FaultKind::Conflict, code, detail)
    }

    /// Absent or out of jurisdiction; does not say which.
    pub fn hidden() -> Self {
        Self::new(
            FaultKind::Hidden,
            "hidden",
            "没有找到，或者不在您的管辖范围内。请核对编号，或联系有权限的同事。",
        )
    }

    /// An accident; the source is logged at the edge and never shown. A disk without room is an accident that people can
    /// mend, so it has a code of its own and says what to do.
    pub fn internal(detail: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let (detail, source) = (detail.into(), source.into());
        if is_full(source.as_ref()) {
            let detail = format!(
                "{}。磁盘已满或超出配额，没有写完的部分不会被采用。请腾出空间后重做。",
                detail.trim_end_matches('。')
            );
            return Self::new(FaultKind::Internal, DISK_FULL, detail).with_source(source);
        }
        Self::new(FaultKind::Internal, "internal", detail).with_source(source)
    }

    /// Names the document and article behind the refusal.
    #[must_use]
    pub fn with_basis(mut self, basis: impl Into<String>) -> Self {
        self.basis = Some(basis.into());
        self
    }

    /// Adds what is wrong with one field.
    #[must_use]
    pub fn with_field(
        mut self,
        field: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        self.fields.push(FieldFault {
            field: field.into(),
            code,
            detail: detail.into(),
        });
        self
    }

    /// Keeps the cause, for the log and for `downcast_ref`.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.detail, self.code)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

/// A module's own list of the ways it says no.
pub trait Refusal {
    /// Family of the refusal.
    fn kind(&self) -> FaultKind;
    /// Stable code, `<module>.<noun>.<state>`.
    fn code(&self) -> &'static str;
    /// Chinese: what happened, why, what to do.
    fn detail(&self) -> String;
    /// Document and article, where a rule demands the refusal.
    fn basis(&self) -> Option<String> {
        None
    }
}

impl<R: Refusal> From<R> for Fault {
    fn from(refusal: R) -> Self {
        let fault = Self::new(refusal.kind(), refusal.code(), refusal.detail());
        match refusal.basis() {
            Some(basis) => fault.with_basis(basis),
            None => fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_known_at_any_depth_and_said_with_what_to_do() {
        use std::io::{Error, ErrorKind};
        let full = || Error::from(ErrorKind::StorageFull);
        for error in [full(), Error::other(full()), ErrorKind::QuotaExceeded.into()] {
            let fault = Fault::internal("退回清单无法写出。", error);
            assert_eq!(fault.code, DISK_FULL);
            assert!(
                fault.detail.starts_with("退回清单无法写出。磁盘已满"),
                "{}",
                fault.detail
            );
        }
        assert_eq!(
            Fault::internal("别的", Error::from(ErrorKind::NotFound)).code,
            "internal"
        );
    }

    struct TooFew(u32);
    impl Refusal for TooFew {
        fn kind(&self) -> FaultKind {
            FaultKind::Conflict
        }
        fn code(&self) -> &'static str {
            "inspect.plan.too-few-officers"
        }
        fn detail(&self) -> String {
            format!("只有 {} 名检查人员", self.0)
        }
        fn basis(&self) -> Option<String> {
            Some("DR38 第五条".into())
        }
    }

    #[test]
    fn a_refusal_becomes_a_fault_by_the_question_mark() {
        fn refuse() -> Outcome<()> {
            Err(TooFew(1))?;
            Ok(())
        }
        let fault = refuse().unwrap_err();
        assert_eq!(fault.kind.status(), 409);
        assert_eq!(fault.code(), "inspect.plan.too-few-officers");
        assert_eq!(fault.basis.as_deref(), Some("DR38 第五条"));
    }

    #[test]
    fn the_source_of_an_accident_can_be_found_again() {
        let fault = Fault::internal("读取失败", std::fmt::Error);
        let source = Error::source(&fault).unwrap();
        assert!(source.downcast_ref::<std::fmt::Error>().is_some());
        assert!(
            !fault.to_string().contains("Error"),
            "the cause is not for the reader"
        );
    }

    #[test]
    fn what_the_system_says_is_told_in_chinese_where_it_is_known() {
        use std::io;
        let missing = std::fs::File::open("/nowhere/at/all").unwrap_err();
        assert_eq!(in_words(&missing), "文件或文件夹不存在");
        assert_eq!(in_words(&io::Error::from(io::ErrorKind::StorageFull)), "磁盘已满");
        assert_eq!(in_words(&io::Error::other("这是链接")), "这是链接");
        let odd = io::Error::from_raw_os_error(121);
        assert!(in_words(&odd).starts_with("系统错误（"), "{odd}");
    }

    #[test]
    fn a_fault_stays_small_enough_to_return_by_value() {
        assert!(std::mem::size_of::<Fault>() <= 120);
    }
}
