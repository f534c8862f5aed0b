//! Segments that a copy or a repair has cut short: what is in them stays, and the vault goes on.

use std::fs::{self, OpenOptions};
use std::path::Path;

use futures::executor::block_on;
use toka_vault_core::{EventStore, ReplayOptions};
use toka_vault_journal::{JournalOptions, JournalVault};
use toka_vault_testkit::events::{distinct, fill, history, items};

use crate::files::{filled, open, segments};

/// Bytes of a page of a segment.
const PAGE_BYTES: u64 = 4_096;

fn cut(file: &Path, bytes: u64) {
    OpenOptions::new().write(true).open(file).unwrap().set_len(bytes).unwrap();
}

/// Returns where the page with the last byte ends that is not zero.
fn used(file: &Path) -> u64 {
    let bytes = fs::read(file).unwrap();
    (bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1).next_multiple_of(PAGE_BYTES)
}

#[test]
fn a_commit_behind_a_segment_without_its_zeros_overwrites_nothing() {
    // So few that the index of the segment would lie on its header, and so many that it would lie on frames.
    for (count, segment_bytes) in [(5, 64 << 10), (600, 256 << 10)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vault");
        let open = || {
            let options = JournalOptions::new().with_segment_bytes(segment_bytes);
            JournalVault::open_with(&path, options).unwrap()
        };
        let vault = open();
        block_on(fill(&vault, count));
        block_on(vault.close()).unwrap();
        drop(vault);
        let files = segments(&path);
        assert_eq!(files.len(), 1);
        cut(&files[0], used(&files[0]));
        for new in 1..=2 {
            let vault = open();
            block_on(vault.commit(distinct(1_000 + new, 10))).unwrap();
            block_on(vault.close()).unwrap();
        }
        assert_eq!(block_on(history(&open())).len() as u64, count + 2);
    }
}

#[test]
fn a_full_segment_that_is_shorter_than_its_index_hides_no_other() {
    for bytes in [PAGE_BYTES, 20 << 10] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vault");
        let files = filled(&path, 2_000);
        assert!(files.len() > 3, "{files:?}");
        cut(&files[1], bytes);
        let vault = open(&path).unwrap();
        let found = block_on(items(vault.replay(ReplayOptions::new())));
        let whole = found.iter().filter(|item| item.is_ok()).count();
        assert!((1_000..2_000).contains(&whole), "{whole} of 2000 are whole");
        assert!(found.last().unwrap().is_ok(), "all behind it can be read");
    }
}
