//! The figures of a shadow run from what was counted, and what they mean for a release. Pure.
use policy::pack::{Answer, Fraction, GateMeasure, Rail, ReleaseGate};

use super::super::model::{Block, ClassFigures, Findings, GateFigure, Kind, Movement, Part, RailFigure};
use super::statistics::{self, Cells, Counted, ONE, Which};

/// Room for the points in a standing: the class comes first, points tell entities of a class apart.
const CLASS: i64 = 1 << 32;

/// Where an entity stands: the worse the class, then the more points, the higher.
pub fn standing(class: u8, points: i32) -> i64 {
    i64::from(class) * CLASS + i64::from(points)
}

fn class_of(standing: i64) -> usize {
    usize::try_from(standing.div_euclid(CLASS)).unwrap_or(usize::MAX)
}

/// Visits counted apart by how they were chosen.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    all: Cells,
    random: Cells,
    directed: Cells,
    other: Cells,
}

impl Tally {
    /// Counts a visit.
    pub fn count(&mut self, kind: Kind, current: i64, draft: i64, found: bool) {
        self.all.count(current, draft, found);
        let part = match kind {
            Kind::Random => &mut self.random,
            Kind::Directed => &mut self.directed,
            Kind::Other => &mut self.other,
        };
        part.count(current, draft, found);
    }

    /// All visits.
    pub fn all(&self) -> &Cells {
        &self.all
    }

    /// The figures of all visits, and of each part of them.
    pub fn parts(&self, classes: &[String], z: f64) -> Vec<Part> {
        let parts = [
            ("all", &self.all),
            ("random", &self.random),
            ("directed", &self.directed),
            ("other", &self.other),
        ];
        parts
            .into_iter()
            .filter(|(kind, cells)| *kind == "all" || cells.total().visits() > 0)
            .map(|(kind, cells)| part(kind, cells, classes, z))
            .collect()
    }
}

fn part(kind: &str, cells: &Cells, classes: &[String], z: f64) -> Part {
    let total = cells.total();
    let side = |which: Which| -> Vec<ClassFigures> {
        let by = cells.by(which, class_of);
        let figures = |(at, class): (usize, &String)| {
            let counted = by.get(&at).copied().unwrap_or_default();
            ClassFigures {
                class: class.clone(),
                visits: counted.visits(),
                found: counted.found,
                rate: statistics::wilson(counted.found, counted.visits(), z),
                lift: lift(counted, total),
            }
        };
        classes.iter().enumerate().map(figures).collect()
    };
    Part {
        kind: kind.to_owned(),
        visits: total.visits(),
        found: total.found,
        rate: statistics::wilson(total.found, total.visits(), z),
        auc: statistics::aucs(cells, z),
        current: side(Which::Current),
        draft: side(Which::Draft),
    }
}

/// How often the visits of a class find something, beside how often all do.
fn lift(class: Counted, total: Counted) -> Option<i64> {
    if class.visits() == 0 || total.found == 0 {
        return None;
    }
    let above = u128::from(class.found) * u128::from(total.visits()) * u128::from(ONE.unsigned_abs());
    let below = u128::from(class.visits()) * u128::from(total.found);
    i64::try_from(above / below).ok()
}

/// Parts per million as a percentage with one decimal.
pub fn percent(millionths: i64) -> String {
    let tenths = (millionths.abs() + 500) / 1000;
    let sign = if millionths < 0 && tenths > 0 { "-" } else { "" };
    format!("{sign}{}.{}%", tenths / 10, tenths % 10)
}

/// Parts per million as a number with three decimals.
pub fn decimal(millionths: i64) -> String {
    let thousandths = (millionths.abs() + 500) / 1000;
    let sign = if millionths < 0 && thousandths > 0 {
        "-"
    } else {
        ""
    };
    format!("{sign}{}.{:03}", thousandths / 1000, thousandths % 1000)
}

/// How many standard deviations the intervals of a gate reach.
pub fn reach_of(confidence: Fraction) -> f64 {
    statistics::reach((confidence.num, confidence.den))
}

/// Holds a draft against a gate.
pub fn gate(answer: &Answer<&ReleaseGate>, cells: &Cells, classes: usize) -> GateFigure {
    let law = answer.value;
    let total = cells.total();
    let (verdict, sentence) = if total.visits() < law.least_results || total.found < law.least_found {
        let sentence = format!(
            "可比的检查只有 {} 户次（其中发现问题 {}），少于 {} 户次（{}），不足以判断。",
            total.visits(),
            total.found,
            law.least_results,
            law.least_found
        );
        ("unknown", sentence)
    } else {
        match law.measure {
            GateMeasure::HitRate => hit_rate(law, cells, classes),
            GateMeasure::Auc => auc(law, cells),
        }
    };
    GateFigure {
        code: answer.trace.code.clone(),
        title: law.title.clone(),
        verdict: verdict.to_owned(),
        sentence,
        basis: answer.trace.basis.to_string(),
    }
}

/// At the share that the current model's worst classes have: the draft's rate may not lie below the interval of the current one.
fn hit_rate(law: &ReleaseGate, cells: &Cells, classes: usize) -> (&'static str, String) {
    let worst = usize::try_from(law.worst).unwrap_or(usize::MAX);
    let first = classes.saturating_sub(worst);
    let by = cells.by(Which::Current, |standing| class_of(standing) >= first);
    let inspected = by.get(&true).copied().unwrap_or_default();
    let visits = inspected.visits();
    let z = reach_of(law.confidence);
    let Some(current) = statistics::wilson(inspected.found, visits, z) else {
        let sentence = format!("现行模型最差的 {} 类中没有检查结果，不足以判断。", law.worst);
        return ("unknown", sentence);
    };
    let found = cells.found_among_first(Which::Draft, visits);
    let draft = i64::try_from(found / i128::from(visits.max(1))).unwrap_or(0);
    let sentence = format!(
        "按现行模型最差 {} 类的检查面（{visits} 户次），问题发现率现行 {}（{} 至 {}），草案 {}。",
        law.worst,
        percent(current.value),
        percent(current.low),
        percent(current.high),
        percent(draft)
    );
    (if draft < current.low { "lower" } else { "held" }, sentence)
}

/// The whole interval of the difference may not lie below nought.
fn auc(law: &ReleaseGate, cells: &Cells) -> (&'static str, String) {
    let Some(told) = statistics::aucs(cells, reach_of(law.confidence)) else {
        return (
            "unknown",
            "发现问题或未发现问题的检查不足两户次，不足以判断。".to_owned(),
        );
    };
    let sentence = format!(
        "AUC 现行 {}，草案 {}，相差 {}（{} 至 {}）。",
        decimal(told.current.value),
        decimal(told.draft.value),
        decimal(told.difference.value),
        decimal(told.difference.low),
        decimal(told.difference.high)
    );
    (if told.difference.high < 0 { "lower" } else { "held" }, sentence)
}

/// Holds the share of a class against its rails.
pub fn rail(answer: &Answer<&Rail>, classes: &[String], movement: &Movement) -> RailFigure {
    let law = answer.value;
    let at = classes.iter().position(|class| *class == law.class);
    let share = at.and_then(|at| movement.draft.get(at)).copied().unwrap_or(0);
    let part = |fraction: Fraction| statistics::share(fraction.num, fraction.den);
    let (least, most) = (part(law.least), part(law.most));
    RailFigure {
        code: answer.trace.code.clone(),
        class: law.class.clone(),
        share,
        held: (least..=most).contains(&share),
        sentence: format!(
            "{} 类在草案下占 {}，应在 {} 至 {} 之间。",
            law.class,
            percent(share),
            percent(least),
            percent(most)
        ),
        basis: answer.trace.basis.to_string(),
    }
}

/// Counts of classes under both models as shares of those that have one.
pub fn movement(matrix: Vec<Vec<u64>>, of: u64) -> Movement {
    let classes = matrix.len().saturating_sub(1);
    let entities = matrix.iter().flatten().sum();
    let row = |at: usize| -> u64 { matrix.get(at).map_or(0, |row| row.iter().sum()) };
    let column = |at: usize| -> u64 { matrix.iter().filter_map(|row| row.get(at)).sum() };
    let shares = |count: &dyn Fn(usize) -> u64| -> Vec<i64> {
        let all: u64 = (0..classes).map(count).sum();
        (0..classes).map(|at| statistics::share(count(at), all)).collect()
    };
    Movement {
        of,
        entities,
        current: shares(&row),
        draft: shares(&column),
        matrix,
    }
}

/// What stands in the way of a release by the figures of its shadow run.
pub fn blocks(findings: &Findings) -> Vec<Block> {
    let gates = findings
        .gates
        .iter()
        .filter(|gate| gate.verdict != "held")
        .map(|gate| Block {
            code: gate.code.clone(),
            sentence: format!("{}：{}", gate.title, gate.sentence),
            basis: gate.basis.clone(),
        });
    let rails = findings.rails.iter().filter(|rail| !rail.held).map(|rail| Block {
        code: rail.code.clone(),
        sentence: rail.sentence.clone(),
        basis: rail.basis.clone(),
    });
    gates.chain(rails).collect()
}
