//! Paths that hold something else, or that may not be opened: a typed error, and not a byte changed.

use std::fs;
use std::path::Path;

use toka_vault_core::Error;
use toka_vault_sled::SledVault;
use toka_vault_testkit::assert_error;

use crate::support::folder::Content;
use crate::support::{child, filled};

/// Opens a path that is no vault, which has to change nothing; returns the error.
fn refused(path: &Path) -> Error {
    let before = Content::read(path);
    let error = SledVault::open(path).unwrap_err();
    assert_eq!(Content::read(path), before, "{error}");
    error
}

/// Makes a vault and replaces its format file.
fn with_format(path: &Path, format: &[u8]) {
    filled(path, 3);
    fs::write(path.join("format"), format).unwrap();
}

#[test]
fn a_file_is_no_vault() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, "mine").unwrap();
    assert_error!(Err::<(), _>(refused(&path)), Error::NotAVault { .. });
    assert_error!(SledVault::open(path.join("below")), Error::Io { .. });
    assert_eq!(fs::read(&path).unwrap(), b"mine");
}

#[test]
fn a_folder_of_somebody_else_is_no_vault() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.tex"), "mine").unwrap();
    fs::create_dir(dir.path().join("sled")).unwrap();
    assert_error!(Err::<(), _>(refused(dir.path())), Error::NotAVault { .. });
}

#[test]
fn a_raw_sled_database_is_no_vault() {
    let dir = tempfile::tempdir().unwrap();
    let db = sled::open(dir.path()).unwrap();
    db.insert("key", "value").unwrap();
    db.flush().unwrap();
    drop(db);
    assert_error!(Err::<(), _>(refused(dir.path())), Error::NotAVault { .. });
}

#[test]
fn a_newer_format_is_told() {
    let dir = tempfile::tempdir().unwrap();
    with_format(dir.path(), b"toka-vault\nbackend sled\nformat 7\n");
    assert_error!(Err::<(), _>(refused(dir.path())), Error::NewerFormat { found: 7, supported: 1, .. });
}

#[test]
fn a_vault_of_another_back_end_is_told() {
    let dir = tempfile::tempdir().unwrap();
    with_format(dir.path(), b"toka-vault\nbackend journal\nformat 1\n");
    let Error::NotAVault { reason, .. } = refused(dir.path()) else { panic!("another error") };
    assert!(reason.contains("journal"), "{reason}");
}

#[test]
fn a_damaged_format_file_is_no_vault() {
    let long = [b"toka-vault\nbackend sled\nformat 1\n".as_slice(), &[b'x'; 5_000]].concat();
    let damaged: [&[u8]; 7] = [
        b"",
        b"toka",
        b"toka-vault\n",
        b"toka-vault\nbackend sled\n",
        b"toka-vault\nbackend sled\nformat x\n",
        b"\xff\x00\xfe",
        &long,
    ];
    for format in damaged {
        let dir = tempfile::tempdir().unwrap();
        with_format(dir.path(), format);
        assert_error!(Err::<(), _>(refused(dir.path())), Error::NotAVault { .. });
    }
}

#[cfg(unix)]
#[test]
fn a_path_without_permission_is_told() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (vault, private) = (dir.path().join("vault"), dir.path().join("private"));
    filled(&vault, 3);
    fs::create_dir(&private).unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();
    let before = Content::read(dir.path());
    let root = fs::metadata("/proc/self").map_or(0, |me| me.uid()) == 0;
    for path in [vault, private.join("vault"), dir.path().join("new")] {
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
    assert_eq!(Content::read(dir.path()), before);
}
