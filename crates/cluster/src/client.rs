//! The client: submits a classification to a scheduler, and once more when an executor was lost with results nobody else has.

use std::collections::BTreeMap;
use std::path::Path;

use ballista::prelude::SessionContextExt as _;
use datafusion::prelude::SessionContext;
use futures::StreamExt as _;
use lake::{ResultFile, Sink as _};

use crate::fault::{Cluster, ClusterFault};
use crate::plan::{Question, plan};
use crate::result::results_of;
use crate::session::{job_config, state};
use crate::source::Lake;

/// How often a job is submitted before the client gives up.
const ATTEMPTS: u32 = 3;

/// A client of one scheduler.
pub struct Client {
    context: SessionContext,
}

/// A classification to be written to files.
pub struct Task<'t> {
    /// What is to be classified.
    pub question: Question<'t>,
    /// One file for each line-up of the question.
    pub files: &'t [&'t Path],
    /// What the files say of themselves besides model and classes: pack, day, position.
    pub stamp: &'t [(&'t str, String)],
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Entities classified.
    pub entities: u64,
    /// For each line-up, entities by class, best class first; those outside count in none.
    pub by_class: Vec<Vec<u64>>,
    /// How often the job was submitted.
    pub attempts: u32,
}

impl Client {
    /// Connects to the scheduler at `address` (`host:port`). `partitions` is into how many parts the work is cut: two for
    /// each core of the cluster is a fair start.
    pub async fn connect(address: &str, partitions: usize) -> Cluster<Self> {
        let state = state(job_config(partitions))?;
        let context = SessionContext::remote_with_state(&format!("df://{address}"), state).await?;
        Ok(Self { context })
    }

    /// The session, for [`Lake::open`].
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Classifies and writes one file for each model, as `lake` does on one machine. Each attempt writes anew; without
    /// success only unfinished files remain. `retrying` hears of attempts that failed.
    pub async fn classify(
        &self,
        lake: &Lake,
        task: &Task<'_>,
        retrying: &mut dyn FnMut(u32, &ClusterFault),
    ) -> Cluster<Answer> {
        let mut attempts = 1;
        loop {
            match self.attempt(lake, task).await {
                Ok(answer) => return Ok(Answer { attempts, ..answer }),
                // Only what the cluster did may go better the second time.
                Err(fault @ ClusterFault::Plan(_)) if attempts < ATTEMPTS => retrying(attempts, &fault),
                Err(fault @ ClusterFault::Plan(_)) => {
                    return Err(ClusterFault::GivenUp {
                        attempts,
                        last: Box::new(fault),
                    });
                }
                Err(fault) => return Err(fault),
            }
            attempts += 1;
        }
    }

    async fn attempt(&self, lake: &Lake, task: &Task<'_>) -> Cluster<Answer> {
        let models = &task.question.compiled()?;
        let mut files = Vec::new();
        for (number, (model, path)) in models.iter().zip(task.files).enumerate() {
            files.push(ResultFile::create(path, number, model.model(), task.stamp)?);
        }
        let mut stream = plan(&self.context, lake, &task.question)
            .await?
            .execute_stream()
            .await?;
        let mut entities = 0_u64;
        let mut counts: BTreeMap<(usize, u8), u64> = BTreeMap::new();
        let mut before = None;
        while let Some(batch) = stream.next().await {
            let results = results_of(&batch?, models)?;
            for entity in &results.entity {
                if before.is_some_and(|before| before >= *entity) {
                    return Err(ClusterFault::Shape("主体未按序排列"));
                }
                before = Some(*entity);
            }
            for (number, columns) in results.models.iter().enumerate() {
                for class in &columns.class {
                    *counts.entry((number, *class)).or_default() += 1;
                }
            }
            entities = entities.saturating_add(u64::try_from(results.entity.len()).unwrap_or(u64::MAX));
            for file in &mut files {
                file.take(&results)?;
            }
        }
        let wanted = lake.entity_count(lake.up_to(task.question.up_to)?)?;
        if wanted.is_some_and(|wanted| wanted != entities) {
            return Err(ClusterFault::Shape("主体数与快照不符"));
        }
        for file in files {
            file.finish()?;
        }
        let of_model = |(number, model): (usize, &policy::Compiled)| {
            let classes = (0_u8..).take(model.model().classes.len());
            classes
                .map(|class| counts.get(&(number, class)).copied().unwrap_or(0))
                .collect()
        };
        let by_class = models.iter().enumerate().map(of_model).collect();
        Ok(Answer {
            entities,
            by_class,
            attempts: 1,
        })
    }
}
