//! [`Log`]: which events to list, in which order, and whether to draw how they are related.

use clap::Args;

use super::Which;

/// Says which events to list.
#[derive(Debug, Default, Args)]
pub(crate) struct Log {
    #[command(flatten)]
    pub(crate) which: Which,

    /// The oldest first.
    #[arg(long, short)]
    pub(crate) reverse: bool,

    /// List at most N events: the newest N, or with --reverse the oldest N.
    #[arg(long, short = 'n', value_name = "N", value_parser = super::whole_number)]
    pub(crate) limit: Option<u64>,

    /// Draw beside the events what led to what, as `git log --graph` does.
    ///
    /// A `*` is an event, and a line leads down from it to each of its parents. Where --kind, --since or
    /// --until leave events out, the line goes on through them to the nearest that are listed; up to
    /// 1,000 are looked at for each event. A lane that is still open at the end leads to events beyond
    /// --limit, or to one that cannot be read. At most 100 lanes are drawn; a `>` stands for those to
    /// the right.
    #[arg(long, conflicts_with = "reverse")]
    pub(crate) graph: bool,
}
