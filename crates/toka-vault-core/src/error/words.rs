//! [`Remedy`], and what errors say that no single field of theirs tells.

use std::fmt;

use crate::Position;

/// Says what can be done about a vault that does not open, besides restoring it from a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remedy {
    /// Nothing. Only a copy helps.
    Restore,
    /// A copy of it opens with tail loss accepted, and goes on from what is whole: `TailLoss::Accept` in the
    /// options of its back-end.
    AcceptTailLoss,
}

/// Goes on behind the advice to restore.
impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restore => Ok(()),
            Self::AcceptTailLoss => f.write_str(
                ", or open a copy with tail loss accepted (`TailLoss::Accept`; `--accept-tail-loss` in the program)",
            ),
        }
    }
}

/// Says which events are damaged.
pub(super) fn damaged(first: Position, last: Position) -> String {
    if first == last {
        format!("the event at position {first} is damaged")
    } else {
        format!("the events at positions {first} to {last} are damaged")
    }
}
