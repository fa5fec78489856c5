//! The files of the folder: which item each holds, who hands it over, in which encoding, under which headings.

/// One file. In `columns` a mark before the heading says what can be damaged there: `*` key, `!` needed though no
/// key, `@` day, `#` code.
#[derive(Debug)]
pub struct Sheet {
    /// Item of the catalogue; the file is called after it.
    pub item: &'static str,
    /// Department that hands it over.
    pub supplier: &'static str,
    /// How the text is written.
    pub encoding: Encoding,
    /// All headings in order, with marks.
    pub columns: &'static [&'static str],
    /// Which column a correction changes, and to what (the second when the first is already there).
    pub fix: Option<(usize, [&'static str; 2])>,
}

/// How a file's text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 with a byte order mark, as spreadsheets save it.
    Utf8Mark,
    /// UTF-8.
    Utf8,
    /// GB18030, as older systems export it.
    Gb18030,
}

impl Encoding {
    /// Its name in `expected.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8Mark => "utf-8-bom",
            Self::Utf8 => "utf-8",
            Self::Gb18030 => "gb18030",
        }
    }
}

impl Sheet {
    /// `penalty.csv`
    pub fn file(&self) -> String {
        format!("{}.csv", self.item)
    }

    /// The first column with this mark.
    pub fn marked(&self, mark: char) -> Option<usize> {
        self.columns.iter().position(|column| column.starts_with(mark))
    }

    /// The column whose value a row cannot do without.
    pub fn needed(&self) -> usize {
        self.marked('*')
            .or_else(|| self.marked('!'))
            .or_else(|| self.marked('@'))
            .unwrap_or(1)
    }
}

macro_rules! sheets {
    ($($item:literal $supplier:literal $encoding:ident $columns:expr, $fix:expr;)*) => {
        /// The files.
        pub const SHEETS: &[Sheet] = &[$(Sheet {
            item: $item, supplier: $supplier, encoding: Encoding::$encoding, columns: &$columns, fix: $fix,
        }),*];
    };
}

sheets! {
    "registration" "440500-scjg" Utf8Mark
        ["统一社会信用代码", "!名称", "类型", "@成立日期", "注册资本", "登记状态", "行业代码", "行政区划", "住所", "经营范围", "法定代表人", "登记机关"],
        None;
    "change" "440500-scjg" Utf8
        ["统一社会信用代码", "名称", "*变更编号", "#变更事项", "@变更日期", "数据上报日期"], Some((3, ["住所", "经营范围"]));
    "annual-report" "440500-scjg" Utf8
        ["统一社会信用代码", "名称", "*报告年度", "@填报日期", "#年报状态", "营业总收入", "从业人数", "数据上报日期"], Some((6, ["5", "6"]));
    "annual-report-missing" "440500-scjg" Utf8
        ["统一社会信用代码", "名称", "*未报年度", "@认定日期", "数据上报日期"], None;
    "licence" "440500-zwsj" Gb18030
        ["统一社会信用代码", "名称", "*许可证编号", "许可名称", "许可机关", "@许可决定日期", "有效期至", "数据上报日期"],
        Some((3, ["经营许可证(名称更正)", "许可证(名称更正)"]));
    "licence-revoked" "440500-zwsj" Utf8
        ["统一社会信用代码", "名称", "*决定书文号", "许可名称", "@决定日期", "决定机关", "数据上报日期"],
        Some((3, ["经营许可证(名称更正)", "许可证(名称更正)"]));
    "penalty" "440500-zwsj" Gb18030
        ["统一社会信用代码", "名称", "*行政处罚决定书文号", "违法行为类型", "#处罚类别", "罚款金额", "处罚等级", "@处罚决定日期", "处罚机关", "公示截止期", "数据上报日期"],
        Some((5, ["0.1000万元", "0.2000万元"]));
    "abnormal-listing" "440500-scjg" Utf8
        ["统一社会信用代码", "名称", "*列入决定书文号", "#列入原因", "@列入日期", "列入决定机关", "数据上报日期"], Some((3, ["4", "2"]));
    "abnormal-removal" "440500-scjg" Utf8
        ["统一社会信用代码", "名称", "*列入决定书文号", "移出原因", "@移出日期", "移出决定机关", "数据上报日期"], None;
    "serious-listing" "440500-scjg" Utf8
        ["统一社会信用代码", "名称", "*列入决定文号", "列入类别", "@列入日期", "截止日期", "列入决定机关", "数据上报日期"], None;
    "serious-removal" "440500-scjg" Utf8
        ["统一社会信用代码", "名称", "*列入决定书文号", "@移出日期", "移出决定机关", "数据上报日期"], None;
    "inspection-result" "440500-scjg" Utf8
        ["统一社会信用代码", "名称", "*抽查任务编号", "检查事项", "#检查结果", "@检查日期", "检查机关", "抽查类型", "数据上报日期"], Some((4, ["05", "01"]));
    "product-test" "440500-scjg" Utf8
        ["统一社会信用代码", "名称", "*检验报告编号", "产品名称", "#检验结论", "@抽检日期", "抽检机关", "数据上报日期"], Some((4, ["合格", "不合格"]));
    "complaint" "440500-scjg" Utf8
        ["统一社会信用代码", "名称", "*工单编号", "类别", "@接收日期", "#办理结果", "数据上报日期"], Some((5, ["调解成功", "不属实"]));
    "commitment" "440500-fgj" Utf8
        ["统一社会信用代码", "名称", "*承诺书编号", "承诺类型", "@承诺日期", "#履行状态", "数据上报日期"], Some((5, ["已履行", "违背承诺"]));
    "honour" "440500-fgj" Utf8
        ["统一社会信用代码", "名称", "*荣誉编号", "荣誉名称", "荣誉级别", "@授予日期", "有效期至", "数据上报日期"], Some((4, ["1", "2"]));
    "court-default" "440500-fy" Gb18030
        ["统一社会信用代码", "名称", "*执行案号", "@立案日期", "截止日期", "执行法院", "数据上报日期"], None;
    "equity" "440500-scjg" Utf8
        ["统一社会信用代码", "名称", "*通知书文号", "#出质冻结类别", "@登记日期", "截止日期", "数据上报日期"], Some((3, ["股权出质", "股权冻结"]));
    "arrears" "440500-rsj" Gb18030
        ["统一社会信用代码", "名称", "*工单编号", "#拖欠类型", "拖欠金额", "@认定日期", "清偿日期", "数据上报日期"],
        Some((4, ["1.0000万元", "2.0000万元"]));
    "social-security" "440500-rsj" Utf8
        ["统一社会信用代码", "名称", "*费款所属期", "参保人数", "@缴费日期", "#缴费状态", "数据上报日期"], Some((3, ["3", "4"]));
    "address-flag" "440500-scjg" Utf8
        ["统一社会信用代码", "名称", "#地址类型", "同址户数", "@标记日期", "数据上报日期"], None;
    "relation-risk" "440500-scjg" Utf8
        ["统一社会信用代码", "名称", "*关联编号", "#关联类型", "@发现日期", "风险等级", "数据上报日期"], Some((5, ["1", "2"]));
    "repair" "440500-fgj" Utf8
        ["统一社会信用代码", "名称", "*行政处罚决定书文号", "@修复日期", "修复机关", "数据上报日期"], None;
    "opinion" "440500-zwsj" Utf8
        ["统一社会信用代码", "名称", "*事件编号", "舆情等级", "@发生日期", "数据上报日期"], Some((3, ["1", "2"]));
}
