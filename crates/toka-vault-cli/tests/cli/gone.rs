//! A journal that is waited for, or goes away while it is followed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::sync::mpsc;

use crate::beside::{JOURNAL, READ_ONLY, Tail, commit, program, run};
use crate::sandbox::{PATIENCE, Sandbox, end};

#[test]
fn a_tail_ends_where_its_vault_is_gone() {
    for url in [JOURNAL, READ_ONLY] {
        let sandbox = Sandbox::new();
        commit(&sandbox, 1);
        let tail = Tail::start(&sandbox, url, &[]);
        assert_eq!(tail.next(), 1);
        fs::rename(sandbox.path("main"), sandbox.path("away")).unwrap();
        end(tail.child).assert(5, "/main is gone, so that no event can follow\n");
    }
}

#[test]
fn a_tail_ends_where_another_vault_is_in_the_place_of_its_own() {
    let sandbox = Sandbox::new();
    for name in ["first", "second"] {
        assert_eq!(run(&sandbox, &format!("journal:{name}"), &["commit", "a", "1"]).code, Some(0));
    }
    symlink("first", sandbox.path("main")).unwrap();
    let tail = Tail::of(program(&sandbox, JOURNAL, &["tail", "-o", "json"]));
    // In one step, so that there is a vault at each moment.
    symlink("second", sandbox.path("next")).unwrap();
    let first = tail.lines.recv_timeout(PATIENCE).unwrap();
    fs::rename(sandbox.path("next"), sandbox.path("main")).unwrap();
    end(tail.child).assert(5, "/main now, and no event can follow");
    // What was printed until then is whole.
    let array: String = std::iter::once(first).chain(tail.lines).collect();
    let events: Vec<serde_json::Value> = serde_json::from_str(&array).unwrap();
    assert_eq!(events.len(), 1);
}

#[test]
fn a_tail_that_waits_for_a_position_ahead_of_the_head_says_so() {
    let sandbox = Sandbox::new();
    commit(&sandbox, 1);
    let mut child = program(&sandbox, READ_ONLY, &["tail", "--from", "3", "-n", "1"]).spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let (tell, notes) = mpsc::channel();
    std::thread::spawn(move || stderr.lines().try_for_each(|line| tell.send(line.unwrap())));
    let note = notes.recv_timeout(PATIENCE);
    (2..=3).for_each(|payload| commit(&sandbox, payload));
    assert_eq!(note.unwrap(), "note: position 3 is ahead of the head, which is 1; waiting for it");
    assert_eq!(
        end(program(&sandbox, READ_ONLY, &["tail", "--from", "9", "-n", "0"]).spawn().unwrap()).stderr,
        ""
    );
    assert_eq!(end(child).code, Some(0));
    // The next one is not ahead.
    let tail = Tail::start(&sandbox, READ_ONLY, &["--from", "3", "-n", "1"]);
    assert_eq!(tail.next(), 3);
    assert_eq!(end(tail.child).stderr, "");
}
