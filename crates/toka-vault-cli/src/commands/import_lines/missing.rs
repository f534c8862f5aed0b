//! [`placeholder`], which stands for an event that is missing, and [`Report`], which tells what it changes.
//!
//! Keeps the invariant that no event is missing, and none gets another hash than its line tells, in
//! silence: each is listed once it is stored, and all are counted.
//!
//! Decision 0027 says why it is done so.

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::json;
use toka_vault::{EventHash, EventHeader, EventId, Filter, NewEvent, Position, ReplayOptions, Vault};

use super::hashes::{Before, Known};
use crate::commands::events;
use crate::failure::{Failure, Result};
use crate::output::{Align, Column, List, Notes, Output, Shown, count};

/// The kind of the events that stand for one that is missing.
const KIND: &str = "vault.missing";

/// What such an event says of itself.
const REASON: &str = "it was named as a parent, and was not where its children were imported from";

/// The columns of a table of what is not as it was.
const COLUMNS: &[Column] = &[
    Column { title: "LINE", align: Align::Right, style: Style::new().dimmed(), shown: Shown::Always },
    Column { title: "ID", align: Align::Left, style: AnsiColor::Yellow.on_default(), shown: Shown::Always },
    Column { title: "FINDING", align: Align::Left, style: AnsiColor::Red.on_default(), shown: Shown::Always },
];

/// Tells what is not as it was, on stdout.
pub(super) struct Report<'a> {
    list: List<'a>,
    /// The first event in the vault that stands for one that is missing. None before it has another hash than it
    /// had.
    first: Option<Position>,
    /// What is to be told of lines that wait for their commit.
    waiting: Vec<Row>,
    /// How many events stand for one that is missing, and were not there before.
    missing: u64,
    /// How many events have another hash than their line tells.
    changed: u64,
    /// How printing failed. The import goes on all the same.
    printed: Result<()>,
}

/// Counts what was told.
pub(super) struct Told {
    /// How many events stand for one that is missing, and were not there before.
    pub(super) missing: u64,
    changed: u64,
    printed: Result<()>,
}

/// Says how it is printed that an event is not as it was.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    finding: Finding,
    line: u64,
    id: String,
    /// The hash that the line tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    told: Option<String>,
    /// The hash that the event has here.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
}

/// Says in what an event is not as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Finding {
    /// It is missing.
    Missing,
    /// It has another hash.
    OtherHash,
}

/// Makes the event that stands for a parent of `child` which is missing.
///
/// It is the same each time: so that an import can be repeated, and gives the same vault elsewhere.
pub(super) fn placeholder(id: EventId, child: &NewEvent) -> Result<NewEvent> {
    let mut event = NewEvent::new(KIND, json!({ "reason": REASON }))?.with_id(id);
    // What led to an event is no later than that.
    event.timestamp = child.timestamp;
    Ok(event)
}

/// Tells whether an event stands for one that is missing.
pub(super) fn is_placeholder(header: &EventHeader) -> bool {
    header.kind == KIND
}

/// Finds the first event of a vault that stands for one that is missing.
pub(super) async fn first_in(vault: &Vault) -> Result<Option<Position>> {
    let options = ReplayOptions::new().with_filter(Filter::kind(KIND)?).with_limit(1);
    Ok(vault.replay(options).try_next().await?.map(|event| event.position()))
}

impl Row {
    /// Says that a parent is missing.
    pub(super) fn missing(line: u64, id: EventId) -> Self {
        Self { finding: Finding::Missing, line, id: id.to_string(), told: None, hash: None }
    }

    /// Says that an event has another hash.
    pub(super) fn other_hash(line: u64, id: EventId, told: EventHash, hash: EventHash) -> Self {
        let (told, hash) = (Some(told.to_string()), Some(hash.to_string()));
        Self { finding: Finding::OtherHash, line, id: id.to_string(), told, hash }
    }

    /// Returns the cells of its row in a table.
    fn cells(&self) -> Vec<String> {
        let message = match self.finding {
            Finding::Missing => {
                format!("missing, and a parent of what stands here; an event `{KIND}` stands for it")
            }
            Finding::OtherHash => {
                "has another hash than is told here, since an event that led to it is missing".to_owned()
            }
        };
        vec![self.line.to_string(), self.id.clone(), message]
    }
}

impl<'a> Report<'a> {
    /// Starts with what the vault has.
    pub(super) async fn new(vault: &Vault, output: &'a mut Output) -> Result<Self> {
        // What comes of a finding stands at its end.
        let list = output.list(COLUMNS).in_full();
        let first = first_in(vault).await?;
        Ok(Self { list, first, waiting: Vec::new(), missing: 0, changed: 0, printed: Ok(()) })
    }

    /// Says what is to be told once its line is stored.
    pub(super) fn add(&mut self, row: Row) {
        self.waiting.push(row);
    }

    /// Says what is known of the hash of an event that the vault has, where its line is not remembered.
    pub(super) fn known(&self, header: &EventHeader) -> Known {
        let is_behind = self.first.is_some_and(|first| first <= header.position);
        let before = if is_behind { Before::Unknown } else { Before::Same };
        Known { hash: header.hash, before }
    }

    /// Looks at what was just committed, and tells of it what is to be told.
    pub(super) fn committed(&mut self, headers: &[EventHeader]) {
        let first =
            headers.iter().filter(|header| is_placeholder(header)).map(|header| header.position).min();
        self.first = self.first.into_iter().chain(first).min();
        let rows = std::mem::take(&mut self.waiting);
        rows.iter().for_each(|row| self.tell(row));
    }

    /// Tells of what stands before a line that was refused. What is missing before it is stored as well.
    pub(super) fn refused(&mut self, line: u64) {
        let rows = std::mem::take(&mut self.waiting);
        let is_stored = |row: &&Row| row.line < line || (row.line == line && row.finding == Finding::Missing);
        rows.iter().filter(is_stored).for_each(|row| self.tell(row));
    }

    /// Counts and prints.
    fn tell(&mut self, row: &Row) {
        match row.finding {
            Finding::Missing => self.missing += 1,
            Finding::OtherHash => self.changed += 1,
        }
        // Half an import helps nobody: it goes on though nobody reads of it.
        if self.printed.is_ok() {
            self.printed = self.list.item(row, || row.cells());
        }
    }

    /// Ends the list.
    pub(super) fn end(self) -> Told {
        let Self { list, missing, changed, printed, .. } = self;
        Told { missing, changed, printed: printed.and_then(|()| list.end().map(|_| ())) }
    }
}

impl Told {
    /// Sums it up. What is not as it was is told by the exit code too, though nobody reads the list.
    pub(super) fn sum_up(self, notes: Notes) -> Result<()> {
        let Self { missing, changed, printed } = self;
        if missing > 0 {
            let missing = count(missing);
            notes.note(&format!("missing parents: {missing}; an event `{KIND}` stands for each"));
        }
        if changed > 0 {
            let changed = count(changed);
            notes.note(&format!(
                "events with another hash than was told, since a missing one led to them: {changed}; all else of them is kept"
            ));
        }
        match printed {
            Err(Failure::PipeClosed) => {}
            printed => printed?,
        }
        events::outcome(missing + changed > 0)
    }
}
