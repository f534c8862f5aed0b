//! Tests for back-ends of `toka-vault`, and the parts to build more of them.
//!
//! | part | for |
//! |---|---|
//! | [`conformance!`] | every sentence of the contract of `EventStore`, one test each, on any back-end |
//! | [`logs::check_log`] | every sentence of the contract of the engine's `Log`, on a log of yours by itself |
//! | [`logs`] | an engine log in memory, one that fails on the n-th call, one that waits at a gate |
//! | [`model`] | a vault as plain as can be, to hold random operations against |
//! | [`sim`] | a disk that is crashed between any two changes |
//! | [`child`] | the test's own binary as a child process, which can be killed |
//! | [`small_disk`] | a file system in memory that can be filled up |
//! | [`events`], [`graph`], [`assertions`], [`runner`] | what tests say often |
//!
//! A back-end, a third party's too, runs the whole suite by one line:
//!
//! ```
//! use toka_vault_testkit::Backend;
//! # use toka_vault_testkit::logs::{Disk, open_vault};
//!
//! # fn main() {}
//! // Each test gets a factory of its own; for a durable back-end it owns the folder.
//! toka_vault_testkit::conformance!(on_disk, {
//!     let disk = Disk::default();
//!     Backend::new(move || open_vault(&disk)).durable()
//! });
//! ```
//!
//! This is test code: it panics where a promise is not kept. A case of the suite says which sentence it
//! shows; in its assertions `left` is what the back-end gave, `right` what it should have given. One that
//! waits for what never comes fails after [`runner::PATIENCE`].
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

pub mod assertions;
mod backend;
pub mod child;
pub mod conformance;
pub mod events;
pub mod graph;
mod list;
pub mod logs;
pub mod model;
pub mod runner;
pub mod sim;
pub mod small_disk;

pub use backend::{Backend, Store};

/// Compiles and runs the examples of the guide for back-ends.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/backends.md")]
pub struct Backends;
