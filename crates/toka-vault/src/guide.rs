//! Pages to read beside the reference, which `cargo doc` shows and no program contains:
//!
//! - [`cookbook`]: recipes, each a whole program that the tests run.
//! - [`operations`]: what to do when a vault does not open or a disk is full; backup, room, options.
//!
//! Others are files of the repository, for whoever builds on the vault or changes it: `docs/architecture.md`
//! (how it is built, and the invariants), `docs/format.md` (every byte that is hashed or stored),
//! `docs/backends.md` (how to write a back-end), `docs/migration.md` (from `toka-bus-memory` and
//! `toka-bus-persist`), `docs/decisions/` (why it is as it is), `CONTRIBUTING.md`, `CHANGELOG.md`, and the
//! licences `LICENSE-MIT` and `LICENSE-APACHE`.

#[doc = include_str!("../docs/cookbook.md")]
pub mod cookbook {}

#[doc = include_str!("../docs/operations.md")]
pub mod operations {}
