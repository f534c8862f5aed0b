//! [`find`]: the event that the command line names.
//!
//! Keeps the invariants that a prefix stands for an event only where no other event that can be read
//! has an id that begins so; and that where something is committed, it does so only where all can be read.

use toka_vault::{Direction, Error, EventId, Position, ReplayOptions, StartFrom, Vault};

use crate::args::{EventName, Prefix};
use crate::failure::{Failure, Result};
use crate::output::Notes;

/// How many events are listed that a prefix could mean.
const CANDIDATES_MAX: usize = 5;

/// Says what to do where a prefix was looked for among events that cannot all be read: another may be meant.
#[derive(Clone, Copy)]
pub(super) enum InDoubt {
    /// Say so, where no more than a look is at stake.
    Note(Notes),
    /// Find nothing, where what is found stays.
    Refuse,
}

/// Returns the id of the event that is named. An id need not be in the vault; a position is read, and a prefix
/// looked for in the history.
pub(super) async fn find(vault: &Vault, name: &EventName, in_doubt: InDoubt) -> Result<EventId> {
    let prefix = match name {
        EventName::Id(id) => return Ok(*id),
        EventName::At(position) => return at(vault, *position).await,
        EventName::Prefix(prefix) => prefix,
    };
    let (found, damaged) = beginning_with(vault, prefix).await?;
    match in_doubt {
        InDoubt::Note(notes) if damaged => {
            notes.note("events that cannot be read were passed over in the search; `verify` names them");
        }
        InDoubt::Refuse if damaged => return Err(doubtful(prefix, "nothing was stored; ")),
        _ => {}
    }
    match found.as_slice() {
        [id] => Ok(*id),
        [] if damaged => Err(doubtful(prefix, "")),
        [] => Err(Failure::NotFound(anyhow::anyhow!(
            "no event in this vault has an id that begins with {prefix}; `log` lists the ids"
        ))),
        several => Err(ambiguous(prefix, several)),
    }
}

/// Returns the id of the event at a position.
async fn at(vault: &Vault, position: Position) -> Result<EventId> {
    let start = StartFrom::After(position.minus(1));
    let mut replay = vault.replay(ReplayOptions::new().with_start(start).with_limit(1));
    match replay.try_next().await? {
        Some(event) => Ok(event.header.id),
        None => Err(Failure::NotFound(match vault.head().await?.position {
            Position::ZERO => {
                anyhow::anyhow!("no event is at position {position}; the vault has no events yet")
            }
            head => anyhow::anyhow!("no event is at position {position}; the newest is at {head}"),
        })),
    }
}

/// Finds the newest events whose ids begin so, one more than are listed; says too whether events could
/// not be read.
async fn beginning_with(vault: &Vault, prefix: &Prefix) -> Result<(Vec<EventId>, bool)> {
    let mut replay = vault.replay(ReplayOptions::new().with_direction(Direction::Backward));
    let (mut found, mut damaged) = (Vec::new(), false);
    while found.len() <= CANDIDATES_MAX {
        match replay.try_next().await {
            Ok(Some(event)) if prefix.begins(event.header.id) => found.push(event.header.id),
            Ok(Some(_)) | Err(Error::Evicted { .. }) => {}
            Ok(None) => break,
            Err(Error::Corrupt { .. }) => damaged = true,
            Err(error) => return Err(error.into()),
        }
    }
    Ok((found, damaged))
}

/// Says that an event which cannot be read may be the one that is meant, and what is unchanged.
fn doubtful(prefix: &Prefix, unchanged: &str) -> Failure {
    Failure::StoppedByDamage(anyhow::anyhow!(
        "an event that cannot be read may be the one whose id begins with {prefix}; {unchanged}give the whole id, and see what `verify` names"
    ))
}

/// Says which events a prefix could mean.
fn ambiguous(prefix: &Prefix, found: &[EventId]) -> Failure {
    let mut listed: Vec<_> = found.iter().take(CANDIDATES_MAX).map(ToString::to_string).collect();
    if found.len() > CANDIDATES_MAX {
        listed.push("and more".to_owned());
    }
    Failure::NotFound(anyhow::anyhow!(
        "the ids of several events begin with {prefix}; give more characters of the one that you mean, the newest are:\n{}",
        listed.join("\n")
    ))
}
