//! A log that is given, and a look at files, for the tests of indexes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use toka_vault_core::{
    Error, Event, EventHash, EventHeader, EventId, Head, Kind, Parents, Payload, Position, Result, Timestamp,
};

use crate::chunk::Chunk;
use crate::disk::{Directory, RealDirectory};
use crate::log::{Group, Log, ReadBudget, Unappended};

/// Holds the events, and where they cannot be read.
#[derive(Default)]
pub(crate) struct Given {
    pub(crate) events: Vec<Event>,
    pub(crate) damaged: BTreeSet<u64>,
    /// How many events were read.
    pub(crate) read: Arc<AtomicUsize>,
    /// By how many calls, those that failed included.
    pub(crate) calls: Arc<AtomicUsize>,
}

impl Log for Given {
    fn append(&self, _: &mut Group) -> Result<(), Unappended> {
        Err(Error::Closed.into())
    }

    fn sync(&self, _: Head) -> Result<()> {
        Err(Error::Closed)
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.damaged.contains(&from.get()) {
            return Err(Error::corrupt(from, "it is damaged for the test"));
        }
        let events = self.events.iter().skip(from.get() as usize - 1).take(budget.events);
        let whole = events.take_while(|event| !self.damaged.contains(&event.position().get()));
        let mut left = budget.bytes.max(1);
        let fitting = whole.take_while(|event| {
            let fits = left > 0;
            left = left.saturating_sub(event.payload.bytes().len());
            fits
        });
        let events: Vec<_> = fitting.cloned().collect();
        self.read.fetch_add(events.len(), Ordering::Relaxed);
        Ok(events.into())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// Returns an id that tells nothing of the order.
pub(crate) fn id(number: u64, seed: u64) -> EventId {
    let mixed = (number ^ seed << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    EventId::from_u128(u128::from(mixed) << 64 | u128::from(number))
}

/// Returns the time of an event: a second after the one before, but for some that brought an earlier one.
fn time(number: u64) -> Timestamp {
    let seconds = if number % 50 == 7 { number * 31 % (number + 1) } else { number };
    Timestamp::from_micros(seconds as i64 * 1_000_000).unwrap()
}

/// Makes a log of `count` events: of seven kinds, with eleven payloads, each with a parent half way back, a
/// second apart.
pub(crate) fn given(count: u64, seed: u64) -> Given {
    let payloads: Vec<_> = (0..11).map(|n| Payload::encode(&json!({ "n": n })).unwrap()).collect();
    let event = |number: u64| {
        let (id_of, hash) = (id(number, seed), EventHash::from_bytes([(number ^ seed) as u8; 32]));
        let payload = &payloads[(number % 11) as usize];
        let kind = Kind::new(&format!("kind.{}", number * number % 7)).unwrap();
        let parents: Parents = (number > 1).then(|| id(number / 2, seed)).into_iter().collect();
        let (time, position) = (time(number), Position::new(number));
        let header = EventHeader::new(id_of, kind, time, parents, payload.digest(), hash, position);
        Event::new(header, payload.clone())
    };
    Given { events: (1..=count).map(event).collect(), ..Given::default() }
}

/// Returns a directory of this machine, which is there.
pub(crate) fn directory(path: &Path) -> Arc<dyn Directory> {
    Arc::new(RealDirectory::open(path).unwrap())
}

/// Returns a directory of this machine to read only, which need not be there.
pub(crate) fn read_only(path: &Path) -> Arc<dyn Directory> {
    Arc::new(RealDirectory::read_only(path))
}

/// Returns the files of a directory, sorted.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
