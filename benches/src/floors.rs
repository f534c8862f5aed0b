//! The floors: the same work without a vault.

pub mod append;
pub mod memory;
pub mod pipeline;
pub mod read;
