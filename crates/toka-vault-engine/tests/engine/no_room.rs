//! A log without room for a group: the group is refused, nothing of it is left, and commits go on as soon
//! as there is room.

use futures::executor::block_on;
use futures::future::join_all;
use toka_vault_core::{Error, NewEvent};
use toka_vault_engine::disk::{Directory, RealDirectory};
use toka_vault_engine::{EngineOptions, Index, Indexing, LocalVault, open_threaded};
use toka_vault_testkit::assert_error;
use toka_vault_testkit::assertions::assert_whole;
use toka_vault_testkit::events::{assert_waits, batch, event, history, id, number, numbers, take};
use toka_vault_testkit::logs::{Call, Disk, Fault, Rig};
use toka_vault_testkit::runner::watched;
use toka_vault_testkit::sim::Seed;
use toka_vault_testkit::small_disk::SmallDisk;

/// Makes the events of these tests: the number is the id too.
fn named(number: u64) -> NewEvent {
    event(number).with_id(id(number))
}

#[test]
fn what_is_sealed_behind_a_group_without_room_is_refused_with_it_and_leaves_no_trace() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        block_on(rig.vault.commit(named(1))).unwrap();
        let mut live = rig.vault.subscribe();
        // The first is being synced; the second follows it, and the others name it as parent.
        let held = rig.hold(named(2));
        let behind = [rig.begin(named(3)), rig.begin(event(4).with_parents(&[id(3)])), rig.begin(named(3))];
        rig.faults.fail_next(Call::Append, Fault::NoRoom);
        rig.gate.open();
        block_on(held).unwrap();
        for commit in behind {
            assert_error!(block_on(commit), Error::NoRoom { .. });
        }
        assert_eq!(rig.faults.count(Call::Sync), 2, "a group that was not appended was synced");
        assert_eq!(block_on(rig.vault.get(id(3))).unwrap(), None);
        let orphan = event(5).with_parents(&[id(3)]);
        assert_error!(block_on(rig.vault.commit(orphan)), Error::UnknownParent { parent } if parent == id(3));
        // The id is as unused as the position.
        let other = block_on(rig.vault.commit(event(6).with_id(id(3)))).unwrap();
        assert_eq!(other.position.get(), 3);
        assert_eq!(numbers(&block_on(take(&mut live, 2))), [2, 6]);
        assert_waits(&mut live);
        assert_eq!(numbers(&block_on(assert_whole(&rig.vault))), [1, 2, 6]);
        block_on(rig.vault.close()).unwrap();
        let rig = rig.reopen();
        assert_eq!(numbers(&block_on(assert_whole(&rig.vault))), [1, 2, 6]);
    });
}

#[test]
fn a_conflict_is_told_only_once_what_it_names_is_stored() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let held = rig.hold(named(1));
        let doomed = rig.begin(named(2));
        // Neither is durable yet, and one never will be.
        let conflicts = [1, 2].map(|number| rig.begin(event(9).with_id(id(number))));
        rig.faults.fail_next(Call::Append, Fault::NoRoom);
        rig.gate.open();
        block_on(held).unwrap();
        assert_error!(block_on(doomed), Error::NoRoom { .. });
        for conflict in conflicts {
            assert_error!(block_on(conflict), Error::NoRoom { .. });
        }
        assert_error!(block_on(rig.vault.commit(event(9).with_id(id(1)))), Error::Conflict { .. });
        assert_eq!(numbers(&block_on(history(&rig.vault))), [1]);
    });
}

#[test]
fn what_repeats_a_stored_event_is_answered_though_there_is_no_room() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let first = block_on(rig.vault.commit(named(1))).unwrap();
        let held = rig.hold(named(2));
        let new = rig.begin(named(3));
        // One in the group of the new event, one that is sealed while that is being refused or before.
        let repeats = [rig.begin(named(1)), rig.begin(named(1))];
        rig.faults.fail_next(Call::Append, Fault::NoRoom);
        rig.gate.open();
        block_on(held).unwrap();
        assert_error!(block_on(new), Error::NoRoom { .. });
        for repeat in repeats {
            assert_eq!(block_on(repeat).unwrap(), first);
        }
    });
}

#[test]
fn whatever_the_log_refuses_a_group_for_is_told_and_fails_no_vault() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let held = rig.hold(named(1));
        let behind = rig.begin(named(2));
        rig.faults.fail_next(Call::Append, Fault::Refused);
        rig.gate.open();
        block_on(held).unwrap();
        assert_error!(block_on(behind), Error::Storage { .. });
        assert_eq!(block_on(rig.vault.commit(named(3))).unwrap().position.get(), 2);
        block_on(rig.vault.close()).unwrap();
        assert_eq!(numbers(&block_on(assert_whole(&rig.reopen().vault))), [1, 3]);
    });
}

#[test]
fn a_repeated_commit_is_found_again_after_a_refusal() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let first = block_on(rig.vault.commit(named(1))).unwrap();
        rig.faults.fail_next(Call::Append, Fault::NoRoom);
        assert_error!(block_on(rig.vault.commit(named(2))), Error::NoRoom { .. });
        assert_eq!(block_on(rig.vault.commit(named(1))).unwrap(), first);
        assert_error!(block_on(rig.vault.commit(event(9).with_id(id(1)))), Error::Conflict { .. });
        let child = block_on(rig.vault.commit(event(3).with_parents(&[id(1)]))).unwrap();
        assert_eq!(child.position.get(), 2);
    });
}

#[test]
fn a_vault_that_never_had_room_is_empty_and_closes() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        for _ in 0..3 {
            rig.faults.fail_next(Call::Append, Fault::NoRoom);
            assert_error!(block_on(rig.vault.commit(named(1))), Error::NoRoom { .. });
        }
        assert_eq!(block_on(history(&rig.vault)).len(), 0);
        block_on(rig.vault.close()).unwrap();
        assert_error!(block_on(rig.vault.commit(named(1))), Error::Closed);
    });
}

#[test]
fn a_refusal_while_the_vault_closes_is_told() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let held = rig.hold(named(1));
        let behind = [rig.begin(named(2)), rig.begin(named(3))];
        rig.faults.fail_next(Call::Append, Fault::NoRoom);
        let mut close = Box::pin(rig.vault.close());
        assert!(futures::FutureExt::now_or_never(&mut close).is_none());
        rig.gate.open();
        block_on(held).unwrap();
        for commit in behind {
            assert_error!(block_on(commit), Error::NoRoom { .. });
        }
        block_on(close).unwrap();
    });
}

#[test]
fn an_index_that_cannot_be_written_refuses_commits_and_takes_them_again_later() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), Disk::default());
    let (ids, away) = (dir.path().join("ids"), dir.path().join("away"));
    let directory = RealDirectory::open(dir.path()).unwrap();
    let index = Index::open(&directory, Indexing::Ids, &disk.log(), disk.end().position()).unwrap();
    let vault = open_threaded(disk.log(), disk.end(), index, &EngineOptions::default()).unwrap();
    // No file can be made in a directory that is not there.
    std::fs::rename(&ids, &away).unwrap();
    let commit = |n: u64| block_on(vault.commit_batch(batch(n * 8_000..(n + 1) * 8_000)));
    let (n, refusal) = (0..60).map(|n| (n, commit(n))).find(|(_, committed)| committed.is_err()).unwrap();
    assert_error!(refusal, Error::Io { .. });
    assert!(n > 25, "only {n} batches are in memory");
    assert_eq!(block_on(vault.head()).unwrap().position.get(), n * 8_000);
    std::fs::rename(&away, &ids).unwrap();
    let headers = commit(n).unwrap();
    assert_eq!(headers[0].position.get(), n * 8_000 + 1);
    block_on(vault.close()).unwrap();
}

#[test]
fn an_index_on_a_full_disk_refuses_commits_once_too_many_ids_are_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let Some(small) = SmallDisk::mount(dir.path(), "size=1m") else { return };
    let disk = Disk::default();
    let open = || {
        let index = Index::open(
            &RealDirectory::open(dir.path()).unwrap(),
            Indexing::All,
            &disk.log(),
            disk.end().position(),
        )
        .unwrap();
        open_threaded(disk.log(), disk.end(), index, &EngineOptions::default()).unwrap()
    };
    let vault = open();
    let (mut stored, mut next) = (Vec::new(), 0);
    let refusal = loop {
        match block_on(vault.commit_batch(batch(next..next + 8_000))) {
            Ok(headers) => stored.extend(headers),
            Err(error) => break error,
        }
        next += 8_000;
    };
    assert!(matches!(refusal, Error::NoRoom { .. }), "{refusal}");
    assert!(stored.len() > 200_000, "{}", stored.len());
    assert_error!(block_on(vault.commit(event(1))), Error::NoRoom { .. });
    small.grow("size=64m");
    for _ in 0..20 {
        stored.extend(block_on(vault.commit_batch(batch(next..next + 8_000))).unwrap());
        next += 8_000;
    }
    let check = |vault: &LocalVault| {
        for header in stored.iter().step_by(10_007) {
            assert_eq!(block_on(vault.get(header.id)).unwrap().unwrap().header, *header);
        }
    };
    check(&vault);
    block_on(vault.close()).unwrap();
    drop(vault);
    check(&open());
}

#[test]
fn an_index_whose_folders_there_is_no_room_for_is_in_memory_until_there_is() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), Disk::default());
    let Some(_small) = SmallDisk::mount(dir.path(), "size=8m,nr_inodes=8") else { return };
    let open = || {
        let index = RealDirectory::open(dir.path()).and_then(|dir| dir.inside("index")).unwrap();
        let head = disk.end().position();
        let index = Index::open(index.as_ref(), Indexing::All, &disk.log(), head).unwrap();
        open_threaded(disk.log(), disk.end(), index, &EngineOptions::default()).unwrap()
    };
    // Each file takes room of its own, however short it is.
    let files = (0..).map(|number| dir.path().join(format!("{number}")));
    let files: Vec<_> = files.take_while(|file| std::fs::File::create_new(file).is_ok()).collect();
    let vault = open();
    let header = block_on(vault.commit_batch(batch(1..6_001))).unwrap().remove(7);
    block_on(vault.close()).unwrap();
    drop(vault);
    let vault = open();
    assert_eq!(block_on(vault.get(header.id)).unwrap().unwrap().header, header);
    assert_eq!(block_on(history(&vault)).len(), 6_000);
    block_on(vault.commit(event(6_001))).unwrap();
    assert!(!dir.path().join("index").exists(), "there was room");
    files.iter().for_each(|file| std::fs::remove_file(file).unwrap());
    block_on(vault.close()).unwrap();
    for index in ["ids", "postings"] {
        let files = std::fs::read_dir(dir.path().join("index").join(index));
        assert_eq!(files.unwrap().count(), 1, "{index} were not written later");
    }
    drop(vault);
    assert_eq!(block_on(open().get(header.id)).unwrap().unwrap().header, header);
}

/// Commits a few events one after the other, each with the last stored one as parent, and again
/// where there was no room. Returns the numbers that were stored.
async fn insist(rig: &Rig, task: u64, refused: &std::sync::atomic::AtomicU64) -> Vec<(u64, u64)> {
    let (mut parent, mut stored) = (None, Vec::new());
    for number in (task * 100..).take(60) {
        let new = || event(number).with_parents(parent.as_slice());
        loop {
            match rig.vault.commit(new()).await {
                Ok(header) => {
                    parent = Some(header.id);
                    stored.push((header.position.get(), number));
                    break;
                }
                Err(Error::NoRoom { .. }) => refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
                Err(error) => panic!("{error}"),
            };
        }
    }
    stored
}

#[test]
fn refusals_at_random_leave_exactly_what_was_acknowledged() {
    watched(|| {
        for seed in 0..10 {
            let rig = Rig::new(EngineOptions { group_events_max: 4, ..EngineOptions::default() });
            let mut chance = Seed::new(seed);
            for call in 1..400 {
                if chance.below(3) == 0 {
                    rig.faults.fail(Call::Append, call, Fault::NoRoom);
                }
            }
            let refused = std::sync::atomic::AtomicU64::new(0);
            let tasks = (1..=8).map(|task| insist(&rig, task, &refused));
            let mut acknowledged: Vec<_> = block_on(join_all(tasks)).into_iter().flatten().collect();
            acknowledged.sort_unstable();
            assert!(refused.into_inner() > 20);
            let found = block_on(assert_whole(&rig.vault));
            let found: Vec<_> = found.iter().map(|event| (event.position().get(), number(event))).collect();
            assert_eq!(found, acknowledged);
            for (_, number) in acknowledged.iter().take(5) {
                // By their ids, from the index.
                let event =
                    block_on(history(&rig.vault)).into_iter().find(|found| self::number(found) == *number);
                let event = event.unwrap();
                assert_eq!(block_on(rig.vault.get(event.header.id)).unwrap(), Some(event));
            }
        }
    });
}
