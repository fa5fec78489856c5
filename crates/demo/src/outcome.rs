//! What inspectors find: check items, and the result of one check as a function of the hidden nature.

use crate::dice::Dice;
use crate::nature::Nature;
use crate::trade::Sector;

/// One thing that is checked.
#[derive(Debug)]
pub struct Check {
    /// Short code, also the qualification an inspector needs.
    pub code: &'static str,
    /// 检查事项
    pub title: &'static str,
    /// The function of the department that checks.
    pub function: &'static str,
    /// Words by which a check item of another list is recognised.
    words: &'static [&'static str],
    /// How much harder it is to pass than the average, in permille.
    strictness: u32,
    /// Sectors it applies to; empty: all.
    sectors: &'static [Sector],
    /// What is found when something is found.
    faults: &'static [&'static str],
}

impl Check {
    /// Whether the check applies to this sector.
    pub fn applies(&self, sector: Sector) -> bool {
        self.sectors.is_empty() || self.sectors.contains(&sector)
    }

    /// The check behind a code, a title or a phrase that contains one of its words; the general one otherwise.
    pub fn named(item: &str) -> &'static Self {
        CHECKS
            .iter()
            .find(|check| check.code == item || check.title == item)
            .or_else(|| {
                CHECKS
                    .iter()
                    .find(|check| check.words.iter().any(|word| item.contains(word)))
            })
            .unwrap_or(&GENERAL)
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// 01 … 08 as in the national form of random checks.
    pub result: &'static str,
    /// What the inspectors wrote.
    pub note: String,
}

/// What inspectors find at the entity `entity_code` of the city of `seed` under `check_item` (a code or title of
/// [`CHECKS`], or any other text). The same arguments give the same finding; bad firms fail more often.
pub fn outcome(seed: u64, entity_code: &str, check_item: &str) -> Finding {
    let check = Check::named(check_item);
    let mut dice = Dice::of(seed, check_item, entity_code);
    judge(&Nature::of(seed, entity_code), check, 0, &mut dice)
}

/// How lenient an inspector is: −350 (finds more than the average) … 350 (finds less), in permille.
pub fn leniency(seed: u64, certificate: &str) -> i32 {
    let drawn = Dice::of(seed, "leniency", certificate).between(0, 700);
    i32::try_from(drawn).unwrap_or(350) - 350
}

/// One check by inspectors of the given leniency.
pub fn judge(nature: &Nature, check: &Check, leniency: i32, dice: &mut Dice) -> Finding {
    if nature.lost && dice.chance(8_800) {
        return finding("04", "通过登记的住所(经营场所)无法联系");
    }
    if nature.dormant && dice.chance(6_000) {
        return finding("07", "现场未发现开展本次抽查涉及的经营活动");
    }
    let found = nature.rate(260, 6_600) * check.strictness / 1000;
    let eye = u32::try_from(1000 - leniency).unwrap_or(1000);
    if !dice.chance(found * eye / 1000) {
        return finding("01", "未发现问题");
    }
    let publicity = if check.code == "publicity" || check.code == "registration" {
        450
    } else {
        20
    };
    let grades = [
        ("05", 700),
        ("08", 90 + nature.badness / 4),
        ("02", publicity),
        ("03", 10 + publicity / 6 + nature.badness / 20),
        ("06", nature.badness / 20),
    ];
    let result = dice
        .weighted(&grades, |grade| grade.1)
        .map_or("05", |grade| grade.0);
    let fault = dice.word(check.faults);
    match result {
        "02" => finding("02", "未按规定公示应当公示的信息"),
        "03" => finding("03", "公示信息与实际情况不符"),
        "06" => finding("06", "拒不提供有关材料,不配合检查"),
        "08" => finding("08", &format!("{fault},涉嫌违法,待后续处理")),
        _ => finding("05", &format!("{fault},已责令改正")),
    }
}

fn finding(result: &'static str, note: &str) -> Finding {
    Finding {
        result,
        note: note.to_owned(),
    }
}

const GENERAL: Check = Check {
    code: "general",
    title: "综合检查",
    function: "market",
    words: &[],
    strictness: 1000,
    sectors: &[],
    faults: &["管理制度不健全", "台账记录不完整", "现场管理不规范"],
};

macro_rules! checks {
    ($($code:literal $title:literal $function:literal $words:expr, $strictness:literal, $sectors:expr, $faults:expr;)*) => {
        /// The check items, the more special first.
        pub const CHECKS: &[Check] = &[$(Check {
            code: $code, title: $title, function: $function, words: &$words, strictness: $strictness,
            sectors: &$sectors, faults: &$faults,
        }),*];
    };
}

checks! {
    "food-production" "食品生产监督检查" "market" ["食品生产", "food-prod"], 1300, [Sector::FoodFactory],
        ["原料进货查验记录不完整", "车间清洁消毒记录缺失", "成品检验记录不全"];
    "catering" "餐饮服务监督检查" "market" ["餐饮"], 1400, [Sector::Catering],
        ["从业人员健康证明过期", "食品留样不规范", "后厨防蝇防鼠设施不足", "餐具消毒记录缺失"];
    "food" "食品销售监督检查" "market" ["食品", "food"], 1200, [Sector::FoodShop],
        ["货架上有超过保质期的食品", "进货查验记录不完整", "散装食品标签不全"];
    "drug" "药品经营监督检查" "market" ["药", "drug"], 1100, [Sector::Drug, Sector::Clinic],
        ["处方药销售记录不全", "温湿度记录缺失", "执业药师不在岗"];
    "device" "医疗器械经营监督检查" "market" ["医疗器械", "device"], 1000, [Sector::Device, Sector::Drug, Sector::Clinic],
        ["医疗器械购进记录不完整", "储存条件不符合说明书要求"];
    "special-equipment" "特种设备使用监督检查" "market" ["特种设备", "equipment"], 1100,
        [Sector::Factory, Sector::FoodFactory, Sector::Lodging, Sector::Chemical],
        ["电梯维护保养记录不全", "压力容器超过检验有效期", "作业人员证件过期"];
    "quality" "产品质量监督检查" "market" ["质量", "quality"], 1000, [Sector::Factory, Sector::Trade, Sector::Shop],
        ["产品标识不符合规定", "未能提供检验合格证明", "执行标准已作废"];
    "metrology" "计量监督检查" "market" ["计量", "metrology"], 900, [Sector::Shop, Sector::FoodShop, Sector::Factory],
        ["电子秤未经检定", "定量包装净含量不足"];
    "advertising" "广告行为检查" "market" ["广告", "advert"], 800,
        [Sector::Office, Sector::School, Sector::Clinic, Sector::Shop, Sector::Building],
        ["广告使用绝对化用语", "广告引用数据未注明出处"];
    "price" "价格行为检查" "market" ["价格", "明码标价", "price"], 1000,
        [Sector::Shop, Sector::FoodShop, Sector::Catering, Sector::Lodging, Sector::Service, Sector::Transport],
        ["未按规定明码标价", "标价签内容不全"];
    "publicity" "公示信息检查" "market" ["公示", "年报", "publicity"], 900, [],
        ["年度报告数据填报有误", "即时信息未在二十个工作日内公示"];
    "registration" "登记事项检查" "market" ["登记", "住所", "registration"], 800, [],
        ["未在经营场所悬挂营业执照", "经营场所变更未办理登记", "超出登记的经营范围"];
    "fire" "消防安全检查" "fire" ["消防", "fire"], 1300,
        [Sector::Catering, Sector::Lodging, Sector::Culture, Sector::Factory, Sector::School],
        ["疏散通道堆放杂物", "灭火器压力不足", "应急照明损坏"];
    "tax" "涉税事项检查" "tax" ["税", "tax"], 700, [Sector::Trade, Sector::Office, Sector::Factory, Sector::Building],
        ["未按期申报", "发票保管不规范"];
    "labour" "劳动用工检查" "social-security" ["劳动", "用工", "社会保险", "人力资源", "labour"], 1000,
        [Sector::Factory, Sector::Building, Sector::Office, Sector::Catering],
        ["未与部分职工签订劳动合同", "工资支付台账不全"];
    "housing" "建筑市场检查" "housing" ["建筑", "施工", "房地产", "housing"], 1100, [Sector::Building],
        ["安全生产管理人员未到岗", "施工合同未备案"];
    "culture" "文化市场检查" "culture" ["文化", "娱乐", "旅", "culture"], 1000, [Sector::Culture, Sector::Lodging],
        ["未查验登记上网人员证件", "超时营业"];
    "ecology" "排污监督检查" "environment" ["环境", "排污", "ecology"], 1100, [Sector::Factory, Sector::Chemical, Sector::FoodFactory],
        ["废气治理设施运行台账不全", "危险废物贮存标识不规范"];
    "transport" "道路运输检查" "transport" ["运输", "transport"], 1100, [Sector::Transport],
        ["车辆动态监控记录不全", "驾驶员安全教育记录缺失"];
    "health" "公共场所卫生检查" "health" ["卫生", "医疗机构", "health"], 1000, [Sector::Lodging, Sector::Service, Sector::Clinic],
        ["卫生许可证未公示", "从业人员健康证明过期"];
    "education" "校外培训检查" "education" ["培训", "教育", "education"], 900, [Sector::School],
        ["预收费未纳入监管账户", "教师资格信息未公示"];
    "customs" "进出口企业检查" "customs" ["海关", "进出口", "customs"], 700, [Sector::Trade],
        ["报关单证保存不完整", "商品归类申报有误"];
}
