//! Past inspections: who was checked in which task by whom, and what was found.

use std::fs::File;
use std::io;
use std::path::Path;

use chrono::Datelike;

use crate::life::Life;
use crate::office::Roster;
use crate::outcome::{CHECKS, Check, judge};

/// `inspection-history.csv`: the past inspections with their teams, for the evaluation of models.
pub struct History {
    writer: csv::Writer<File>,
    /// Rows written.
    pub rows: u64,
}

/// Headings of `inspection-history.csv`.
pub const HISTORY: [&str; 10] = [
    "统一社会信用代码",
    "抽查任务编号",
    "抽查类型",
    "检查事项编码",
    "检查事项",
    "检查结果",
    "检查日期",
    "检查机关",
    "组长执法证号",
    "组员执法证号",
];

impl History {
    /// Creates the file.
    pub fn create(folder: &Path) -> io::Result<Self> {
        let mut writer = csv::Writer::from_path(folder.join("inspection-history.csv"))?;
        writer.write_record(HISTORY)?;
        Ok(Self { writer, rows: 0 })
    }

    /// Closes the file.
    pub fn finish(mut self) -> io::Result<u64> {
        self.writer.flush()?;
        Ok(self.rows)
    }
}

/// 抽查检查结果: random checks that fall on everybody alike, and targeted ones that fall on the bad more often.
pub fn inspections(life: &mut Life<'_>, roster: &Roster, history: &mut History) -> io::Result<()> {
    let nature = life.entity.nature;
    for (kind, mark, rate) in [("双随机", "SJ", 900), ("重点检查", "ZD", nature.rate(60, 4_500))] {
        let mut last = String::new();
        for on in life.moments(rate) {
            let quarter = on.month0() / 3 + 1;
            let task = format!("{mark}{}Q{quarter}-{}", on.year(), life.entity.county.code);
            if task == last {
                continue;
            }
            last.clone_from(&task);
            let fitting: Vec<&Check> = CHECKS
                .iter()
                .filter(|check| check.applies(nature.trade.sector))
                .collect();
            // One visit, one to three items that follow one another in the list.
            let count = life.dice.between(1, 3);
            let skip = life.dice.below(u32::try_from(fitting.len()).unwrap_or(1));
            let chosen = fitting.iter().cycle().skip(usize::try_from(skip).unwrap_or(0));
            let count = usize::try_from(count).unwrap_or(1).min(fitting.len());
            let mut blocked = None;
            for check in chosen.take(count) {
                let Some(team) = roster.get(&(life.entity.county.code, check.code)) else {
                    continue;
                };
                let (Some(lead), Some(second)) = (life.dice.pick(team), life.dice.pick(team)) else {
                    continue;
                };
                let second = if second.0 == lead.0 {
                    team.iter().find(|one| one.0 != lead.0).unwrap_or(second)
                } else {
                    second
                };
                let eye = (2 * lead.1 + second.1) / 3;
                let mut finding = judge(&nature, check, eye, &mut life.dice);
                // A firm nobody finds is found by no item of the same visit.
                if let Some(result) = blocked {
                    finding.result = result;
                } else if finding.result == "04" || finding.result == "07" {
                    blocked = Some(finding.result);
                }
                let authority = life.authority(check.function);
                let day = on.to_string();
                life.put(
                    "inspection-result",
                    on,
                    &[&task, check.title, finding.result, &day, &authority, kind],
                )?;
                history.writer.write_record([
                    life.entity.code.as_str(),
                    &task,
                    kind,
                    check.code,
                    check.title,
                    finding.result,
                    &day,
                    &authority,
                    &lead.0,
                    &second.0,
                ])?;
                history.rows += 1;
            }
        }
    }
    Ok(())
}
