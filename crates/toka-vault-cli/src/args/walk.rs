//! [`Walk`]: from which event to walk along the graph, how far, and what to list on the way.

use clap::Args;

use super::{EventName, Which};

/// Says which events to list of those that led to one, or that one led to.
#[derive(Debug, Args)]
pub(crate) struct Walk {
    /// The event's id, 26 letters and digits, or its first 6 or more where no other id begins so, or its
    /// position.
    ///
    /// The event itself is not listed. An id is looked up in an index; for less than an id, the
    /// history is read to its beginning.
    pub(crate) id: EventName,

    #[command(flatten)]
    pub(crate) which: Which,

    /// List those that stand nearest to the event first: ancestors from new to old.
    #[arg(long)]
    pub(crate) nearest: bool,

    /// Go at most N steps: 1 lists parents or children alone. A step to an event that --kind, --since or
    /// --until leave out is a step too.
    #[arg(long, value_name = "N", value_parser = super::whole_number)]
    pub(crate) depth: Option<u64>,

    /// List at most N events, of those that are meant: those that stand nearest to the event.
    #[arg(long, short = 'n', value_name = "N", value_parser = super::whole_number)]
    pub(crate) limit: Option<u64>,
}
