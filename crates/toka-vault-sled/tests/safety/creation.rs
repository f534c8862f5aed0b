//! Creation, cut short at each of its steps: the next open starts anew, or finds the vault.

use std::fs;
use std::path::Path;

use futures::executor::block_on;
use toka_vault_core::{Error, EventStore};
use toka_vault_sled::{IfMissing, SledOptions, SledVault};
use toka_vault_testkit::events::{event, history};

use crate::support::filled;
use crate::support::folder::Content;

/// What creation writes first.
const FORMAT: &str = "toka-vault\nbackend sled\nformat 1\n";

/// Opens a vault that has no event, commits one, and finds it again.
fn assert_starts_anew(path: &Path) {
    let vault = SledVault::open(path).unwrap();
    assert_eq!(block_on(vault.head()).unwrap().position.get(), 0);
    block_on(vault.commit(event(1))).unwrap();
    drop(vault);
    assert_eq!(block_on(history(&SledVault::open(path).unwrap())).len(), 1);
    assert!(path.join("format").is_file() && !path.join("format.new").exists());
}

/// Makes a folder, and the files in it.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
        fs::write(dir.path().join(name), content).unwrap();
    }
    dir
}

#[test]
fn a_folder_is_made_with_all_above_it() {
    let dir = tempfile::tempdir().unwrap();
    assert_starts_anew(&dir.path().join("a/b/c"));
}

#[test]
fn where_creation_is_refused_nothing_is_made_and_a_vault_that_is_there_is_opened() {
    let open =
        |path: &Path| SledVault::open_with(path, SledOptions::new().with_if_missing(IfMissing::Refuse));
    let dir = folder(&[]);
    let path = dir.path().join("vault");
    for none in [dir.path(), &path] {
        assert!(matches!(open(none), Err(Error::NoVault { .. })));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let begun = folder(&[("format.new", FORMAT)]);
    assert!(matches!(open(begun.path()), Err(Error::NoVault { .. })));
    assert_eq!(fs::read_dir(begun.path()).unwrap().count(), 1);
    drop(SledVault::open(&path).unwrap());
    drop(open(&path).unwrap());
}

#[test]
fn creation_starts_anew_from_every_step_of_its_start() {
    assert_starts_anew(folder(&[]).path());
    assert_starts_anew(folder(&[("lock", "")]).path());
    assert_starts_anew(folder(&[("lock", ""), ("format.new", "")]).path());
    assert_starts_anew(folder(&[("lock", ""), ("format.new", "toka-v")]).path());
    assert_starts_anew(folder(&[("lock", ""), ("format.new", FORMAT)]).path());
    let partial = [("lock", ""), ("format.new", FORMAT), ("sled/conf", "half")];
    assert_starts_anew(folder(&partial).path());
    let partial = [("format.new", FORMAT), ("sled/conf", ""), ("sled/db", "half"), ("sled/blobs/7", "x")];
    assert_starts_anew(folder(&partial).path());
    let partial =
        [("format.new", FORMAT), ("sled/snap.00.generating", ""), ("head", "half"), ("index/x", "")];
    assert_starts_anew(folder(&partial).path());
}

#[test]
fn creation_starts_anew_from_any_part_of_a_finished_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    filled(&path, 0);
    let finished = Content::read(&path);
    for cut in 0..=finished.0.len() {
        // The names up to the cut are there, and the last of them is half written.
        let mut part = finished.clone();
        part.0.remove(Path::new("format"));
        let names: Vec<_> = part.0.keys().skip(cut).cloned().collect();
        names.iter().for_each(|name| drop(part.0.remove(name)));
        if let Some(Some(bytes)) = part.0.values_mut().next_back() {
            bytes.truncate(bytes.len() / 2);
        }
        part.0.insert("format.new".into(), Some(FORMAT.into()));
        part.write(&path);
        assert_starts_anew(&path);
    }
}

#[test]
fn a_folder_of_somebody_else_with_such_a_file_stays_as_it_is() {
    let theirs = [
        [("format.new", "not ours"), ("index/precious", "data")],
        [("format.new", ""), ("head", "data")],
        [("format.new", "toka-vault\nbackend"), ("sled/data", "data")],
    ];
    for files in theirs {
        let dir = folder(&files);
        let before = Content::read(dir.path());
        assert!(matches!(SledVault::open(dir.path()), Err(Error::NotAVault { .. })), "{files:?}");
        assert_eq!(Content::read(dir.path()), before);
    }
}

#[test]
fn the_format_is_named_last() {
    // All is there but the name: nothing was acknowledged, so it may start anew.
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 0);
    fs::rename(dir.path().join("format"), dir.path().join("format.new")).unwrap();
    assert_starts_anew(dir.path());
}

#[test]
fn an_unfinished_snapshot_does_not_stop_open() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 100);
    let names = ["snap.0000000000000000.generating", "snap.FFFFFFFFFFFFFFFF.generating"];
    for (name, content) in names.iter().zip(["", "half a snapshot"]) {
        fs::write(dir.path().join("sled").join(name), content).unwrap();
        let vault = SledVault::open(dir.path()).unwrap();
        assert_eq!(block_on(history(&vault)).len(), 100);
        block_on(vault.close()).unwrap();
        assert!(!dir.path().join("sled").join(name).exists());
    }
}
