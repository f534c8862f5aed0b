//! Events named by the beginning of their ids.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

/// Ids of which the first two begin alike.
const IDS: [&str; 3] =
    ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW", "01BX5ZZKBKACTAV9WEVGEMMVRZ"];

/// Makes a vault of three events, each of which follows the one before.
fn chain() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "a", "1", "--id", IDS[0]]);
    sandbox.ok(&["commit", "a", "2", "--id", IDS[1], "--parent", IDS[0]]);
    sandbox.ok(&["commit", "a", "3", "--id", IDS[2], "--parent", IDS[1]]);
    sandbox
}

/// Runs a command and returns the payloads of what it prints.
fn payloads(sandbox: &Sandbox, args: &[&str]) -> Vec<Value> {
    sandbox.json(args).iter().map(|event| event["payload"].clone()).collect()
}

#[test]
fn the_beginning_of_one_id_is_enough() {
    let sandbox = chain();
    for name in ["01BX5Z", "01bx5z", "01BX5ZZKBKACTAV9WEVGEMMVR", IDS[2]] {
        assert_eq!(payloads(&sandbox, &["show", name]), [3], "{name}");
        assert_eq!(payloads(&sandbox, &["ancestors", name]), [1, 2], "{name}");
        assert_eq!(payloads(&sandbox, &["common-ancestor", name, IDS[1]]), [2], "{name}");
        assert_eq!(payloads(&sandbox, &["common-ancestor", IDS[1], name]), [2], "{name}");
        assert_eq!(sandbox.ok(&["descendants", name]).stderr, "note: nothing follows this event yet\n");
    }
}

#[test]
fn the_beginning_of_several_ids_is_4_and_lists_them() {
    let sandbox = chain();
    for command in ["show", "ancestors", "descendants"] {
        let ended = sandbox.run(&[command, "01ARZ3ND"]);
        ended.assert(4, "the ids of several events begin with 01ARZ3ND; give more characters");
        ended.assert(4, &format!("\n    {}\n    {}\n", IDS[1], IDS[0]));
        assert!(!ended.stderr.contains(IDS[2]) && !ended.stderr.contains("and more"), "{ended:?}");
        assert_eq!(ended.stdout, "");
    }
    sandbox.run(&["common-ancestor", "01BX5Z", "01ARZ3"]).assert(4, IDS[0]);
}

#[test]
fn of_very_many_the_newest_five_are_listed() {
    let sandbox = Sandbox::new();
    let id = |number: usize| format!("01ARZ3NDEKTSV4RRFFQ69G5F{number:02}");
    for number in 0..7 {
        sandbox.ok(&["commit", "a", "1", "--id", &id(number)]);
    }
    let ended = sandbox.run(&["show", "01ARZ3"]);
    ended.assert(4, "\n    and more\n");
    let listed: Vec<usize> = (0..7).filter(|number| ended.stderr.contains(&id(*number))).collect();
    assert_eq!(listed, [2, 3, 4, 5, 6]);
}

#[test]
fn what_begins_no_id_is_4_and_what_cannot_is_2() {
    let sandbox = chain();
    sandbox.run(&["show", "01ZZZZ"]).assert(4, "has an id that begins with 01ZZZZ; `log` lists the ids");
    for name in ["01BX5", "", "81BX5ZZK", "01BX5Z!", "01BX5ZZKBKACTAV9WEVGEMMVRZ0", "漢漢漢"] {
        sandbox.run(&["show", name]).assert(2, "its first 6 characters or more");
    }
}

#[test]
fn a_parent_is_named_as_any_other_event_is() {
    let sandbox = chain();
    for name in ["1", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01arz3ndektsv4rrffq69g5fav"] {
        assert_eq!(
            sandbox.json(&["commit", "b", "0", "--parent", name])[0]["parents"],
            json!([IDS[0]]),
            "{name}"
        );
    }
    let both = sandbox.json(&["commit", "b", "0", "--parent", "01BX5Z", "--parent", "2"]).remove(0);
    assert_eq!(both["parents"], json!([IDS[2], IDS[1]]));
    sandbox.run(&["commit", "b", "0", "--parent", "01ARZ3"]).assert(4, "of several events begin with 01ARZ3");
    sandbox
        .run(&["commit", "b", "0", "--parent", "99"])
        .assert(4, "no event is at position 99; the newest is at 7");
    sandbox.run(&["commit", "b", "0", "--parent", "1", "--parent", IDS[0]]).assert(2, "named twice");
    assert_eq!(sandbox.json(&["log"]).len(), 7);
}

#[test]
fn a_parent_in_a_vault_that_is_not_there_creates_none() {
    let sandbox = Sandbox::new();
    sandbox.run(&["commit", "a", "1", "--parent", "1"]).assert(4, "the vault has no events yet");
    sandbox.run(&["commit", "a", "1", "--parent", "01ARZ3"]).assert(4, "begins with 01ARZ3");
    assert!(sandbox.names().is_empty());
}

#[test]
fn tail_starts_at_the_only_event_whose_id_begins_so() {
    let sandbox = chain();
    assert_eq!(payloads(&sandbox, &["tail", "--from", "01bx5z", "-n", "1"]), [3]);
    sandbox.run(&["tail", "--from", "01ARZ3"]).assert(4, "of several events begin with 01ARZ3");
}

#[test]
fn help_tells_what_a_prefix_costs() {
    let sandbox = Sandbox::new();
    for command in ["show", "ancestors", "descendants", "common-ancestor", "commit"] {
        let help = sandbox.ok(&[command, "--help"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains("the history is read to its beginning"), "{help}");
    }
}
