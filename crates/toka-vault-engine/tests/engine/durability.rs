//! When a commit counts as stored: published and acknowledged only after it is durable.

use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::executor::block_on;
use toka_vault_core::{ChainHash, Head, Position, StartFrom};
use toka_vault_engine::disk::{Directory, HeadFile, Pace};
use toka_vault_engine::{Durability, EngineOptions};
use toka_vault_testkit::events::{assert_waits, batch, event, fill, history, id, numbers, take};
use toka_vault_testkit::logs::{Call, Rig};
use toka_vault_testkit::runner::watched;
use toka_vault_testkit::sim::{Change, Seed, SimDirectory};

/// Makes options of this durability.
fn options(durability: Durability) -> EngineOptions {
    EngineOptions { durability, ..EngineOptions::default() }
}

#[test]
fn nothing_is_published_before_it_is_synced() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let mut live = rig.vault.subscribe();
        let mut all = rig.vault.subscribe_from(StartFrom::Beginning);
        let commit = rig.hold(event(1).with_id(id(1)));
        assert_eq!(rig.disk.group_sizes(), [1], "the group is in the log, but not synced");

        assert_eq!(block_on(rig.vault.head()).unwrap(), Head::EMPTY);
        assert!(block_on(rig.vault.get(id(1))).unwrap().is_none());
        assert!(block_on(history(&rig.vault)).is_empty());
        assert_waits(&mut live);
        assert!(all.recv().now_or_never().is_none());

        rig.gate.open();
        assert_eq!(block_on(commit).unwrap().position.get(), 1);
        assert_eq!(rig.disk.synced_events(), 1);
        assert_eq!(numbers(&block_on(take(&mut live, 1))), [1]);
        assert_eq!(numbers(&block_on(take(&mut all, 1))), [1]);
    });
}

#[test]
fn an_answer_comes_only_after_the_sync() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let mut first = rig.hold(event(1));
        let mut second = rig.begin(event(2));
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none());
        rig.gate.open();
        block_on(first).unwrap();
        block_on(second).unwrap();
        assert_eq!(rig.disk.synced_events(), 2);
    });
}

#[test]
fn acknowledged_events_survive_a_power_cut() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let told = block_on(fill(&rig.vault, 1_000));
        let lost = rig.hold(event(1_001));
        rig.disk.cut_power();
        rig.gate.open();
        drop(lost);
        let disk = rig.disk.clone();
        // What the vault does after the cut does not reach the disk that is opened again.
        let rig = Rig::on(disk, EngineOptions::default());
        let found = block_on(history(&rig.vault));
        assert_eq!(found.len(), told.len());
    });
}

#[test]
fn an_interval_answers_before_the_sync() {
    watched(|| {
        let rig = Rig::new(options(Durability::Interval(Duration::from_secs(3_600))));
        rig.gate.shut();
        let mut live = rig.vault.subscribe();
        block_on(fill(&rig.vault, 2_000));
        assert_eq!(block_on(rig.vault.head()).unwrap().position.get(), 2_000);
        assert_eq!(block_on(take(&mut live, 2_000)).len(), 2_000);
        assert_eq!((rig.faults.count(Call::Sync), rig.disk.synced_events()), (0, 0));

        rig.gate.open();
        block_on(rig.vault.close()).unwrap();
        assert_eq!((rig.faults.count(Call::Sync), rig.disk.synced_events()), (1, 2_000));
    });
}

#[test]
fn an_interval_syncs_by_itself_when_it_is_over() {
    watched(|| {
        let rig = Rig::new(options(Durability::Interval(Duration::from_millis(1))));
        for round in 1..=5 {
            block_on(rig.vault.commit_batch(batch(0..10))).unwrap();
            rig.gate.wait_until_came(round);
        }
        block_on(rig.vault.close()).unwrap();
        assert_eq!(rig.disk.synced_events(), 50);
    });
}

#[test]
fn an_interval_syncs_under_steady_commits_too() {
    watched(|| {
        let rig = Rig::new(options(Durability::Interval(Duration::from_millis(1))));
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(50) {
            block_on(rig.vault.commit(event(1))).unwrap();
        }
        rig.gate.wait_until_came(2);
    });
}

#[test]
fn dropping_the_vault_syncs_what_an_interval_left() {
    watched(|| {
        let rig = Rig::new(options(Durability::Interval(Duration::from_secs(3_600))));
        block_on(fill(&rig.vault, 10));
        let disk = rig.disk.clone();
        drop(rig);
        assert_eq!(disk.synced_events(), 10);
    });
}

#[test]
fn records_of_the_head_that_follow_each_other_are_synced_with_pauses() {
    let pause = Duration::from_millis(20);
    let directory = SimDirectory::default();
    let syncs = || directory.changes().iter().filter(|change| matches!(change, Change::Sync(_))).count();
    let (file, _) = HeadFile::on(directory.create("head").unwrap(), Pace::AtOnce).unwrap();
    let started = Instant::now();
    let mut head = Head::EMPTY;
    // Long enough for the background to have had its turns, however busy the machine is.
    let done = || started.elapsed() > 3 * pause && syncs() > 2;
    while !done() && started.elapsed() < 500 * pause {
        head.position = head.position.next();
        file.record(head).unwrap();
        std::thread::yield_now();
    }
    let (syncs, pauses) = (syncs(), started.elapsed().div_duration_f64(pause));
    // One of its creation, one at once, and one behind each pause.
    assert!(syncs as f64 <= 3.0 + pauses, "{syncs} syncs of {} records in {pauses} pauses", head.position);
    assert!(syncs > 2, "{syncs} syncs");
    file.close().unwrap();
    let file = directory.open("head").unwrap();
    assert_eq!(HeadFile::look_at(file.as_ref()).unwrap(), Some(head));
}

#[test]
fn a_record_of_the_head_whose_sync_failed_is_durable_once_the_file_was_opened_again() {
    let head = Head { position: Position::FIRST, chain: ChainHash::from_bytes([7; 32]) };
    for number in 0..20 {
        let directory = SimDirectory::default();
        let (file, _) = HeadFile::on(directory.create("head").unwrap(), Pace::AtOnce).unwrap();
        Directory::sync(&directory).unwrap();
        directory.fail_after(1);
        file.record(head).unwrap();
        assert!(file.close().is_err());
        directory.fail_after(u64::MAX);
        let (_file, newest) = HeadFile::on(directory.open("head").unwrap(), Pace::AtOnce).unwrap();
        assert_eq!(newest, Some(head));
        let crashed = SimDirectory::on(directory.disk().crashed(&mut Seed::new(number)));
        let left = HeadFile::look_at(crashed.open("head").unwrap().as_ref()).unwrap();
        assert_eq!(left, Some(head), "seed {number}");
    }
}
