//! Clocks that stand still, go back or are slow: ids grow and timestamps do not go back all the same, and
//! nobody waits for the clock of another.

use std::sync::{Arc, Mutex};

use futures::executor::block_on;
use toka_vault_core::{EventHeader, Position, Timestamp};
use toka_vault_engine::{Clock, EngineOptions, LocalVault, open_inline, open_threaded};
use toka_vault_testkit::events::{event, id};
use toka_vault_testkit::logs::{Disk, Rig, reindexed};
use toka_vault_testkit::runner::watched;

/// Takes so long to tell the time, once, that another event is committed to this vault meanwhile.
#[derive(Clone, Default)]
struct Slow(Arc<Mutex<Option<LocalVault>>>);

impl Clock for Slow {
    fn now(&self) -> Timestamp {
        let vault = self.0.lock().unwrap().take();
        if let Some(vault) = vault {
            std::thread::spawn(move || block_on(vault.commit(event(9))).unwrap()).join().unwrap();
        }
        at(7_000)
    }

    fn entropy(&self) -> u128 {
        0
    }
}

/// Milliseconds after 1970, as microseconds.
fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000).unwrap()
}

/// Commits one event at each of these times.
fn commit_at(rig: &Rig, times: &[i64]) -> Vec<EventHeader> {
    let commit = |time: &i64| {
        rig.clock.set(at(*time));
        block_on(rig.vault.commit(event(1))).unwrap()
    };
    times.iter().map(commit).collect()
}

fn assert_growing(headers: &[EventHeader]) {
    for pair in headers.windows(2) {
        assert!(pair[0].id < pair[1].id, "{pair:?}");
        assert!(pair[0].timestamp <= pair[1].timestamp, "{pair:?}");
    }
}

#[test]
fn ids_and_timestamps_hold_when_the_clock_does_not() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let headers = commit_at(&rig, &[5_000, 5_000, 4_000, 4_000, -9, 5_000, 5_001, 3_000, 6_000]);
        assert_growing(&headers);
        assert_eq!(headers[4].timestamp, at(5_000));
        assert_eq!(headers[8].timestamp, at(6_000));
    });
}

#[test]
fn who_waits_for_the_clock_keeps_nobody_from_committing() {
    watched(|| {
        let (clock, disk) = (Slow::default(), Disk::default());
        let options = EngineOptions { clock: Arc::new(clock.clone()), ..EngineOptions::default() };
        let threaded = open_threaded(disk.log(), disk.end(), reindexed(&disk), &options).unwrap();
        for vault in [threaded, open_inline(Disk::default().log(), &options)] {
            *clock.0.lock().unwrap() = Some(vault.clone());
            let header = block_on(vault.commit(event(1))).unwrap();
            assert_eq!(header.position, Position::new(2));
        }
    });
}

#[test]
fn they_hold_over_reopening_with_a_clock_set_back() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let mut headers = commit_at(&rig, &[9_000, 9_000]);
        // The last event brings its own id and time, which are not where the assigned ones go on.
        let brought = event(2).with_id(id(1)).with_timestamp(at(1));
        block_on(rig.vault.commit(brought)).unwrap();
        let rig = rig.reopen();
        headers.extend(commit_at(&rig, &[1_000, 9_500]));
        assert_growing(&headers);
        assert_eq!(headers[2].timestamp, at(9_000));
    });
}
