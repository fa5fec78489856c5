//! The ways this crate says no.

/// Why a proof or a document could not be made or read. The sentences are meant for officers, hence Chinese.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The value cannot be written as canonical JSON with integers only.
    #[error("内容不能写成规范 JSON:{0}")]
    NotCanonical(String),
    /// The bytes are not a document of the expected form.
    #[error("文件格式不符:{0}")]
    Malformed(String),
    /// The bytes are no key of the suite, or signing failed.
    #[error("密钥不可用:{0}")]
    Key(String),
    /// The commitment breaks rules of form.
    #[error("承诺书不合规则:{}", .0.join(";"))]
    Form(Vec<String>),
    /// Rows must come in strictly ascending order of id.
    #[error("名单须按编号升序且不重复,问题出现在 {0}")]
    Order(String),
    /// A row carries a label number the list does not have.
    #[error("行的分组编号 {0} 不在分组表中")]
    Label(u32),
    /// More rows or bytes than the list can address.
    #[error("名单过大")]
    TooLarge,
    /// Reveals are missing or do not match; the draw must be voided.
    #[error("随机数揭示不完整或不相符({}),须公布作废并另行承诺", .0.join("、"))]
    Reveals(Vec<String>),
    /// The pools given are not the pools committed to.
    #[error("抽查对象名单与承诺不一致:{0}")]
    Pools(String),
    /// A page of the feed does not continue what was taken before, or is not what the platform signed.
    #[error("数据接续校验不通过：{0}")]
    Feed(String),
}
