//! How the program prints: closed pipes, colours, control characters, columns.

use std::io::{BufRead, BufReader, Read};

use futures::executor::block_on;
use toka_vault::NewEvent;

use crate::sandbox::{Sandbox, end};

/// Begins every colour.
const ESCAPE: char = '\u{1b}';

/// Commits many events through the library, more than a pipe holds.
fn fill(sandbox: &Sandbox) {
    let vault = sandbox.open("main");
    let batch = (0..4_000).map(|number| NewEvent::new("a.b", ("x".repeat(50), number)).unwrap()).collect();
    block_on(vault.commit_batch(batch)).unwrap();
    block_on(vault.close()).unwrap();
}

#[test]
fn a_reader_that_goes_away_ends_every_command_quietly() {
    let sandbox = Sandbox::new();
    fill(&sandbox);
    let commands: [&[&str]; 8] = [
        &["log"],
        &["log", "--graph"],
        &["graph", "-n", "4000"],
        &["log", "-o", "json"],
        &["log", "-o", "jsonl"],
        &["export", "jsonl"],
        &["tail", "--from", "beginning"],
        &["tail", "-n", "3", "-o", "json"],
    ];
    for args in commands {
        let mut child = sandbox.command(args).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "{args:?}");
        let ended = end(child);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn a_tail_that_waits_notices_that_its_reader_is_gone() {
    let sandbox = Sandbox::new();
    let url = format!("journal:{}", sandbox.path("journal").display());
    sandbox.ok(&["--vault", &url, "commit", "a", "1"]);
    let mut child = sandbox.command(&["--vault", &url, "tail"]).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut lines = String::new();
    stdout.read_line(&mut lines).unwrap();
    stdout.read_line(&mut lines).unwrap();
    assert!(lines.ends_with("1\n"), "{lines}");
    drop(stdout);
    let ended = end(child);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn commands_that_print_little_end_quietly_too() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "a", "1"]);
    for args in [&["stats"][..], &["commit", "a", "2"], &["--help"], &["verify"]] {
        let mut child = sandbox.command(args).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(end(child).code, Some(0), "{args:?}");
    }
}

#[test]
fn colours_stand_only_where_they_were_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "a", "1"]);
    let coloured = |args: &[&str], variable: Option<(&str, &str)>| {
        let mut command = sandbox.command(args);
        let ended = end(command.envs(variable).spawn().unwrap());
        (ended.stdout.contains(ESCAPE), ended.stderr.contains(ESCAPE))
    };
    assert_eq!(coloured(&["log"], None), (false, false));
    assert_eq!(coloured(&["log", "--color", "always"], None), (true, false));
    assert_eq!(coloured(&["log", "--color=always"], Some(("NO_COLOR", "1"))), (true, false));
    assert_eq!(coloured(&["log"], Some(("CLICOLOR_FORCE", "1"))), (true, false));
    assert_eq!(coloured(&["log", "--color", "never"], Some(("CLICOLOR_FORCE", "1"))), (false, false));
    assert_eq!(coloured(&["log", "--color", "always", "-o", "json"], None), (false, false));
    assert_eq!(coloured(&["show", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--color=always"], None), (false, true));
    assert_eq!(coloured(&["show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"], None), (false, false));
    assert_eq!(coloured(&["--help", "--color=always"], None), (true, false));
    assert_eq!(coloured(&["--help"], None), (false, false));
}

#[test]
#[cfg(target_os = "linux")]
fn a_terminal_has_colours_unless_no_color_is_set() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "a", &format!("\"{}\"", "long ".repeat(100))]);
    let on_terminal = |variable: &str| {
        let mut script = std::process::Command::new("script");
        script.args([
            "-qec",
            &format!("stty rows 40 cols 100; {} log", env!("CARGO_BIN_EXE_toka-vault")),
            "/dev/null",
        ]);
        script.env("TOKA_VAULT", sandbox.url("main")).env("TERM", "xterm").env_remove("NO_COLOR");
        if !variable.is_empty() {
            script.env(variable, "1");
        }
        script
            .stdin(std::process::Stdio::null())
            .output()
            .ok()
            .map(|ended| String::from_utf8(ended.stdout).unwrap())
    };
    // There is no terminal to test with where util-linux is not installed.
    let Some(plain) = on_terminal("NO_COLOR") else { return };
    assert!(!plain.contains(ESCAPE), "{plain:?}");
    let widths: Vec<usize> = plain.lines().map(|line| line.trim_end().chars().count()).collect();
    assert_eq!(widths.iter().max(), Some(&100), "{plain}");
    assert!(on_terminal("").unwrap().contains(ESCAPE));
}

#[test]
fn control_characters_are_never_printed_raw() {
    let sandbox = Sandbox::new();
    let hostile = r#"{"\u001b]0;t\u0007":"\u001b[2J\u009b1m\u007f\u202e\u0000\r"}"#;
    let header = sandbox.json(&["commit", "a", hostile]).remove(0);
    let id = header["id"].as_str().unwrap();
    let is_raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    for args in
        [&["log"][..], &["log", "-o", "json"], &["show", id], &["export", "jsonl"], &["tail", "-n", "1"]]
    {
        let printed = sandbox.ok(args).stdout;
        assert!(!printed.contains(is_raw), "{args:?}: {printed:?}");
    }
    let wrong = ["\u{1b}[2J", "a\u{9b}b"];
    for text in wrong {
        for args in [&["import", "jsonl", text][..], &["import", "git", text], &["log", "--vault", text]] {
            let said = sandbox.run(args).stderr;
            assert!(!said.contains(is_raw), "{args:?}: {said:?}");
        }
    }
}

#[test]
fn a_table_is_aligned_and_has_no_tabs() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "a", r#""a\tb""#]);
    sandbox.ok(&["commit", "a.longer.kind", "{\"k\": 1}"]);
    let table = sandbox.ok(&["log"]).stdout;
    assert!(!table.contains('\t'), "{table}");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3);
    let column = lines[0].find("PAYLOAD").unwrap();
    assert_eq!(&lines[1][column..], r#"{"k":1}"#);
    assert_eq!(&lines[2][column..], r#""a\tb""#);
}

#[test]
fn a_list_in_json_is_one_array() {
    let sandbox = Sandbox::new();
    fill(&sandbox);
    let mut child = sandbox.command(&["log", "-o", "json"]).spawn().unwrap();
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    let array: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(array.len(), 4_000);
    assert_eq!(end(child).code, Some(0));
}

#[test]
fn what_is_noted_stands_behind_the_whole_list() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "a", "1"]);
    for args in [&["log", "--kind", "b", "-o", "json"][..], &["verify", "-o", "json"]] {
        let both = std::fs::File::create(sandbox.path("both")).unwrap();
        let mut command = sandbox.command(args);
        command.stdout(both.try_clone().unwrap()).stderr(both);
        assert_eq!(end(command.spawn().unwrap()).code, Some(0));
        let both = std::fs::read_to_string(sandbox.path("both")).unwrap();
        assert!(both.starts_with("[]\n") && both.lines().count() == 2, "{both}");
    }
}
