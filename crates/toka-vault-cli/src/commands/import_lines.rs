//! `import jsonl` and `import cloudevents`: one event a line.
//!
//! Keeps the invariant that what a line says of itself is proven before it is stored: its digest
//! from the payload, its hash from its fields and the hashes of its parents.
//!
//! Invariant 12b of `docs/architecture.md`, which names the tests that show it.

mod hashes;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use futures::executor::block_on;
use toka_vault::hashing::{EventContent, event_hash};
use toka_vault::{Error, EventHash, EventHeader, EventId, Vault};

use self::hashes::Hashes;
use super::on;
use crate::args::{FileFormat, ImportFile};
use crate::batch::{Batch, Refused};
use crate::failure::{Failure, Result};
use crate::lines::{Line, LineError, Lines, Reading};
use crate::opening::Opening;
use crate::output::{Notes, Output, count};
use crate::progress::Progress;

/// Imports the lines of a file or of stdin.
pub(super) fn run(opening: &Opening, form: FileFormat, from: ImportFile, output: &Output) -> Result<()> {
    // First the file, then the vault, so that a wrong path does not leave an empty vault.
    let (source, is_stream) = open(&from.file)?;
    let lines = Lines::new(source, Reading::new(form, from.foreign)).with_stream(is_stream);
    on(&opening.open_or_create(output.notes())?, |vault| into_vault(vault, lines, output.notes()))
}

/// Imports lines into a vault that is open.
pub(super) fn into_vault(vault: &Vault, lines: Lines<impl Read>, notes: Notes) -> Result<()> {
    let mut import = Import::new(vault, notes);
    let outcome = block_on(import.all(lines));
    import.conclude(outcome)
}

/// Opens the file, or stdin, and tells whether it is a stream.
fn open(file: &Path) -> Result<(Box<dyn Read>, bool)> {
    if file == Path::new("-") {
        return Ok((Box::new(io::stdin()), true));
    }
    let opened = File::open(file).and_then(|opened| {
        let found = opened.metadata()?;
        match found.is_dir() {
            true => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            false => Ok((opened, !found.is_file())),
        }
    });
    let failed = |error| anyhow::Error::new(error).context(format!("cannot read {}", file.display()));
    let (opened, is_stream) = opened.map_err(|error| Failure::Failed(failed(error)))?;
    Ok((Box::new(opened), is_stream))
}

/// Names a line, in errors.
#[derive(Clone, Copy, Debug)]
struct LineNumber(u64);

impl fmt::Display for LineNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.0)
    }
}

/// Carries an import from line to line.
struct Import<'a> {
    vault: &'a Vault,
    batch: Batch<'a, LineNumber>,
    hashes: Hashes,
    /// Events that wait for their commit, and tell no hash themselves.
    unhashed: HashSet<EventId>,
    /// The ids of other systems on the lines that wait for their commit, by what they are here.
    foreign: HashMap<EventId, String>,
    notes: Notes,
    progress: Progress,
    told_unknown: bool,
    /// The first line that is not in the vault yet.
    next: u64,
    /// Whether a line without an id was imported.
    without_id: bool,
}

impl<'a> Import<'a> {
    /// Starts with nothing.
    fn new(vault: &'a Vault, notes: Notes) -> Self {
        Self {
            vault,
            batch: Batch::new(vault),
            hashes: Hashes::new(),
            unhashed: HashSet::new(),
            foreign: HashMap::new(),
            notes,
            progress: Progress::new("importing lines:", None),
            told_unknown: false,
            next: 1,
            without_id: false,
        }
    }

    /// Imports all lines.
    async fn all<R: Read>(&mut self, mut lines: Lines<R>) -> Result<()> {
        loop {
            let line = match lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => return self.commit(lines.number()).await,
                Err(error) => return Err(self.bad(lines.number(), error).await),
            };
            let number = line.number;
            if let Err(error) = self.check(&line).await? {
                return Err(self.bad(number, error).await);
            }
            self.add(line);
            // What a stream brings now and then is not kept back for what may come.
            if self.batch.is_full() || lines.is_waiting() {
                self.commit(number + 1).await?;
            }
        }
    }

    /// Compares the hash that a line tells with the one that it has.
    ///
    /// Where a parent is not known, the vault will refuse the line, and say so better.
    async fn check(&mut self, line: &Line) -> Result<Result<(), LineError>> {
        let Some(told) = line.hash else {
            return Ok(Ok(()));
        };
        let event = &line.event;
        let (Some(id), Some(timestamp)) = (event.id, event.timestamp) else {
            return Ok(Err(LineError::UncheckableHash));
        };
        let mut parents = Vec::with_capacity(event.parents.len());
        for parent in &event.parents {
            match self.hash_of(*parent, line.number).await? {
                Some(hash) => parents.push((*parent, hash)),
                None => return Ok(Ok(())),
            }
        }
        if event.check().is_err() {
            return Ok(Ok(()));
        }
        let content = EventContent { id, kind: &event.kind, timestamp, digest: event.payload.digest() };
        let computed = event_hash(content, parents.into_iter());
        if computed != told {
            return Ok(Err(LineError::WrongHash { told, computed }));
        }
        self.hashes.insert_waiting(id, computed);
        Ok(Ok(()))
    }

    /// Finds the hash of a parent, on an earlier line or in the vault.
    async fn hash_of(&mut self, id: EventId, line: u64) -> Result<Option<EventHash>> {
        if let Some(hash) = self.hashes.find(id) {
            return Ok(Some(hash));
        }
        if self.unhashed.contains(&id) {
            self.commit(line).await?;
        }
        let found = self.vault.header(id).await?.map(|header| header.hash);
        if let Some(hash) = found {
            self.hashes.insert_stored(id, hash);
        }
        Ok(found)
    }

    /// Adds the event of a line.
    fn add(&mut self, line: Line) {
        if let Some(name) = line.unknown.filter(|_| !self.told_unknown) {
            self.told_unknown = true;
            let text = format!(
                "the field `{name}` on line {} means nothing here; such fields are ignored",
                line.number
            );
            self.notes.note(&text);
        }
        match line.event.id {
            None => self.without_id = true,
            Some(id) if line.hash.is_none() => {
                self.unhashed.insert(id);
            }
            Some(_) => {}
        }
        self.foreign.extend(line.foreign);
        self.batch.add(LineNumber(line.number), line.event);
    }

    /// Commits what has gathered, which is all up to line `next`.
    async fn commit(&mut self, next: u64) -> Result<()> {
        match self.batch.commit().await {
            Ok(headers) => {
                self.committed(&headers);
                self.next = next;
                Ok(())
            }
            Err(Refused { source: Some(line), error }) => {
                self.next = line.0;
                Err(failed(line, self.named(error)))
            }
            Err(Refused { source: None, error }) => {
                Err(Failure::Failed(anyhow::Error::from(error).context("the import stopped")))
            }
        }
    }

    /// Says which event is meant by the id that stands on the line, where that is another system's.
    fn named(&self, error: Error) -> anyhow::Error {
        let name = |id| self.foreign.get(&id).cloned();
        let told = match error {
            Error::UnknownParent { parent } => {
                name(parent).map(|name| LineError::UnknownParent { name, parent })
            }
            Error::Conflict { id, differs } => name(id).map(|name| LineError::Conflict { name, id, differs }),
            _ => None,
        };
        told.map_or_else(|| error.into(), Into::into)
    }

    /// Counts what was committed.
    fn committed(&mut self, headers: &[EventHeader]) {
        self.unhashed.clear();
        self.foreign.clear();
        self.hashes.committed(headers);
        let tally = self.batch.tally();
        self.progress.at(tally.new + tally.known);
    }

    /// Ends the import at a bad line. What has gathered before it is stored, unless the line shows
    /// that the file was changed: then the whole of it is in doubt.
    async fn bad(&mut self, number: u64, error: LineError) -> Failure {
        if matches!(error, LineError::WrongDigest { .. } | LineError::WrongHash { .. }) {
            self.batch.discard();
        } else if let Err(earlier) = self.commit(number).await {
            return earlier;
        }
        failed(LineNumber(number), error)
    }

    /// Says what was done, and after a failure what is stored and how to go on.
    fn conclude(self, outcome: Result<()>) -> Result<()> {
        let Self { batch, notes, progress, next, without_id, .. } = self;
        drop(progress);
        notes.summary(&batch.tally().summary("event"));
        if matches!(outcome, Err(Failure::Failed(_))) {
            notes.note(&going_on(next, without_id));
        }
        outcome
    }
}

/// Says how to go on with an import that stopped before line `next`.
fn going_on(next: u64, without_id: bool) -> String {
    if next <= 1 {
        return "nothing was imported".to_owned();
    }
    let stored = format!("the lines before line {} are imported and stay", count(next));
    if without_id {
        format!(
            "{stored}; some have no id and would be added again, so go on with line {next}, not from the start: `tail -n +{next} FILE | toka-vault import … -`"
        )
    } else {
        format!("{stored}; once the cause is mended, repeat the import: it goes on from there")
    }
}

/// Says which line failed.
fn failed(line: LineNumber, error: impl Into<anyhow::Error>) -> Failure {
    Failure::Failed(error.into().context(format!("{line} cannot be imported")))
}
