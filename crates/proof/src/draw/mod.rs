//! The verifiable draw `xinheng-draw/1`: commit, reveal, select, form teams, publish sealed, open row by row.
//!
//! Commitment (承诺书) → reveals (揭示) or void (作废书) → transcript (抽取记录). The protocol is written out in
//! docs/draw-format.md so that strangers can implement it.

mod commitment;
mod material;
mod reveal;
mod rows;
mod salts;
mod select;
mod team;
mod transcript;

pub use commitment::{
    Commitment, Contributor, Exclusion, Item, PackName, Ratio, Stratum, TeamRule, TreeHead, quota,
};
pub use material::{AuditorMaterial, FirmMaterial, ItemRows, PlaceRow, PoolRow, RollRow};
pub use reveal::{Contribution, Reveal, Void, VoidReason};
pub(crate) use rows::row_leaf;
pub use rows::{ListKind, PoolTree, Rows, commit_places, commit_pool, commit_roll, pool_head, recused_entry};
pub use salts::{PoolKey, Salts};
pub use select::{ItemSelection, Pick, Selection, StratumCutoff, Tickets, seed, select, ticket};
pub use team::{assign_teams, check_places};
pub use transcript::{
    Draw, Drawn, ItemCutoffs, Member, Opened, Sealed, SelectedRow, Transcript, signed_bytes,
};
pub(crate) use transcript::{cutoffs, item_rows, selected_tree};
