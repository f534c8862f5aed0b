//! The durable vault on a journal: segments of a fixed size that are only appended to.
//!
//! [`JournalVault`] is the engine of `toka-vault-engine` over a log of its own. A commit is one write
//! and one sync of a file that was filled with zeros before, so that the file system has nothing to
//! note. `journal` appends and syncs, `reading` reads, `recover` opens what a crash has left; all of
//! them see files through the narrow traits of `toka_vault_engine::disk`, so that tests can simulate
//! the disk. `docs/format.md` has the bytes.

#[cfg(test)]
mod accepted_loss_tests;
mod compression;
#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod damage_tests;
mod follow;
#[cfg(test)]
mod follow_tests;
mod frame;
mod frame_index;
#[cfg(fuzzing)]
pub mod fuzzing;
mod groups;
mod journal;
mod log;
mod one_event;
mod open;
mod options;
mod pool;
mod reading;
mod recover;
#[cfg(test)]
mod recover_tests;
#[cfg(test)]
mod refusal_tests;
mod salvage;
mod segment;
mod segment_header;
mod segments;
#[cfg(all(test, toka_sim))]
#[allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
mod simulation;
mod spares;
#[cfg(test)]
mod unreadable_tests;
mod vault;
mod wipe;

pub use compression::Compression;
pub use options::JournalOptions;
pub use toka_vault_engine::disk::{IfMissing, TailLoss};
pub use toka_vault_engine::{Durability, Indexing};
pub use vault::JournalVault;
