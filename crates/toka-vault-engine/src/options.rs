//! [`EngineOptions`], [`Durability`] and [`Indexing`]: what the maker of a back-end decides, and its user.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::limits::{GROUP_EVENTS_MAX, STALL_MAX};

/// Says when a commit counts as stored.
///
/// Either way the events of a commit are there together or not at all, and a vault that has lost what it promised
/// to keep does not open in silence. An interval pays where commits come one after the other: commits beside each
/// other share a sync anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Durability {
    /// A commit is acknowledged and published once it is on stable storage. Commits that wait at
    /// the same time share one sync.
    #[default]
    Group,
    /// A commit is acknowledged and published once it is handed to the operating system, and synced
    /// within this time. It survives the end of the process; a power cut can take back what was
    /// committed within that time, also from subscribers that have seen it. A back-end can sync
    /// sooner.
    Interval(Duration),
}

/// Says which indexes a durable vault keeps.
///
/// Every question has the same answer with either. An index is derived from the log: what is there stays
/// as it is while a vault is open without it, and is completed when the vault is opened with it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Indexing {
    /// By id, kind, time, parent and payload.
    #[default]
    All,
    /// By id alone, so that commits leave no other work behind. Whoever asks for kinds or times, for
    /// children or for a payload by its digest has the history read, and so has a condition about what is
    /// further back than the newest events. A payload is kept once only with those events that have it
    /// among the newest tens of thousands of payloads since the vault was opened.
    Ids,
}

/// Says how the engine runs over a log.
#[derive(Clone)]
pub struct EngineOptions {
    /// When a commit counts as stored.
    pub durability: Durability,
    /// Payload bytes after which a group of commits is closed; 1 MiB by default. A group is one write and one sync,
    /// and its callers have one answer where these fail.
    pub group_bytes_max: usize,
    /// Events after which a group of commits is closed; [`GROUP_EVENTS_MAX`] by default.
    pub group_events_max: usize,
    /// How long a call of the storage may take before its commits are answered as unknown; [`STALL_MAX`] by
    /// default. The vault takes no more commits then, also where the call returns after all.
    pub stall_max: Duration,
    /// Where time and chance come from.
    pub clock: Arc<dyn Clock>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            durability: Durability::Group,
            group_bytes_max: 1 << 20,
            group_events_max: GROUP_EVENTS_MAX,
            stall_max: STALL_MAX,
            clock: Arc::new(SystemClock),
        }
    }
}

impl std::fmt::Debug for EngineOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineOptions")
            .field("durability", &self.durability)
            .field("group_bytes_max", &self.group_bytes_max)
            .field("group_events_max", &self.group_events_max)
            .field("stall_max", &self.stall_max)
            .finish_non_exhaustive()
    }
}
