//! `commit` on conditions.

use crate::sandbox::Sandbox;

/// An id that an event can bring.
const ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// How many events there are.
fn events(sandbox: &Sandbox) -> usize {
    sandbox.json(&["log"]).len()
}

#[test]
fn a_commit_can_require_that_nothing_came_in_between() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "a", "1", "--if-head", "0"]);
    sandbox.ok(&["commit", "a", "2", "--if-head", "1"]);
    for position in ["0", "1", "3", "18446744073709551615"] {
        let said = format!("the head is at position {position}");
        sandbox.run(&["commit", "a", "3", "--if-head", position]).assert(6, &said);
    }
    assert_eq!(events(&sandbox), 2);
}

#[test]
fn a_commit_can_require_that_there_is_no_such_event() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "seat.1.taken", "1", "--if-none", "seat.1.taken"]);
    let taken = sandbox.run(&["commit", "seat.1.taken", "2", "--if-none", "seat.1.taken"]);
    taken.assert(6, "see the event at position 1");
    assert_eq!(sandbox.json(&["show", "1"])[0]["kind"], "seat.1.taken");
    sandbox.run(&["show", "9"]).assert(4, "no event is at position 9; the newest is at");
    assert_eq!(taken.stdout, "");
    sandbox.run(&["commit", "seat.1.taken", "2", "--if-none", "seat.*.taken"]).assert(6, "position 1");
    sandbox.run(&["commit", "seat.1.taken", "2", "--if-none", ">"]).assert(6, "position 1");
    sandbox.ok(&["commit", "seat.2.taken", "2", "--if-none", "seat.2.taken"]);
    assert_eq!(events(&sandbox), 2);
}

#[test]
fn a_position_leaves_out_what_was_seen_already() {
    let sandbox = Sandbox::new();
    for payload in ["1", "2"] {
        sandbox.ok(&["commit", "a", payload]);
    }
    sandbox
        .run(&["commit", "a", "3", "--if-none", "a", "--after", "1"])
        .assert(6, "see the event at position 2");
    sandbox.ok(&["commit", "a", "3", "--if-none", "a", "--after", "2"]);
    sandbox
        .run(&["commit", "a", "4", "--if-none", "a", "--after", "3", "--if-head", "2"])
        .assert(6, "the head");
    sandbox.ok(&["commit", "a", "4", "--if-none", "a", "--after", "3", "--if-head", "3"]);
    assert_eq!(events(&sandbox), 4);
}

#[test]
fn a_commit_that_is_repeated_is_answered_before_its_condition() {
    let sandbox = Sandbox::new();
    let args = ["commit", "a", "1", "--id", ID, "--if-none", "a", "--if-head", "0"];
    let first = sandbox.ok(&args);
    assert_eq!(sandbox.ok(&args).stdout, first.stdout);
    sandbox.run(&["commit", "a", "2", "--id", ID, "--if-none", "a"]).assert(1, "it differs in payload");
    assert_eq!(events(&sandbox), 1);
}

#[test]
fn a_vault_that_is_not_there_counts_as_empty_and_a_refusal_creates_none() {
    let sandbox = Sandbox::new();
    let refused: [(&[&str], i32, &str); 3] = [
        (&["commit", "a", "1", "--if-head", "1"], 6, "the head is at position 1"),
        (&["commit", "a", "1", "--if-none", "a", "--if-head", "7"], 6, "the head is at position 7"),
        (&["commit", "a", "1", "--parent", ID], 4, "is not in this vault"),
    ];
    for vault in ["sled:new", "journal:new"] {
        for (args, code, said) in refused {
            sandbox.run(&[args, &["--vault", vault]].concat()).assert(code, said);
            assert!(sandbox.names().is_empty(), "{args:?} left {:?}", sandbox.names());
        }
    }
    std::fs::create_dir(sandbox.path("main")).unwrap();
    sandbox.run(refused[0].0).assert(6, "the head");
    assert_eq!(std::fs::read_dir(sandbox.path("main")).unwrap().count(), 0);
    sandbox.ok(&["commit", "a", "1", "--if-head", "0", "--if-none", ">"]);
    assert_eq!(events(&sandbox), 1);
}
