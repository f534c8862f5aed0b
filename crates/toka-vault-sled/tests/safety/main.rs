//! What is special to sled: that nothing it does, and nothing that happens to its files, loses an
//! acknowledged event, shows a wrong one, or keeps a vault from answering.

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
mod support;
mod tail;

/// Does what a parent test asks for, in a process of its own. Without a parent it does nothing.
#[test]
fn child() {
    support::child::run();
}
