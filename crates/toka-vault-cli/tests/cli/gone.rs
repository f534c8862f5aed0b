//! A journal that goes away while it is followed.

use std::fs;
use std::os::unix::fs::symlink;

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
        end(tail.child).assert(5, "error: the vault at main is gone, so that no event can follow\n");
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
    end(tail.child).assert(5, "error: another vault is at main now, ");
    // What was printed until then is whole.
    let array: String = std::iter::once(first).chain(tail.lines).collect();
    let events: Vec<serde_json::Value> = serde_json::from_str(&array).unwrap();
    assert_eq!(events.len(), 1);
}
