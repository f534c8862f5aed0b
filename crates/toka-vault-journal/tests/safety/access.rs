//! Who may open a vault: one process at a time, and one that has the permission. A refusal changes
//! nothing.

use std::fs;
use std::path::{Path, PathBuf};

use futures::executor::block_on;
use toka_vault_core::{Error, EventStore};
use toka_vault_journal::JournalVault;
use toka_vault_testkit::assert_error;
use toka_vault_testkit::child::{self, say, wait_for_parent};
use toka_vault_testkit::events::{event, fill, history, numbers};

/// Holds a vault open until the parent has heard it.
pub(crate) fn hold(path: &Path) {
    let vault = JournalVault::open(path).unwrap();
    block_on(vault.commit(event(1))).unwrap();
    say("open");
    wait_for_parent();
    block_on(vault.commit(event(2))).unwrap();
    block_on(vault.close()).unwrap();
}

/// Tells how opening went, by the name of its error.
pub(crate) fn tell(path: &Path) {
    say(&told(JournalVault::open(path)));
}

/// Returns the name of an error.
pub(crate) fn told<T>(outcome: Result<T, Error>) -> String {
    match outcome {
        Ok(_) => "fine".into(),
        Err(error) => format!("{error:?}").split([' ', '(']).next().unwrap().to_owned(),
    }
}

/// Returns every path below a folder that can be looked at, with its length and the time of its last
/// change.
pub(crate) fn below(path: &Path) -> Vec<(PathBuf, u64, std::time::SystemTime)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let meta = fs::symlink_metadata(&path).unwrap();
        if meta.is_dir() {
            found.extend(below(&path));
        }
        found.push((path, meta.len(), meta.modified().unwrap()));
    }
    found.sort();
    found
}

#[test]
fn a_vault_that_is_open_in_another_process_is_locked_and_that_process_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let mut running = child::start(child::command("hold", &path, ""));
    running.wait_for("open");
    assert_error!(JournalVault::open(&path), Error::Locked { holder: "another process", .. });
    // Also where somebody has taken its lock file for rubbish.
    fs::remove_file(path.join("lock")).unwrap();
    assert_error!(JournalVault::open(&path), Error::Locked { holder: "another process", .. });
    running.finish();
    let vault = JournalVault::open(&path).unwrap();
    assert_eq!(numbers(&block_on(history(&vault))), [1, 2]);
}

#[test]
fn a_killed_process_leaves_no_lock() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let mut running = child::start(child::command("hold", &path, ""));
    running.wait_for("open");
    running.kill();
    let vault = JournalVault::open(&path).unwrap();
    assert_eq!(numbers(&block_on(history(&vault))), [1]);
}

#[cfg(unix)]
#[test]
fn a_path_without_permission_is_told() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (path, private) = (dir.path().join("vault"), dir.path().join("private"));
    let vault = JournalVault::open(&path).unwrap();
    block_on(fill(&vault, 3));
    block_on(vault.close()).unwrap();
    fs::create_dir(&private).unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();
    let before = below(dir.path());
    let root = fs::metadata("/proc/self").map_or(0, |me| me.uid()) == 0;
    for path in [path, private.join("vault"), dir.path().join("new")] {
        let mut command = child::command("open", &path, "");
        if root {
            // Whoever is root may do everything; so ask as nobody.
            command.uid(65_534).gid(65_534);
        } else if path.parent() != Some(&private) {
            continue;
        } else {
            fs::set_permissions(&private, fs::Permissions::from_mode(0o000)).unwrap();
        }
        if command.status().is_err() {
            eprintln!("skipped: nobody may not run {}", std::env::current_exe().unwrap().display());
            return;
        }
        assert_eq!(child::start(command).finish(), ["PermissionDenied"], "{}", path.display());
    }
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(below(dir.path()), before);
}
