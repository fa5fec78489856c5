//! The checks an auditor can make with the whole material: everything is computed again.

use super::{Finding, fail, settle};
use crate::draw::{
    AuditorMaterial, ListKind, Rows, Sealed, SelectedRow, Selection, TreeHead, assign_teams, check_places,
    commit_roll, cutoffs, item_rows, pool_head, select, selected_tree,
};
use crate::{ProofError, Suite};

pub(super) fn checks(suite: Suite, sealed: &Sealed, held: &AuditorMaterial) -> Vec<Finding> {
    match Audit::new(suite, sealed, held) {
        Ok(audit) => vec![
            audit.pool_roots(),
            audit.places_root(),
            audit.roll_root(),
            audit.selection(),
            audit.reserves(),
            audit.cutoffs(),
            audit.teams(),
            audit.selected_root(),
        ],
        Err(error) => (0..8).map(|_| fail(error.to_string())).collect(),
    }
}

struct Audit<'a> {
    suite: Suite,
    sealed: &'a Sealed,
    held: &'a AuditorMaterial,
    pools: Vec<Rows>, // in the order of the commitment; empty where the material has none
    places: Rows,
    selection: Selection,
}

/// Lean rows of a list as it stands, with the labels known beforehand first.
fn lean<'a>(labels: Vec<String>, rows: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Rows, ProofError> {
    let rows: Vec<(&str, &str)> = rows.collect();
    let mut all = labels;
    let mut numbers: std::collections::HashMap<String, u32> = std::collections::HashMap::new();
    for (number, label) in all.iter().enumerate() {
        numbers
            .entry(label.clone())
            .or_insert(u32::try_from(number).map_err(|_| ProofError::TooLarge)?);
    }
    for (_, label) in &rows {
        if !numbers.contains_key(*label) {
            numbers.insert(
                (*label).to_owned(),
                u32::try_from(all.len()).map_err(|_| ProofError::TooLarge)?,
            );
            all.push((*label).to_owned());
        }
    }
    let mut made = Rows::new(all);
    for (id, label) in rows {
        made.push_as_given(id, numbers.get(label).copied().unwrap_or(u32::MAX))?;
    }
    Ok(made)
}

impl<'a> Audit<'a> {
    fn new(suite: Suite, sealed: &'a Sealed, held: &'a AuditorMaterial) -> Result<Self, ProofError> {
        let items = &sealed.transcript.commitment.items;
        let pool = |item: &crate::draw::Item| {
            let labels = item.strata.iter().map(|stratum| stratum.label.clone()).collect();
            let rows = held
                .pools
                .iter()
                .find(|pool| pool.item == item.item)
                .map_or(&[][..], |pool| &pool.rows);
            lean(
                labels,
                rows.iter().map(|row| (row.id.as_str(), row.stratum.as_str())),
            )
        };
        let pools = items.iter().map(pool).collect::<Result<Vec<_>, _>>()?;
        let places = lean(
            Vec::new(),
            held.places
                .iter()
                .map(|row| (row.id.as_str(), row.division.as_str())),
        )?;
        let selection = select(suite, &sealed.transcript.seed, items, &pools);
        Ok(Self {
            suite,
            sealed,
            held,
            pools,
            places,
            selection,
        })
    }

    fn pool_roots(&self) -> Finding {
        let items = &self.sealed.transcript.commitment.items;
        if !items
            .iter()
            .map(|item| &item.item)
            .eq(self.held.pools.iter().map(|pool| &pool.item))
        {
            return fail("材料中的事项与承诺书不同。");
        }
        for (item, rows) in items.iter().zip(&self.pools) {
            if !rows.ascends() {
                return fail(format!("事项 {} 的名录未按编号排列或有重复。", item.item));
            }
            if rows.labels().len() > item.strata.len() {
                return fail(format!("事项 {} 的名录中有承诺书之外的分组。", item.item));
            }
            for stratum in &item.strata {
                let count = (0..rows.len())
                    .filter(|row| rows.label(*row) == stratum.label)
                    .count();
                if crate::wide(count) != stratum.size {
                    let (item, label, size) = (&item.item, &stratum.label, stratum.size);
                    return fail(format!(
                        "事项 {item} 的 {label} 组有 {count} 户,承诺为 {size} 户。"
                    ));
                }
            }
            let head = pool_head(
                self.suite,
                &self.held.pool_key,
                ListKind::Pool { item: &item.item },
                rows,
            );
            if head != item.pool {
                return fail(format!("事项 {} 的名录与承诺的根不符。", item.item));
            }
        }
        Ok(format!("{} 个事项的名录均与承诺相符。", items.len()))
    }

    fn places_root(&self) -> Finding {
        if !self.places.ascends() {
            return fail("所在地名单未按编号排列或有重复。");
        }
        let head = pool_head(self.suite, &self.held.pool_key, ListKind::Places, &self.places);
        if head != self.sealed.transcript.commitment.places {
            return fail("所在地名单与承诺的根不符。");
        }
        let candidates = self
            .held
            .pools
            .iter()
            .flat_map(|pool| pool.rows.iter().map(|row| row.id.as_str()));
        let right = check_places(candidates, &self.places);
        settle(
            right,
            "所在地名单与承诺相符。",
            "所在地名单与各事项名录的全体对象不一致。",
        )
    }

    fn roll_root(&self) -> Finding {
        fn ascends<T: Ord>(list: &[T]) -> bool {
            list.windows(2).all(|pair| pair.first() < pair.last())
        }
        let roll = &self.held.roll;
        if !roll
            .iter()
            .map(|row| &row.id)
            .is_sorted_by(|left, right| left < right)
        {
            return fail("检查人员名录未按编号排列或有重复。");
        }
        for row in roll {
            if !(ascends(&row.divisions) && ascends(&row.qualifications) && ascends(&row.recused)) {
                return fail(format!(
                    "检查人员 {} 的区划、资格或回避列表未排列或有重复。",
                    row.id
                ));
            }
        }
        let head = commit_roll(self.suite, &self.held.pool_key, roll)?.head;
        let right = head == self.sealed.transcript.commitment.roll;
        settle(
            right,
            &format!("检查人员名录 {} 人,与承诺相符。", roll.len()),
            "检查人员名录与承诺的根不符。",
        )
    }

    /// Compares the rows of some roles with the rows computed again.
    fn compare(&self, expected: &[SelectedRow], words: &str, of_role: fn(&SelectedRow) -> bool) -> Finding {
        let mut stated = self.held.selected.iter().filter(|row| of_role(row));
        let mut position = 0_usize;
        for wanted in expected {
            position += 1;
            match stated.next() {
                Some(row) if row == wanted => {}
                Some(row) => {
                    let (stated, wanted) = (row.name().2, wanted.name().2);
                    return fail(format!(
                        "{words}第 {position} 行为 {stated},重算应为 {wanted},或两者内容不同。"
                    ));
                }
                None => return fail(format!("{words}缺第 {position} 行({})。", wanted.name().2)),
            }
        }
        match stated.next() {
            Some(row) => fail(format!("{words}多出 {}。", row.name().2)),
            None => Ok(format!("{words} {position} 行,与重算结果逐行相同。")),
        }
    }

    fn selection(&self) -> Finding {
        let drawn = |row: &SelectedRow| matches!(row, SelectedRow::Drawn { .. });
        let expected: Vec<SelectedRow> = item_rows(&self.selection).filter(drawn).collect();
        self.compare(&expected, "抽中名单", drawn)
    }

    fn reserves(&self) -> Finding {
        let reserve = |row: &SelectedRow| matches!(row, SelectedRow::Reserve { .. });
        let expected: Vec<SelectedRow> = item_rows(&self.selection).filter(reserve).collect();
        self.compare(&expected, "候补名单", reserve)
    }

    fn cutoffs(&self) -> Finding {
        let right = cutoffs(&self.selection) == self.sealed.transcript.cutoffs;
        settle(right, "各组入选界限与重算结果相同。", "入选界限与重算结果不同。")
    }

    fn teams(&self) -> Finding {
        let transcript = &self.sealed.transcript;
        let places = if self.places.ascends() {
            self.places.clone()
        } else {
            self.places.in_order()?
        };
        let (key, roll) = (&self.held.pool_key, &self.held.roll);
        let expected = assign_teams(
            self.suite,
            &transcript.seed,
            key,
            &transcript.commitment,
            &self.selection,
            &places,
            roll,
        );
        self.compare(&expected, "选派结果", |row| {
            matches!(row, SelectedRow::Team { .. } | SelectedRow::Unstaffed { .. })
        })
    }

    fn selected_root(&self) -> Finding {
        let items = &self.sealed.transcript.commitment.items;
        let rank = |row: &SelectedRow| {
            let at = |code: &String| items.iter().position(|item| item.item == *code);
            match row {
                SelectedRow::Drawn { item, .. } => at(item).map(|item| (item, 0)),
                SelectedRow::Reserve { item, .. } => at(item).map(|item| (item, 1)),
                SelectedRow::Team { .. } | SelectedRow::Unstaffed { .. } => Some((items.len(), 0)),
            }
        };
        let ranks: Option<Vec<(usize, u8)>> = self.held.selected.iter().map(rank).collect();
        if !ranks.is_some_and(|ranks| ranks.is_sorted()) {
            return fail("结果各行的次序不合规定,或含承诺书之外的事项。");
        }
        let tree = selected_tree(self.suite, &self.held.pool_key, &self.held.selected)?;
        let head = TreeHead {
            size: tree.size(),
            root: tree.root(),
        };
        let right = head == self.sealed.transcript.selected;
        settle(
            right,
            &format!("结果共 {} 行,与封存的根相符。", head.size),
            "结果各行与封存的根不符。",
        )
    }
}
