//! Makes the test vectors of the draw, the same bytes at every run: `cargo run -p proof --example make_vectors [folder]`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "a program for developers that may stop at the first surprise"
)]

use std::path::{Path, PathBuf};

use proof::draw::{
    AuditorMaterial, Commitment, Contribution, Contributor, Draw, Drawn, Exclusion, FirmMaterial, Item,
    PackName, PoolKey, Ratio, Reveal, RollRow, Rows, Stratum, TeamRule, Void, commit_places, commit_pool,
    commit_roll, quota, recused_entry,
};
use proof::log::{Checkpoint, Entry, Extract, Leaf};
use proof::merkle::Tree;
use proof::text::{Hex, Time};
use proof::verify::{Material, verify};
use proof::{Digest, Key, Suite, canonical};
use serde::Serialize;

mod plans;

use plans::{ItemPlan, Person, Plan, empty, everybody, joint, undirected};

const DIVISIONS: [&str; 4] = ["440507", "440511", "440512", "440513"];

/// A valid-looking 18-character number of a made-up entity.
fn entity(n: usize) -> String {
    const MARKS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let mark = |k: usize| char::from(MARKS[k % MARKS.len()]);
    format!(
        "91{}MA{}{:06}{}{}",
        DIVISIONS[n % 4],
        mark(n * 7 + 3),
        n * 37 % 1_000_000,
        mark(n * 5),
        mark(n * 11 + 1)
    )
}

struct Made {
    commitment: Commitment,
    contributions: Vec<Contribution>,
    pools: Vec<Rows>,
    places: Rows,
    roll: Vec<RollRow>,
    pool_key: PoolKey,
    platform: Key,
}

fn time(text: &str) -> Time {
    text.parse().expect("a time")
}

fn pool_rows(plan: &ItemPlan) -> Rows {
    let mut rows: Vec<(String, usize)> = plan
        .candidates
        .iter()
        .map(|(n, stratum)| (entity(*n), *stratum))
        .collect();
    rows.sort();
    let mut made = Rows::new((1..=plan.ratios.len()).map(|n| format!("s{n}")).collect());
    for (id, stratum) in rows {
        made.push(&id, stratum as u32).unwrap();
    }
    made
}

fn place_rows(plan: &Plan) -> Rows {
    let mut rows: Vec<(String, u32)> = plan
        .items
        .iter()
        .flat_map(|item| item.candidates.iter().map(|(n, _)| (entity(*n), (n % 4) as u32)))
        .collect();
    rows.sort();
    rows.dedup();
    let mut made = Rows::new(DIVISIONS.iter().map(|code| (*code).to_owned()).collect());
    for (id, division) in rows {
        made.push(&id, division).unwrap();
    }
    made
}

fn roll_rows(suite: Suite, key: &PoolKey, people: &[Person]) -> Vec<RollRow> {
    let text = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
    let row = |person: &Person| {
        let mut recused: Vec<Digest> = person
            .recused
            .iter()
            .map(|n| recused_entry(suite, key, person.id, &entity(*n)))
            .collect();
        recused.sort();
        RollRow {
            id: person.id.to_owned(),
            department: person.department.to_owned(),
            divisions: text(person.divisions),
            qualifications: text(person.qualifications),
            certificate_until: person.until.parse().unwrap(),
            load: person.load,
            may_lead: person.may_lead,
            recused,
        }
    };
    people.iter().map(row).collect()
}

fn item(suite: Suite, key: &PoolKey, plan: &ItemPlan, rows: &Rows) -> Item {
    let stratum = |(at, ratio): (usize, &Result<(u64, u64), u64>)| {
        let label = format!("s{}", at + 1);
        let size = (0..rows.len()).filter(|row| rows.label(*row) == label).count() as u64;
        match *ratio {
            Ok((num, den)) => Stratum {
                label,
                size,
                quota: quota(size, num, den),
                ratio: Some(Ratio { num, den }),
            },
            Err(quota) => Stratum {
                label,
                size,
                quota,
                ratio: None,
            },
        }
    };
    Item {
        item: plan.code.to_owned(),
        department: plan.department.to_owned(),
        qualification: plan.qualification.to_owned(),
        pool: commit_pool(suite, key, plan.code, rows).head,
        strata: plan.ratios.iter().enumerate().map(stratum).collect(),
        reserve: plan.reserve,
        exclusions: plan
            .exclusions
            .iter()
            .map(|(rule, removed)| Exclusion {
                rule: (*rule).to_owned(),
                removed: *removed,
            })
            .collect(),
    }
}

fn prepare(suite: Suite, plan: &Plan) -> Made {
    let word = |label: &str| {
        suite.hash(format!("{}/{}/{}/{label}", plan.campaign, plan.attempt, suite.name()).as_bytes())
    };
    let pool_key = PoolKey(word("pool key"));
    let platform = Key::from_random(suite, &word("platform").0).unwrap();
    let mut contributions = vec![
        Contribution {
            name: "市场监管局".into(),
            value: word("a").0.to_vec(),
        },
        Contribution {
            name: "公证处".into(),
            value: word("b").0[..16].to_vec(),
        },
        Contribution {
            name: "企业代表 李某".into(),
            value: [word("c").0, word("d").0].concat(),
        },
    ];
    let mut contributors: Vec<Contributor> = contributions
        .iter()
        .map(|one| Contributor::Party {
            name: one.name.clone(),
            commitment: one.commit(suite),
        })
        .collect();
    if plan.beacon {
        contributions.insert(
            1,
            Contribution {
                name: "drand".into(),
                value: word("beacon").0.to_vec(),
            },
        );
        let (source, round) = ("https://api.drand.sh".into(), "4500000".into());
        contributors.insert(
            1,
            Contributor::Beacon {
                name: "drand".into(),
                source,
                round,
            },
        );
    }
    let pools: Vec<Rows> = plan.items.iter().map(pool_rows).collect();
    let places = place_rows(plan);
    let roll = roll_rows(suite, &pool_key, &plan.people);
    let (alone, joint, total, load_cap) = plan.team;
    let commitment = Commitment {
        kind: "commitment".into(),
        protocol: proof::suite::PROTOCOL.into(),
        suite: suite.name().into(),
        campaign: plan.campaign.into(),
        attempt: plan.attempt,
        previous_void: plan.previous_void,
        committed_at: time("2026-03-02T01:00:00Z"),
        pack: PackName {
            name: "base".into(),
            hash: Suite::Sha256Ed25519.hash(b"pack"),
        },
        items: plan
            .items
            .iter()
            .zip(&pools)
            .map(|(plan, rows)| item(suite, &pool_key, plan, rows))
            .collect(),
        places: commit_places(suite, &pool_key, &places).head,
        roll: commit_roll(suite, &pool_key, &roll).unwrap().head,
        team: TeamRule {
            alone,
            joint,
            total,
            load_cap,
            initiator: "amr".into(),
            on: "2026-03-10".parse().unwrap(),
        },
        contributors,
        reveal_by: time("2026-03-03T01:00:00Z"),
    };
    Made {
        commitment,
        contributions,
        pools,
        places,
        roll,
        pool_key,
        platform,
    }
}

fn draw(made: &Made) -> Drawn {
    let reveals: Vec<Reveal> = made.contributions.iter().map(Contribution::reveal).collect();
    Draw {
        commitment: &made.commitment,
        reveals: &reveals,
        pools: &made.pools,
        places: &made.places,
        roll: &made.roll,
        pool_key: &made.pool_key,
    }
    .run(&made.platform, time("2026-03-03T02:00:00Z"))
    .unwrap()
}

/// A log in which other entries stand around ours.
fn log(suite: Suite, made: &Made, drawn: &Drawn) -> Extract {
    let subject = made.commitment.campaign.as_str();
    let leaf = |at: &str, document: Digest, kind: &str, subject: &str| Leaf {
        at: time(at),
        document,
        kind: kind.into(),
        subject: subject.into(),
    };
    let mut leaves = vec![leaf(
        "2026-03-01T00:00:00Z",
        suite.hash(b"another"),
        "publish.notice",
        "N-1",
    )];
    let mut ours = vec![leaves.len()];
    leaves.push(leaf(
        "2026-03-02T01:00:05Z",
        drawn.transcript.commitment_hash,
        "draw.commitment",
        subject,
    ));
    leaves.push(leaf(
        "2026-03-02T05:00:00Z",
        suite.hash(b"third"),
        "publish.notice",
        "N-2",
    ));
    for reveal in &drawn.transcript.reveals {
        ours.push(leaves.len());
        let document = reveal.document_hash(suite, &made.commitment).unwrap();
        leaves.push(leaf("2026-03-02T23:30:00Z", document, "draw.reveal", subject));
    }
    ours.push(leaves.len());
    leaves.push(leaf(
        "2026-03-03T02:00:01Z",
        drawn.transcript.hash(suite).unwrap(),
        "draw.transcript",
        subject,
    ));
    leaves.push(leaf(
        "2026-03-03T02:10:00Z",
        suite.hash(b"later"),
        "publish.notice",
        "N-3",
    ));
    let tree = Tree::build(
        suite,
        leaves.iter().map(|leaf| leaf.hash(suite).unwrap()).collect(),
    );
    let checkpoint = Checkpoint::sign(
        &made.platform,
        tree.size(),
        tree.root(),
        time("2026-03-03T02:15:00Z"),
    )
    .unwrap();
    let entry = |at: usize| Entry {
        index: at as u64,
        leaf: leaves[at].clone(),
        path: tree.path(at as u64).unwrap(),
    };
    Extract {
        checkpoint,
        entries: ours.into_iter().map(entry).collect(),
    }
}

fn write<T: Serialize>(folder: &Path, name: &str, kind: &str, value: &T) {
    let mut bytes = canonical::to_vec(value).unwrap();
    bytes.push(b'\n');
    std::fs::write(folder.join(format!("{name}.{kind}.json")), bytes).unwrap();
}

/// Draws a plan, checks the result at every level, and writes the three files.
fn publish(folder: &Path, name: &str, suite: Suite, plan: &Plan) -> Made {
    let made = prepare(suite, plan);
    let drawn = draw(&made);
    let opened = plan.open.iter().filter_map(|index| drawn.open(*index)).collect();
    let sealed = drawn.sealed(plan.log.then(|| log(suite, &made, &drawn)), opened);
    let items = &made.commitment.items;
    let auditor = AuditorMaterial::of(
        &made.pool_key,
        items,
        &made.pools,
        &made.places,
        &made.roll,
        &drawn.rows,
    );
    let rows = &made.pools[0];
    let tree = commit_pool(suite, &made.pool_key, &items[0].item, rows);
    let firm = FirmMaterial::of(
        suite,
        &made.pool_key,
        &items[0],
        rows,
        &tree,
        rows.id(rows.len() / 2),
    )
    .unwrap();
    write(folder, name, "sealed", &sealed);
    write(folder, name, "auditor", &auditor);
    write(folder, name, "firm", &firm);
    for material in [Material::Firm(firm), Material::Auditor(auditor)] {
        let report = verify(&sealed, Some(&material));
        assert!(report.holds(), "{name}: {report:#?}");
    }
    println!("{name}: {} rows selected", drawn.rows.len());
    made
}

fn main() {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/draw/good");
    let folder = std::env::args().nth(1).map_or(default, PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();
    for suite in [Suite::Sm3Sm2, Suite::Sha256Ed25519] {
        let named = |name: &str| format!("{name}-{}", suite.name().split('-').next().unwrap_or(""));
        publish(&folder, &named("undirected"), suite, &undirected());
        publish(&folder, &named("joint"), suite, &joint());
        publish(&folder, &named("empty-pool"), suite, &empty());
        publish(&folder, &named("everybody"), suite, &everybody());

        // The first attempt is voided because one contributor revealed something else.
        let mut first = undirected();
        first.campaign = "2026-SJ-004";
        let made = prepare(suite, &first);
        let mut reveals: Vec<Reveal> = made.contributions.iter().map(Contribution::reveal).collect();
        reveals[1].value = Hex(vec![0; 16]);
        let void = Void::of(suite, &made.commitment, &reveals, time("2026-03-03T01:00:01Z"))
            .unwrap()
            .unwrap();
        write(&folder, &named("second-attempt"), "void", &void);
        let second = Plan {
            attempt: 2,
            previous_void: Some(void.hash(suite).unwrap()),
            ..first
        };
        publish(&folder, &named("second-attempt"), suite, &second);
    }
}
