//! [`get_many`]: several events by their ids.
//!
//! Keeps the invariant that each answer stands where its id was asked, however the reads overtake each
//! other.

use futures::{StreamExt, TryStreamExt, stream};

use crate::limits::GETS_AT_ONCE_MAX;
use crate::{Event, EventId, EventStore, Result};

/// Looks up each id for itself, some at a time. See [`EventStore::get_many`].
pub(crate) async fn get_many<S: EventStore + ?Sized>(
    store: &S,
    ids: &[EventId],
) -> Result<Vec<Option<Event>>> {
    stream::iter(ids.to_vec()).map(|id| store.get(id)).buffered(GETS_AT_ONCE_MAX).try_collect().await
}
