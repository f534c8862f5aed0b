//! [`WalkOptions`]: how far a walk along the graph goes, what it gives, and in which order.
//!
//! Bounds are counted so that they bound the work as well: a limit by what is given, nearest first, and a depth by
//! steps. So a walk through a history of any length ends where its bound does.

use crate::Filter;

/// Says in which order the events of a walk come.
///
/// Both orders go by position, in which every parent stands before its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WalkOrder {
    /// Parents before their children: as it happened.
    #[default]
    Causal,
    /// What stands nearest to the start first: for ancestors the newest first, so that children come
    /// before their parents; for descendants the oldest first, which is the causal order too.
    ///
    /// Nearness is that of positions, not of steps: a parent from long ago comes after a grandparent
    /// of today. For the events within so many steps, see [`WalkOptions::with_depth`].
    NearestFirst,
}

/// Says how far a walk along the graph goes, what it gives, and in which order: by default all to its
/// end, parents before their children.
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::{Filter, WalkOptions, WalkOrder};
///
/// let last_ten_causes = WalkOptions::new().with_order(WalkOrder::NearestFirst).with_limit(10);
/// assert_eq!(last_ten_causes.limit, Some(10));
/// let parents_and_grandparents = WalkOptions::new().with_depth(2);
/// assert_eq!(parents_and_grandparents.depth, Some(2));
/// let last_tool_call = last_ten_causes.with_limit(1).with_filter(Filter::kind("agent.tool.*")?);
/// assert_eq!(last_tool_call.filter.kinds().len(), 1);
/// # Ok::<(), toka_vault::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct WalkOptions {
    /// In which order the events come.
    pub order: WalkOrder,
    /// How many steps to go at most: 1 is parents or children alone, 0 is nothing. An event that is
    /// reached on several ways is as many steps away as the shortest of them has. A step to an event
    /// that the filter does not mean is a step too.
    pub depth: Option<u64>,
    /// How many events to give at most, of those that the filter means: in either order, those that
    /// stand nearest to the start.
    pub limit: Option<u64>,
    /// Which events are given. The walk goes through the others too: they are links of the way.
    pub filter: Filter,
}

impl WalkOptions {
    /// Walks to the end, parents before their children.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the events in this order.
    #[must_use]
    pub fn with_order(mut self, order: WalkOrder) -> Self {
        self.order = order;
        self
    }

    /// Goes at most `depth` steps.
    #[must_use]
    pub fn with_depth(mut self, depth: u64) -> Self {
        self.depth = Some(depth);
        self
    }

    /// Gives at most `limit` events.
    #[must_use]
    pub fn with_limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Gives only the events that `filter` means, and goes through all.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }
}
