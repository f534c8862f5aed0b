//! Damage in sled's log behind which sled would overwrite what is whole: refused, with not a byte
//! changed.

use std::fs;
use std::path::Path;

use futures::executor::block_on;
use toka_vault_core::{Error, EventStore, Remedy};
use toka_vault_sled::SledVault;
use toka_vault_testkit::events::{distinct, event};

use crate::support::folder::Content;
use crate::support::{Chance, damaged_positions, filled, open_accepting};

const SEGMENT_BYTES: usize = 2 << 20;

/// Makes a vault of several segments, which was opened anew in between or not.
fn several_segments(path: &Path, openings: u64) {
    for opening in 0..openings {
        let vault = SledVault::open(path).unwrap();
        for size in [1_500_000, 900_000] {
            block_on(vault.commit(distinct(opening, size))).unwrap();
        }
    }
}

#[test]
fn a_damaged_header_is_refused_and_nothing_is_changed() {
    let dir = tempfile::tempdir().unwrap();
    for openings in [1, 4] {
        let path = dir.path().join(openings.to_string());
        several_segments(&path, openings);
        let whole = Content::read(&path);
        let segments = whole.clone().file("sled/db").len().div_ceil(SEGMENT_BYTES);
        assert!(segments > 1, "{segments} segments");
        let mut chance = Chance(openings);
        for segment in 0..segments {
            let at = segment * SEGMENT_BYTES + chance.below(20) as usize;
            let mut damaged = whole.clone();
            if damaged.file("sled/db")[segment * SEGMENT_BYTES..][..20] == [0; 20] {
                continue;
            }
            damaged.file("sled/db")[at] ^= 1 << chance.below(8);
            damaged.write(&path);
            let error = SledVault::open(&path).unwrap_err();
            let Error::Damaged { path: file, reason, remedy: Remedy::AcceptTailLoss } = &error else {
                panic!("{error:?}")
            };
            let place = format!("byte {}", segment * SEGMENT_BYTES);
            assert!(reason.contains(&place) && file.ends_with("sled/db"), "{error}");
            assert_eq!(Content::read(&path), damaged, "{error}");
        }
        whole.write(&path);
        SledVault::open(&path).unwrap();
    }
}

#[test]
fn a_damaged_header_is_passed_over_where_loss_is_accepted() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 1_000);
    let mut content = Content::read(dir.path());
    content.file("sled/db")[7] ^= 1;
    content.write(dir.path());
    assert!(SledVault::open(dir.path()).is_err());
    // What is lost is for sled to decide; what is shown is right.
    let vault = open_accepting(dir.path()).unwrap();
    assert!(damaged_positions(&vault).len() <= 1_000);
}

/// Flips a bit of each of some messages of the log, which has to be refused unchanged. Returns how
/// many were.
fn refused_flips(path: &Path, whole: &Content, range: std::ops::Range<usize>, accepting: bool) -> usize {
    let mut refused = 0;
    let mut chance = Chance(0xda7a);
    for _ in 0..40 {
        let mut damaged = whole.clone();
        let at = range.start + chance.below(range.len() as u64) as usize;
        damaged.file("sled/db")[at] ^= 1 << chance.below(8);
        damaged.write(path);
        let opened = if accepting { open_accepting(path) } else { SledVault::open(path) };
        if let Err(error) = opened {
            assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
            assert!(error.to_string().contains("nothing was changed"), "{error}");
            assert_eq!(Content::read(path), damaged, "{error}");
            refused += 1;
        }
    }
    whole.write(path);
    assert!(damaged_positions(&SledVault::open(path).unwrap()).is_empty());
    refused
}

#[test]
fn damage_before_the_acknowledged_end_is_refused_and_nothing_is_changed() {
    let dir = tempfile::tempdir().unwrap();
    let vault = SledVault::open(dir.path()).unwrap();
    for number in 1..=400 {
        block_on(vault.commit(event(number))).unwrap();
    }
    // As after a kill: no snapshot covers it.
    let whole = Content::read(dir.path());
    drop(vault);
    let newest = whole.clone().file("sled/db").len() - 2_000;
    let refused = refused_flips(dir.path(), &whole, 1_000..newest, false);
    assert!(refused >= 38, "{refused} of 40 were refused");
}

#[test]
fn damage_in_what_a_snapshot_covers_is_refused_and_nothing_is_changed() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 2_000);
    drop(SledVault::open(dir.path()).unwrap());
    let whole = Content::read(dir.path());
    let covered = whole.0.keys().filter_map(|name| name.to_str()?.strip_prefix("sled/snap.")).next_back();
    let covered = usize::from_str_radix(covered.unwrap(), 16).unwrap();
    assert!(covered > 10_000, "{covered} bytes");
    for accepting in [false, true] {
        assert_eq!(refused_flips(dir.path(), &whole, 20..covered, accepting), 40);
    }
}

#[test]
fn a_data_file_that_ends_early_or_late_is_not_taken_for_damage() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 1_000);
    let file = fs::OpenOptions::new().write(true).open(dir.path().join("sled/db")).unwrap();
    // A crash while the file grows leaves zeros, or a part of a header.
    for extra in [SEGMENT_BYTES + 7, SEGMENT_BYTES + 4_096, 3 * SEGMENT_BYTES] {
        file.set_len(extra as u64).unwrap();
        let vault = SledVault::open(dir.path()).unwrap();
        assert!(damaged_positions(&vault).is_empty());
        block_on(vault.close()).unwrap();
    }
}
