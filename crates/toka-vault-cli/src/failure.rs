//! [`Failure`]: every way in which a command ends early, and its exit code.
//!
//! Keeps the invariant that each failure has exactly one code of the table in `main.rs`, which
//! `--help` repeats.

use std::fmt;
use std::io;

use toka_vault::Error;

/// What every step of a command returns.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Tells why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The reader of stdout has gone. Nobody is interested in more, so this is no error.
    PipeClosed,
    /// The vault, an import or the system failed.
    Failed(anyhow::Error),
    /// The command line makes no sense.
    Usage(anyhow::Error),
    /// Damage was found, and has been printed.
    Damaged,
    /// Damage was found, and nothing else could be done.
    StoppedByDamage(anyhow::Error),
    /// An event that was named is not in the vault.
    NotFound(anyhow::Error),
    /// The vault cannot be opened, or is gone while it is followed.
    NotOpened(anyhow::Error),
    /// A condition of a commit did not hold.
    Refused(anyhow::Error),
}

impl Failure {
    /// Creates the failure of an import or of the system.
    pub(crate) fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::Failed(error.into())
    }

    /// Creates the complaint about a command line.
    pub(crate) fn usage(complaint: impl fmt::Display) -> Self {
        Self::Usage(anyhow::Error::msg(complaint.to_string()))
    }

    /// Creates the failure to write to stdout.
    pub(crate) fn stdout(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::PipeClosed,
            _ => Self::Failed(anyhow::Error::new(error).context("cannot write to stdout")),
        }
    }

    /// Returns the exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::PipeClosed => 0,
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Damaged | Self::StoppedByDamage(_) => 3,
            Self::NotFound(_) => 4,
            Self::NotOpened(_) => 5,
            Self::Refused(_) => 6,
        }
    }

    /// Returns what is still to be said about it.
    pub(crate) fn error(&self) -> Option<&anyhow::Error> {
        match self {
            Self::PipeClosed | Self::Damaged => None,
            Self::Failed(error)
            | Self::Usage(error)
            | Self::StoppedByDamage(error)
            | Self::NotFound(error)
            | Self::NotOpened(error)
            | Self::Refused(error) => Some(error),
        }
    }
}

impl From<Error> for Failure {
    /// Sorts what an open vault says by its exit code.
    fn from(error: Error) -> Self {
        match error {
            Error::UnknownEvent { .. } | Error::UnknownParent { .. } => Self::NotFound(error.into()),
            Error::InvalidKind { .. }
            | Error::InvalidPattern { .. }
            | Error::InvalidTimeRange { .. }
            | Error::Malformed { .. } => Self::Usage(error.into()),
            Error::ConditionFailed { .. } => Self::Refused(error.into()),
            Error::Corrupt { .. } => Self::StoppedByDamage(error.into()),
            _ => Self::Failed(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toka_vault::{Condition, EventId, Position, Timestamp};

    #[test]
    fn each_failure_has_the_code_that_is_written_down() {
        let id = EventId::from_u128(1);
        let (since, until) = (Timestamp::MAX, Timestamp::MIN);
        let (condition, position) = (Condition::HeadAt(Position::ZERO), Position::FIRST);
        let cases = [
            (Failure::PipeClosed, 0),
            (Failure::from(Error::Closed), 1),
            (Failure::usage("no"), 2),
            (Failure::Damaged, 3),
            (Failure::from(Error::corrupt(position, "no")), 3),
            (Failure::from(Error::UnknownEvent { id }), 4),
            (Failure::from(Error::UnknownParent { parent: id }), 4),
            (Failure::from(Error::InvalidTimeRange { since, until }), 2),
            (Failure::NotOpened(anyhow::Error::msg("no")), 5),
            (Failure::from(Error::ConditionFailed { condition, position }), 6),
        ];
        for (failure, code) in cases {
            assert_eq!(failure.code(), code, "{failure:?}");
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_a_full_disk_is() {
        let closed = Failure::stdout(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(matches!(closed, Failure::PipeClosed));
        let full = Failure::stdout(io::Error::from(io::ErrorKind::StorageFull));
        assert!(matches!(full, Failure::Failed(_)));
    }
}
