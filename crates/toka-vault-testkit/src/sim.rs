//! A simulated disk: what a crash may leave of files that were written and not synced.
//!
//! A [`SimDirectory`] keeps files in memory and notes every change. The changes can be replayed up to
//! any of them on a [`SimDisk`], which is then [crashed](SimDisk::crashed): of what was written and
//! not synced, each sector of 512 bytes is there or not, in any combination, and so is each name that
//! was created or removed and not synced. A sync that fails leaves what was written to be read, and a later
//! one does not make it durable. All chance comes from a [`Seed`], so that every crash can be had again.

mod directory;
mod disk;
mod seed;

pub use directory::{Change, SimDirectory};
pub use disk::SimDisk;
pub use seed::Seed;
