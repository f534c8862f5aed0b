//! `export jsonl` and `export cloudevents`: writes all events, one a line.
//!
//! Keeps the invariant that a file which was named appears complete or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::NamedTempFile;
use toka_vault::{Error, Event, ReplayOptions, Vault};

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
    events::outcome(written.damaged)
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
    damaged: bool,
}

impl Export<'_> {
    /// Writes to a path. A regular file appears when it is complete; what is something else, such as
    /// a device or a pipe, is written to as it is.
    async fn to_path(&self, file: &Path) -> Result<Written> {
        let failed = |error| {
            let said = format!("cannot write {}", file.display());
            Failure::Failed(anyhow::Error::new(error).context(said))
        };
        // The file that a link leads to is replaced, not the link.
        let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        match fs::metadata(&target) {
            Ok(found) if found.is_dir() => Err(failed(io::Error::from(io::ErrorKind::IsADirectory))),
            Ok(found) if !found.is_file() => {
                let opened = fs::OpenOptions::new().write(true).open(&target);
                self.write(&mut BufWriter::new(opened.map_err(failed)?), true, failed).await
            }
            _ => {
                let mut out = BufWriter::new(create_beside(&target).map_err(failed)?);
                let written = self.write(&mut out, true, failed).await?;
                put_in_place(out, &target).map_err(failed)?;
                Ok(written)
            }
        }
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
            match history.try_next().await {
                Ok(Some(event)) => self.form.line(out, &event).map_err(&failed)?,
                Ok(None) => break,
                Err(error) => {
                    self.step_over(error)?;
                    written.damaged = true;
                    continue;
                }
            }
            written.events += 1;
            progress.at(written.events);
        }
        out.flush().map_err(&failed)?;
        Ok(written)
    }

    /// Complains of damage where it is to be skipped, and fails otherwise.
    fn step_over(&self, error: Error) -> Result<()> {
        match error {
            Error::Corrupt { .. } if self.skip_damaged => {
                self.notes.error(&error.into());
                Ok(())
            }
            Error::Corrupt { .. } => Err(Failure::StoppedByDamage(
                anyhow::Error::from(error)
                    .context("the export stopped at damage; `--skip-damaged` exports what is whole"),
            )),
            other => Err(other.into()),
        }
    }
}

/// Creates a file without a final name in the folder of `target`, so that it can be renamed to it.
fn create_beside(target: &Path) -> io::Result<NamedTempFile> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".toka-vault-export-").suffix(".partial");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any program creates a file: the user's mask takes away what it must not have.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Makes a complete file durable and gives it its name.
fn put_in_place(out: BufWriter<NamedTempFile>, target: &Path) -> io::Result<()> {
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(target).map(drop).map_err(|failure| failure.error)
}
