//! Scorecards (评分卡) learned from past results of inspections: bands, points, and what they rest on.
//!
//! [`train`] reads a [`Sample`] by a [`Spec`] and gives a [`Card`] (the model file: bands and points, no rows) with a
//! [`Report`] of how it came about. [`Card::look_at`] finds the card's columns in a file and [`Reader::score`] scores its rows;
//! [`judge`] measures scores against results that came later. Nothing here reads a file, a clock or chance: the same rows
//! give the same card, in whatever order they come.
//!
//! How strict an inspector is (检查人员宽严) is estimated beside the features and stays out of the card: it has no place in it.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions,
        reason = "tests say what they expect by failing"
    )
)]

mod bands;
mod card;
mod feature;
mod fit;
mod fragment;
mod leniency;
mod logistic;
mod measure;
mod number;
mod reading;
mod report;
mod sample;
mod select;
mod spec;
mod strength;
mod train;
mod written;

pub use bands::{Counts, Shape, information_value, weight_of_evidence};
pub use card::{Band, Card, Category, Contribution, Made, Odds, Part, Reader, Scale, Scored, Weighed};
pub use feature::Feature;
pub use fragment::{Fragment, fragment};
pub use leniency::Leniency;
pub use logistic::{Fitted, Problem, solve};
pub use measure::{Interval, Judged, Month, Slice, Visited, auc, days_earlier, first_half, judge};
pub use reading::day_of;
pub use report::{Dropped, Report, TrialResult};
pub use sample::{Headings, Sample, every_column};
pub use spec::{Columns, Spec, Training, Trial};
pub use train::{Trained, train};
