//! What led to what: the events before one, the events after one, and how two are related.
//!
//! All of it is written once, over [`EventStore::get`](crate::EventStore::get) and
//! [`EventStore::children`](crate::EventStore::children), so that every store answers alike. It rests
//! on the invariant that a parent stands before its child: the order of positions is one in which
//! causes come before effects. So a walk that always visits the outermost position of those it has
//! met meets an event from all sides before it visits it, visits it once without remembering where
//! it was, and needs no recursion; what it holds is the frontier alone.

mod ancestors;
mod descendants;
mod ends;
mod options;
mod passing;
mod related;
mod upward;

pub(crate) use ancestors::ancestors;
pub(crate) use descendants::{children, descendants};
pub(crate) use ends::{leaves, roots};
pub use options::{WalkOptions, WalkOrder};
pub(crate) use related::{common_ancestors, is_ancestor};

use crate::Error;

/// Tells whether a walk goes on after an error: where only one event is hidden, as in a replay.
fn goes_on(error: &Error) -> bool {
    matches!(error, Error::Corrupt { .. } | Error::Evicted { .. } | Error::UnknownEvent { .. })
}
