//! Plans, draws, tasks and results.
mod draw;
mod plan;
mod task;

pub use draw::{ContributorState, Draw, DrawDocuments, NewContributor, NewDraw, PoolCount, Removed};
pub use plan::{Filter, Mode, NewPlan, NewPlanItem, Plan, PlanItem};
pub use task::{
    Cause, ItemResult, NewItemResult, NewResult, Replaced, Replacement, Task, TaskItem, TaskSearch,
    TeamMember,
};
