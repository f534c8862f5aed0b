//! A subscriber that waits is woken by every change that concerns it, and a commit that nobody waits
//! for wakes nobody.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll};

use futures::executor::block_on;
use futures::future::BoxFuture;
use futures::task::{ArcWake, waker};
use futures::{FutureExt, StreamExt};
use toka_vault_core::Subscription;
use toka_vault_engine::{EngineOptions, LocalVault, open_inline};
use toka_vault_testkit::events::{event, number};
use toka_vault_testkit::logs::{Disk, Rig};
use toka_vault_testkit::runner::watched;

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicU64);

impl ArcWake for Woken {
    fn wake_by_ref(woken: &Arc<Self>) {
        woken.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Woken {
    /// Asks a subscription for an event, and returns its number where it has one.
    fn poll(self: &Arc<Self>, subscription: &mut Subscription) -> Option<u64> {
        let waker = waker(self.clone());
        match subscription.poll_next_unpin(&mut Context::from_waker(&waker)) {
            Poll::Ready(item) => Some(number(&item.unwrap().unwrap())),
            Poll::Pending => None,
        }
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Opens a vault in memory, where nothing but the wake-up takes time.
fn in_memory() -> LocalVault {
    open_inline(Disk::default().log(), &EngineOptions::default())
}

/// Two subscribers wake each other: each waits for the event that the other commits in answer.
fn play(vault: &LocalVault, rounds: u64) {
    let side = |vault: LocalVault, parity: u64| {
        let mut events = vault.subscribe_from(toka_vault_core::StartFrom::Beginning);
        move || {
            for round in 0..rounds {
                if round % 2 == parity {
                    block_on(vault.commit(event(round))).unwrap();
                }
                assert_eq!(number(&block_on(events.recv()).unwrap().unwrap()), round);
            }
        }
    };
    let other = std::thread::spawn(side(vault.clone(), 1));
    side(vault.clone(), 0)();
    other.join().unwrap();
}

#[test]
fn a_subscriber_of_a_vault_in_memory_is_woken_each_time() {
    watched(|| play(&in_memory(), 100_000));
}

#[test]
fn a_subscriber_of_a_vault_with_a_writer_is_woken_each_time() {
    watched(|| play(&Rig::new(EngineOptions::default()).vault, 10_000));
}

#[test]
fn each_that_waits_is_woken_though_others_gave_up() {
    watched(|| {
        let vault = in_memory();
        let mut waiting: Vec<_> = (0..10).map(|_| (Arc::new(Woken::default()), vault.subscribe())).collect();
        for round in 1..=100 {
            for (woken, subscription) in &mut waiting {
                assert_eq!(woken.poll(subscription), None);
            }
            // Waits as well, and gives up.
            assert!(vault.subscribe().recv().now_or_never().is_none());
            block_on(vault.commit(event(round))).unwrap();
            for (woken, subscription) in &mut waiting {
                assert_eq!(woken.count(), round);
                assert_eq!(woken.poll(subscription), Some(round));
            }
        }
    });
}

#[test]
fn one_that_is_asked_twice_and_dropped_leaves_the_others_woken() {
    watched(|| {
        let vault = in_memory();
        let (woken, mut subscription) = (Arc::new(Woken::default()), vault.subscribe());
        let (other, mut dropped) = (Arc::new(Woken::default()), vault.subscribe());
        for _ in 0..3 {
            assert_eq!((woken.poll(&mut subscription), other.poll(&mut dropped)), (None, None));
        }
        drop(dropped);
        block_on(vault.commit(event(1))).unwrap();
        assert_eq!((woken.count(), other.count()), (1, 0));
        assert_eq!(woken.poll(&mut subscription), Some(1));
    });
}

#[test]
fn closing_wakes_who_waits() {
    watched(|| {
        let vault = in_memory();
        let (woken, mut subscription) = (Arc::new(Woken::default()), vault.subscribe());
        assert_eq!(woken.poll(&mut subscription), None);
        block_on(vault.close()).unwrap();
        assert_eq!(woken.count(), 1);
        assert!(block_on(subscription.recv()).unwrap().is_none());
    });
}

/// Runs a future where it is woken.
struct Inline(Mutex<Option<BoxFuture<'static, ()>>>);

impl ArcWake for Inline {
    fn wake_by_ref(task: &Arc<Self>) {
        let taken = task.0.lock().unwrap().take();
        if let Some(mut future) = taken
            && future.poll_unpin(&mut Context::from_waker(&waker(task.clone()))).is_pending()
        {
            *task.0.lock().unwrap() = Some(future);
        }
    }
}

#[test]
fn a_task_that_runs_where_it_is_woken_can_drop_the_last_handle_and_commit_again() {
    watched(|| {
        for commits in 1..=3 {
            let (rig, (tell, told)) = (Rig::new(EngineOptions::default()), mpsc::channel());
            let vault = rig.vault.clone();
            rig.gate.shut();
            let task = async move {
                for number in 0..commits {
                    vault.commit(event(number)).await.unwrap();
                }
                drop(vault);
                tell.send(()).unwrap();
            };
            let task = Arc::new(Inline(Mutex::new(Some(Box::pin(task)))));
            ArcWake::wake(task);
            rig.gate.wait_until_held();
            // The task has the last handle now, and who answers its commit the task.
            drop(rig.vault);
            rig.gate.open();
            told.recv().unwrap();
        }
    });
}
