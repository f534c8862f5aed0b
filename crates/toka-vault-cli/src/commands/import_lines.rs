//! `import jsonl` and `import cloudevents`: one event a line.
//!
//! Keeps the invariant that what a line says of itself is proven before it is stored: its digest
//! from the payload, its hash from its fields and the hashes of its parents.
//!
//! Invariant 12b of `docs/architecture.md`, which names the tests that show it.

mod check;
mod hashes;
mod missing;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use futures::executor::block_on;
use toka_vault::{Error, EventHeader, EventId, Vault};

use self::hashes::{Hashes, Known};
use self::missing::Report;
use super::on;
use crate::args::{FileFormat, ImportFile, MissingParents};
use crate::batch::{Batch, Refused};
use crate::failure::{Failure, Result};
use crate::lines::{Line, LineError, Lines, Reading};
use crate::opening::Opening;
use crate::output::{Notes, Output, count};
use crate::progress::Progress;

/// Imports the lines of a file or of stdin.
pub(super) fn run(opening: &Opening, form: FileFormat, from: ImportFile, output: &mut Output) -> Result<()> {
    // First the file, then the vault, so that a wrong path does not leave an empty vault.
    let (source, is_stream) = open(&from.file)?;
    let missing = from.missing_parents();
    let lines = Lines::new(source, Reading::new(form, from.options.foreign)).with_stream(is_stream);
    on(&opening.open_or_create(output.notes())?, |vault| into_vault(vault, lines, missing, output))
}

/// Imports lines into a vault that is open.
pub(super) fn into_vault(
    vault: &Vault,
    lines: Lines<impl Read>,
    missing: MissingParents,
    output: &mut Output,
) -> Result<()> {
    let notes = output.notes();
    let lists = missing == MissingParents::Replace && output.shares_terminal();
    let progress = if lists { Progress::hidden() } else { Progress::new("importing lines:", None) };
    let report = match missing {
        MissingParents::Refuse => None,
        MissingParents::Replace => Some(block_on(Report::new(vault, output))?),
    };
    let mut import = Import::new(vault, report, progress, notes);
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
    /// Tells what is not as it was, where events may stand for parents that are missing.
    report: Option<Report<'a>>,
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
    fn new(vault: &'a Vault, report: Option<Report<'a>>, progress: Progress, notes: Notes) -> Self {
        Self {
            vault,
            batch: Batch::new(vault),
            hashes: Hashes::new(),
            report,
            unhashed: HashSet::new(),
            foreign: HashMap::new(),
            notes,
            progress,
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
                if let Some(report) = &mut self.report {
                    report.refused(line.0);
                }
                Err(failed(line, self.named(error).await?))
            }
            Err(Refused { source: None, error }) => {
                Err(Failure::Failed(anyhow::Error::from(error).context("the import stopped")))
            }
        }
    }

    /// Says which event is meant by the id that stands on the line, where that is another system's, and what can
    /// be done about events that are missing.
    async fn named(&self, error: Error) -> Result<anyhow::Error> {
        let name = |id| self.foreign.get(&id).cloned();
        Ok(match error {
            Error::UnknownParent { parent } => LineError::UnknownParent { name: name(parent), parent }.into(),
            Error::Conflict { id, .. } if self.is_missing(id).await? => LineError::StoodFor { id }.into(),
            Error::Conflict { id, differs } => match name(id) {
                Some(name) => LineError::Conflict { name, id, differs }.into(),
                None => error.into(),
            },
            _ => error.into(),
        })
    }

    /// Tells whether another event stands in the vault for one that was missing.
    async fn is_missing(&self, id: EventId) -> Result<bool> {
        Ok(self.vault.header(id).await?.is_some_and(|header| missing::is_placeholder(&header)))
    }

    /// Counts what was committed.
    fn committed(&mut self, headers: &[EventHeader]) {
        self.unhashed.clear();
        self.foreign.clear();
        if let Some(report) = &mut self.report {
            report.committed(headers);
        }
        self.hashes.committed(headers, |header| known(self.report.as_ref(), header));
        let tally = self.batch.tally();
        self.progress.at(tally.new + tally.known);
    }

    /// Ends the import at a bad line. What has gathered before it is stored, unless the line shows
    /// that the file was changed: then the whole of it is in doubt.
    async fn bad(&mut self, number: u64, error: LineError) -> Failure {
        if error.casts_doubt() {
            self.batch.discard();
        } else if let Err(earlier) = self.commit(number).await {
            return earlier;
        }
        failed(LineNumber(number), error)
    }

    /// Says what was done, and after a failure what is stored and how to go on.
    fn conclude(self, outcome: Result<()>) -> Result<()> {
        let Self { batch, report, notes, progress, next, without_id, .. } = self;
        drop(progress);
        // First the list, which may share a terminal with what is said of it.
        let told = report.map(Report::end);
        let missing = told.as_ref().map_or(0, |told| told.missing);
        notes.summary(&batch.tally().without(missing).summary("event"));
        if matches!(outcome, Err(Failure::Failed(_))) {
            notes.note(&going_on(next, without_id));
        }
        outcome.and(told.map_or(Ok(()), |told| told.sum_up(notes)))
    }
}

/// Says what is known of the hash of an event in the vault.
fn known(report: Option<&Report<'_>>, header: &EventHeader) -> Known {
    report.map_or_else(|| Known::same(header.hash), |report| report.known(header))
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
