//! [`VecLog`]: a log that is a vector, on a [`Disk`] that outlives it.
//!
//! Keeps the invariant that a disk has what was synced, and nothing else after
//! [`Disk::cut_power`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use toka_vault_core::{Error, Event, Head, Position, Result};
use toka_vault_engine::{
    Chunk, EngineOptions, Group, Index, LocalVault, Log, LogEnd, ReadBudget, Unappended, open_threaded,
};

/// Holds what was written, beyond the life of a log. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    groups: Vec<Vec<Event>>,
    ends: Vec<LogEnd>,
    /// How many groups are durable.
    synced: usize,
    damaged: Vec<(Position, Position)>,
}

/// Keeps groups on a [`Disk`].
#[derive(Debug)]
pub struct VecLog {
    disk: Disk,
}

impl Disk {
    /// Makes a log that goes on where this disk ends.
    pub fn log(&self) -> VecLog {
        VecLog { disk: self.clone() }
    }

    /// Returns where the log on this disk ends.
    pub fn end(&self) -> LogEnd {
        self.state().ends.last().copied().unwrap_or(LogEnd::EMPTY)
    }

    /// Returns how many events each group has that was appended.
    pub fn group_sizes(&self) -> Vec<usize> {
        self.state().groups.iter().map(Vec::len).collect()
    }

    /// Returns how many events are durable.
    pub fn synced_events(&self) -> usize {
        let state = self.state();
        state.groups.iter().take(state.synced).map(Vec::len).sum()
    }

    /// Loses all that was not synced, like a power cut.
    pub fn cut_power(&self) {
        let mut state = self.state();
        let synced = state.synced;
        state.groups.truncate(synced);
        state.ends.truncate(synced);
    }

    /// Damages the events from `first` to `last` too, which reads tell from now on.
    pub fn damage(&self, first: Position, last: Position) {
        self.state().damaged.push((first, last));
    }

    /// Returns all events on this disk.
    pub fn events(&self) -> Vec<Event> {
        self.state().groups.concat()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the event at a position.
    fn event(&self, position: Position) -> Option<&Event> {
        let offset =
            |group: &Vec<Event>| Some((position.get().checked_sub(group[0].position().get())?) as usize);
        let at = self.groups.partition_point(|group| group[0].position() <= position);
        let group = self.groups.get(at.checked_sub(1)?)?;
        group.get(offset(group)?)
    }

    /// Returns up to where the events from a position on are damaged, where that one is.
    fn damaged_to(&self, position: Position) -> Option<Position> {
        let found = self.damaged.iter().find(|(first, last)| (first..=last).contains(&&position));
        found.map(|(_, last)| *last)
    }
}

impl Log for VecLog {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        let mut state = self.disk.state();
        state.groups.push(group.events.clone());
        state.ends.push(group.end);
        Ok(())
    }

    fn sync(&self, head: Head) -> Result<()> {
        let mut state = self.disk.state();
        state.synced = state.groups.len();
        assert_eq!(
            state.ends.last().map(|end| end.head),
            Some(head),
            "synced with another head than appended"
        );
        Ok(())
    }

    fn read(&self, from: Position, budget: ReadBudget) -> Result<Chunk> {
        let state = self.disk.state();
        if let Some(last) = state.damaged_to(from) {
            return Err(Error::Corrupt { first: from, last, reason: "damaged by the test".into() });
        }
        let (mut events, mut bytes, mut at) = (Vec::new(), 0, from);
        while events.is_empty() || (events.len() < budget.events && bytes < budget.bytes) {
            let Some(event) = state.event(at).filter(|_| state.damaged_to(at).is_none()) else { break };
            bytes += event.payload.bytes().len();
            events.push(event.clone());
            at = at.next();
        }
        Ok(events.into())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// Opens a vault on a disk, on which no other is open.
pub fn open_vault(disk: &Disk) -> LocalVault {
    open_threaded(disk.log(), disk.end(), reindexed(disk), &EngineOptions::default()).unwrap()
}

/// Builds the index of what is on a disk.
pub fn reindexed(disk: &Disk) -> Index {
    Index::in_memory(&disk.log(), disk.end().position()).unwrap()
}
