//! What a simulated vault lives in: a disk, a clock, and if need be a log that is wrong on purpose.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use toka_vault_core::{Head, Position, Result, Timestamp};
use toka_vault_engine::disk::{Directory, HeadFile, Pace};
use toka_vault_engine::{
    Chunk, Clock, Durability, EngineOptions, Group, Index, IndexBeside, Indexing, LocalVault, Log,
    ReadBudget, Unappended, open_following, open_threaded,
};
use toka_vault_testkit::sim::{Seed, SimDirectory};

use crate::crash_tests::compression;
use crate::log::JournalLog;
use crate::open::{HEAD, INDEX, Place, follow_at, open_at};
use crate::options::{JournalOptions, SEGMENT_BYTES_MIN};

/// Stands for the vault's directory in errors.
const PATH: &str = "/simulated";

/// Most microseconds that pass between two looks at the clock.
const MICROS_MAX: u64 = 900;

/// An interval that does not end in a life.
const NEVER: Duration = Duration::from_secs(86_400);

/// Says when a vault makes durable what it acknowledges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Syncs {
    InTime,
    /// As it may where an interval is chosen: at the latest where a segment is full, and at the end.
    Seldom,
    /// Wrongly: before the next append.
    Late,
}

/// Tells times that grow by chance.
struct SeededClock(Mutex<(Seed, Timestamp)>);

/// Acknowledges before it syncs.
struct LateLog {
    log: JournalLog,
    owed: Mutex<Option<Head>>,
}

/// Opens the vault on a disk, or creates it where nothing was ever acknowledged.
pub(super) fn open(disk: &SimDirectory, is_new: bool, syncs: Syncs, seed: &mut Seed) -> Result<LocalVault> {
    let directory: Arc<dyn Directory> = Arc::new(disk.clone());
    let is_there = directory.list()?.iter().any(|name| name == HEAD);
    let file = if is_there { directory.open(HEAD)? } else { directory.create(HEAD)? };
    let (head, acknowledged) = HeadFile::on(file, Pace::Relaxed)?;
    let clock = Arc::new(SeededClock::new(seed));
    let place = Place {
        path: Path::new(PATH),
        directory: directory.clone(),
        head,
        acknowledged,
        is_new,
        clock: clock.clone(),
    };
    let options =
        JournalOptions::new().with_segment_bytes(SEGMENT_BYTES_MIN).with_compression(compression(seed));
    let (log, end) = open_at(place, &options)?;
    if is_new {
        directory.sync()?;
    }
    let index = Index::open(directory.inside(INDEX)?.as_ref(), Indexing::All, &log, end.position())?;
    let durability = match syncs {
        Syncs::Seldom => Durability::Interval(if seed.coin() { NEVER } else { Duration::ZERO }),
        Syncs::InTime | Syncs::Late => Durability::Group,
    };
    let engine = EngineOptions { clock, durability, ..EngineOptions::default() };
    match syncs {
        Syncs::InTime | Syncs::Seldom => open_threaded(log, end, index, &engine),
        Syncs::Late => open_threaded(LateLog { log, owed: Mutex::default() }, end, index, &engine),
    }
}

/// Opens the vault on a disk to read only, beside the one that is open already.
pub(super) fn open_read_only(disk: &SimDirectory) -> Result<LocalVault> {
    let (directory, head) = (Arc::new(disk.clone()), disk.open(HEAD)?);
    let record = Box::new(move || HeadFile::look_at(head.as_ref()));
    let (follower, end) = follow_at(Path::new(PATH), directory, record)?;
    let index = IndexBeside::open(disk.inside(INDEX)?.as_ref(), &follower, end.position())?;
    open_following(follower, end, index, &EngineOptions::default())
}

impl SeededClock {
    fn new(seed: &mut Seed) -> Self {
        let start = Timestamp::from_micros(1_700_000_000_000_000 + seed.below(1 << 40) as i64);
        Self(Mutex::new((Seed::new(seed.bits()), start.expect("a time of our days"))))
    }
}

impl Clock for SeededClock {
    fn now(&self) -> Timestamp {
        let mut state = self.0.lock().unwrap();
        let passed = state.0.below(MICROS_MAX) as i64;
        state.1 = Timestamp::from_micros(state.1.as_micros() + passed).unwrap_or(state.1);
        state.1
    }

    fn entropy(&self) -> u128 {
        let mut state = self.0.lock().unwrap();
        u128::from(state.0.bits()) << 64 | u128::from(state.0.bits())
    }
}

impl LateLog {
    fn pay(&self) -> Result<()> {
        let owed = self.owed.lock().unwrap().take();
        owed.map_or(Ok(()), |head| self.log.sync(head))
    }
}

impl Log for LateLog {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        self.pay()?;
        self.log.append(group)
    }

    fn sync(&self, head: Head) -> Result<()> {
        *self.owed.lock().unwrap() = Some(head);
        Ok(())
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        self.log.read(from, budget)
    }

    fn close(&self) -> Result<()> {
        self.pay()?;
        self.log.close()
    }
}
