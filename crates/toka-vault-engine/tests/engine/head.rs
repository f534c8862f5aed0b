//! The head of a vault over a log that never blocks, asked for in the moment that is hardest: between
//! the append of events and their publication. It never names what readers do not see yet.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use futures::StreamExt;
use futures::executor::block_on;
use toka_vault_core::{Head, Position, ReplayOptions, Result, StartFrom};
use toka_vault_engine::{Chunk, EngineOptions, Group, LocalVault, Log, ReadBudget, Unappended, open_inline};
use toka_vault_testkit::events::{batch, event};
use toka_vault_testkit::logs::{Disk, VecLog};
use toka_vault_testkit::runner::watched;

/// What a log does when it has events that are not published yet.
type Meanwhile = Arc<Mutex<Option<Box<dyn Fn() + Send>>>>;

/// Is a log that does something at the end of each append.
#[derive(Clone)]
struct Asking {
    log: Arc<VecLog>,
    evicts: bool,
    meanwhile: Meanwhile,
}

impl std::fmt::Debug for Asking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asking")
    }
}

impl Log for Asking {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        self.log.append(group)?;
        if let Some(meanwhile) = &*self.meanwhile.lock().unwrap() {
            meanwhile();
        }
        Ok(())
    }

    fn sync(&self, _head: Head) -> Result<()> {
        Ok(())
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        self.log.read(from, budget)
    }

    fn evicts(&self) -> bool {
        self.evicts
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// Opens a vault over such a log.
fn asking(evicts: bool) -> (LocalVault, Meanwhile) {
    let log = Asking { log: Arc::new(Disk::default().log()), evicts, meanwhile: Arc::default() };
    let meanwhile = log.meanwhile.clone();
    (open_inline(log, &EngineOptions::default()), meanwhile)
}

/// Commits events, one and several at once.
fn commit_some(vault: &LocalVault) {
    for round in 0..50 {
        block_on(vault.commit(event(round))).unwrap();
        block_on(vault.commit_batch(batch(0..round))).unwrap();
    }
}

#[test]
fn a_chain_computed_when_asked_for_ends_where_readers_do() {
    watched(|| {
        let (vault, meanwhile) = asking(false);
        let (tell, told) = channel();
        let asked = vault.clone();
        *meanwhile.lock().unwrap() = Some(Box::new(move || {
            let vault = asked.clone();
            // On a thread of its own: this one is within the future of a commit.
            let asking = std::thread::spawn(move || {
                let seen = block_on(vault.replay(ReplayOptions::new()).count()) as u64;
                (block_on(vault.head()).unwrap().position.get(), seen)
            });
            tell.send(asking.join().unwrap()).unwrap();
        }));
        commit_some(&vault);
        *meanwhile.lock().unwrap() = None;
        let heads: Vec<(u64, u64)> = told.iter().collect();
        assert!(heads.len() > 50 && heads.iter().all(|(head, seen)| head == seen), "{heads:?}");
    });
}

/// Asks for the head each time it is told to, and asserts that the event there can be read.
fn ask_when_told(vault: LocalVault) -> (Sender<()>, std::thread::JoinHandle<u64>) {
    let (ask, asked) = channel();
    let asking = std::thread::spawn(move || {
        let mut count = 0;
        for () in asked {
            let head = block_on(vault.head()).unwrap().position;
            let options = ReplayOptions::new().with_start(StartFrom::After(head.minus(1)));
            assert_eq!(block_on(vault.replay(options).try_next()).unwrap().unwrap().position(), head);
            count += 1;
        }
        count
    });
    (ask, asking)
}

#[test]
fn a_chain_kept_with_each_commit_ends_where_readers_do() {
    watched(|| {
        let (vault, meanwhile) = asking(true);
        block_on(vault.commit(event(0))).unwrap();
        let (ask, asking) = ask_when_told(vault.clone());
        *meanwhile.lock().unwrap() = Some(Box::new(move || {
            ask.send(()).unwrap();
            // Time for the other thread to go as far as it can.
            (0..1_000).for_each(|_| std::thread::yield_now());
        }));
        commit_some(&vault);
        *meanwhile.lock().unwrap() = None;
        assert!(asking.join().unwrap() > 50);
    });
}
