//! [`is_ancestor`] and [`common_ancestors`]: how two events are related.
//!
//! Keeps the invariant that an answer is certain: where damage or eviction hides a way that would
//! change it, the answer is an error.

use super::upward::{Mark, Upward};
use crate::{Error, Event, EventId, EventStore, Result};

/// Tells whether `earlier` is among the ancestors of `later`. See
/// [`EventStoreExt::is_ancestor`](crate::EventStoreExt::is_ancestor).
pub(crate) async fn is_ancestor<S: EventStore + ?Sized>(
    store: &S,
    earlier: EventId,
    later: EventId,
) -> Result<bool> {
    let unknown = Error::UnknownEvent { id: earlier };
    let floor = store.header(earlier).await?.ok_or(unknown.clone())?.position;
    let mut upward = Upward::new(store);
    upward.start(later, Reached).await?;
    while let Some(met) = upward.pop() {
        match met.header {
            // Nothing that stands before `earlier` can come from it, and nothing newer is left.
            Ok(header) if header.position <= floor => break,
            Ok(header) if header.parents.contains(&earlier) => return Ok(true),
            Ok(header) => upward.parents_of(&header, Reached).await?,
            // Told below, if it could matter.
            Err(_) => {}
        }
    }
    match upward.damage.take() {
        Some((last, error)) if last >= floor => Err(error),
        // While `earlier` is kept, so is all that stands behind it: what was gone stood before it.
        _ if upward.cut && store.header(earlier).await?.is_none() => Err(unknown),
        _ => Ok(false),
    }
}

/// Finds the nearest events that led to both. See
/// [`EventStoreExt::common_ancestors`](crate::EventStoreExt::common_ancestors).
pub(crate) async fn common_ancestors<S: EventStore + ?Sized>(
    store: &S,
    one: EventId,
    other: EventId,
) -> Result<Vec<Event>> {
    let mut found = Vec::new();
    let mut upward = Upward::new(store);
    upward.start(one, Sides { of: [true, false], behind: false }).await?;
    upward.start(other, Sides { of: [false, true], behind: false }).await?;
    while upward.live() {
        let Some(met) = upward.pop() else { break };
        let header = met.header?;
        // What is damaged could stand behind this event, and come from it.
        if let Some((_, error)) = upward.damage.take_if(|(last, _)| *last >= header.position) {
            return Err(error);
        }
        let mut sides = met.mark;
        if sides.is_common() {
            found.extend(upward.read(&header).await?);
            sides.behind = true;
        }
        upward.parents_of(&header, sides).await?;
    }
    Ok(found)
}

/// Says that an event was reached.
#[derive(Clone, Copy)]
struct Reached;

impl Mark for Reached {
    fn join(self, _other: Self) -> Self {
        self
    }
}

/// Says which of two events an event led to.
#[derive(Clone, Copy)]
struct Sides {
    of: [bool; 2],
    /// Whether it led to a common ancestor, which is nearer.
    behind: bool,
}

impl Sides {
    fn is_common(self) -> bool {
        self.of == [true, true] && !self.behind
    }
}

impl Mark for Sides {
    fn join(self, other: Self) -> Self {
        let ([one, two], [also_one, also_two]) = (self.of, other.of);
        Self { of: [one || also_one, two || also_two], behind: self.behind || other.behind }
    }

    /// What led to a common ancestor leads to none that is nearer: it counts for no side.
    fn sides(self) -> [bool; 2] {
        self.of.map(|of| of && !self.behind)
    }
}
