//! `ancestors`, `descendants`, `common-ancestor` and `leaves`.

use serde_json::Value;

use crate::sandbox::Sandbox;

/// An id that no event has.
const STRANGER: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// Makes a vault of a graph: 2 and 3 come from 1, 4 from both, 5 from 4, and 6 from nothing. Returns
/// the ids, that of event 1 first.
fn woven() -> (Sandbox, Vec<String>) {
    let sandbox = Sandbox::new();
    let mut ids: Vec<String> = Vec::new();
    let graph: [(&str, &[usize]); 6] =
        [("1", &[]), ("2", &[0]), ("3", &[0]), ("4", &[1, 2]), ("5", &[3]), ("6", &[])];
    for (payload, parents) in graph {
        let mut args = vec!["commit", "a", payload];
        for parent in parents {
            args.extend(["--parent", ids[*parent].as_str()]);
        }
        let header = sandbox.json(&args).remove(0);
        ids.push(header["id"].as_str().unwrap().to_owned());
    }
    (sandbox, ids)
}

/// Runs a command and returns the payloads of what it lists.
fn payloads(sandbox: &Sandbox, args: &[&str]) -> Vec<Value> {
    sandbox.json(args).iter().map(|event| event["payload"].clone()).collect()
}

#[test]
fn ancestors_are_listed_as_it_happened_or_from_new_to_old() {
    let (sandbox, ids) = woven();
    assert_eq!(payloads(&sandbox, &["ancestors", &ids[4]]), [1, 2, 3, 4]);
    assert_eq!(payloads(&sandbox, &["ancestors", &ids[4], "--nearest"]), [4, 3, 2, 1]);
    assert_eq!(payloads(&sandbox, &["ancestors", &ids[4], "-n", "2"]), [3, 4]);
    assert_eq!(payloads(&sandbox, &["ancestors", &ids[4], "--nearest", "-n", "2"]), [4, 3]);
    assert_eq!(payloads(&sandbox, &["ancestors", &ids[3], "--depth", "1"]), [2, 3]);
}

#[test]
fn descendants_are_listed_as_it_happened() {
    let (sandbox, ids) = woven();
    assert_eq!(payloads(&sandbox, &["descendants", &ids[0]]), [2, 3, 4, 5]);
    assert_eq!(payloads(&sandbox, &["descendants", &ids[0], "-n", "3"]), [2, 3, 4]);
    assert_eq!(payloads(&sandbox, &["descendants", &ids[0], "--depth", "1"]), [2, 3]);
    assert_eq!(payloads(&sandbox, &["descendants", &ids[0], "--nearest"]), [2, 3, 4, 5]);
}

#[test]
fn walks_list_what_is_meant_and_go_through_the_rest() {
    let sandbox = Sandbox::new();
    let mut parent: Option<String> = None;
    let mut ids = Vec::new();
    for (number, kind) in
        ["user.said", "agent.tool.invoked", "agent.said", "agent.tool.failed"].iter().enumerate()
    {
        let payload = (number + 1).to_string();
        let mut args = vec!["commit", kind, &payload];
        if let Some(parent) = &parent {
            args.extend(["--parent", parent]);
        }
        let id = sandbox.json(&args).remove(0)["id"].as_str().unwrap().to_owned();
        parent = Some(id.clone());
        ids.push(id);
    }
    let (first, last) = (&ids[0], &ids[3]);
    assert_eq!(payloads(&sandbox, &["ancestors", last, "--kind", "agent.tool.*"]), [2]);
    assert_eq!(payloads(&sandbox, &["ancestors", last, "--kind", "*.said", "-n", "1"]), [3]);
    assert_eq!(payloads(&sandbox, &["ancestors", last, "--kind", "*.said", "--nearest"]), [3, 1]);
    assert_eq!(payloads(&sandbox, &["descendants", first, "--kind", "agent.tool.*"]), [2, 4]);
    assert_eq!(payloads(&sandbox, &["descendants", first, "--kind", "agent.tool.failed", "-n", "1"]), [4]);
    assert_eq!(payloads(&sandbox, &["descendants", first, "--since", "2020-01-01"]), [2, 3, 4]);
    assert!(payloads(&sandbox, &["descendants", first, "--until", "2020-01-01"]).is_empty());
    let nothing = sandbox.ok(&["ancestors", last, "--kind", "nobody"]);
    assert!(nothing.stderr.starts_with("note: nothing that led to this event matches"), "{nothing:?}");
    let refused = sandbox.run(&["descendants", first, "--since", "2021-01-01", "--until", "2020-01-01"]);
    refused.assert(2, "exchange its ends");
    sandbox.run(&["ancestors", last, "--kind", "a..b"]).assert(2, "--kind");
}

#[test]
fn common_ancestors_are_the_nearest() {
    let (sandbox, ids) = woven();
    assert_eq!(payloads(&sandbox, &["common-ancestor", &ids[1], &ids[2]]), [1]);
    assert_eq!(payloads(&sandbox, &["common-ancestor", &ids[4], &ids[2]]), [3]);
    assert_eq!(payloads(&sandbox, &["common-ancestor", &ids[4], &ids[4]]), [5]);
}

#[test]
fn leaves_are_what_nothing_follows() {
    let (sandbox, _) = woven();
    assert_eq!(payloads(&sandbox, &["leaves"]), [6, 5]);
    assert_eq!(payloads(&sandbox, &["leaves", "-n", "1"]), [6]);
}

#[test]
fn they_print_what_log_prints_in_every_format() {
    let (sandbox, ids) = woven();
    let log = sandbox.ok(&["log", "--reverse", "-n", "4"]);
    assert_eq!(sandbox.ok(&["ancestors", &ids[4]]).stdout, log.stdout);
    let log = sandbox.ok(&["log", "--reverse", "-n", "4", "-o", "json"]);
    assert_eq!(sandbox.ok(&["ancestors", &ids[4], "-o", "json"]).stdout, log.stdout);
}

#[test]
fn an_empty_list_is_a_note() {
    let (sandbox, ids) = woven();
    let said = |args: &[&str], note: &str| {
        let ended = sandbox.ok(args);
        assert_eq!((ended.stdout.as_str(), ended.stderr), ("", note.to_owned()), "{args:?}");
    };
    said(&["ancestors", &ids[0]], "note: nothing led to this event\n");
    said(&["descendants", &ids[5]], "note: nothing follows this event yet\n");
    said(&["common-ancestor", &ids[0], &ids[5]], "note: the events have no common ancestor\n");
    said(&["ancestors", &ids[4], "-n", "0"], "");
    said(&["descendants", &ids[0], "--depth", "0"], "");
    assert_eq!(sandbox.ok(&["ancestors", &ids[0], "-o", "json"]).stdout, "[]\n");
}

#[test]
fn an_unknown_id_is_4_and_a_malformed_one_is_2() {
    let (sandbox, ids) = woven();
    let cases: [&[&str]; 4] = [
        &["ancestors", STRANGER],
        &["descendants", STRANGER],
        &["common-ancestor", STRANGER, &ids[0]],
        &["common-ancestor", &ids[0], STRANGER],
    ];
    for args in cases {
        sandbox.run(args).assert(4, "is not in this vault");
    }
    for command in ["ancestors", "descendants"] {
        sandbox.run(&[command, "x"]).assert(2, "ULID");
        sandbox.run(&[command]).assert(2, "<ID>");
        sandbox.run(&[command, &ids[0], "--depth", "-1"]).assert(2, "unexpected argument");
        sandbox.run(&[command, &ids[0], "-n", "many"]).assert(2, "invalid");
    }
    sandbox.run(&["common-ancestor", &ids[0], "\u{1b}[31m"]).assert(2, "ULID");
    sandbox.run(&["common-ancestor", &ids[0]]).assert(2, "<OTHER>");
    sandbox.run(&["leaves", &ids[0]]).assert(2, "unexpected argument");
}

#[test]
fn help_tells_what_is_listed_and_in_which_order() {
    let sandbox = Sandbox::new();
    let help = sandbox.ok(&["--help"]).stdout;
    for command in ["ancestors", "descendants", "common-ancestor", "leaves"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command}: {help}");
    }
    assert!(sandbox.ok(&["ancestors", "--help"]).stdout.contains("--nearest"));
    assert!(sandbox.ok(&["common-ancestor", "--help"]).stdout.contains("leading to itself"));
}
