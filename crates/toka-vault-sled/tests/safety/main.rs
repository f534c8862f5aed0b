//! What is special to sled: that nothing it does, and nothing that happens to its files, loses an
//! acknowledged event, shows a wrong one, or keeps a vault from answering.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and a child tells its parent by printing"
)]

mod blobs;
mod crash;
mod creation;
mod damage;
mod durability;
mod flips;
mod foreign;
mod full_disk;
mod headers;
mod locking;
mod power_cut;
mod record_damage;
mod support;
mod tail;
mod unsynced;

/// Does what a parent test asks for, in a process of its own. Without a parent it does nothing.
#[test]
fn child() {
    support::child::run();
}
