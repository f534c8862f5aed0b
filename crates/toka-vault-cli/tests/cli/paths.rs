//! Vaults at odd paths: in folders whose names are bytes, and not text; behind links that lead nowhere. And what an
//! export does to the names in its folder.

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

#[test]
fn a_link_that_leads_nowhere_is_told_and_nothing_is_made() {
    for back_end in ["journal", "journal-read-only", "sled"] {
        let sandbox = Sandbox::new();
        std::os::unix::fs::symlink("unmounted/vault", sandbox.path("link")).unwrap();
        for args in [&["commit", "a", "1"][..], &["log"], &["import", "jsonl", "-"]] {
            let url = format!("{back_end}:link");
            let ended = end(sandbox.command(args).args(["--vault", &url]).spawn().unwrap());
            if back_end == "journal-read-only" && args[0] != "log" {
                ended.assert(2, "to read only");
            } else {
                ended.assert(5, "it is a link to unmounted/vault, where nothing is;");
            }
        }
        assert_eq!(sandbox.names(), ["link"]);
    }
}

#[test]
fn the_name_of_an_export_is_durable_when_the_program_ends() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "a", "1"]);
    std::fs::create_dir(sandbox.path("out")).unwrap();
    let trace = sandbox.path("trace");
    let command = sandbox.command(&["export", "jsonl", "out/events.jsonl"]);
    let mut strace = std::process::Command::new("strace");
    strace.args(["-f", "-qq", "-y", "-e", "trace=fsync,rename,renameat,renameat2", "-o"]).arg(&trace);
    strace.arg(command.get_program()).args(command.get_args()).current_dir(sandbox.path(""));
    strace.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let Ok(ended) = strace.output() else {
        eprintln!("skipped: strace is not installed, so that system calls cannot be seen");
        return;
    };
    assert!(ended.status.success(), "{ended:?}");
    let calls = std::fs::read_to_string(&trace).unwrap();
    let at = |what: &[&str]| {
        let found = calls.lines().position(|call| what.iter().all(|part| call.contains(part)));
        found.unwrap_or_else(|| panic!("{what:?} was not called: {calls}"))
    };
    let content = at(&["fsync(", ".partial>"]);
    let named = at(&["rename", ".partial", "events.jsonl"]);
    let folder = at(&["fsync(", "/out>"]);
    assert!(content < named && named < folder, "{calls}");
}
