//! `xinheng model train`: a scorecard from past results, and a proposal for a model of a pack.
use std::path::{Path, PathBuf};

use clap::Args;
use kernel::{Day, Fault, Outcome};
use readers::Row;
use scorecard::{Columns, Report, Sample, Spec, Training, every_column, fragment, train};
use toml::Table;

use super::{Rows, text, write};
use crate::{packs, say};

/// 从过往检查结果训练
#[derive(Debug, Args)]
pub struct Train {
    /// 过往检查结果：一行一次检查
    file: PathBuf,
    /// 模型文件写到哪里
    #[arg(long)]
    out: PathBuf,
    /// 训练说明（TOML）：列、特征、试验；不写时除下面几列外每一列都作为特征
    #[arg(long)]
    spec: Option<PathBuf>,
    /// 没有训练说明时：日期所在的列
    #[arg(long, default_value = "day", conflicts_with = "spec")]
    day: String,
    /// 没有训练说明时：结果所在的列，1 为检出问题
    #[arg(long, default_value = "outcome", conflicts_with = "spec")]
    outcome: String,
    /// 没有训练说明时：检查人员所在的列（文件里有才用）
    #[arg(long, default_value = "inspector", conflicts_with = "spec")]
    inspector: String,
    /// 没有训练说明时：编号列（文件里有才用）
    #[arg(long, default_value = "subject", conflicts_with = "spec")]
    id: Vec<String>,
    /// 只用这一天以前（不含）的行训练
    #[arg(long)]
    before: Option<Day>,
    /// 训练报告（Markdown）写到哪里
    #[arg(long)]
    report: Option<PathBuf>,
    /// 列名是政策包这个模型的指标代码：另写一份 model.toml 片段
    #[arg(long, requires_all = ["fragment", "from"])]
    like: Option<String>,
    /// 政策包
    #[arg(long, default_value = "base")]
    pack: String,
    /// 片段写到哪里
    #[arg(long)]
    fragment: Option<PathBuf>,
    /// 片段从哪一天起施行
    #[arg(long)]
    from: Option<Day>,
}

/// Does it.
pub fn run(asked: &Train) -> Outcome<()> {
    let mut spec = match &asked.spec {
        Some(path) => Spec::read(&text(path)?)?,
        None => plain(asked)?,
    };
    if spec.features.is_empty() {
        spec.features = found_features(&asked.file, &spec.columns)?;
        if let (Some(model), Some(from)) = (&asked.like, asked.from) {
            by_code(&mut spec.features, model, &indicator_rows(&asked.pack, from)?);
        }
    }
    let sample = sample_of(&asked.file, &spec)?;
    let sample = asked
        .before
        .map_or_else(|| sample.clone(), |day| sample.before(day));
    let trained = train(&spec, &sample)?;
    write(&asked.out, &trained.card.to_text())?;
    if let Some(path) = &asked.report {
        write(path, &trained.report.to_markdown())?;
    }
    tell(asked, &trained.report);
    if let (Some(model), Some(path), Some(from)) = (&asked.like, &asked.fragment, asked.from) {
        let rows = indicator_rows(&asked.pack, from)?;
        let proposed = fragment(&trained.card, model, &rows, from)?;
        write(path, &proposed.text)?;
        for note in &proposed.notes {
            say::note(note);
        }
        say::line(format!(
            "模型“{model}”的 {} 个指标提出了新的分段和分值，写入 {}。未经影子运行和批准不得使用。",
            proposed.indicators.len(),
            path.display()
        ));
    }
    Ok(())
}

fn plain(asked: &Train) -> Outcome<Spec> {
    let headings = Rows::open(&asked.file)?.headings;
    let there = |column: &String| headings.contains(column);
    Ok(Spec {
        title: "评分卡".to_owned(),
        columns: Columns {
            day: asked.day.clone(),
            outcome: asked.outcome.clone(),
            found: vec!["1".to_owned()],
            not_found: Vec::new(),
            inspector: Some(asked.inspector.clone()).filter(there),
            id: asked.id.iter().filter(|id| there(id)).cloned().collect(),
        },
        training: Training::default(),
        trials: Vec::new(),
        features: Vec::new(),
    })
}

fn found_features(path: &Path, columns: &Columns) -> Outcome<Vec<scorecard::Feature>> {
    let mut rows = Rows::open(path)?;
    let mut row = Row::new();
    let mut held: Vec<Row> = Vec::new();
    while rows.read(&mut row)? {
        held.push(row.clone());
    }
    let headings = rows.headings;
    Ok(every_column(
        columns,
        &headings,
        held.iter().map(|row| row.cells().collect()),
    ))
}

/// Codes that look like numbers are codes all the same where the model scores by code.
fn by_code(features: &mut [scorecard::Feature], model: &str, rows: &[Table]) {
    for feature in features {
        let coded = rows.iter().any(|row| {
            let text = |key: &str| row.get(key).and_then(toml::Value::as_str);
            text("model") == Some(model)
                && text("code") == Some(feature.name.as_str())
                && row.contains_key("map")
        });
        if coded && feature.category.is_none() {
            feature.category = feature.number.take();
        }
    }
}

fn sample_of(path: &Path, spec: &Spec) -> Outcome<Sample> {
    let mut rows = Rows::open(path)?;
    let mut sample = Sample::new(spec, &rows.headings)?;
    let mut row = Row::new();
    while rows.read(&mut row)? {
        if let Err(why) = sample.add(&|at| row.cell(at)) {
            rows.refuse(&format!("第 {} 行：{why}", row.line));
        }
    }
    rows.finish();
    Ok(sample)
}

fn tell(asked: &Train, report: &Report) {
    let made = &report.card.made;
    say::line(format!(
        "{} 行（{} 至 {}）训练出 {} 个特征的评分卡，写入 {}。",
        say::count(made.rows),
        made.from,
        made.until,
        report.card.points.len(),
        asked.out.display()
    ));
    for one in &report.dropped {
        say::line(format!("  未采用 {}（{}）：{}。", one.title, one.name, one.why));
    }
    for one in &report.leniency {
        say::line(format!(
            "  检查人员 {}：检出几率为平均的 {:.2} 倍（{:.2} 至 {:.2}），不进入评分。",
            one.inspector, one.odds, one.low, one.high
        ));
    }
    for trial in &report.trials {
        let Some(judged) = &trial.judged else {
            say::line(format!(
                "  试验 {} 至 {}：无法评判。",
                trial.trial.from, trial.trial.until
            ));
            continue;
        };
        say::line(format!(
            "  试验：训练 {} 行（{} 以前），评判 {} 至 {}：AUC {:.3}（{:.3} 至 {:.3}），前一半找出 {:.1}%（原来次序 {:.1}%），提前 {:.2} 天",
            trial.trained_on,
            trial.trial.before,
            trial.trial.from,
            trial.trial.until,
            judged.auc.value,
            judged.auc.low,
            judged.auc.high,
            judged.half.value * 100.0,
            judged.half_as_it_was * 100.0,
            judged.earlier.value
        ));
    }
}

/// The `[[indicator]]` rows a pack has in force on a day, each with its own basis; the pack's own before those of its base.
fn indicator_rows(pack: &str, day: Day) -> Outcome<Vec<Table>> {
    let wrong = |error: toml::de::Error| {
        Fault::invalid(
            "model.pack.unreadable",
            format!("政策包“{pack}”的 TOML 读不懂：{error}。"),
        )
    };
    let mut rows: Vec<Table> = Vec::new();
    let mut next = Some(pack.to_owned());
    while let Some(name) = next {
        let head: Table = packs::file(&name, "pack.toml")?.parse().map_err(wrong)?;
        let file: Table = packs::file(&name, "model.toml")?.parse().map_err(wrong)?;
        let basis = file
            .get("default")
            .and_then(|default| default.get("basis"))
            .cloned();
        let first = file
            .get("default")
            .and_then(|default| default.get("from"))
            .cloned();
        let own = file.get("indicator").and_then(toml::Value::as_array);
        let mut found: Vec<(String, Table)> = Vec::new();
        for row in own.into_iter().flatten().filter_map(toml::Value::as_table) {
            let from = row.get("from").or(first.as_ref()).map(ToString::to_string);
            let in_force = from.as_deref().is_none_or(|from| from < day.to_string().as_str());
            let mut row = row.clone();
            if let (false, Some(basis)) = (row.contains_key("basis"), &basis) {
                row.insert("basis".to_owned(), basis.clone());
            }
            if in_force {
                found.push((from.unwrap_or_default(), row));
            }
        }
        // The latest version first; what the pack says itself stands before its base.
        found.sort_by(|(a, _), (b, _)| b.cmp(a));
        rows.extend(found.into_iter().map(|(_, row)| row));
        next = head
            .get("extends")
            .and_then(toml::Value::as_str)
            .map(|base| packs::beside(&name, base));
    }
    Ok(rows)
}
