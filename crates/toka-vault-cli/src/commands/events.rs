//! What the commands that list events share: the columns, the list, and what to do about events that
//! cannot be read.

use std::pin::pin;

use anstyle::{AnsiColor, Style};
use futures::{Stream, StreamExt};
use toka_vault::{Error, Event, Timestamp};

use crate::failure::{Failure, Result};
use crate::git;
use crate::output::{Align, Column, List, Notes, Output, Shown};
use crate::record::{Record, in_words};

/// Characters of a payload that a table looks at, which is more than it shows.
const PAYLOAD_CHARS_MAX: usize = 1_024;

/// The columns of a table of events.
pub(super) const COLUMNS: &[Column] = &[
    Column { title: "POS", align: Align::Right, style: Style::new().dimmed(), shown: Shown::Always },
    Column { title: "TIME", align: Align::Left, style: AnsiColor::Green.on_default(), shown: Shown::Always },
    Column {
        title: "ID",
        align: Align::Left,
        style: AnsiColor::Yellow.on_default(),
        shown: Shown::WhereWide,
    },
    Column { title: "KIND", align: Align::Left, style: AnsiColor::Cyan.on_default(), shown: Shown::Always },
    Column { title: "PAYLOAD", align: Align::Left, style: Style::new(), shown: Shown::Always },
];

/// Lists at most `limit` events, past those that cannot be read, or notes that there is nothing.
pub(super) async fn list(
    events: impl Stream<Item = Result<Event, Error>>,
    limit: Option<u64>,
    nothing: &str,
    output: &mut Output,
) -> Result<()> {
    list_each(output.list(COLUMNS), events, limit, nothing, |list, event| print(list, &event)).await
}

/// Lists at most `limit` things, each as `print` prints it, past those that cannot be read, or notes that
/// there is nothing.
pub(super) async fn list_each<T>(
    mut list: List<'_>,
    events: impl Stream<Item = Result<T, Error>>,
    limit: Option<u64>,
    nothing: &str,
    mut print: impl FnMut(&mut List<'_>, T) -> Result<()>,
) -> Result<()> {
    let mut left = limit.unwrap_or(u64::MAX);
    let mut damaged = false;
    let mut events = pin!(events);
    while left > 0 {
        match events.next().await {
            Some(Ok(event)) => {
                print(&mut list, event)?;
                left -= 1;
            }
            Some(Err(error)) => damaged |= step_over(error, || list.notes())?,
            None => break,
        }
    }
    let none = list.is_empty() && limit != Some(0) && !damaged;
    let ended = list.end();
    // Damage is known by now, and told by the exit code though nobody reads the list.
    outcome(damaged)?;
    let notes = ended?;
    if none {
        notes.note(nothing);
    }
    Ok(())
}

/// Prints an event in a list.
pub(super) fn print(list: &mut List<'_>, event: &Event) -> Result<()> {
    list.item(&Record::new(event), || cells(event).to_vec())
}

/// Returns the cells of an event under [`COLUMNS`].
pub(super) fn cells(event: &Event) -> [String; 5] {
    let header = &event.header;
    let payload = git::one_line(event).unwrap_or_else(|| in_words(&event.payload));
    [
        header.position.to_string(),
        to_the_second(header.timestamp),
        header.id.to_string(),
        header.kind.to_string(),
        payload.chars().take(PAYLOAD_CHARS_MAX).collect(),
    ]
}

/// Writes a time without the digits below a second.
fn to_the_second(timestamp: Timestamp) -> String {
    let text = timestamp.to_string();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

/// Says which events cannot be read, where reading goes on behind them, and whether that is damage;
/// hands back any other error. `notes` gives the way to stderr, once all before it is printed.
pub(super) fn step_over(error: Error, notes: impl FnOnce() -> Result<Notes>) -> Result<bool> {
    match error {
        Error::Corrupt { .. } => notes()?.error(&error.into()),
        // What a bounded vault forgets by design is no damage.
        Error::Evicted { .. } => {
            notes()?.note(&error.to_string());
            return Ok(false);
        }
        other => return Err(other.into()),
    }
    Ok(true)
}

/// Ends a command that has, or has not, read past damage.
pub(super) fn outcome(damaged: bool) -> Result<()> {
    if damaged { Err(Failure::Damaged) } else { Ok(()) }
}
