//! `export jsonl` and `export cloudevents`: writes all events, one a line.
//!
//! Keeps the invariants that a file which was named appears complete or not at all, to which `target` sees; and
//! that no line is written whose digest does not fit, since no import takes it.

mod target;

use std::io::{self, Write};
use std::path::Path;

use toka_vault::{Error, Event, ReplayOptions, Vault};

use self::target::Target;
use super::events;
use crate::args::{ExportFile, FileFormat};
use crate::cloudevents;
use crate::failure::{Failure, Result};
use crate::output::{Notes, Output, things, write_json};
use crate::progress::Progress;
use crate::record::{CloudEvent, Record};

/// Says how an event is written.
pub(super) enum Form {
    /// As a line of our own.
    Jsonl,
    /// As a CloudEvent.
    CloudEvents {
        /// The context in which it happened.
        source: String,
    },
}

impl Form {
    /// Takes the form and the source, which only CloudEvents tell.
    pub(super) fn new(format: FileFormat, source: Option<String>) -> Result<Self> {
        match (format, source) {
            (FileFormat::Jsonl, None) => Ok(Self::Jsonl),
            (FileFormat::Jsonl, Some(_)) => {
                Err(Failure::usage("`--source` is for CloudEvents; JSON lines do not tell it"))
            }
            (FileFormat::Cloudevents, source) => {
                Ok(Self::CloudEvents { source: source.unwrap_or_else(|| cloudevents::SOURCE.to_owned()) })
            }
        }
    }

    /// Writes an event on a line of its own.
    fn line(&self, out: &mut impl Write, event: &Event) -> io::Result<()> {
        match self {
            Self::Jsonl => write_json(&mut *out, &Record::portable(event))?,
            Self::CloudEvents { source } => write_json(&mut *out, &CloudEvent::new(event, source))?,
        }
        out.write_all(b"\n")
    }
}

/// Exports all events.
pub(super) async fn run(vault: &Vault, form: &Form, to: &ExportFile, output: &mut Output) -> Result<()> {
    let notes = output.notes();
    let export = Export { vault, form, skip_damaged: to.skip_damaged, notes };
    let written = match to.file.as_deref().filter(|file| *file != Path::new("-")) {
        Some(file) => export.to_path(file).await?,
        None => {
            let show = !output.shares_terminal();
            export.write(output.data(), show, Failure::stdout).await?
        }
    };
    notes.summary(&format!("exported {}", things(written.events, "event")));
    written.note_damage(notes);
    events::outcome(written.damaged > 0)
}

/// Says what to export, and where to complain.
struct Export<'a> {
    vault: &'a Vault,
    form: &'a Form,
    skip_damaged: bool,
    notes: Notes,
}

/// Tells what was written.
#[derive(Default)]
struct Written {
    events: u64,
    /// How many were left out, since they are damaged.
    damaged: u64,
}

impl Written {
    /// Says what was left out, and what to do with the rest.
    fn note_damage(&self, notes: Notes) {
        if self.damaged > 0 {
            notes.note(&format!(
                "{} left out; where it led to others, `import` takes the rest with `--accept-missing-parents`",
                things(self.damaged, "damaged event")
            ));
        }
    }
}

impl Export<'_> {
    /// Writes to a path.
    async fn to_path(&self, file: &Path) -> Result<Written> {
        let failed = |error| {
            let said = format!("cannot write {}", file.display());
            Failure::Failed(anyhow::Error::new(error).context(said))
        };
        let mut target = Target::open(file).map_err(failed)?;
        let written = self.write(&mut target, true, failed).await?;
        target.finish().map_err(failed)?;
        Ok(written)
    }

    /// Writes all events, the oldest first.
    async fn write(
        &self,
        out: &mut impl Write,
        show: bool,
        failed: impl Fn(io::Error) -> Failure,
    ) -> Result<Written> {
        let total = self.vault.head().await?.position.get();
        let progress = if show { Progress::new("exporting", Some(total)) } else { Progress::hidden() };
        let mut written = Written::default();
        let mut history = self.vault.replay(ReplayOptions::new());
        loop {
            match history.try_next().await.and_then(|found| found.map(Event::into_intact).transpose()) {
                Ok(Some(event)) => self.form.line(out, &event).map_err(&failed)?,
                Ok(None) => break,
                Err(error) => {
                    written.damaged += self.step_over(error)?;
                    continue;
                }
            }
            written.events += 1;
            progress.at(written.events);
        }
        out.flush().map_err(&failed)?;
        Ok(written)
    }

    /// Complains of damage where it is to be skipped, and fails otherwise. Returns how many events are damaged.
    fn step_over(&self, error: Error) -> Result<u64> {
        match error {
            Error::Corrupt { first, last, .. } if self.skip_damaged => {
                self.notes.error(&error.into());
                Ok(last.get().saturating_sub(first.get()) + 1)
            }
            Error::Corrupt { .. } => Err(Failure::StoppedByDamage(
                anyhow::Error::from(error)
                    .context("the export stopped at damage; `--skip-damaged` exports what is whole"),
            )),
            other => Err(other.into()),
        }
    }
}
