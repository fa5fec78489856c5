//! `xinheng demo`: a made-up city taken once around the whole loop, then served.
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use demo::{City, SHEETS};
use house::hall::files::Settings;
use house::hall::{House, command, query};
use house::inspect::model::{
    Filter, Mode, NewContributor, NewDraw, NewItemResult, NewPlan, NewPlanItem, NewResult, Task, TaskSearch,
};
use house::inspect::service as inspect;
use house::intake::service::Mapping;
use house::publish;
use kernel::{Actor, Day, Fault, FaultKind, Instant, Outcome};
use proof::draw::Contribution;

use super::{classify, import};
use crate::rim::{self, SetClock};
use crate::{say, serve, worker};

/// How the demo is to be.
#[derive(Debug, Args)]
pub struct Demo {
    /// 随机种子：同一种子得到同一座城市
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// 主体数
    #[arg(long, default_value_t = 50_000)]
    size: usize,
    /// 数据库，不写为数据文件夹中的 SQLite
    #[arg(long, default_value = "sqlite:xinheng.db")]
    database: String,
    /// 演示完成后在哪里提供服务
    #[arg(long, default_value = "127.0.0.1:8080", env = "XINHENG_LISTEN")]
    listen: SocketAddr,
    /// 演示完成后不提供服务
    #[arg(long)]
    no_serve: bool,
}

/// Marks a data folder that a demo made and may make anew.
const MARK: &str = "demo.json";
/// The day the demo begins: a Monday, nine in the morning in China.
const BEGINS: &str = "2026-06-01T01:00:00Z";
/// The department that starts the campaign.
const INITIATOR: &str = "440511-scjg";

/// The time the demo's steps take, on the demo's own clock.
struct Stage {
    house: House,
    clock: Arc<SetClock>,
    begins: Instant,
    seed: u64,
}

impl Stage {
    /// Sets the clock to a time of a day, counted from the first.
    fn at(&self, days: i64, minutes: i64) {
        self.clock
            .set(self.begins + chrono::Duration::days(days) + chrono::Duration::minutes(minutes));
    }

    fn op(&self) -> house::Op {
        self.house.op(Actor::operator("演示"), "demo")
    }
}

/// Goes once around the loop, says what was done, and serves.
pub fn run(data: &Path, asked: &Demo) -> Outcome<()> {
    let started = std::time::Instant::now();
    let (stage, token) = build(data, asked)?;
    let city = data.join("city");

    step(
        started,
        &format!(
            "1 造一座城市（种子 {},{} 户）",
            asked.seed,
            say::count(whole(asked.size))
        ),
    );
    let made = City::make(
        asked.seed,
        asked.size,
        house::hall::local_day(stage.begins),
        &city,
    )
    .map_err(|e| Fault::internal(format!("不能写出演示数据：{e}"), e))?;
    let (entities, records) = (
        say::count(i128::from(made.entities)),
        say::count(i128::from(made.records)),
    );
    say::line(format!(
        "  {entities} 户主体、{records} 条记录的部门文件在 {}",
        city.display()
    ));

    step(started, "2 归集：各部门的文件入库");
    import::load_office(
        &stage.house,
        &city.join("departments.json"),
        &city.join("inspectors.json"),
    )?;
    collect(&stage, &city)?;

    step(started, "3 分类：全部主体");
    let before = classify::all(&stage.house, None)?;
    say::line(format!(
        "  {} 户已分类（批次 {}）",
        say::count(before.entities),
        before.run_id
    ));
    classify::shares(&stage.house)?;

    let (plan_no, draw_id) = campaign(&stage, started)?;

    step(started, "8 按检查结果重新分类");
    let after = classify::all(&stage.house, None)?;
    say::line(format!(
        "  {} 户类别有变化（批次 {}）",
        say::count(after.changed),
        after.run_id
    ));
    classify::shares(&stage.house)?;

    step(started, "9 任何人都可以验证这次抽取");
    verify(&stage, data, draw_id)?;
    tell(&stage, data, asked, &token, &plan_no, draw_id);
    say::line(format!("全程用时 {} 秒。", started.elapsed().as_secs()));
    if asked.no_serve {
        Ok(())
    } else {
        serve::serve(&stage.house, asked.listen)
    }
}

/// A new house on the demo's own days, with its operator's token.
fn build(data: &Path, asked: &Demo) -> Outcome<(Stage, String)> {
    clear(data)?;
    let begins: Instant = BEGINS
        .parse()
        .map_err(|e: chrono::ParseError| Fault::internal("演示日期", e))?;
    let clock = Arc::new(SetClock::starting_at(begins));
    let settings = Settings {
        database: asked.database.clone(),
        pack: "shantou-jinping".into(),
        suite: "sm3-sm2".into(),
    };
    let (house, token) = rim::init(data, settings, clock.clone())?;
    house.folder.write(
        MARK,
        format!("{{\"seed\":{},\"size\":{}}}\n", asked.seed, asked.size).as_bytes(),
    )?;
    Ok((
        Stage {
            house,
            clock,
            begins,
            seed: asked.seed,
        },
        token,
    ))
}

/// From the plan to the published results.
fn campaign(stage: &Stage, started: std::time::Instant) -> Outcome<(String, i64)> {
    step(started, "4 计划、批准");
    let plan_no = plan(stage)?;
    step(started, "5 承诺、揭示、抽取");
    let draw_id = draw(stage, &plan_no)?;
    step(started, "6 检查：录入结果（按演示城市的隐藏情况模拟）");
    let done = inspect_all(stage, &plan_no)?;
    say::line(format!("  已检查 {} 户", say::count(whole(done))));
    step(started, "7 公示");
    stage.at(27, 0);
    let published = command(&stage.house, &stage.op(), publish::service::publish_due_results)?;
    worker::settle(&stage.house, false)?;
    say::line(format!("  已公示 {} 项检查结果", say::count(published)));
    Ok((plan_no, draw_id))
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn step(started: std::time::Instant, what: &str) {
    let spent: Duration = started.elapsed();
    say::line(format!("[{:>4} 秒] {what}", spent.as_secs()));
}

/// Removes what an earlier demo made; anything else is left alone.
fn clear(data: &Path) -> Outcome<()> {
    if data.join("xinheng.json").exists() && !data.join(MARK).exists() {
        let detail = format!(
            "{} 中是正式数据，演示不会动它。请用 --data 换一个文件夹。",
            data.display()
        );
        return Err(Fault::new(FaultKind::Conflict, "demo.folder.in-use", detail));
    }
    if data.join(MARK).exists() {
        std::fs::remove_dir_all(data)
            .map_err(|e| Fault::internal(format!("不能清除 {}:{e}", data.display()), e))?;
    }
    Ok(())
}

fn collect(stage: &Stage, city: &Path) -> Outcome<()> {
    // What ends other records comes after what it ends.
    let last = |item: &str| ["abnormal-removal", "serious-removal", "repair"].contains(&item);
    let ordered = SHEETS
        .iter()
        .filter(|s| !last(s.item))
        .chain(SHEETS.iter().filter(|s| last(s.item)));
    let (mut accepted, mut refused) = (0, 0);
    for sheet in ordered {
        let name = format!("{}.csv", sheet.item);
        let file = city.join(&name);
        let plain = Mapping::default();
        let (batch, _) = import::take_in_quietly(&stage.house, &file, sheet.item, sheet.supplier, &plain)?;
        if batch.state == "refused" {
            let detail = format!("{name} 被整个退回：{}", batch.note.unwrap_or_default());
            return Err(Fault::new(FaultKind::Invalid, "demo.file.refused", detail));
        }
        accepted += batch.rows_accepted;
        refused += batch.rows_refused;
    }
    say::line(format!(
        "  入库 {} 条，退回 {} 行（城市里故意放了错行）",
        say::count(accepted),
        say::count(refused)
    ));
    Ok(())
}

fn plan(stage: &Stage) -> Outcome<String> {
    stage.at(0, 60);
    let day = |n: i64| house::hall::local_day(stage.begins + chrono::Duration::days(n));
    let item = |check: &str, department: &str| NewPlanItem {
        check: check.into(),
        department: Some(department.into()),
        ratios: std::collections::BTreeMap::new(),
    };
    let new = NewPlan {
        title: "2026年第二季度金平区餐饮、住宿、居民服务和娱乐业跨部门联合抽查".into(),
        department: INITIATOR.into(),
        division: "440511".into(),
        mode: Mode::Directed,
        items: vec![
            item("catering.daily", INITIATOR),
            item("fire.place", "440511-xfj"),
            item("price.tag", INITIATOR),
        ],
        filter: Filter {
            industries: vec!["H".into(), "O".into(), "R".into()],
            ..Filter::default()
        },
        starts_on: day(2),
        ends_on: day(26),
        reserve: None,
    };
    let plan = command(&stage.house, &stage.op(), |tx, op| {
        let plan = inspect::write_plan(tx, op, &new)?;
        inspect::approve_plan(tx, op, plan.plan_id)
    })?;
    worker::settle(&stage.house, false)?;
    say::line(format!("  {} {}", plan.plan_no, plan.title));
    Ok(plan.plan_no)
}

fn draw(stage: &Stage, plan_no: &str) -> Outcome<i64> {
    const VALUE_BYTES: usize = 32;
    stage.at(0, 90);
    let suite = stage.house.keys.suite;
    let mut parties = Vec::new();
    for name in ["市场监督管理局", "司法局", "市民代表"] {
        let mut value = [0_u8; VALUE_BYTES];
        stage.house.chance.fill(&mut value)?;
        parties.push((name, value));
    }
    let contributors = parties
        .iter()
        .map(|(name, value)| NewContributor::Party {
            name: (*name).into(),
            commitment: Contribution {
                name: (*name).into(),
                value: value.to_vec(),
            }
            .commit(suite)
            .to_string(),
        })
        .collect();
    let new = NewDraw {
        contributors,
        reveal_by: None,
    };
    let draw = super::inspect::commit(&stage.house, plan_no, &new)?;
    stage.at(0, 120);
    for (name, value) in &parties {
        let value = hex::encode(value);
        command(&stage.house, &stage.op(), |tx, op| {
            inspect::reveal(tx, op, draw.draw_id, name, &value)
        })?;
    }
    stage.at(0, 150);
    let drawn = command(&stage.house, &stage.op(), |tx, op| {
        inspect::draw(tx, op, &stage.house.keys, draw.draw_id)
    })?;
    worker::settle(&stage.house, false)?;
    super::inspect::describe(&drawn);
    Ok(draw.draw_id)
}

fn inspect_all(stage: &Stage, plan_no: &str) -> Outcome<usize> {
    const PAGE: i64 = 200;
    let plan = query(&stage.house, &stage.op(), |tx, op| {
        inspect::plan_by_no(tx, op, plan_no)
    })?;
    let search = TaskSearch {
        plan: Some(plan.plan_id),
        inspector: None,
        state: Some("open".into()),
    };
    let (mut after, mut done) = (0, 0);
    loop {
        let tasks = query(&stage.house, &stage.op(), |tx, op| {
            inspect::tasks(tx, op, &search, after, PAGE)
        })?;
        let Some(last) = tasks.last() else { break };
        after = last.task_id;
        for task in &tasks {
            let visit = 3 + i64::try_from(done % 20).unwrap_or(0);
            stage.at(visit, 240);
            record(
                stage,
                task,
                house::hall::local_day(stage.begins + chrono::Duration::days(visit)),
            )?;
            done += 1;
        }
    }
    worker::settle(&stage.house, false)?;
    Ok(done)
}

/// Hands in what the inspectors of a task would find in this city.
pub fn findings(seed: u64, task: &Task, checked_on: Day) -> NewResult {
    let items = task
        .items
        .iter()
        .map(|item| {
            let finding = demo::outcome(seed, &task.subject_no, &item.item);
            NewItemResult {
                item: item.item.clone(),
                codes: vec![finding.result.to_owned()],
                note: finding.note,
            }
        })
        .collect();
    let inspectors = task
        .members
        .iter()
        .map(|member| member.inspector.clone())
        .collect();
    NewResult {
        checked_on,
        inspectors,
        items,
    }
}

fn record(stage: &Stage, task: &Task, checked_on: Day) -> Outcome<()> {
    let found = findings(stage.seed, task, checked_on);
    command(&stage.house, &stage.op(), |tx, op| {
        inspect::record_result(tx, op, task.task_id, &found)
    })
    .map(drop)
}

/// Hands in simulated results for every open task of a plan whose checks have begun.
pub fn rehearse(house: &House, plan_no: &str, seed: u64) -> Outcome<()> {
    const PAGE: i64 = 500;
    say::note("演练：以下检查结果是模拟的，不得用于正式数据。");
    let op = house.op(Actor::operator("演练"), "rehearse");
    let plan = query(house, &op, |tx, op| inspect::plan_by_no(tx, op, plan_no))?;
    let search = TaskSearch {
        plan: Some(plan.plan_id),
        inspector: None,
        state: Some("open".into()),
    };
    let (mut after, mut done) = (0, 0_i64);
    loop {
        let tasks = query(house, &op, |tx, op| inspect::tasks(tx, op, &search, after, PAGE))?;
        let Some(last) = tasks.last() else { break };
        after = last.task_id;
        for task in &tasks {
            let found = findings(seed, task, op.today());
            command(house, &op, |tx, op| {
                inspect::record_result(tx, op, task.task_id, &found)
            })?;
            done += 1;
        }
    }
    worker::settle(house, false)?;
    say::line(format!("已录入 {} 户的模拟检查结果。", say::count(done)));
    Ok(())
}

fn verify(stage: &Stage, data: &Path, draw_id: i64) -> Outcome<()> {
    super::inspect::material(&stage.house, draw_id, data, true, None)?;
    let sealed = query(&stage.house, &stage.op(), |tx, _| {
        inspect::sealed_transcript(tx, &stage.house.keys, draw_id)
    })?;
    let auditor = query(&stage.house, &stage.op(), |tx, op| {
        inspect::auditor_material(tx, op, draw_id)
    })?;
    let report = proof::verify::verify(&sealed, Some(&proof::verify::Material::Auditor(auditor)));
    let passed = report
        .checks
        .iter()
        .filter(|check| check.outcome == proof::verify::Outcome::Pass)
        .count();
    if !report.holds() {
        let detail = format!("抽取文书验证不通过：{}", report.failed().join("、"));
        return Err(Fault::new(FaultKind::Conflict, "demo.verify.failed", detail));
    }
    say::line(format!("  审计级验证：{passed} 项全部通过"));
    Ok(())
}

fn tell(stage: &Stage, data: &Path, asked: &Demo, token: &str, plan_no: &str, draw_id: i64) {
    let host = format!("http://{}", asked.listen);
    let shown = data.display();
    say::line("");
    say::line("可以看看：");
    say::line(format!("  {host}/                                    首页"));
    say::line(format!(
        "  {host}/api/v1/public/plans                 公开的计划（{plan_no}）"
    ));
    say::line(format!(
        "  {host}/api/v1/public/draws/{draw_id}/transcript   公开的抽取文书"
    ));
    say::line(format!(
        "  {host}/api/v1/public/results               公示的检查结果"
    ));
    say::line(format!("  {host}/api/openapi.json                    接口说明"));
    say::line("  验证这次抽取（两个独立的程序，结论应当相同）：");
    say::line(format!(
        "    xinheng verify {shown}/draw-{draw_id}.json --pool {shown}/draw-{draw_id}-auditor.json"
    ));
    say::line(format!(
        "    python3 tools/verify_draw.py {shown}/draw-{draw_id}.json --pool {shown}/draw-{draw_id}-auditor.json"
    ));
    say::line(format!("  内部接口的令牌：{token}"));
    let code = demo::code_of(stage.seed, 1);
    say::line(format!(
        "    curl -H 'Authorization: Bearer {token}' {host}/api/v1/assess/entities/{code}"
    ));
}
