//! Asking by kind, by time and by content: `log`, `tail` and `payload`.

use futures::executor::block_on;
use serde_json::{Value, json};
use toka_vault::{NewEvent, Timestamp};

use crate::sandbox::Sandbox;

/// Makes a vault of events, a day apart from 2026-11-01 on at noon, with their numbers from 1 on.
fn days(kinds: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    let vault = sandbox.open("main");
    let event = |(number, kind): (usize, &&str)| {
        let noon: Timestamp = format!("2026-11-{:02}T12:00:00Z", number + 1).parse().unwrap();
        NewEvent::new(*kind, number + 1).unwrap().with_timestamp(noon)
    };
    block_on(vault.commit_batch(kinds.iter().enumerate().map(event).collect())).unwrap();
    block_on(vault.close()).unwrap();
    sandbox
}

/// Runs a command and returns the payloads of what it lists.
fn payloads(sandbox: &Sandbox, args: &[&str]) -> Vec<Value> {
    sandbox.json(args).iter().map(|event| event["payload"].clone()).collect()
}

#[test]
fn log_lists_the_kinds_that_are_meant() {
    let sandbox = days(&["user.said", "agent.tool.invoked", "agent.said", "agent.tool.failed", "user"]);
    let log = |args: &[&str]| payloads(&sandbox, &[&["log"], args].concat());
    assert_eq!(log(&["--kind", "agent.tool.*"]), [4, 2]);
    assert_eq!(log(&["--kind", "agent.>", "--reverse"]), [2, 3, 4]);
    assert_eq!(log(&["--kind", "agent.>", "-n", "2"]), [4, 3]);
    assert_eq!(log(&["--kind", "agent.>", "-r", "-n", "1"]), [2]);
    assert_eq!(log(&["--kind", "user", "--kind", "user.said"]), [5, 1]);
    assert_eq!(log(&["--kind", "*", "--kind", "user", "--kind", "user"]), [5]);
    assert_eq!(log(&["--kind=>"]), [5, 4, 3, 2, 1]);
}

#[test]
fn log_lists_from_a_moment_and_up_to_one() {
    let sandbox = days(&["a", "b", "a", "b", "a"]);
    let log = |args: &[&str]| payloads(&sandbox, &[&["log", "-r"], args].concat());
    assert_eq!(log(&["--since", "2026-11-03"]), [3, 4, 5]);
    assert_eq!(log(&["--until", "2026-11-03"]), [1, 2]);
    assert_eq!(log(&["--since", "2026-11-02", "--until", "2026-11-04T12:00:00Z"]), [2, 3]);
    assert_eq!(log(&["--since", "2026-11-02T13:00:00+01:00", "-n", "1"]), [2]);
    assert_eq!(log(&["--since", "2026-11-02", "--kind", "a"]), [3, 5]);
    assert!(log(&["--since", "2026-11-03", "--until", "2026-11-03"]).is_empty());
}

#[test]
fn nothing_that_matches_is_an_empty_list_and_a_note_that_is_true() {
    let sandbox = days(&["a"]);
    for args in [&["log", "--kind", "b"][..], &["log", "--since", "2027-01-01"]] {
        let log = sandbox.ok(args);
        assert_eq!(log.stdout, "");
        assert!(log.stderr.starts_with("note: no event in the vault matches"), "{log:?}");
        assert_eq!(sandbox.ok(&[args, &["-o", "json"]].concat()).stdout, "[]\n");
    }
    assert_eq!(sandbox.ok(&["log", "--kind", "b", "-n", "0"]).stderr, "");
}

#[test]
fn tail_follows_the_kinds_that_are_meant() {
    let kinds: Vec<&str> = (0..30).map(|number| if number % 2 == 0 { "even" } else { "odd" }).collect();
    let sandbox = days(&kinds);
    let tail = |args: &[&str]| payloads(&sandbox, &[&["tail"], args].concat());
    // The last ten of those that are meant, not those that are meant of the last ten.
    assert_eq!(
        tail(&["--kind", "even", "-n", "10"]),
        (5..15).map(|number| json!(2 * number + 1)).collect::<Vec<_>>()
    );
    assert_eq!(tail(&["--kind", "even", "-n", "2"]), [27, 29]);
    assert_eq!(tail(&["--kind", "odd", "--from", "beginning", "-n", "2"]), [2, 4]);
    assert_eq!(tail(&["--kind", "odd", "--from", "5", "-n", "2"]), [6, 8]);
    let few = days(&["a", "b", "a"]);
    assert_eq!(payloads(&few, &["tail", "--kind", "a", "-n", "2"]), [1, 3]);
}

#[test]
fn tail_starts_at_a_time() {
    let sandbox = days(&["a", "b", "a", "b", "a"]);
    let tail = |args: &[&str]| payloads(&sandbox, &[&["tail"], args].concat());
    assert_eq!(tail(&["--from", "2026-11-03", "-n", "3"]), [3, 4, 5]);
    assert_eq!(tail(&["--from", "2026-11-03T12:00:01Z", "-n", "2"]), [4, 5]);
    assert_eq!(tail(&["--from", "2020-01-01", "--kind", "b", "-n", "2"]), [2, 4]);
    sandbox.run(&["tail", "--from", "noon"]).assert(2, "characters or more, or a time");
}

#[test]
fn payload_prints_json_for_its_digest() {
    let sandbox = Sandbox::new();
    let hostile = "{\"n\":[1,2.5],\"t\":\"\\u001b[2J\u{9b}\u{202e}ü\"}";
    let digest = |header: &Value| header["digest"].as_str().unwrap().to_owned();
    let digest = digest(&sandbox.json(&["commit", "a", hostile])[0]);
    sandbox.ok(&["commit", "b", hostile]);
    let printed = sandbox.ok(&["payload", &digest]);
    assert!(!printed.stdout.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'));
    let expected: Value = serde_json::from_str(hostile).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&printed.stdout).unwrap(), expected);
    assert_eq!(printed.stderr, "");
    let objects = [json!({ "digest": digest, "payload": expected })];
    assert_eq!(sandbox.json(&["payload", &digest]), objects);
    assert_eq!(sandbox.json(&["payload", &digest.to_uppercase()]), objects);
}

#[test]
fn a_payload_that_json_cannot_tell_is_printed_as_its_bytes() {
    let sandbox = Sandbox::new();
    let vault = sandbox.open("main");
    let header = block_on(vault.commit_json("a", f64::NAN, &[])).unwrap();
    block_on(vault.close()).unwrap();
    drop(vault);
    let digest = header.digest.to_string();
    let shown = sandbox.json(&["show", &header.id.to_string()]).remove(0);
    let printed = sandbox.json(&["payload", &digest]).remove(0);
    assert_eq!(printed, json!({ "digest": digest, "payload_msgpack": shown["payload_msgpack"] }));
    let table = sandbox.ok(&["payload", &digest]);
    assert_eq!(table.stdout, "NaN\n");
    for command in [&["log"][..], &["show", "1"], &["log", "--graph"], &["graph"]] {
        let printed = sandbox.ok(command).stdout;
        assert!(printed.contains("NaN") && !printed.contains("null"), "{command:?}: {printed}");
    }
    assert!(table.stderr.starts_with("note: JSON cannot tell this payload"), "{table:?}");
}
