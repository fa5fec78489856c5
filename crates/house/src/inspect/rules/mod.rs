//! What is allowed and how things are counted. Pure: no database, no clock, no chance.
pub mod plan;
pub mod pool;
pub mod result;
pub mod rows;
