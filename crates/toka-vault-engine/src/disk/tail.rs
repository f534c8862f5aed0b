//! [`check_tail`]: whether a log has everything that was acknowledged.
//!
//! Keeps the invariant that acknowledged events that are missing at the end are never passed over in
//! silence.
//!
//! Invariant 22 of `docs/architecture.md`, which names the tests that show it.

use std::path::Path;

use toka_vault_core::{Error, Head, Position, Remedy, Result};

use super::HeadFile;
use crate::log::LogEnd;

/// Says what to do where the end of the log is damaged or missing at open.
///
/// A crash or a power cut alone leaves no such vault: what it takes was never acknowledged. It takes a disk that
/// loses what it has synced, or files that were copied or put back in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TailLoss {
    /// Do not open the vault, and change nothing.
    #[default]
    Refuse,
    /// Go on from the last event that is whole. What stood behind it is gone for good, and its positions are given
    /// to new events: readers that noted one of them have to be set back. Open a copy of the folder so, first.
    Accept,
}

impl TailLoss {
    /// The target of what is warned of a loss that was accepted, for a program that tells of it in words of its
    /// own.
    pub const WARNING_TARGET: &'static str = "toka_vault_engine::tail_loss";
}

/// Tells how far a vault had acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The newest record of its head.
    pub head: Option<Head>,
    /// The newest position that the log itself says was durable; [`Position::ZERO`] where it says nothing.
    pub durable: Position,
}

/// Says what a log has of what was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// All of it.
    Whole,
    /// Not all, or nobody knows, which is accepted. Once the end that was found is durable, it is recorded by
    /// [`HeadFile::reset`]: before, a crash could leave a record that is ahead of the log.
    Short,
}

/// Compares the end of a log with what was acknowledged.
///
/// # Errors
///
/// [`Error::TailLost`] where acknowledged events are missing, [`Error::Damaged`] where the log ends at
/// the same position with another history; [`Error::Io`].
pub fn check_tail(
    path: &Path,
    end: &LogEnd,
    acknowledged: Acknowledged,
    tail_loss: TailLoss,
    head: &HeadFile,
) -> Result<Tail> {
    let (found, recorded) = (end.position(), acknowledged.head.unwrap_or(end.head));
    if !head.is_whole()? {
        // Only who accepts a loss comes here without a whole record.
        tracing::warn!(
            target: TailLoss::WARNING_TARGET,
            %found,
            "a vault lost the record of what it had acknowledged, as accepted; it begins anew"
        );
        return Ok(Tail::Short);
    }
    let least = recorded.position.max(acknowledged.durable);
    let same = recorded.position < found || recorded == end.head;
    if least <= found && same {
        return Ok(Tail::Whole);
    }
    if tail_loss == TailLoss::Accept {
        tracing::warn!(
            target: TailLoss::WARNING_TARGET,
            acknowledged = %least,
            %found,
            "a vault lost events at its end, as accepted"
        );
        return Ok(Tail::Short);
    }
    let path = path.to_path_buf();
    if least <= found {
        let reason =
            format!("its log ends at position {found} with another history than it had acknowledged");
        return Err(Error::Damaged { path, reason, remedy: Remedy::AcceptTailLoss });
    }
    Err(Error::TailLost { path, acknowledged: least, found })
}
