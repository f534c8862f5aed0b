//! The exit codes, as `--help` writes them down.

use crate::sandbox::Sandbox;

/// An id that no event has.
const STRANGER: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

#[test]
fn help_tells_every_exit_code_and_ends_with_0() {
    let sandbox = Sandbox::new();
    let help = sandbox.ok(&["--help"]);
    for code in 0..=6 {
        let line = format!("\n  {code}  ");
        assert!(help.stdout.contains(&line), "{code}: {}", help.stdout);
    }
    assert_eq!(help.stderr, "");
    assert!(sandbox.ok(&["--version"]).stdout.starts_with("toka-vault 0."));
}

#[test]
fn a_failed_commit_or_import_is_1() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "a", "1", "--id", STRANGER]);
    sandbox.run(&["commit", "a", "2", "--id", STRANGER]).assert(1, "it differs in payload");
    sandbox.run(&["import", "jsonl", "missing.jsonl"]).assert(1, "cannot read missing.jsonl");
    sandbox.run(&["import", "jsonl", "."]).assert(1, "cannot read .");
    let no_folder = "cannot write a/b/c\ncaused by: there is no folder ";
    sandbox.run(&["export", "jsonl", "a/b/c"]).assert(1, no_folder);
    sandbox.run(&["import", "git", "missing"]).assert(1, "is not a git repository");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_under_stdout_is_1() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "a", "1"]);
    for args in
        [&["log"][..], &["export", "jsonl"], &["stats"], &["--help"], &["help", "log"], &["--version"]]
    {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let child = sandbox.command(args).stdout(full).spawn().unwrap();
        crate::sandbox::end(child).assert(1, "cannot write to stdout\ncaused by: No space left");
    }
}

#[test]
fn a_command_line_that_makes_no_sense_is_2_and_creates_nothing() {
    let sandbox = Sandbox::new();
    let cases: [(&[&str], &str); 26] = [
        (&["log", "-n", "99999999999999999999"], "expected a whole number up to 18446744073709551615"),
        (&["leaves", "-n", "few"], "expected a whole number up to"),
        (&["ancestors", STRANGER, "--depth", "1.5"], "expected a whole number up to"),
        (&[], "Usage"),
        (&["no-such-command"], "unrecognized subcommand"),
        (&["show", "x"], "ULID"),
        (&["commit", "a b", "1"], "visible ASCII"),
        (&["commit", "a", "{"], "EOF"),
        (&["commit", "a", "{} {}"], "trailing"),
        (&["commit", "a", r#"{"x":1,"x":2}"#], "twice"),
        (&["commit", "a", "1", "--parent", STRANGER, "--parent", STRANGER], "named twice"),
        (&["commit", "a", "1", "--parent", STRANGER, "--id", STRANGER], "itself as parent"),
        (&["tail", "--from", "yesterday"], "`beginning`, `head`, a position, an event id, its first 6"),
        (&["log", "-n", "-1"], "unexpected argument"),
        (&["log", "--kind", "a.b*"], "whole tokens"),
        (&["log", "--kind", ""], "it is empty"),
        (&["log", "--since", "yesterday"], "or how long ago, such as"),
        (&["log", "--since", "-5m"], "or how long ago, such as"),
        (&["log", "--until", "2026-02-30"], "or how long ago, such as"),
        (&["log", "--since", "2026-11-02", "--until", "2026-11-01"], "before it starts"),
        (&["tail", "--kind", "a.>.b"], "last token"),
        (&["commit", "a", "1", "--if-none", "a..b"], "empty token"),
        (&["commit", "a", "1", "--if-head", "newest"], "position"),
        (&["commit", "a", "1", "--after", "1"], "--if-none"),
        (&["payload", "abc"], "64 hexadecimal digits"),
        (&["log", "--vault", "events.db"], "write `journal:events.db`"),
    ];
    for (args, said) in cases {
        sandbox.run(args).assert(2, said);
    }
    let unnamed = sandbox.command(&["log"]).env_remove("TOKA_VAULT").spawn().unwrap();
    crate::sandbox::end(unnamed).assert(2, "--vault sled:PATH");
    assert!(sandbox.names().is_empty());
}

#[test]
fn an_event_that_is_not_found_is_4() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "a", "1"]);
    sandbox.run(&["show", STRANGER]).assert(4, "is not in this vault");
    sandbox.run(&["tail", "--from", STRANGER]).assert(4, "is not in this vault");
    sandbox.run(&["commit", "a", "1", "--parent", STRANGER]).assert(4, "is not in this vault");
    sandbox.run(&["payload", &"0".repeat(64)]).assert(4, "`show ID` prints the digest");
}

#[test]
fn a_condition_that_does_not_hold_is_6() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "a", "1"]);
    sandbox.run(&["commit", "a", "2", "--if-head", "0"]).assert(6, "nothing was stored");
    sandbox.run(&["commit", "a", "2", "--if-none", "a"]).assert(6, "nothing was stored");
}

#[test]
fn reading_where_there_is_no_vault_is_5_and_creates_none() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("empty")).unwrap();
    let empty = sandbox.url("empty");
    let digest = "0".repeat(64);
    let commands: [&[&str]; 10] = [
        &["leaves"],
        &["ancestors", STRANGER],
        &["log"],
        &["log", "--kind", "a.>", "--since", "2026-11-01"],
        &["payload", &digest],
        &["show", STRANGER],
        &["stats"],
        &["verify"],
        &["export", "jsonl"],
        &["tail"],
    ];
    for args in commands {
        sandbox.run(args).assert(5, "create one with `import` or `commit`");
        sandbox.run(&[args, &["--vault", &empty]].concat()).assert(5, "there is no vault at");
    }
    assert_eq!(sandbox.names(), ["empty"]);
}

#[test]
fn a_vault_that_is_open_elsewhere_is_5() {
    let sandbox = Sandbox::new();
    let _open = sandbox.open("main");
    sandbox
        .run(&["log"])
        .assert(5, "open in another process; one process at a time can open it: end that one first\n");
    sandbox.run(&["commit", "a", "1"]).assert(5, "open in another process");
}

#[test]
fn what_is_no_vault_is_5() {
    let sandbox = Sandbox::new();
    sandbox.file("main", "a file");
    sandbox.run(&["log"]).assert(5, "error:");
    std::fs::create_dir(sandbox.path("photos")).unwrap();
    sandbox.file("photos/cat.jpg", "meow");
    let photos = sandbox.url("photos");
    sandbox.run(&["log", "--vault", &photos]).assert(5, "no vault");
    sandbox.run(&["commit", "a", "1", "--vault", &photos]).assert(5, "no vault");
    assert_eq!(std::fs::read_dir(sandbox.path("photos")).unwrap().count(), 1);
}
