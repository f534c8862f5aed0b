//! What every vault on disk needs around its log: a directory that is provably its own, a lock, and
//! a record of how far it had acknowledged.
//!
//! Keeps the invariants that at most one handle in one process has a vault open, and that a
//! directory which is not a vault is never changed.

mod directory;
mod files;
mod head_file;
mod identity;
mod lock;
mod real;
mod rewrite;
mod sectors;
mod storage;
mod tail;
mod zeros;

pub use directory::{Format, IfMissing, VaultDir};
pub use files::{sync_dir, write_synced};
pub use head_file::{HeadFile, Pace};
pub use real::RealDirectory;
pub use rewrite::write_again;
pub use sectors::{Sector, each_sector};
pub(crate) use storage::failed_with;
pub use storage::{Directory, StoredFile, is_unreadable};
pub use tail::{Acknowledged, Tail, TailLoss, check_tail};
