//! A vault whose creation was interrupted, or failed, is created anew by whichever back-end asks: nothing of the
//! other one stays beside it.
#![cfg(feature = "journal")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use futures::executor::block_on;
use toka_vault::{Error, Result, Vault};
use toka_vault_scenarios::{journal, sled};
use toka_vault_testkit::small_disk::SmallDisk;

/// Opens the vault in a folder.
type Open = fn(&Path) -> Result<Vault>;

const BOTH: [(&str, Open); 2] = [("sled", sled), ("journal", journal)];

/// Returns the names of what is in a vault's folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder.join("vault")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Creates a vault, and asserts that it has what such a vault has and nothing else.
fn assert_creates(folder: &Path, name: &str, open: Open) {
    let vault = open(folder).unwrap();
    block_on(vault.commit_json("created", 1, &[])).unwrap();
    block_on(vault.close()).unwrap();
    drop(vault);
    let expected = ["format", "head", "index", "lock", name].map(String::from);
    assert_eq!(names(folder), BTreeSet::from(expected));
}

#[test]
fn an_interrupted_creation_leaves_nothing_beside_a_vault_of_another_back_end() {
    for (first, open_first) in BOTH {
        for (second, open_second) in BOTH {
            let folder = tempfile::tempdir().unwrap();
            drop(open_first(folder.path()).unwrap());
            // All is there but the name.
            let vault = folder.path().join("vault");
            std::fs::rename(vault.join("format"), vault.join("format.new")).unwrap();
            assert!(names(folder.path()).contains(first));
            assert_creates(folder.path(), second, open_second);
        }
    }
}

#[test]
fn what_a_creation_does_not_name_as_its_own_is_left_alone() {
    for name in ["../vault2", "Sled", "", "lock"] {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault");
        for other in ["vault/Sled", "vault2"] {
            std::fs::create_dir_all(folder.path().join(other)).unwrap();
        }
        std::fs::write(vault.join("format.new"), format!("toka-vault\nbackend {name}\nformat 1\n")).unwrap();
        drop(sled(folder.path()).unwrap());
        assert!(vault.join("Sled").is_dir() && folder.path().join("vault2").is_dir(), "{name}");
        assert!(vault.join("lock").is_file(), "{name}");
    }
}

#[test]
fn a_creation_that_a_full_disk_stops_leaves_nothing_beside_a_vault_of_another_back_end() {
    for ((_, open_first), (second, open_second)) in [(BOTH[0], BOTH[1]), (BOTH[1], BOTH[0])] {
        let folder = tempfile::tempdir().unwrap();
        let Some(disk) = SmallDisk::mount(folder.path(), "size=16k") else { return };
        let refused = open_first(folder.path()).unwrap_err();
        assert!(matches!(refused, Error::Io { .. } | Error::NoRoom { .. }), "{refused:?}");
        disk.grow("size=64m");
        assert_creates(folder.path(), second, open_second);
    }
}
