//! The trades of the city: real industry codes (GB/T 4754-2017), what such a firm calls itself, and how common it is.

/// What kind of supervision a trade attracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sector {
    /// Retail other than food.
    Shop,
    /// Food sale.
    FoodShop,
    /// Wholesale.
    Trade,
    /// Dangerous chemicals.
    Chemical,
    /// 餐饮
    Catering,
    /// 住宿
    Lodging,
    /// Services to residents.
    Service,
    /// Entertainment and culture.
    Culture,
    /// Manufacturing other than food.
    Factory,
    /// Food production.
    FoodFactory,
    /// Medicines.
    Drug,
    /// Medical devices.
    Device,
    /// Construction and real estate.
    Building,
    /// Transport and storage.
    Transport,
    /// Business services.
    Office,
    /// Training.
    School,
    /// Clinics.
    Clinic,
    /// Agriculture.
    Farm,
}

/// One trade.
#[derive(Debug)]
pub struct Trade {
    /// Section letter and four digits.
    pub industry: &'static str,
    /// The word in the firm's name.
    pub word: &'static str,
    /// How common among 个体工商户, companies and 农民专业合作社.
    pub weights: [u32; 3],
    /// The sector.
    pub sector: Sector,
}

const fn trade(industry: &'static str, word: &'static str, weights: [u32; 3], sector: Sector) -> Trade {
    Trade {
        industry,
        word,
        weights,
        sector,
    }
}

/// The trades.
pub const TRADES: &[Trade] = &[
    trade("F5211", "百货", [30, 4, 0], Sector::Shop),
    trade("F5212", "超市", [14, 6, 0], Sector::FoodShop),
    trade("F5213", "便利店", [55, 4, 0], Sector::FoodShop),
    trade("F5219", "商行", [40, 6, 0], Sector::Shop),
    trade("F5221", "粮油", [16, 3, 0], Sector::FoodShop),
    trade("F5222", "糕饼", [12, 2, 0], Sector::FoodShop),
    trade("F5223", "果蔬", [40, 3, 0], Sector::FoodShop),
    trade("F5224", "水产", [42, 3, 0], Sector::FoodShop),
    trade("F5226", "茶叶", [45, 6, 0], Sector::FoodShop),
    trade("F5229", "食品", [50, 8, 0], Sector::FoodShop),
    trade("F5231", "布艺", [18, 3, 0], Sector::Shop),
    trade("F5232", "服装", [70, 10, 0], Sector::Shop),
    trade("F5233", "鞋帽", [18, 2, 0], Sector::Shop),
    trade("F5234", "化妆品", [22, 5, 0], Sector::Shop),
    trade("F5236", "眼镜", [5, 2, 0], Sector::Shop),
    trade("F5239", "日用品", [44, 6, 0], Sector::Shop),
    trade("F5241", "文具", [12, 3, 0], Sector::Shop),
    trade("F5245", "珠宝", [6, 4, 0], Sector::Shop),
    trade("F5251", "药房", [12, 12, 0], Sector::Drug),
    trade("F5254", "医疗器械", [4, 8, 0], Sector::Device),
    trade("F5263", "汽配", [16, 5, 0], Sector::Shop),
    trade("F5273", "电脑", [8, 4, 0], Sector::Shop),
    trade("F5274", "通讯", [16, 4, 0], Sector::Shop),
    trade("F5281", "五金", [44, 6, 0], Sector::Shop),
    trade("F5283", "家具", [14, 4, 0], Sector::Shop),
    trade("F5292", "电子商务", [60, 30, 0], Sector::Shop),
    trade("F5299", "商店", [40, 5, 0], Sector::Shop),
    trade("F5112", "种子", [1, 1, 4], Sector::Shop),
    trade("F5117", "渔产", [4, 4, 6], Sector::FoodShop),
    trade("F5121", "米面", [4, 5, 0], Sector::FoodShop),
    trade("F5123", "果蔬批发", [10, 6, 6], Sector::FoodShop),
    trade("F5127", "酒业", [6, 12, 0], Sector::FoodShop),
    trade("F5129", "食品贸易", [6, 16, 0], Sector::FoodShop),
    trade("F5131", "纺织品", [10, 24, 0], Sector::Trade),
    trade("F5132", "服饰", [12, 40, 0], Sector::Trade),
    trade("F5139", "玩具贸易", [8, 36, 0], Sector::Trade),
    trade("F5151", "医药", [0, 5, 0], Sector::Drug),
    trade("F5165", "建材", [10, 24, 0], Sector::Trade),
    trade("F5169", "化工", [2, 10, 0], Sector::Chemical),
    trade("F5174", "五金贸易", [6, 14, 0], Sector::Trade),
    trade("F5179", "机电", [3, 12, 0], Sector::Trade),
    trade("F5181", "进出口", [0, 24, 0], Sector::Trade),
    trade("F5193", "供应链", [6, 26, 0], Sector::Trade),
    trade("F5199", "贸易", [20, 70, 0], Sector::Trade),
    trade("H6210", "酒楼", [45, 10, 0], Sector::Catering),
    trade("H6220", "快餐", [70, 6, 0], Sector::Catering),
    trade("H6231", "茶馆", [10, 2, 0], Sector::Catering),
    trade("H6232", "咖啡", [8, 3, 0], Sector::Catering),
    trade("H6239", "饮品", [40, 4, 0], Sector::Catering),
    trade("H6241", "膳食配送", [1, 4, 0], Sector::Catering),
    trade("H6242", "外卖", [10, 1, 0], Sector::Catering),
    trade("H6291", "小吃", [85, 3, 0], Sector::Catering),
    trade("H6299", "餐饮", [24, 8, 0], Sector::Catering),
    trade("H6121", "酒店", [3, 4, 0], Sector::Lodging),
    trade("H6129", "旅馆", [8, 3, 0], Sector::Lodging),
    trade("H6130", "民宿", [8, 2, 0], Sector::Lodging),
    trade("O8040", "美发", [40, 3, 0], Sector::Service),
    trade("O8052", "足浴", [6, 2, 0], Sector::Service),
    trade("O8111", "汽车维修", [14, 5, 0], Sector::Service),
    trade("O8060", "摄影", [5, 3, 0], Sector::Service),
    trade("O8199", "维修", [9, 1, 0], Sector::Service),
    trade("O8010", "家政", [5, 6, 0], Sector::Service),
    trade("R9013", "网吧", [1, 2, 0], Sector::Culture),
    trade("R9011", "歌厅", [1, 2, 0], Sector::Culture),
    trade("R9051", "文化传播", [1, 18, 0], Sector::Culture),
    trade("C2452", "玩具厂", [14, 40, 0], Sector::Factory),
    trade("C1829", "针织", [14, 30, 0], Sector::Factory),
    trade("C1819", "制衣", [18, 28, 0], Sector::Factory),
    trade("C1830", "服饰厂", [4, 10, 0], Sector::Factory),
    trade("C2319", "印务", [4, 18, 0], Sector::Factory),
    trade("C2231", "纸品", [3, 14, 0], Sector::Factory),
    trade("C2926", "包装", [4, 18, 0], Sector::Factory),
    trade("C2927", "塑料", [8, 26, 0], Sector::Factory),
    trade("C2929", "塑胶", [4, 14, 0], Sector::Factory),
    trade("C3525", "模具", [6, 12, 0], Sector::Factory),
    trade("C3389", "五金制品", [6, 12, 0], Sector::Factory),
    trade("C1422", "凉果", [1, 10, 0], Sector::FoodFactory),
    trade("C1439", "食品厂", [2, 16, 0], Sector::FoodFactory),
    trade("C1361", "水产冷冻", [1, 6, 1], Sector::FoodFactory),
    trade("C2682", "日化", [0, 14, 0], Sector::Factory),
    trade("C2720", "制药", [0, 2, 0], Sector::Drug),
    trade("C3589", "医疗设备", [0, 3, 0], Sector::Device),
    trade("C3872", "灯饰", [2, 8, 0], Sector::Factory),
    trade("C2651", "树脂", [0, 4, 0], Sector::Chemical),
    trade("C3332", "容器", [0, 2, 0], Sector::Factory),
    trade("E4710", "建筑", [0, 12, 0], Sector::Building),
    trade("E5012", "装饰", [5, 30, 0], Sector::Building),
    trade("E4910", "机电安装", [1, 12, 0], Sector::Building),
    trade("E5090", "工程", [1, 26, 0], Sector::Building),
    trade("E4813", "市政", [0, 6, 0], Sector::Building),
    trade("G5431", "货运", [12, 20, 0], Sector::Transport),
    trade("G5435", "危运", [0, 2, 0], Sector::Transport),
    trade("G5821", "货代", [0, 8, 0], Sector::Transport),
    trade("G5920", "仓储", [1, 6, 0], Sector::Transport),
    trade("I6513", "软件", [1, 22, 0], Sector::Office),
    trade("I6560", "信息", [1, 14, 0], Sector::Office),
    trade("L7212", "投资", [0, 14, 0], Sector::Office),
    trade("L7219", "企业管理", [0, 14, 0], Sector::Office),
    trade("L7249", "咨询", [2, 26, 0], Sector::Office),
    trade("L7259", "广告", [3, 22, 0], Sector::Office),
    trade("L7263", "劳务", [0, 6, 0], Sector::Office),
    trade("L7299", "商务", [2, 18, 0], Sector::Office),
    trade("M7484", "设计", [1, 10, 0], Sector::Office),
    trade("M7491", "工业设计", [1, 6, 0], Sector::Office),
    trade("K7010", "置业", [0, 7, 0], Sector::Building),
    trade("K7020", "物业", [0, 9, 0], Sector::Service),
    trade("K7030", "房产中介", [4, 5, 0], Sector::Service),
    trade("P8391", "培训", [1, 8, 0], Sector::School),
    trade("P8393", "艺术培训", [2, 7, 0], Sector::School),
    trade("Q8425", "门诊", [2, 4, 0], Sector::Clinic),
    trade("Q8415", "口腔", [1, 2, 0], Sector::Clinic),
    trade("A0141", "种植", [2, 4, 34], Sector::Farm),
    trade("A0313", "养殖", [2, 2, 24], Sector::Farm),
    trade("A0411", "海产养殖", [2, 3, 20], Sector::Farm),
    trade("A0519", "农业服务", [1, 3, 16], Sector::Farm),
];
