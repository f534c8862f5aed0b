//! Engine logs for tests: [`VecLog`] on a [`Disk`] in memory, [`FaultyLog`], [`GatedLog`];
//! [`ManualClock`]; [`Rig`], a vault over all of them; and [`check_log`] and [`check_inline_log`], which ask
//! a log of yours what `Log` promises.
//!
//! Wrappers are put round a log before the vault is opened, and steered by a handle that the test
//! keeps.

mod check;
mod clock;
mod faulty;
mod gated;
mod rig;
mod vec;

pub use check::{check_inline_log, check_log};
pub use clock::ManualClock;
pub use faulty::{Call, Fault, Faults, FaultyLog};
pub use gated::{Gate, GatedLog};
pub use rig::{Rig, UnderWay};
pub use vec::{Disk, VecLog, open_vault, reindexed};
