//! What each command does.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

/// Commits an event and returns its id.
fn commit(sandbox: &Sandbox, args: &[&str]) -> String {
    text(&sandbox.json(&[&["commit"], args].concat())[0], "id")
}

/// Returns a field of an object as text.
fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap().to_owned()
}

/// Returns a field of each object.
fn each(objects: &[Value], field: &str) -> Vec<Value> {
    objects.iter().map(|object| object[field].clone()).collect()
}

#[test]
fn commit_prints_the_header_that_show_prints_with_the_payload() {
    let sandbox = Sandbox::new();
    let first = commit(&sandbox, &["a.b", r#"{"n":[1,2.5,null]}"#]);
    let header = sandbox.json(&["commit", "a.c", "-5", "--parent", &first]).remove(0);
    assert_eq!(header["parents"], json!([first]));
    let mut shown = sandbox.json(&["show", &text(&header, "id")]).remove(0);
    assert_eq!(shown.as_object_mut().unwrap().remove("payload"), Some(json!(-5)));
    assert_eq!(shown, header);
    let table = sandbox.ok(&["show", &first]).stdout;
    assert!(table.contains("kind       a.b\n"), "{table}");
    assert!(table.contains("    2.5,\n"), "{table}");
}

#[test]
fn commit_reads_stdin_and_keeps_an_id_that_was_brought() {
    let sandbox = Sandbox::new();
    let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let args = ["commit", "a", "-", "--id", id, "-o", "jsonl"];
    let first = sandbox.feed(&args, "\n {\"x\": \"ü\"}\n");
    assert_eq!(first.code, Some(0), "{first:?}");
    assert_eq!(sandbox.feed(&args, r#"{"x":"ü"}"#).stdout, first.stdout);
    assert_eq!(sandbox.json(&["log"]).len(), 1);
    for nothing in ["", "\n"] {
        sandbox.feed(&["commit", "a", "-"], nothing).assert(2, "stdin is empty, where the payload should be");
    }
    sandbox.feed(&["commit", "a", "-"], b"\"\xff\"").assert(1, "cannot read stdin");
}

#[test]
fn log_lists_the_newest_first_and_reverse_the_oldest() {
    let sandbox = Sandbox::new();
    for number in ["1", "2", "3"] {
        commit(&sandbox, &["a", number]);
    }
    assert_eq!(each(&sandbox.json(&["log"]), "payload"), [3, 2, 1]);
    assert_eq!(each(&sandbox.json(&["log", "-n", "2"]), "payload"), [3, 2]);
    assert_eq!(each(&sandbox.json(&["log", "--reverse"]), "payload"), [1, 2, 3]);
    assert_eq!(each(&sandbox.json(&["log", "-r", "-n", "2"]), "payload"), [1, 2]);
    assert!(sandbox.json(&["log", "-n", "0"]).is_empty());
}

#[test]
fn a_vault_without_events_is_an_empty_list_and_a_note() {
    let sandbox = Sandbox::new();
    drop(sandbox.open("main"));
    let log = sandbox.ok(&["log"]);
    assert_eq!((log.stdout.as_str(), log.stderr.as_str()), ("", "note: the vault has no events yet\n"));
    assert_eq!(sandbox.ok(&["log", "-o", "json"]).stdout, "[]\n");
    assert_eq!(sandbox.ok(&["export", "jsonl"]).stdout, "");
    assert_eq!(sandbox.json(&["stats"])[0]["events"], 0);
    assert!(sandbox.ok(&["verify"]).stderr.contains("verified 0 events"));
}

#[test]
fn tail_starts_where_it_is_told() {
    let sandbox = Sandbox::new();
    let ids: Vec<String> = (1..=12).map(|number| commit(&sandbox, &["a", &number.to_string()])).collect();
    let tail = |args: &[&str]| each(&sandbox.json(&[&["tail"], args].concat()), "payload");
    assert_eq!(tail(&["-n", "10"]), [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    assert_eq!(tail(&["-n", "2"]), [11, 12]);
    assert_eq!(tail(&["--from", "beginning", "-n", "2"]), [1, 2]);
    assert_eq!(tail(&["--from", "5", "-n", "2"]), [5, 6]);
    assert_eq!(tail(&["--from", "0", "-n", "1"]), [1]);
    assert_eq!(tail(&["--from", &ids[11], "-n", "1"]), [12]);
    assert!(tail(&["--from", "head", "-n", "0"]).is_empty());
}

#[test]
fn stats_sums_up() {
    let sandbox = Sandbox::new();
    for payload in ["1", "1", "\"long\""] {
        commit(&sandbox, &["a.b", payload]);
    }
    commit(&sandbox, &["c", "1"]);
    let stats = sandbox.json(&["stats"]).remove(0);
    assert_eq!(stats["events"], 4);
    assert_eq!(stats["kinds"], json!({ "a.b": 3, "c": 1 }));
    assert_eq!((&stats["shared_payload_bytes"], &stats["payload_bytes"]), (&json!(0), &json!(8)));
    // It would take memory for each.
    assert_eq!(stats.get("distinct_payloads"), None);
    assert_eq!(stats["head_position"], 4);
    assert_eq!(stats["head_chain"].as_str().unwrap().len(), 64);
    assert!(stats["disk_bytes"].as_u64().unwrap() > 0);
    assert!(stats["earliest"].as_str() <= stats["latest"].as_str());
    assert!(sandbox.ok(&["stats"]).stdout.contains("a.b  3\n"));
}

#[test]
fn verify_finds_nothing_in_a_sound_vault() {
    let sandbox = Sandbox::new();
    let first = commit(&sandbox, &["a", "1"]);
    commit(&sandbox, &["a", "2", "--parent", &first]);
    let verified = sandbox.ok(&["verify"]);
    assert_eq!(verified.stdout, "");
    assert_eq!(verified.stderr, "verified 2 events: every digest, every hash and the chain fit\n");
    assert_eq!(sandbox.ok(&["verify", "-o", "json"]).stdout, "[]\n");
}

#[test]
fn a_vault_in_memory_serves_to_try_things_out() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["--vault", "memory:", "commit", "a", "1"]);
    assert_eq!(sandbox.ok(&["--vault", "memory:10", "log"]).stdout, "");
    assert!(sandbox.names().is_empty());
}

#[test]
fn words_without_quotes_are_refused_with_how_to_write_them() {
    let sandbox = Sandbox::new();
    sandbox.run(&["commit", "a", "hello you"]).assert(2, "to store it as a text, write '\"hello you\"'");
    let other = sandbox.run(&["commit", "a", "{\"n\": }"]);
    other.assert(2, "the payload is no JSON that can be stored");
    assert!(!other.stderr.contains("write '"), "{}", other.stderr);
}

#[test]
fn a_vault_that_is_created_is_named_and_one_that_is_there_is_not() {
    let sandbox = Sandbox::new();
    assert!(sandbox.ok(&["commit", "a", "1"]).stderr.starts_with("note: created a new vault at "));
    assert_eq!(sandbox.ok(&["commit", "a", "2"]).stderr, "");
    assert_eq!(sandbox.ok(&["--vault", "memory:", "commit", "a", "1"]).stderr, "");
}

#[test]
fn tail_ends_where_nobody_else_can_commit() {
    let sandbox = Sandbox::new();
    let url = format!("sled:{}", sandbox.path("on-sled").display());
    for number in 1..=3 {
        sandbox.ok(&["--vault", &url, "commit", "a", &number.to_string()]);
    }
    let tail = |args: &[&str]| sandbox.ok(&[&["--vault", &url, "tail"], args].concat());
    let all = tail(&[]);
    assert_eq!(all.stdout.lines().count(), 1 + 3, "{}", all.stdout);
    assert!(all.stderr.contains("no event can follow"), "{}", all.stderr);
    assert!(tail(&["-n", "9"]).stderr.contains("no event can follow"));
    assert!(tail(&["--from", "99"]).stderr.contains("no event can follow"));
    assert_eq!(tail(&["-n", "3"]).stderr, "");
}
