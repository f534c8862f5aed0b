//! A journal that lost acknowledged events at its end.

use futures::executor::block_on;
use toka_vault::{JournalOptions, JournalVault, Vault};

use crate::beside::{JOURNAL, READ_ONLY, run};
use crate::sandbox::Sandbox;

/// Makes a journal that lost its last segment.
fn with_lost_tail() -> Sandbox {
    let sandbox = Sandbox::new();
    let options = JournalOptions::new().with_segment_bytes(64 << 10);
    let vault = Vault::Journal(JournalVault::open_with(sandbox.path("main"), options).unwrap());
    // A segment holds about three of them.
    (0..10).for_each(|number| {
        drop(block_on(vault.commit_json("a", (number, "x".repeat(20_000)), &[])).unwrap())
    });
    block_on(vault.close()).unwrap();
    drop(vault);
    let segments = std::fs::read_dir(sandbox.path("main/journal")).unwrap();
    let last = segments.map(|entry| entry.unwrap().path()).max().unwrap();
    std::fs::remove_file(last).unwrap();
    sandbox
}

#[test]
fn a_lost_tail_is_told_until_it_is_accepted() {
    let sandbox = with_lost_tail();
    for (url, command) in [(JOURNAL, "log"), (JOURNAL, "tail"), (READ_ONLY, "log"), (READ_ONLY, "tail")] {
        run(&sandbox, url, &[command]).assert(5, "acknowledged events up to position 10");
    }
    let accepted = run(&sandbox, JOURNAL, &["tail", "--accept-tail-loss", "-n", "1"]);
    let told = "note: acknowledged and gone: the event at position 10; the vault goes on behind position 9\n";
    assert_eq!((accepted.code, accepted.stderr.as_str()), (Some(0), told));
    assert_eq!(run(&sandbox, READ_ONLY, &["log"]).code, Some(0));
    // Where nothing is missing, nothing is told.
    assert_eq!(run(&sandbox, JOURNAL, &["log", "--accept-tail-loss"]).stderr, "");
}
