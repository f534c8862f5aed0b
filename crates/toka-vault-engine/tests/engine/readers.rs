//! Where readers read: in memory when they are close to the head, in the log when they are not, and on which thread.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::executor::block_on;
use toka_vault_core::{
    Condition, EventStoreExt, Filter, Head, NewEvent, Position, ReplayOptions, Result, StartFrom,
    SubscribeOptions, WalkOptions,
};
use toka_vault_engine::disk::RealDirectory;
use toka_vault_engine::limits::{READER_THREADS, TAIL_EVENTS_MAX};
use toka_vault_engine::{
    Chunk, EngineOptions, Group, Index, Indexing, LocalVault, Log, ReadBudget, Unappended, open_threaded,
};
use toka_vault_testkit::assertions::assert_dense;
use toka_vault_testkit::events::{assert_waits, event, fill, history, sized, take};
use toka_vault_testkit::logs::{Call, Disk, Gate, Rig, VecLog, open_vault, reindexed};
use toka_vault_testkit::runner::watched;

#[test]
fn a_subscriber_close_to_the_head_reads_nothing_from_the_log() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let mut live = rig.vault.subscribe();
        for _ in 0..10 {
            block_on(fill(&rig.vault, 500));
            block_on(take(&mut live, 500));
        }
        assert_eq!(rig.faults.count(Call::Read), 0);
    });
}

#[test]
fn a_subscriber_that_fell_behind_reads_the_log_and_catches_up() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let mut slow = rig.vault.subscribe();
        let count = 2 * TAIL_EVENTS_MAX as u64;
        block_on(fill(&rig.vault, count));
        assert_dense(&block_on(take(&mut slow, count as usize)), Position::FIRST);
        assert_waits(&mut slow);
        let reads = rig.faults.count(Call::Read);
        assert!(reads > 0);
        block_on(rig.vault.commit(event(1))).unwrap();
        block_on(take(&mut slow, 1));
        assert_eq!(rig.faults.count(Call::Read), reads, "caught up, it reads from memory again");
    });
}

#[test]
fn a_subscriber_to_a_kind_reads_from_the_first_event_on_no_more_than_a_replay_of_it() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        block_on(fill(&rig.vault, TAIL_EVENTS_MAX as u64));
        let wanted = NewEvent::new("rare", 1).unwrap();
        block_on(rig.vault.commit(wanted)).unwrap();
        block_on(fill(&rig.vault, 2 * TAIL_EVENTS_MAX as u64));
        let filter = || Filter::kind("rare").unwrap();
        let replay = || block_on(rig.vault.replay(ReplayOptions::new().with_filter(filter())).try_next());
        // The first one has the index read what there is.
        replay().unwrap().unwrap();
        let (first, position) = (rig.faults.count(Call::Read), TAIL_EVENTS_MAX as u64 + 1);
        assert_eq!(replay().unwrap().unwrap().position().get(), position);
        let second = rig.faults.count(Call::Read);
        let options = SubscribeOptions::new(StartFrom::Beginning).with_filter(filter());
        let mut live = rig.vault.subscribe_from(options);
        assert_eq!(block_on(live.recv()).unwrap().unwrap().position().get(), position);
        assert_eq!(rig.faults.count(Call::Read) - second, second - first);
    });
}

#[test]
fn a_payload_larger_than_the_tail_is_read_from_the_log() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let mut live = rig.vault.subscribe();
        for size in [10, 9 << 20, 11] {
            block_on(rig.vault.commit(sized(size))).unwrap();
            assert_eq!(block_on(take(&mut live, 1))[0].payload.bytes().len(), size);
        }
        assert_eq!(rig.faults.count(Call::Read), 1);
    });
}

#[test]
fn a_subscriber_that_was_behind_when_the_vault_closed_is_told() {
    watched(|| {
        let rig = Rig::new(EngineOptions::default());
        let subscription = rig.vault.subscribe_from(StartFrom::After(Position::ZERO));
        block_on(fill(&rig.vault, 2 * TAIL_EVENTS_MAX as u64));
        block_on(rig.vault.close()).unwrap();
        let (events, ended) = block_on(toka_vault_testkit::events::drain(subscription));
        assert!(events.is_empty() && !ended, "what it had not read is gone with the log");
    });
}

/// A log that notes which threads call it.
struct Called(VecLog, Arc<Mutex<BTreeSet<String>>>);

impl Called {
    fn note(&self) -> &VecLog {
        let thread = std::thread::current();
        self.1.lock().unwrap().insert(thread.name().unwrap_or("none").to_owned());
        &self.0
    }
}

impl Log for Called {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        self.note().append(group)
    }

    fn sync(&self, head: Head) -> Result<()> {
        self.note().sync(head)
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        self.note().read(from, budget)
    }

    fn close(&self) -> Result<()> {
        self.note().close()
    }
}

#[test]
fn whatever_a_vault_is_asked_its_log_is_called_on_its_own_threads_alone() {
    watched(|| {
        let disk = Disk::default();
        let vault = open_vault(&disk);
        let headers = block_on(fill(&vault, 2_000));
        let child = event(2_001).with_parents(&[headers[5].id]);
        let child = block_on(vault.commit(child)).unwrap();
        block_on(vault.close()).unwrap();
        let callers = Arc::<Mutex<BTreeSet<String>>>::default();
        let log = Called(disk.log(), callers.clone());
        let vault = open_threaded(log, disk.end(), reindexed(&disk), &EngineOptions::default()).unwrap();
        block_on(async {
            assert_eq!(history(&vault).await.len(), 2_001);
            let mut behind = vault.subscribe_from(StartFrom::Beginning);
            take(&mut behind, 2_001).await;
            assert!(vault.get(headers[7].id).await.unwrap().is_some());
            assert!(vault.payload(headers[9].digest).await.unwrap().is_some());
            assert!(vault.ancestors(child.id, WalkOptions::new()).try_next().await.unwrap().is_some());
            assert!(vault.children(headers[5].id).try_next().await.unwrap().is_some());
            let none = [Condition::none_after(Position::ZERO, Filter::kind("other").unwrap())];
            let again = event(3).with_id(headers[3].id);
            vault.commit_if(event(2_002).with_parents(&[headers[8].id]), &none).await.unwrap();
            vault.commit(again).await.unwrap_err();
            vault.close().await.unwrap();
        });
        drop(vault);
        let callers = callers.lock().unwrap();
        assert!(callers.iter().all(|name| name.starts_with("toka-")), "{callers:?}");
        let is_called_by = |name: &str| callers.iter().any(|caller| caller.starts_with(name));
        assert!(is_called_by("toka-write") && is_called_by("toka-read"), "{callers:?}");
    });
}

/// A log whose first events can be read only once a gate is open.
struct SlowStart {
    log: VecLog,
    /// The first position that is read at once.
    behind: Position,
    gate: Gate,
    came: Arc<AtomicUsize>,
}

impl Log for SlowStart {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        self.log.append(group)
    }

    fn sync(&self, head: Head) -> Result<()> {
        self.log.sync(head)
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        if from < self.behind {
            self.came.fetch_add(1, Ordering::Relaxed);
            self.gate.pass();
        }
        self.log.read(from, budget)
    }

    fn close(&self) -> Result<()> {
        self.log.close()
    }
}

/// Opens a vault with an index of ids in files, as it is once its log is durable.
fn open_indexed(log: impl Log, disk: &Disk, dir: &Path) -> LocalVault {
    let dir = RealDirectory::open(dir).unwrap();
    let index = Index::open(&dir, Indexing::Ids, &disk.log(), disk.end().position()).unwrap();
    open_threaded(log, disk.end(), index, &EngineOptions::default()).unwrap()
}

/// Damages all pages of the only file of ids that have entries.
fn damage_ids(dir: &Path) {
    let file = std::fs::read_dir(dir.join("ids")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    let pages = u32::from_be_bytes(bytes[56..60].try_into().unwrap()) as usize;
    bytes[4_096..4_096 * (pages + 1)].fill(0xEE);
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn ids_that_the_log_is_searched_for_leave_a_thread_for_other_reads() {
    const EVENTS: u64 = 6_000;
    watched(|| {
        let (dir, disk) = (tempfile::tempdir().unwrap(), Disk::default());
        let vault = open_indexed(disk.log(), &disk, dir.path());
        let headers = block_on(fill(&vault, EVENTS));
        block_on(vault.close()).unwrap();
        damage_ids(dir.path());
        let (gate, came) = (Gate::default(), Arc::<AtomicUsize>::default());
        let behind = Position::new(EVENTS / 2);
        let log = SlowStart { log: disk.log(), behind, gate: gate.clone(), came: came.clone() };
        let vault = open_indexed(log, &disk, dir.path());
        gate.shut();
        let last = || {
            let start = StartFrom::After(Position::new(EVENTS - 1));
            block_on(vault.replay(ReplayOptions::new().with_start(start)).try_next()).unwrap().unwrap()
        };
        let mut searches: Vec<_> = (0..READER_THREADS).map(|_| Box::pin(vault.get(headers[9].id))).collect();
        let mut ask = || assert!(searches.iter_mut().all(|search| search.now_or_never().is_none()));
        ask();
        // Each has a job before this read, and none of them holds a thread.
        assert_eq!(last().position().get(), EVENTS);
        while came.load(Ordering::Relaxed) == 0 {
            ask();
            std::thread::yield_now();
        }
        (0..100).for_each(|_| ask());
        assert_eq!(last().position().get(), EVENTS);
        assert_eq!(came.load(Ordering::Relaxed), 1, "two searches go on at a time");
        gate.open();
        for search in searches {
            assert_eq!(block_on(search).unwrap().unwrap().header, headers[9]);
        }
    });
}
