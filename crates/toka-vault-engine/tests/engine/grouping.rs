//! Group commit: what gathers while a group syncs is the next group.

use futures::FutureExt;
use futures::executor::block_on;
use futures::future::join_all;
use toka_vault_core::Error;
use toka_vault_engine::EngineOptions;
use toka_vault_testkit::assert_error;
use toka_vault_testkit::assertions::assert_whole;
use toka_vault_testkit::events::{batch, event, id, numbers, sized};
use toka_vault_testkit::logs::{Call, Rig};
use toka_vault_testkit::runner::watched;

#[test]
fn commits_that_gather_make_one_group() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let held = rig.hold(event(0));
        let gathered: Vec<_> = (1..=300).map(|number| rig.begin(event(number))).collect();
        rig.gate.open();
        block_on(held).unwrap();
        block_on(join_all(gathered));
        assert_eq!(rig.disk.group_sizes(), [1, 300]);
        assert_eq!(rig.faults.count(Call::Sync), 2);
        assert_eq!(numbers(&block_on(assert_whole(&rig.vault))), (0..=300).collect::<Vec<_>>());
    });
}

#[test]
fn a_group_keeps_to_its_bounds_in_events() {
    watched(|| {
        let rig = Rig::new(EngineOptions { group_events_max: 10, ..EngineOptions::default() });
        let held = rig.hold(event(0));
        let gathered: Vec<_> = (1..=35).map(|number| rig.begin(event(number))).collect();
        rig.gate.open();
        block_on(held).unwrap();
        block_on(join_all(gathered));
        assert_eq!(rig.disk.group_sizes(), [1, 10, 10, 10, 5]);
        assert_eq!(numbers(&block_on(assert_whole(&rig.vault))), (0..=35).collect::<Vec<_>>());
    });
}

#[test]
fn a_group_keeps_to_its_bounds_in_bytes() {
    watched(|| {
        let rig = Rig::new(EngineOptions { group_bytes_max: 10_000, ..EngineOptions::default() });
        let held = rig.hold(event(0));
        let gathered: Vec<_> = (0..10).map(|_| rig.begin(sized(3_000))).collect();
        rig.gate.open();
        block_on(held).unwrap();
        block_on(join_all(gathered));
        let sizes = rig.disk.group_sizes();
        assert!(sizes[1..].iter().all(|size| *size <= 4), "{sizes:?}");
        assert!(sizes.len() <= 6, "{sizes:?}");
    });
}

#[test]
fn a_batch_is_never_split_between_groups() {
    watched(|| {
        let rig = Rig::new(EngineOptions { group_events_max: 7, ..EngineOptions::default() });
        let held = rig.hold(event(0));
        let mut gathered: Vec<_> = (0..9).map(|_| Box::pin(rig.vault.commit_batch(batch(0..5)))).collect();
        gathered.push(Box::pin(rig.vault.commit_batch(batch(0..50))));
        for commit in &mut gathered {
            assert!(commit.now_or_never().is_none());
        }
        rig.gate.open();
        block_on(held).unwrap();
        block_on(join_all(gathered));
        assert_eq!(rig.disk.group_sizes(), [1, 5, 5, 5, 5, 5, 5, 5, 5, 5, 50]);
    });
}

#[test]
fn bad_commits_do_not_disturb_their_group() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let held = rig.hold(event(0).with_id(id(0)));
        let (mut good, mut others) = (Vec::new(), Vec::new());
        for number in 1..=20 {
            good.push(rig.begin(event(number)));
            let orphan = rig.vault.commit(event(99).with_parents(&[id(77)])).now_or_never();
            assert_error!(orphan.unwrap(), Error::UnknownParent { .. });
            // The event that it differs from is not durable yet.
            others.push(rig.begin(event(99).with_id(id(0))));
        }
        rig.gate.open();
        block_on(held).unwrap();
        for outcome in block_on(join_all(good)) {
            outcome.unwrap();
        }
        for other in block_on(join_all(others)) {
            assert_error!(other, Error::Conflict { .. });
        }
        assert_eq!(rig.disk.group_sizes(), [1, 20]);
        assert_eq!(numbers(&block_on(assert_whole(&rig.vault))), (0..=20).collect::<Vec<_>>());
    });
}

#[test]
fn events_under_way_can_be_parents() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let held = rig.hold(event(0).with_id(id(0)));
        let commits: Vec<_> =
            (1..=50).map(|n| rig.begin(event(n).with_id(id(n)).with_parents(&[id(n - 1)]))).collect();
        rig.gate.open();
        block_on(held).unwrap();
        block_on(join_all(commits));
        assert_eq!(block_on(assert_whole(&rig.vault)).len(), 51);
    });
}

#[test]
fn a_repeat_of_a_commit_under_way_waits_for_it_and_stores_nothing() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let held = rig.hold(event(0).with_id(id(0)));
        let mut repeats: Vec<_> = (0..5).map(|_| rig.begin(event(0).with_id(id(0)))).collect();
        assert!(
            repeats.iter_mut().all(|repeat| repeat.now_or_never().is_none()),
            "answered before it was durable"
        );
        rig.gate.open();
        let header = block_on(held).unwrap();
        for repeat in repeats {
            assert_eq!(block_on(repeat).unwrap(), header);
        }
        assert_eq!((rig.disk.group_sizes(), rig.faults.count(Call::Append)), (vec![1], 1));
    });
}

#[test]
fn the_oldest_of_all_that_can_be_under_way_is_still_known() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let held = rig.hold(event(0).with_id(id(0)));
        // Three of the largest batches leave room for some single commits, and for no fourth.
        let mut full: Vec<_> = (0..3).map(|_| Box::pin(rig.vault.commit_batch(batch(0..8_192)))).collect();
        assert!(full.iter_mut().all(|commit| commit.now_or_never().is_none()));
        let repeat = rig.begin(event(0).with_id(id(0)));
        let child = rig.begin(event(1).with_parents(&[id(0)]));
        rig.gate.open();
        let header = block_on(held).unwrap();
        assert_eq!(block_on(repeat).unwrap(), header);
        assert_eq!(block_on(child).unwrap().position.get(), 3 * 8_192 + 2);
        block_on(join_all(full));
        block_on(assert_whole(&rig.vault));
    });
}
