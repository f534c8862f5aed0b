//! Vaults in folders whose names are bytes, and not text.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::sandbox::{Ended, Sandbox, end};

/// A name that is not UTF-8.
const NAME: &[u8] = b"caf\xe9";

/// Returns the URL of a vault of that name.
fn url(back_end: &str) -> OsString {
    let mut url = OsString::from(format!("{back_end}:"));
    url.push(OsStr::from_bytes(NAME));
    url
}

/// Runs the program on the vault of that name, which is told by an option or by the variable.
fn run(sandbox: &Sandbox, back_end: &str, args: &[&str]) -> [Ended; 2] {
    let option = sandbox.command(args).arg("--vault").arg(url(back_end)).spawn().unwrap();
    let option = end(option);
    [option, end(sandbox.command(args).env("TOKA_VAULT", url(back_end)).spawn().unwrap())]
}

#[test]
fn a_vault_in_a_path_that_is_not_utf8_can_be_named() {
    for back_end in ["journal", "sled"] {
        let sandbox = Sandbox::new();
        if std::fs::create_dir(sandbox.path("").join(OsStr::from_bytes(NAME))).is_err() {
            eprintln!("skipped: this file system has no such names");
            return;
        }
        let [first, second] = run(&sandbox, back_end, &["commit", "a", "1"]);
        first.assert(0, "/caf\u{fffd}\n");
        assert_eq!((second.code, second.stderr.as_str()), (Some(0), ""));
        for ended in run(&sandbox, back_end, &["log", "-o", "jsonl"]) {
            assert_eq!((ended.code, ended.stdout.lines().count()), (Some(0), 2), "{ended:?}");
        }
        if back_end == "journal" {
            for ended in run(&sandbox, "journal-read-only", &["log"]) {
                ended.assert(0, "");
            }
            for ended in run(&sandbox, "journal-read-only", &["commit", "a", "1"]) {
                ended.assert(2, "/caf\u{fffd}`");
            }
        }
    }
}

#[test]
fn what_is_not_utf8_and_no_path_is_refused() {
    let sandbox = Sandbox::new();
    for back_end in ["memory", "redis"] {
        for ended in run(&sandbox, back_end, &["log"]) {
            ended.assert(2, "it is not UTF-8");
        }
    }
    assert!(sandbox.names().is_empty());
    let bare = sandbox.command(&["log", "--vault"]).arg(OsStr::from_bytes(NAME)).spawn().unwrap();
    end(bare).assert(2, "write `journal:caf\u{fffd}`");
}

#[test]
fn a_file_has_one_name_in_all_errors() {
    let sandbox = Sandbox::new();
    let journal =
        |args: &[&str]| end(sandbox.command(args).args(["--vault", "journal:./main"]).spawn().unwrap());
    let folder = std::fs::canonicalize(sandbox.path("")).unwrap().join("main");
    journal(&["log"]).assert(5, &format!("there is no vault at {};", folder.display()));
    journal(&["commit", "a", "1"]).assert(0, &format!("created a new vault at {}\n", folder.display()));
    for damaged in ["journal", "head"] {
        std::fs::rename(folder.join(damaged), sandbox.path("away")).unwrap();
        journal(&["log"]).assert(5, &format!("error: {} is damaged", folder.join(damaged).display()));
        std::fs::rename(sandbox.path("away"), folder.join(damaged)).unwrap();
    }
}
