//! What the fuzz targets share: [`samples`] of vaults, where the [`fields`] of their files are, edits of these
//! ([`forge`]) with checksums and hashes that fit ([`seal`], [`rehash`]), and questions to whatever opens
//! ([`probe`]).
//!
//! Keeps the invariant that the same bytes do the same again: the samples are made anew in each process, from a
//! clock and chance of their own, and lie on a simulated disk.

pub mod campaign;
pub mod clock;
pub mod fields;
pub mod files;
pub mod forge;
pub mod input;
pub mod numbers;
pub mod operations;
pub mod probe;
pub mod rehash;
pub mod samples;
pub mod seal;
