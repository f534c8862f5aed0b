//! `commit`: commits one event and prints its header.
//!
//! Keeps the invariant that a commit which is refused leaves no vault behind: what can be found out without one is
//! found out first, and conditions on one that is not there yet are asked of an empty one in memory.

use std::io::Read;

use futures::executor::block_on;
use toka_vault::limits::PAYLOAD_BYTES_MAX;
use toka_vault::{
    Condition, EventHeader, EventId, Filter, InMemoryVault, NewEvent, Payload, Position, Vault,
};

use super::find::{InDoubt, find};
use super::on;
use crate::args::{Commit, EventName};
use crate::failure::{Failure, Result};
use crate::lines::payload_of;
use crate::opening::Opening;
use crate::output::Output;
use crate::record::HeaderRecord;

/// Longest JSON text that is read, in bytes: JSON needs at most six for one of MessagePack, and may
/// have white space.
const JSON_BYTES_MAX: u64 = 8 * PAYLOAD_BYTES_MAX as u64;

/// Commits the event that the command line tells.
pub(super) fn run(opening: &Opening, args: Commit, output: &mut Output) -> Result<()> {
    opening.check_writable()?;
    // First what is said, then the vault, so that nonsense does not leave an empty vault.
    let conditions = conditions(&args)?;
    let payload = payload(&args.json)?;
    let mut event = NewEvent::new(args.kind, payload)?.with_parents(&whole_ids(&args.parents));
    event.id = args.id;
    checked(&event)?;
    if opening.would_create() {
        // A vault that is not there yet has no events. What an empty one refuses creates none.
        let empty = Vault::from(InMemoryVault::unbounded());
        block_on(commit(&empty, event.clone(), &args.parents, &conditions))?;
    }
    on(&opening.open_or_create(output.notes())?, |vault| {
        let header = block_on(commit(vault, event, &args.parents, &conditions))?;
        output.thing(&HeaderRecord(&header), &header_rows(&header))
    })
}

/// Commits an event with the parents that are named, once it is known which these are.
async fn commit(
    vault: &Vault,
    event: NewEvent,
    parents: &[EventName],
    conditions: &[Condition],
) -> Result<EventHeader> {
    let mut ids = Vec::with_capacity(parents.len());
    for name in parents {
        ids.push(find(vault, name, InDoubt::Refuse).await?);
    }
    let event = event.with_parents(&ids);
    // Two names can mean the same event.
    checked(&event)?;
    Ok(vault.commit_if(event, conditions).await?)
}

/// Returns the parents that are named by their ids, of which something can be said without a vault.
fn whole_ids(parents: &[EventName]) -> Vec<EventId> {
    let whole = |name: &EventName| match name {
        EventName::Id(id) => Some(*id),
        EventName::At(_) | EventName::Prefix(_) => None,
    };
    parents.iter().filter_map(whole).collect()
}

/// Checks what an event says of itself.
fn checked(event: &NewEvent) -> Result<()> {
    event.check().map_err(|error| Failure::Usage(error.into()))
}

/// Returns what has to hold for the commit to happen.
fn conditions(args: &Commit) -> Result<Vec<Condition>> {
    let mut conditions: Vec<_> = args.if_head.map(Condition::HeadAt).into_iter().collect();
    if let Some(pattern) = &args.if_none {
        let filter = Filter::kind(pattern.as_str())?;
        conditions.push(Condition::none_after(args.after.unwrap_or(Position::ZERO), filter));
    }
    Ok(conditions)
}

/// Reads the payload from the command line or from stdin.
fn payload(json: &str) -> Result<Payload> {
    let encoded = if json == "-" { payload_of(&stdin()?) } else { payload_of(json) };
    encoded.map_err(|error| Failure::Usage(error.context(complaint(json))))
}

/// Says what is wrong with a payload: words without quotes are the commonest mistake.
fn complaint(json: &str) -> String {
    let is_words = json.starts_with(char::is_alphabetic) && !json.contains(['"', '\'', '\\']);
    let hint = if is_words { format!("; to store it as a text, write '\"{json}\"'") } else { String::new() };
    format!("the payload is no JSON that can be stored{hint}")
}

/// Reads stdin to its end.
fn stdin() -> Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(JSON_BYTES_MAX + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::Failed(anyhow::Error::new(error).context("cannot read stdin")))?;
    if text.trim_ascii().is_empty() {
        // Most often, what should have written it has failed.
        return Err(Failure::usage(
            "stdin is empty, where the payload should be; `null` is the payload of an event that tells nothing more",
        ));
    }
    if text.len() as u64 > JSON_BYTES_MAX {
        return Err(Failure::usage(format_args!(
            "the text on stdin is longer than {JSON_BYTES_MAX} bytes; store it elsewhere and commit a reference to it"
        )));
    }
    Ok(text)
}

/// Describes a header line by line.
pub(super) fn header_rows(header: &EventHeader) -> Vec<(&'static str, String)> {
    let parents: Vec<String> = header.parents.iter().map(ToString::to_string).collect();
    let parents = if parents.is_empty() { "none".to_owned() } else { parents.join("\n") };
    vec![
        ("id", header.id.to_string()),
        ("kind", header.kind.to_string()),
        ("position", header.position.to_string()),
        ("timestamp", header.timestamp.to_string()),
        ("parents", parents),
        ("digest", header.digest.to_string()),
        ("hash", header.hash.to_string()),
    ]
}
