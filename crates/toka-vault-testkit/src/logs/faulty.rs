//! [`FaultyLog`]: any log, but the n-th call of a kind fails.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use toka_vault_core::{Error, Head, Position, Result};
use toka_vault_engine::{Chunk, Group, Log, ReadBudget, Unappended};

/// Names the calls of a log that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// `Log::append`.
    Append,
    /// `Log::sync`.
    Sync,
    /// `Log::read`.
    Read,
    /// `Log::close`.
    Close,
}

/// Says how a call fails.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// By an error, before it has any effect.
    Error,
    /// By an error, after its effect: it was done, but nobody can tell.
    ErrorAfter,
    /// By a panic.
    Panic,
    /// For want of room, before it has any effect. An append is refused.
    NoRoom,
    /// By an error, before it has any effect. An append is refused.
    Refused,
}

/// Steers a [`FaultyLog`] and counts its calls. Clones steer the same log.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    counts: HashMap<Call, u64>,
    faults: HashMap<(Call, u64), Fault>,
}

/// Fails where its [`Faults`] say so, and is the log within otherwise.
#[derive(Debug)]
pub struct FaultyLog<L> {
    inner: L,
    faults: Faults,
}

impl Faults {
    /// Makes the `n`-th call of a kind fail, counted from 1 over the life of the log.
    pub fn fail(&self, call: Call, n: u64, fault: Fault) {
        self.plan().faults.insert((call, n), fault);
    }

    /// Makes the next call of a kind fail.
    pub fn fail_next(&self, call: Call, fault: Fault) {
        let next = self.count(call) + 1;
        self.fail(call, next, fault);
    }

    /// Returns how often a kind of call was made.
    pub fn count(&self, call: Call) -> u64 {
        self.plan().counts.get(&call).copied().unwrap_or(0)
    }

    /// Counts a call and says whether it fails.
    fn meet(&self, call: Call) -> Option<Fault> {
        let mut plan = self.plan();
        let count = plan.counts.entry(call).or_default();
        *count += 1;
        let key = (call, *count);
        plan.faults.remove(&key)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L> FaultyLog<L> {
    /// Puts faults round a log.
    pub fn new(inner: L, faults: Faults) -> Self {
        Self { inner, faults }
    }

    fn run<T>(&self, call: Call, work: impl FnOnce() -> Result<T>) -> Result<T> {
        strike(self.faults.meet(call), call, work)
    }
}

/// Does a call with a fault.
fn strike<T, E: From<Error>>(
    fault: Option<Fault>,
    call: Call,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    match fault {
        None => work(),
        Some(Fault::Error | Fault::Refused) => Err(failure(call).into()),
        Some(Fault::ErrorAfter) => work().and(Err(failure(call).into())),
        Some(Fault::NoRoom) => Err(no_room().into()),
        Some(Fault::Panic) => panic!("{call:?} was told to panic"),
    }
}

/// Returns the failure that a test asked for.
fn failure(call: Call) -> Error {
    Error::Storage { operation: "test", reason: format!("{call:?} was told to fail") }
}

/// Returns what a disk says that is full.
fn no_room() -> Error {
    let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
    Error::io("write", std::path::Path::new("log"), source).or_no_room()
}

impl<L: Log> Log for FaultyLog<L> {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        match self.faults.meet(Call::Append) {
            Some(Fault::NoRoom) => Err(Unappended::Refused(no_room())),
            Some(Fault::Refused) => Err(Unappended::Refused(failure(Call::Append))),
            fault => strike(fault, Call::Append, || self.inner.append(group)),
        }
    }

    fn sync(&self, head: Head) -> Result<()> {
        self.run(Call::Sync, || self.inner.sync(head))
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        self.run(Call::Read, || self.inner.read(from, budget))
    }

    fn evicts(&self) -> bool {
        self.inner.evicts()
    }

    fn oldest(&self) -> Position {
        self.inner.oldest()
    }

    fn close(&self) -> Result<()> {
        self.run(Call::Close, || self.inner.close())
    }
}
