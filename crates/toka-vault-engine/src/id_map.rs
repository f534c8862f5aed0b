//! [`IdMap`]: a hash map by event id.

use std::collections::HashMap;

use toka_vault_core::EventId;

/// Maps event ids to values.
///
/// The hash is seeded for each map. Ids are looked up several times for each commit, and the
/// standard library's hash would take a tenth of a commit in memory (measured).
pub(crate) type IdMap<V> = HashMap<EventId, V, foldhash::fast::RandomState>;
