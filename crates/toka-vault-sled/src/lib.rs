//! The durable vault on sled.
//!
//! [`SledVault`] is the engine of `toka-vault-engine` over [`log::SledLog`], which keeps events in
//! blocks in one sled tree. `tree` is the one file that names sled, and holds what sled 0.34.7 has
//! to be protected from; `docs/decisions/` tells why each of it is there.

mod keys;
mod log;
mod message;
mod open;
mod options;
mod segments;
mod tail_scan;
mod tree;
mod unsynced;
mod vault;

pub use options::SledOptions;
pub use toka_vault_engine::disk::{IfMissing, TailLoss};
pub use toka_vault_engine::{Durability, Indexing};
pub use vault::SledVault;
