//! Every permission there is. A route names one of these; a route whose permission is not listed here keeps
//! the program from starting.
use kernel::permission::Permission;
use kernel::{Actor, ActorKind};

/// Anybody, without signing in.
pub const PUBLIC: Permission = Permission("public");
/// See duties, jobs and the ledger.
pub const READ_HALL: Permission = Permission("hall.read");
/// Download the ledger.
pub const READ_FEED: Permission = Permission("hall.feed");
/// Manage subscribers.
pub const MANAGE_HOOKS: Permission = Permission("hall.hooks");
/// See departments and inspectors.
pub const READ_OFFICE: Permission = Permission("office.read");
/// Load departments and inspectors.
pub const WRITE_OFFICE: Permission = Permission("office.write");
/// See batches and their refusals.
pub const READ_INTAKE: Permission = Permission("intake.read");
/// Hand records over.
pub const SUPPLY: Permission = Permission("intake.supply");
/// Push records on to an upper platform.
pub const PUSH_ON: Permission = Permission("intake.push-on");
/// Decide whose record a row is.
pub const MATCH: Permission = Permission("intake.match");
/// Merge entities that turned out to be one, and unmerge them.
pub const MERGE: Permission = Permission("registry.merge");
/// See entities and credit files.
pub const READ_REGISTRY: Permission = Permission("registry.read");
/// See classes with their reasons: an internal basis for allocating checks, never public.
pub const READ_CLASSES: Permission = Permission("assess.read");
/// Run a classification.
pub const CLASSIFY: Permission = Permission("assess.classify");
/// See drafts of models, their shadow runs and releases.
pub const READ_MODELS: Permission = Permission("assess.read-models");
/// Draft models, run them in the shadow, withdraw them.
pub const DRAFT_MODEL: Permission = Permission("assess.draft-model");
/// Approve and reject drafts of models.
pub const APPROVE_MODEL: Permission = Permission("assess.approve-model");
/// See plans, draws and tasks.
pub const READ_INSPECT: Permission = Permission("inspect.read");
/// Write plans.
pub const WRITE_PLAN: Permission = Permission("inspect.write-plan");
/// Approve plans.
pub const APPROVE_PLAN: Permission = Permission("inspect.approve-plan");
/// Commit, reveal and draw.
pub const DRAW: Permission = Permission("inspect.draw");
/// See what the auditor may see: pool, roll and pool key.
pub const AUDIT_DRAW: Permission = Permission("inspect.audit-draw");
/// Record results.
pub const RECORD_RESULT: Permission = Permission("inspect.record-result");
/// Publish and withdraw.
pub const PUBLISH: Permission = Permission("publish.publish");

/// All of them, for the start-up check and the role matrix.
pub const ALL: &[Permission] = &[
    PUBLIC,
    READ_HALL,
    READ_FEED,
    MANAGE_HOOKS,
    READ_OFFICE,
    WRITE_OFFICE,
    READ_INTAKE,
    SUPPLY,
    PUSH_ON,
    MATCH,
    MERGE,
    READ_REGISTRY,
    READ_CLASSES,
    CLASSIFY,
    READ_MODELS,
    DRAFT_MODEL,
    APPROVE_MODEL,
    READ_INSPECT,
    WRITE_PLAN,
    APPROVE_PLAN,
    DRAW,
    AUDIT_DRAW,
    RECORD_RESULT,
    PUBLISH,
];

/// Whether an actor holds a permission. Posts come with accounts; until then the operator and the program itself hold
/// every permission, everybody else only the public one.
pub fn holds(actor: &Actor, permission: Permission) -> bool {
    permission == PUBLIC || matches!(actor.kind, ActorKind::Operator | ActorKind::System)
}
