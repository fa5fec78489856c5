//! Entities and spoiled rows as files that the program imports.

use std::error::Error;
use std::path::Path;

use kernel::CreditCode;

use crate::spoil::KINDS;
use crate::{Asked, Bench};

impl Bench<'_> {
    /// Writes `registrations.csv` and `rows.csv`.
    pub fn write(&mut self, folder: &Path, asked: &Asked) -> Result<(), Box<dyn Error>> {
        std::fs::create_dir_all(folder)?;
        let mut entities = csv::Writer::from_path(folder.join("registrations.csv"))?;
        entities.write_record(["统一社会信用代码", "名称", "行政区划", "住所"])?;
        for entity in self.kept.iter().filter_map(|at| self.all.get(*at)) {
            entities.write_record([&entity.code, &entity.name, &entity.division, &entity.address])?;
        }
        entities.flush()?;
        let mut rows = csv::Writer::from_path(folder.join("rows.csv"))?;
        rows.write_record([
            "统一社会信用代码",
            "名称",
            "地址",
            "评价行业",
            "评价周期",
            "信用等级",
            "评价日期",
            "spoiled",
            "truth",
        ])?;
        let mut number = 0;
        for kind in KINDS {
            for (case, truth) in self.cases(kind, asked)? {
                number += 1;
                let code = truth.and_then(|entity| CreditCode::parse(&entity.code).ok());
                rows.write_record([
                    case.code.as_str(),
                    case.name.as_str(),
                    case.address.as_str(),
                    format!("M{number:06}").as_str(),
                    "2025",
                    "A",
                    "2026-01-05",
                    kind.title,
                    code.as_ref().map_or("", CreditCode::as_str),
                ])?;
            }
        }
        rows.flush()?;
        Ok(())
    }
}
