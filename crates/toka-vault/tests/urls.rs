//! `Vault::open`: which back-end a URL names, and what it says of one that names none.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::executor::block_on;
use toka_vault::{Error, Vault};

/// Asserts that a URL names no vault, and that the error tells why.
fn assert_invalid(url: &str, why: &str) {
    match Vault::open(url) {
        Err(Error::InvalidUrl { url: told, reason }) => {
            assert_eq!(told, url);
            assert!(reason.contains(why), "`{url}`: {reason}");
        }
        other => panic!("`{url}`: {other:?}"),
    }
}

#[test]
fn memory_has_no_bound_unless_it_is_told_one() {
    let vault = Vault::open("memory:").unwrap();
    assert!(matches!(vault, Vault::Memory(_)));
    let vault = Vault::open("memory:2").unwrap();
    for number in 1..=5 {
        block_on(vault.commit_json("test.event", number, &[])).unwrap();
    }
    let kept = block_on(toka_vault_testkit::events::history(&vault));
    assert_eq!(kept.len(), 2);
}

#[test]
fn a_capacity_has_to_be_a_number_above_zero() {
    assert!(matches!(Vault::open("memory:0"), Err(Error::ZeroCapacity)));
    for url in
        ["memory:x", "memory:-1", "memory://", "memory: 1", "memory:1.5", "memory:99999999999999999999999"]
    {
        assert_invalid(url, "capacity");
    }
}

#[test]
fn what_names_no_back_end_is_told_what_does() {
    assert_invalid("", "name of a back-end");
    assert_invalid("events.db", "name of a back-end");
    assert_invalid("redis:host", "no back-end of this name");
    assert_invalid("Memory:", "no back-end of this name");
    assert_invalid(":", "no back-end of this name");
    for url in ["", "events.db", "redis:host", "sled:", "journal:", "journal-read-only:"] {
        assert_invalid(url, "`memory:`");
        assert_invalid(url, "`journal:PATH`");
        assert_invalid(url, "`journal-read-only:PATH`");
        assert_invalid(url, "`sled:PATH`");
    }
    for url in ["sled:", "journal:", "journal-read-only:"] {
        assert_invalid(url, "the path is missing");
    }
}

/// A path that is not where it seems to be, whatever this build can open.
#[test]
fn a_path_that_only_looks_like_one_creates_nothing() {
    for scheme in ["journal", "journal-read-only", "sled"] {
        for path in ["//toka-vault-test.db", "//./toka-vault-test.db", "//localhost/toka-vault-test.db"] {
            assert_invalid(&format!("{scheme}:{path}"), "`NAME:./PATH`");
        }
        for path in ["~", "~/toka-vault-test.db"] {
            assert_invalid(&format!("{scheme}:{path}"), "`./~`");
        }
    }
    assert!(!std::path::Path::new("/toka-vault-test.db").exists());
    assert!(!std::path::Path::new("~").exists());
}

#[test]
fn a_url_is_repeated_in_part_and_harmlessly() {
    let error = Vault::open(&format!("red\u{1b}[2Jis:{}", "x".repeat(1_000_000))).unwrap_err().to_string();
    assert!(error.contains(r"red\u{1b}[2Jis:xxx") && error.len() < 400, "{error}");
}

#[cfg(not(feature = "persist-sled"))]
#[test]
fn without_its_feature_sled_is_told_to_be_missing() {
    assert_invalid("sled:./events.db", "persist-sled");
    assert!(!std::path::Path::new("./events.db").exists());
}

#[cfg(not(feature = "persist-journal"))]
#[test]
fn without_its_feature_the_journal_is_told_to_be_missing() {
    for scheme in ["journal", "journal-read-only"] {
        assert_invalid(&format!("{scheme}:./events.journal"), "persist-journal");
    }
    assert!(!std::path::Path::new("./events.journal").exists());
}

#[cfg(feature = "persist-sled")]
#[test]
fn sled_opens_the_path() {
    assert_opens_the_path("sled", |vault| matches!(vault, Vault::Sled(_)));
}

#[cfg(feature = "persist-journal")]
#[test]
fn journal_opens_the_path() {
    assert_opens_the_path("journal", |vault| matches!(vault, Vault::Journal(_)));
}

#[cfg(feature = "persist-journal")]
#[test]
fn journal_read_only_reads_beside_the_writer_and_commits_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    let writer = Vault::open(&format!("journal:{}", path.display())).unwrap();
    let written = block_on(writer.commit_json("test.event", 1, &[])).unwrap();
    let reader = Vault::open(&format!("journal-read-only:{}", path.display())).unwrap();
    assert!(matches!(reader, Vault::Journal(_)));
    let mut live = reader.subscribe_from(toka_vault::StartFrom::Beginning);
    assert_eq!(block_on(live.recv()).unwrap().unwrap().header, written);
    let refused = block_on(reader.commit_json("test.event", 2, &[]));
    assert!(matches!(refused, Err(Error::ReadOnly)), "{refused:?}");
}

#[cfg(feature = "persist-journal")]
#[test]
fn journal_read_only_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("none"), folder.path().to_owned()] {
        let opened = Vault::open(&format!("journal-read-only:{}", path.display()));
        assert!(matches!(opened, Err(Error::NoVault { .. })), "{opened:?}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Asserts that a URL opens a vault of its back-end, which finds again what was committed.
#[cfg(any(feature = "persist-journal", feature = "persist-sled"))]
fn assert_opens_the_path(scheme: &str, is_right: fn(&Vault) -> bool) {
    let folder = tempfile::tempdir().unwrap();
    // Taken as it stands, slashes and all.
    let url = format!("{scheme}://{}", folder.path().join("my%20 events?.db").display());
    let vault = Vault::open(&url).unwrap();
    assert!(is_right(&vault));
    assert!(folder.path().join("my%20 events?.db").is_dir());
    block_on(vault.commit_json("test.event", 1, &[])).unwrap();
    block_on(vault.close()).unwrap();
    drop(vault);
    let again = Vault::open(&url).unwrap();
    assert_eq!(block_on(again.head()).unwrap().position.get(), 1);
}
