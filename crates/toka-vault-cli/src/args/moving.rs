//! [`Import`] and [`Export`]: what is moved into a vault and out of it, and in which form.
//!
//! `import jsonl FILE` and `import --format jsonl FILE` are the same, and so it is with the other form
//! and with `export`. Options stand before the form or behind it. Where no form is said, or one that there is
//! not, all forms are named.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use crate::failure::{Failure, Result};

/// Ways to write `import`.
const IMPORT_USAGE: &str = "toka-vault import [OPTIONS] git <PATH>
       toka-vault import [OPTIONS] jsonl <FILE>
       toka-vault import [OPTIONS] cloudevents <FILE>
       toka-vault import [OPTIONS] --format <FORM> <FILE>";

/// Ways to write `export`.
const EXPORT_USAGE: &str = "toka-vault export [OPTIONS] jsonl [FILE]
       toka-vault export [OPTIONS] cloudevents [FILE]
       toka-vault export [OPTIONS] --format <FORM> [FILE]";

/// Says in which form a file has events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileFormat {
    /// JSON lines, with everything that a vault knows of an event.
    Jsonl,
    /// CloudEvents 1.0 in JSON, one a line.
    Cloudevents,
}

/// Says where to import from.
#[derive(Debug, Args)]
#[command(override_usage = IMPORT_USAGE)]
pub(crate) struct Import {
    #[command(subcommand)]
    from: Option<ImportFrom>,

    /// Import FILE in this form: `import --format jsonl FILE` is `import jsonl FILE`.
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<FileFormat>,

    /// The file to read; `-` is stdin.
    file: Option<PathBuf>,

    /// What stands behind a form that there is not.
    #[arg(hide = true)]
    rest: Option<PathBuf>,

    #[command(flatten)]
    options: ImportOptions,
}

/// Says what to import.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportFrom {
    /// Make every git commit that a ref or HEAD reaches an event `git.commit`, its parents the
    /// events of its parent commits.
    ///
    /// An event's id comes from the commit alone, so that an import can be repeated, or go on after
    /// it was stopped, and adds only what is new. Replacement refs and grafts are not followed:
    /// commits are taken as they were hashed.
    Git {
        /// A folder in the git repository, or the repository itself.
        path: PathBuf,
    },

    /// Import JSON lines: one event a line, as `export jsonl` writes them.
    ///
    /// Only `kind` and `payload` (or `payload_msgpack`, in base64) are needed; `id`, `timestamp`,
    /// `parents`, `digest` and `hash` are optional, and the last two are checked where they stand.
    /// Parents must be in the vault or on an earlier line. Repeating an import adds only what is
    /// new, by the ids; lines WITHOUT an id get a new one each time, so repeating adds them again.
    ///
    /// An id of another system, a text or a whole number, gives an id that is computed from it and
    /// --source, the same each time; so does a parent. A ULID is kept as it is.
    Jsonl(ImportFile),

    /// Import CloudEvents 1.0 in JSON: one event a line, as `export cloudevents` writes them.
    ///
    /// `specversion`, `id`, `source` and `type` are needed; `type` must be a kind, tokens of visible
    /// ASCII set apart by dots. `time`, `data` (or `data_base64`) and `datacontenttype` are optional,
    /// and so are `tokaparents`, `tokadigest` and `tokahash`, of which the last two are checked where
    /// they stand. Other attributes are not kept. Parents must be in the vault or on an earlier line.
    ///
    /// An `id` of another system gives an id that is computed from it and `source`, the same each
    /// time; so does a parent. A ULID is kept as it is. Repeating an import adds only what is new.
    Cloudevents(ImportFile),
}

/// Names a file to import.
#[derive(Debug, Args)]
pub(crate) struct ImportFile {
    /// The file to read; `-` is stdin.
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) options: ImportOptions,
}

/// Says how lines are imported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct ImportOptions {
    #[command(flatten)]
    pub(crate) foreign: Foreign,

    /// Go on where a parent is missing: an event `vault.missing` stands for it; ends with code 3.
    ///
    /// It has the id of the one that is missing, and no more of it, so that all events behind it are kept whole, with
    /// their ids, times and parents. Their hashes are other ones, since a hash covers what led to an event. Each
    /// event that is missing or has another hash is listed on stdout, once it is stored.
    #[arg(long)]
    accept_missing_parents: bool,
}

/// Says what becomes of an event of which a parent is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MissingParents {
    /// The import stops there.
    Refuse,
    /// Another event stands for the parent.
    Replace,
}

/// Says how to understand lines that another system wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct Foreign {
    /// The name of the system whose ids these are, for ids that are not ours.
    ///
    /// Two systems can have the same ids, and then only this tells their events apart. CloudEvents
    /// tell it themselves, in `source`.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,

    /// The field that names an event's parents; by default `parents` in JSON lines, where it is a
    /// list, and `tokaparents` in CloudEvents, where it is ids with spaces in between.
    #[arg(long, value_name = "FIELD")]
    pub(crate) parents: Option<String>,
}

/// Says where to export to.
#[derive(Debug, Args)]
#[command(override_usage = EXPORT_USAGE)]
pub(crate) struct Export {
    #[command(subcommand)]
    form: Option<ExportAs>,

    /// Export in this form: `export --format jsonl FILE` is `export jsonl FILE`.
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<FileFormat>,

    #[command(flatten)]
    to: ExportFile,

    /// What stands behind a form that there is not.
    #[arg(hide = true)]
    rest: Option<PathBuf>,
}

/// Says in which form to export.
#[derive(Debug, Subcommand)]
pub(crate) enum ExportAs {
    /// Write JSON lines: one event a line, the oldest first, with everything but the position.
    ///
    /// A payload that JSON cannot tell, such as bytes or NaN, is written as `payload_msgpack`: its
    /// MessagePack bytes in base64.
    Jsonl(ExportFile),

    /// Write CloudEvents 1.0 in JSON: one event a line, the oldest first, with everything but the
    /// position.
    ///
    /// The kind is the `type`. Parents, digest and event hash are the extension attributes
    /// `tokaparents` (ids with spaces in between), `tokadigest` and `tokahash`. A payload that JSON
    /// cannot tell, such as bytes or NaN, is written as `data_base64`: its MessagePack bytes.
    Cloudevents(ExportFile),
}

/// Names a file to export to.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct ExportFile {
    /// The file to write, which appears once it is complete; `-`, and no file, is stdout.
    pub(crate) file: Option<PathBuf>,

    /// Export what is whole where events are damaged, instead of stopping; ends with code 3.
    #[arg(long)]
    pub(crate) skip_damaged: bool,

    /// The `source` of CloudEvents, a URI or a part of one; by default `/toka-vault`.
    #[arg(long, value_name = "URI", value_parser = uri_reference)]
    pub(crate) source: Option<String>,
}

impl Import {
    /// Returns what to import, whichever way it was said.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] where both ways are mixed, or none is there.
    pub(crate) fn into_from(self) -> Result<ImportFrom> {
        match (self.from, self.format, self.file) {
            (Some(from), None, None) => from.with(self.options),
            (None, None, said) => Err(no_form("import", said.as_deref(), IMPORT_USAGE)),
            (None, Some(format), Some(file)) if self.rest.is_none() => {
                let file = ImportFile { file, options: self.options };
                Ok(match format {
                    FileFormat::Jsonl => ImportFrom::Jsonl(file),
                    FileFormat::Cloudevents => ImportFrom::Cloudevents(file),
                })
            }
            (None, Some(_), None) => {
                Err(Failure::usage("`import --format FORM` has to know the file as well; `-` is stdin"))
            }
            _ => Err(mixed("import")),
        }
    }
}

impl Export {
    /// Returns the form and the file, whichever way they were said.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`] where both ways are mixed, or none is there.
    pub(crate) fn into_file(self) -> Result<(FileFormat, ExportFile)> {
        match (self.form, self.format) {
            (Some(ExportAs::Jsonl(to)), None) if self.to.file.is_none() => {
                Ok((FileFormat::Jsonl, to.with(self.to)?))
            }
            (Some(ExportAs::Cloudevents(to)), None) if self.to.file.is_none() => {
                Ok((FileFormat::Cloudevents, to.with(self.to)?))
            }
            (None, None) => Err(no_form("export", self.to.file.as_deref(), EXPORT_USAGE)),
            (None, Some(format)) if self.rest.is_none() => Ok((format, self.to)),
            _ => Err(mixed("export")),
        }
    }
}

impl ImportFrom {
    /// Adds the options that stand before the form.
    fn with(self, before: ImportOptions) -> Result<Self> {
        let add = |file: ImportFile| {
            let options = file.options.with(before.clone())?;
            Ok(ImportFile { options, ..file })
        };
        match self {
            Self::Jsonl(file) => add(file).map(Self::Jsonl),
            Self::Cloudevents(file) => add(file).map(Self::Cloudevents),
            Self::Git { path } if before == ImportOptions::default() => Ok(Self::Git { path }),
            Self::Git { .. } => Err(Failure::usage(
                "`--source`, `--parents` and `--accept-missing-parents` are for `import jsonl` and `import cloudevents`; leave them out",
            )),
        }
    }
}

impl ImportFile {
    /// Returns what becomes of an event of which a parent is missing.
    pub(crate) fn missing_parents(&self) -> MissingParents {
        match self.options.accept_missing_parents {
            true => MissingParents::Replace,
            false => MissingParents::Refuse,
        }
    }
}

impl ImportOptions {
    /// Adds the options that stand before the form.
    fn with(self, before: Self) -> Result<Self> {
        let Foreign { source, parents } = before.foreign;
        Ok(Self {
            foreign: Foreign {
                source: either("--source", self.foreign.source, source)?,
                parents: either("--parents", self.foreign.parents, parents)?,
            },
            accept_missing_parents: self.accept_missing_parents || before.accept_missing_parents,
        })
    }
}

impl ExportFile {
    /// Adds the options that stand before the form.
    fn with(self, before: Self) -> Result<Self> {
        Ok(Self {
            file: self.file,
            skip_damaged: self.skip_damaged || before.skip_damaged,
            source: either("--source", self.source, before.source)?,
        })
    }
}

/// Takes the value of an option that stands before the form or behind it.
fn either(name: &str, behind: Option<String>, before: Option<String>) -> Result<Option<String>> {
    match (behind, before) {
        (Some(_), Some(_)) => Err(Failure::usage(format_args!("say `{name}` once"))),
        (behind, before) => Ok(behind.or(before)),
    }
}

/// Complains of a command line that says the form in both ways, or in halves of them.
fn mixed(command: &str) -> Failure {
    Failure::usage(format_args!(
        "say the form once: `{command} jsonl FILE` or `{command} --format jsonl FILE`; a file of the name `jsonl` is `./jsonl`"
    ))
}

/// Complains of a command line that says no form, or one that there is not.
fn no_form(command: &str, said: Option<&Path>, usage: &str) -> Failure {
    let what = match said {
        Some(said) => format!("`{}` is no form that `{command}` knows", said.display()),
        None => format!("`{command}` has to know the form"),
    };
    Failure::usage(format_args!(
        "{what}; write one of:\n{}",
        usage.replace("       ", "").replace("[OPTIONS] ", "")
    ))
}

/// Reads a URI or a part of one: not empty, and of no other characters than these have.
fn uri_reference(text: &str) -> Result<String, &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    if text.is_empty() || !text.bytes().all(allowed) {
        return Err("expected a URI or a part of one, such as https://example.com/vault or /vault");
    }
    Ok(text.to_owned())
}
