//! Single bits flipped in sled's data file: the vault refuses with a typed error, or every event is
//! right or named damaged.

use std::path::Path;
use std::process::Stdio;

use futures::executor::block_on;
use toka_vault_core::EventStore;
use toka_vault_sled::SledVault;
use toka_vault_testkit::events::event;

use crate::support::folder::Content;
use crate::support::{Chance, child, filled};

/// Reads a vault in a child, since sled's threads may not survive what they meet. Returns what the
/// child tells; it panics where an event is wrong.
fn read(role: &str, path: &Path) -> String {
    let mut command = child::command(role, path, "");
    command.stderr(Stdio::null());
    let said = child::start(command).finish();
    assert_eq!(said.len(), 1, "{said:?}");
    said[0].clone()
}

/// Flips bits of a vault, one at a time, and reads it each time, twice.
fn flip(path: &Path, whole: &Content, rounds: u64, seed: u64) {
    let mut chance = Chance(seed);
    // Behind the last of it sled wiped the segment, which nobody reads.
    let used = whole.clone().file("sled/db").iter().rposition(|byte| *byte != 0).unwrap();
    let mut tally = std::collections::BTreeMap::<String, u32>::new();
    for _ in 0..rounds {
        let mut flipped = whole.clone();
        let at = chance.below(used as u64) as usize;
        flipped.file("sled/db")[at] ^= 1 << chance.below(8);
        flipped.write(path);
        for role in ["read", "read, accepting"] {
            let told = read(role, path);
            let what = told.split([' ', '{', '(']).next().unwrap();
            *tally.entry(format!("{role}: {what}")).or_default() += 1;
        }
    }
    eprintln!("{tally:#?}");
}

#[test]
fn a_flipped_bit_in_what_no_snapshot_covers_shows_no_wrong_event() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 0);
    let vault = SledVault::open(dir.path()).unwrap();
    for number in 1..=400 {
        block_on(vault.commit(event(number))).unwrap();
    }
    block_on(vault.close()).unwrap();
    flip(dir.path(), &Content::read(dir.path()), 120, 0xf11b);
}

#[test]
fn a_flipped_bit_in_what_a_snapshot_covers_shows_no_wrong_event() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 4_000);
    drop(SledVault::open(dir.path()).unwrap());
    flip(dir.path(), &Content::read(dir.path()), 120, 0xf11c);
}
