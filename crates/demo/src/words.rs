//! Invented words: names nobody bears, addresses nobody lives at.

use crate::code::Body;
use crate::dice::Dice;
use crate::place::County;
use crate::trade::{Sector, Trade};

const FIRST: &[&str] = &[
    "甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸", "子", "丑", "寅", "卯", "辰", "巳", "午",
    "未", "申", "酉", "戌", "亥",
];
const SECOND: &[&str] = &[
    "禾", "川", "岚", "沐", "砚", "汀", "珂", "枫", "澜", "屿", "榕", "棠", "岑", "渡", "桥", "帆", "舟",
    "栈", "坊", "亭", "桐", "竹", "松", "芦", "苇", "荻", "梧", "桂", "榆", "槐", "杉", "柏", "杏", "梨",
    "橘", "橙", "柚", "葵", "蓝", "青", "白", "朱", "墨", "玄", "金", "银", "铜", "石", "玉", "珠",
];
const DIGITS: &[&str] = &["一", "二", "三", "四", "五", "六", "七", "八", "九", "十"];

/// A two-character stem.
pub fn stem(dice: &mut Dice) -> String {
    format!("{}{}", dice.word(FIRST), dice.word(SECOND))
}

/// A person's name that no person bears: stems, branches and numbers.
pub fn person(dice: &mut Dice) -> String {
    let (stems, branches) = FIRST.split_at(10.min(FIRST.len()));
    format!(
        "{}{}{}{}",
        dice.word(stems),
        dice.word(branches),
        dice.word(DIGITS),
        dice.word(DIGITS)
    )
}

/// The name of a firm.
pub fn firm(dice: &mut Dice, body: Body, kind: &str, county: &County, trade: &Trade) -> String {
    let place = match dice.below(10) {
        0..=3 => String::from("示例市"),
        4..=5 => String::from("汕示"),
        _ => format!("示例市{}", county.name),
    };
    let stem = stem(dice);
    let word = trade.word;
    match body {
        Body::Individual => {
            let tail = if word.ends_with(['店', '行', '楼', '馆', '厂', '房', '吧', '厅', '市']) {
                ""
            } else if trade.sector == Sector::Factory || trade.sector == Sector::FoodFactory {
                "加工厂"
            } else {
                dice.word(&["店", "店", "商行", "经营部", "档"])
            };
            format!("{place}{stem}{word}{tail}")
        }
        Body::Cooperative => format!("{place}{stem}{word}农民专业合作社"),
        Body::Company => {
            let word = word.trim_end_matches('厂');
            let tail = match kind {
                "1210" | "1220" | "1222" | "5210" => "股份有限公司".to_owned(),
                "4531" => "事务所(普通合伙)".to_owned(),
                "4533" => "中心(有限合伙)".to_owned(),
                "4540" => dice.word(&["厂", "经营部", "中心"]).to_owned(),
                "3100" | "3200" => "总公司".to_owned(),
                "2130" | "2151" | "2190" => format!("有限公司{}分公司", county.short()),
                _ => "有限公司".to_owned(),
            };
            format!("{place}{stem}{word}{tail}")
        }
    }
}

/// An address in a town. `hosted` puts it into one of the shared registration addresses of the county.
pub fn address(dice: &mut Dice, county: &County, town: &str, hosted: bool) -> String {
    let county_name = county.name;
    if hosted {
        let unit = dice.between(1, 800);
        return format!("示例市{county_name}{town}示范大道1号集群注册托管区A{unit}号");
    }
    let road = format!("{}{}", dice.word(FIRST), dice.word(SECOND));
    let (house, floor, room) = (dice.between(1, 320), dice.between(1, 12), dice.between(1, 8));
    match dice.below(5) {
        0 => format!("示例市{county_name}{town}{road}路{house}号{floor}{room:02}室"),
        1 => format!("示例市{county_name}{town}{road}街{house}号首层"),
        2 => format!("示例市{county_name}{town}{road}工业区{floor}栋{room}层"),
        _ => format!("示例市{county_name}{town}{road}路{house}号"),
    }
}

/// 经营范围
pub fn scope(trade: &Trade) -> String {
    let word = trade.word;
    match trade.sector {
        Sector::Shop => format!("{word}零售;日用百货销售"),
        Sector::FoodShop => format!("许可项目:食品销售({word})。一般项目:日用百货销售"),
        Sector::Trade => format!("一般项目:{word}批发;国内贸易代理;货物进出口"),
        Sector::Chemical => format!("许可项目:危险化学品经营。一般项目:{word}产品销售(不含许可类化工产品)"),
        Sector::Catering => format!("许可项目:餐饮服务({word})"),
        Sector::Lodging => format!("许可项目:住宿服务({word})。一般项目:会议及展览服务"),
        Sector::Service => format!("一般项目:{word}服务"),
        Sector::Culture => format!("许可项目:{word}经营。一般项目:组织文化艺术交流活动"),
        Sector::Factory => format!("一般项目:{word}产品制造;{word}产品销售"),
        Sector::FoodFactory => format!("许可项目:食品生产({word})。一般项目:食用农产品初加工"),
        Sector::Drug => format!("许可项目:药品经营({word});第三类医疗器械经营"),
        Sector::Device => format!("许可项目:第三类医疗器械经营({word})。一般项目:第二类医疗器械销售"),
        Sector::Building => format!("许可项目:建设工程施工({word})。一般项目:工程管理服务"),
        Sector::Transport => format!("许可项目:道路货物运输({word})。一般项目:普通货物仓储服务"),
        Sector::Office => format!("一般项目:{word}服务;信息咨询服务(不含许可类信息咨询服务)"),
        Sector::School => format!("一般项目:业务培训({word},不含教育培训、职业技能培训等需取得许可的培训)"),
        Sector::Clinic => format!("许可项目:医疗服务({word})"),
        Sector::Farm => format!("一般项目:{word};初级农产品收购;农业专业及辅助性活动"),
    }
}
