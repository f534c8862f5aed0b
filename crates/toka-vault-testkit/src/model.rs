//! A reference model of a vault, random operations, and the check of one against the other.
//!
//! [`Model`] is a vault as plain as can be: a vector and a map. [`ops::operations`] makes random
//! operations, [`check_against_model`] carries them out on a back-end and compares every answer.

mod check;
mod follower;
mod graph;
pub mod ops;
mod questions;
mod refusal;
mod vault;

pub use check::check_against_model;
pub use refusal::Refusal;
pub use vault::Model;
