//! One process at a time, once: and when it is done, the next at once.

use futures::executor::block_on;
use toka_vault_core::{Error, EventStore};
use toka_vault_sled::SledVault;
use toka_vault_testkit::assert_error;
use toka_vault_testkit::events::{event, history};

use crate::support::child;
use crate::support::folder::Content;

#[test]
fn a_vault_that_is_open_in_this_process_is_locked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let vault = SledVault::open(&path).unwrap();
    assert_error!(SledVault::open(&path), Error::Locked { holder: "this process", .. });
    assert_error!(SledVault::open(dir.path().join("./vault/")), Error::Locked { holder: "this process", .. });
    drop(vault);
    SledVault::open(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn a_vault_that_is_open_here_under_another_name_is_locked() {
    let dir = tempfile::tempdir().unwrap();
    let (path, link) = (dir.path().join("vault"), dir.path().join("link"));
    let vault = SledVault::open(&path).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert_error!(SledVault::open(&link), Error::Locked { holder: "this process", path } if path == link);
    drop(vault);
    SledVault::open(&link).unwrap();
}

#[test]
fn a_vault_that_is_open_in_another_process_is_locked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let mut child = child::start(child::command("hold", &path, ""));
    child.wait_for("open");
    let before = Content::read(&path);
    assert_error!(SledVault::open(&path), Error::Locked { holder: "another process", .. });
    assert_eq!(Content::read(&path), before);
    child.finish();
    SledVault::open(&path).unwrap();
}

#[test]
fn a_killed_process_leaves_no_lock() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let mut child = child::start(child::command("hold", &path, ""));
    child.wait_for("open");
    child.kill();
    SledVault::open(&path).unwrap();
}

#[test]
fn a_vault_opens_again_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    for round in 0..100 {
        let vault = SledVault::open(&path).unwrap();
        block_on(vault.commit(event(round))).unwrap();
        if round % 2 == 0 {
            block_on(vault.close()).unwrap();
            assert_error!(block_on(vault.commit(event(0))), Error::Closed);
        }
    }
    let vault = SledVault::open(&path).unwrap();
    assert_eq!(block_on(history(&vault)).len(), 100);
}

#[test]
fn a_closed_vault_can_be_opened_beside_its_old_handle() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let old = SledVault::open(&path).unwrap();
    block_on(old.commit(event(1))).unwrap();
    block_on(old.close()).unwrap();
    let new = SledVault::open(&path).unwrap();
    assert_error!(block_on(old.commit(event(2))), Error::Closed);
    block_on(new.commit(event(2))).unwrap();
    assert_eq!(block_on(history(&new)).len(), 2);
}
