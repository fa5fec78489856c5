//! How drafts, shadow runs and releases are shown: tables in Chinese.
use house::assess::life::model::{ClassFigures, Draft, Findings, Movement, Part, Release};
use house::assess::life::rules::figures::{decimal, percent};
use house::assess::life::rules::state_title;
use house::assess::life::rules::statistics::Interval;
use house::assess::life::service;
use house::hall::{House, Op, query};
use kernel::Outcome;

use crate::say;

/// One draft in a line.
pub fn draft(draft: &Draft) {
    say::line(format!(
        "草案 {}  {}  {}  起草 {}（{}）",
        draft.draft_id,
        state_title(&draft.state),
        draft.title,
        draft.drafted_by,
        house::hall::local_day(draft.drafted_at)
    ));
}

/// All drafts, and what was released.
pub fn list(house: &House, op: &Op) -> Outcome<()> {
    const MOST: i64 = 200;
    let (drafts, releases) = query(house, op, |tx, op| {
        Ok((
            service::drafts(tx, op, i64::MAX, MOST)?,
            service::releases(tx, op)?,
        ))
    })?;
    if drafts.is_empty() {
        say::line("还没有模型草案，现行模型为部署的政策包。");
    }
    drafts.iter().for_each(draft);
    if !releases.is_empty() {
        say::line("放行记录：");
    }
    for release in &releases {
        say::line(format!("  {}", released(release)));
    }
    Ok(())
}

fn named(draft_id: i64) -> String {
    if draft_id == 0 {
        "部署的政策包本身".to_owned()
    } else {
        format!("草案 {draft_id}")
    }
}

fn released(release: &Release) -> String {
    let state = match (release.withdrawn_at, release.in_force_at) {
        (Some(_), _) => "生效前已撤回",
        (None, None) => "待生效",
        (None, Some(_)) => "已生效",
    };
    let overruled = match (&release.overruled_by, &release.overruled_for) {
        (Some(by), Some(why)) => format!(
            "；有 {} 项不满足，由 {by} 决定仍放行：{why}",
            release.blocks.len()
        ),
        _ => String::new(),
    };
    format!(
        "自 {} 起 {}（{state}），批准 {}：{}{overruled}",
        release.from_on,
        named(release.draft_id),
        release.approved_by,
        release.reason
    )
}

/// A release just given, and the state it left.
pub fn release(house: &House, op: &Op, release: &Release) -> Outcome<()> {
    say::line(format!("已批准。{}。", released(release)));
    for block in &release.blocks {
        say::line(format!("  未满足：{}", block.sentence));
    }
    say::line(format!("  自该日起的政策包摘要 {}", release.pack));
    let today = op.today();
    if release.from_on <= today {
        say::line("现已生效，全部主体已按新模型分类：");
        crate::cli::classify::shares(house)?;
    } else {
        say::line(format!("到 {} 自动生效并重新分类。", release.from_on));
    }
    Ok(())
}

/// A draft with everything done with it.
pub fn whole(house: &House, op: &Op, draft_id: i64, text: bool) -> Outcome<()> {
    let (whole, events) = query(house, op, |tx, op| {
        Ok((
            service::whole(tx, op, draft_id)?,
            service::events(tx, op, draft_id)?,
        ))
    })?;
    draft(&whole.draft);
    say::line(format!("  理由：{}", whole.draft.reason));
    say::line(format!(
        "  文件 {}，内容摘要 {}",
        whole.draft.file_name, whole.draft.digest
    ));
    for shadow in &whole.shadows {
        let state = shadow
            .digest
            .as_ref()
            .map_or_else(|| "未完成".to_owned(), |digest| format!("结果文书摘要 {digest}"));
        say::line(format!(
            "  影子运行 {}（检查结果 {} 至 {}）：{state}",
            shadow.shadow_id, shadow.from_on, shadow.until_on
        ));
    }
    for release in &whole.releases {
        say::line(format!("  放行：{}", released(release)));
    }
    say::line("办理过程：");
    for event in &events {
        let what = match event.verb.as_str() {
            "assess.model-drafted" => "起草",
            "assess.model-shadowed" => "影子运行完成",
            "assess.model-approved" => "批准",
            "assess.model-rejected" => "否决",
            "assess.model-withdrawn" => "撤回",
            "assess.model-in-force" => "开始生效",
            other => other,
        };
        let overruled = event.payload.get("overruled_by").and_then(|by| by.as_str());
        let overruled = overruled.map_or_else(String::new, |by| {
            let why = event.payload.get("overruled_for").and_then(|why| why.as_str());
            format!("（不满足条件仍放行，决定人 {by}：{}）", why.unwrap_or_default())
        });
        let at = event.at + chrono::Duration::hours(8);
        say::line(format!(
            "  {}  {}  {what}{overruled}",
            at.format("%Y-%m-%d %H:%M"),
            event.actor
        ));
    }
    if text {
        say::line("");
        say::line(whole.text);
    }
    Ok(())
}

/// What a shadow run found.
pub fn findings(house: &House, op: &Op, shadow_id: i64) -> Outcome<()> {
    let (shadow, found) = query(house, op, |tx, op| {
        Ok((
            service::shadow(tx, op, shadow_id)?,
            service::findings(tx, op, shadow_id)?,
        ))
    })?;
    say::line(format!(
        "影子运行 {shadow_id}：{} 与现行模型比较，检查结果 {} 至 {}",
        named(found.draft_id),
        found.window.from,
        found.window.until
    ));
    say::line(format!("  结果文书摘要 {}", shadow.digest.unwrap_or_default()));
    counts(&found);
    for part in &found.parts {
        table(part, &found.confidence);
    }
    moved(&found.classes, &found.movement, found.window.seed);
    say::line("放行条件：");
    for gate in &found.gates {
        let word = match gate.verdict.as_str() {
            "held" => "满足",
            "lower" => "不满足",
            _ => "不能判断",
        };
        say::line(format!("  [{word}] {}：{}", gate.title, gate.sentence));
    }
    for rail in &found.rails {
        let word = if rail.held { "满足" } else { "不满足" };
        say::line(format!("  [{word}] 护栏：{}", rail.sentence));
    }
    Ok(())
}

fn counts(found: &Findings) {
    let visits = &found.visits;
    say::line(format!(
        "  检查 {} 户次，发现问题 {} 户次；按当时实际掌握的记录计算 {} 户次，按发生日推定 {} 户次",
        say::count(visits.visits),
        say::count(visits.found),
        say::count(visits.as_known),
        say::count(visits.by_day)
    ));
    if visits.without_current + visits.without_draft + visits.unregistered + visits.unknown_code > 0 {
        say::line(format!(
            "  未能比较：现行模型不分类 {}，草案不分类 {}，没有登记信息 {}，结果代码不认识 {}",
            visits.without_current, visits.without_draft, visits.unregistered, visits.unknown_code
        ));
    }
}

fn table(part: &Part, confidence: &str) {
    let title = match part.kind.as_str() {
        "random" => "随机抽取",
        "directed" => "定向抽取",
        "other" => "其他",
        _ => "全部",
    };
    say::line(format!(
        "{title}：{} 户次，发现问题率 {}（括号内为 {confidence} 置信区间）",
        say::count(part.visits),
        rate(part.rate)
    ));
    match &part.auc {
        Some(auc) => say::line(format!(
            "  AUC  现行 {}  草案 {}  相差 {}",
            decimals(auc.current),
            decimals(auc.draft),
            decimals(auc.difference)
        )),
        None => say::line("  AUC  发现问题或未发现问题的检查不足两户次，不能计算"),
    }
    say::line(
        "  类别  现行：户次  发现率                    提升度    草案：户次  发现率                    提升度",
    );
    for (current, draft) in part.current.iter().zip(&part.draft) {
        say::line(format!(
            "  {:<4}{}    {}",
            current.class,
            side(current),
            side(draft)
        ));
    }
}

fn side(class: &ClassFigures) -> String {
    let lift = class.lift.map_or_else(|| "—".to_owned(), decimal);
    format!(
        "{:>10}  {:<24}{lift:>7}",
        say::count(class.visits),
        rate(class.rate)
    )
}

fn rate(rate: Option<Interval>) -> String {
    rate.map_or_else(
        || "—".to_owned(),
        |rate| {
            format!(
                "{}（{}–{}）",
                percent(rate.value),
                percent(rate.low),
                percent(rate.high)
            )
        },
    )
}

fn decimals(figure: Interval) -> String {
    format!(
        "{}（{} 至 {}）",
        decimal(figure.value),
        decimal(figure.low),
        decimal(figure.high)
    )
}

fn moved(classes: &[String], movement: &Movement, seed: u32) {
    let how = if movement.entities < movement.of {
        format!("（按种子 {seed} 抽取）")
    } else {
        String::new()
    };
    say::line(format!(
        "类别变动：{} 户中的 {} 户{how}，行为现行类别，列为草案类别",
        say::count(movement.of),
        say::count(movement.entities)
    ));
    let names = || classes.iter().map(String::as_str).chain(["不分类"]);
    let head: String = names().map(|name| format!("{name:>10}")).collect();
    say::line(format!("  {:<6}{head}", ""));
    for (name, row) in names().zip(&movement.matrix) {
        let cells: String = row
            .iter()
            .map(|cell| format!("{:>10}", say::count(*cell)))
            .collect();
        say::line(format!("  {name:<6}{cells}"));
    }
    for (title, shares) in [("现行占比", &movement.current), ("草案占比", &movement.draft)] {
        let cells: Vec<String> = classes
            .iter()
            .zip(shares)
            .map(|(class, share)| format!("{class} {}", percent(*share)))
            .collect();
        say::line(format!("  {title}：{}", cells.join("，")));
    }
}
