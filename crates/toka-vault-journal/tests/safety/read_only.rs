//! Reading beside a writer in another process: what it has stored is seen, in order, also over its death;
//! nothing is written, and nothing can be committed.

use std::path::Path;

use futures::TryStreamExt;
use futures::executor::block_on;
use toka_vault_core::{
    Error, EventHeader, EventStore, Filter, NewEvent, ReplayOptions, StartFrom, Subscription,
};
use toka_vault_journal::{JournalOptions, JournalVault};
use toka_vault_testkit::assert_error;
use toka_vault_testkit::assertions::assert_whole;
use toka_vault_testkit::child;
use toka_vault_testkit::events::{event, fill, history, number, numbers};
use toka_vault_testkit::runner::watched;

use crate::access::below;

/// Follows until an event with this number is seen, and returns all numbers on the way.
fn follow_until(live: &mut Subscription, last: u64) -> Vec<u64> {
    let mut seen = Vec::new();
    while seen.last() != Some(&last) {
        seen.push(number(&block_on(live.recv()).unwrap().unwrap()));
    }
    seen
}

#[test]
fn a_writer_is_followed_over_its_deaths() {
    watched(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vault");
        drop(JournalVault::open_with(&path, JournalOptions::new().with_segment_bytes(64 << 10)).unwrap());
        let reader = JournalVault::open_read_only(&path).unwrap();
        let mut live = reader.subscribe_from(StartFrom::Beginning);
        let mut seen = Vec::new();
        for round in 0..6 {
            let mut running = child::start(child::command("write", &path, &(round * 1_000_000).to_string()));
            running.wait_for("opening");
            let heard: Vec<String> = std::iter::from_fn(|| running.hear()).take(400).collect();
            let last = heard.last().unwrap().split_once(' ').unwrap().1.parse().unwrap();
            seen.extend(follow_until(&mut live, last));
            running.kill();
        }
        // The writer's own recovery finds all that was shown, in the same order.
        let vault = JournalVault::open(&path).unwrap();
        let stored = numbers(&block_on(assert_whole(&vault)));
        assert_eq!(stored[..seen.len()], seen);
        // And of a quiet vault the last event is seen too.
        block_on(vault.commit(event(77))).unwrap();
        let rest = follow_until(&mut live, 77);
        assert_eq!(stored[seen.len()..], rest[..rest.len() - 1]);
        assert_eq!(numbers(&block_on(assert_whole(&reader))).last(), Some(&77));
        block_on(reader.close()).unwrap();
        assert!(block_on(live.recv()).unwrap().is_none());
    });
}

#[test]
fn what_recovery_found_is_seen_though_nothing_is_committed_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let vault = JournalVault::open(&path).unwrap();
    block_on(fill(&vault, 3));
    block_on(vault.close()).unwrap();
    drop(vault);
    // As after a kill within the second in which a head is recorded.
    std::fs::write(path.join("head"), [0; 3 * 4_096]).unwrap();
    drop(JournalVault::open(&path).unwrap());
    let reader = JournalVault::open_read_only(&path).unwrap();
    assert_eq!(block_on(assert_whole(&reader)).len(), 3);
}

#[test]
fn reading_changes_nothing_and_finds_events_by_position_and_id() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let vault = JournalVault::open_with(&path, JournalOptions::new().with_segment_bytes(64 << 10)).unwrap();
    let headers = block_on(fill(&vault, 1_000));
    block_on(vault.close()).unwrap();
    drop(vault);
    let before = below(&path);
    let readers = [(); 2].map(|()| JournalVault::open_read_only(&path).unwrap());
    for reader in &readers {
        assert_eq!(block_on(assert_whole(reader)).len(), 1_000);
        let found = block_on(reader.get(headers[499].id)).unwrap().unwrap();
        assert_eq!(found.header, headers[499]);
        assert_eq!(block_on(reader.get(toka_vault_testkit::events::id(7))).unwrap(), None);
        let mut behind = reader.subscribe_from(StartFrom::AfterId(headers[9].id));
        assert_eq!(block_on(behind.recv()).unwrap().unwrap().header, headers[10]);
        let refused: Result<_, Error> = block_on(reader.commit(event(1)));
        assert_error!(refused, Error::ReadOnly);
        assert_error!(block_on(reader.commit_batch(vec![NewEvent::new("a", 1).unwrap()])), Error::ReadOnly);
    }
    block_on(readers[0].close()).unwrap();
    drop(readers);
    assert_eq!(below(&path), before);
}

/// Changes a byte in the middle of each file of the index.
fn damage_index(path: &Path) {
    let mut damaged = 0;
    for (file, bytes, _) in below(&path.join("index")).into_iter().filter(|(file, ..)| file.is_file()) {
        let mut content = std::fs::read(&file).unwrap();
        content[bytes as usize / 2] ^= 1;
        std::fs::write(file, content).unwrap();
        damaged += 1;
    }
    assert!(damaged >= 2, "there is an index of ids and one of what events say");
}

#[test]
fn what_its_writer_has_indexed_is_found_damaged_or_not_and_is_left_as_it_is() {
    const EVENTS: u64 = 6_000;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let vault = JournalVault::open(&path).unwrap();
    let mut headers = Vec::new();
    for from in (0..EVENTS).step_by(1_000) {
        let parents: Vec<_> = headers.last().map(|header: &EventHeader| header.id).into_iter().collect();
        let of = |number| event(number).with_parents(&parents);
        let mut batch: Vec<_> = (from..from + 1_000).map(of).collect();
        batch[7].kind = "rare".parse().unwrap();
        headers.extend(block_on(vault.commit_batch(batch)).unwrap());
    }
    block_on(vault.close()).unwrap();
    drop(vault);
    for damaged in [false, true] {
        if damaged {
            damage_index(&path);
        }
        let before = below(&path);
        let reader = JournalVault::open_read_only(&path).unwrap();
        for number in [0, 7, 2_999, 5_999] {
            let header = &headers[number];
            assert_eq!(
                block_on(reader.get(header.id)).unwrap().map(|event| event.header),
                Some(header.clone())
            );
        }
        assert_eq!(block_on(reader.get(toka_vault_testkit::events::id(7))).unwrap(), None);
        let rare = ReplayOptions::new().with_filter(Filter::kind("rare").unwrap());
        let rare: Vec<_> = block_on(reader.replay(rare).try_collect::<Vec<_>>()).unwrap();
        assert_eq!(numbers(&rare), (0..6).map(|thousand| thousand * 1_000 + 7).collect::<Vec<_>>());
        let children = block_on(reader.children(headers[999].id).try_collect::<Vec<_>>()).unwrap();
        assert_eq!(numbers(&children), (1_000..2_000).collect::<Vec<_>>());
        block_on(reader.close()).unwrap();
        drop(reader);
        assert!(below(&path) == before, "damaged: {damaged}");
    }
}

#[test]
fn a_writer_and_readers_of_one_process_share_a_vault() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let vault = JournalVault::open(&path).unwrap();
    let reader = JournalVault::open_read_only(&path).unwrap();
    let mut live = reader.subscribe();
    for count in 1..=3 {
        let id = block_on(vault.commit(event(count))).unwrap().id;
        // What was looked for and not there yet is found once it is.
        assert_eq!(follow_until(&mut live, count), [count]);
        assert_eq!(number(&block_on(reader.get(id)).unwrap().unwrap()), count);
        assert_eq!(block_on(reader.get(toka_vault_testkit::events::id(7))).unwrap(), None);
    }
    drop(reader);
    // Readers keep no writer out, and go on to read what is there.
    drop(vault);
    let reader = JournalVault::open_read_only(&path).unwrap();
    assert_eq!(numbers(&block_on(history(&reader))), [1, 2, 3]);
    drop(JournalVault::open(&path).unwrap());
}

#[test]
fn where_there_is_no_vault_none_is_created() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    assert_error!(JournalVault::open_read_only(&path), Error::NoVault { .. });
    assert!(!path.exists());
    assert_error!(JournalVault::open_read_only(dir.path()), Error::NoVault { .. });
    assert!(below(dir.path()).is_empty());
}

#[test]
fn a_tail_that_was_lost_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let vault = JournalVault::open_with(&path, JournalOptions::new().with_segment_bytes(64 << 10)).unwrap();
    block_on(fill(&vault, 1_000));
    block_on(vault.close()).unwrap();
    drop(vault);
    let journal = path.join("journal");
    let mut files: Vec<_> = std::fs::read_dir(&journal).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    std::fs::remove_file(files.last().unwrap()).unwrap();
    assert_error!(JournalVault::open_read_only(&path), Error::TailLost { .. });
}

/// Opens a vault to read only, and tells what it has.
pub(crate) fn tell(path: &Path) {
    let count = JournalVault::open_read_only(path).map(|vault| block_on(history(&vault)).len());
    child::say(&format!("{:?}", count.ok()));
}

#[cfg(unix)]
#[test]
fn the_permission_to_read_is_enough() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = dir.path().join("vault");
    let vault = JournalVault::open(&path).unwrap();
    block_on(fill(&vault, 3));
    block_on(vault.close()).unwrap();
    let mut command = child::command("read only", &path, "");
    if std::fs::metadata("/proc/self").map_or(1, |me| me.uid()) != 0 {
        eprintln!("skipped: only root can ask as somebody else");
        return;
    }
    command.uid(65_534).gid(65_534);
    if command.status().is_err() {
        eprintln!("skipped: nobody may not run {}", std::env::current_exe().unwrap().display());
        return;
    }
    assert_eq!(child::start(command).finish(), ["Some(3)"]);
}
