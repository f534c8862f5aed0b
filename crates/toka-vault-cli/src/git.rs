//! Reading a git repository: its commits as events.
//!
//! `history` runs the `git` program, `commit` reads commit objects, `charset` turns their text into
//! Unicode, `event` makes events of them. Keeps the invariant that an event depends on the bytes of
//! its commit and those of the parents alone, so that the same commit is the same event each time.

mod charset;
mod commit;
mod event;
mod history;

use std::io;
use std::path::PathBuf;

pub(crate) use event::{CommitEvent, CommitId, Events, one_line};
pub(crate) use history::History;

/// Tells why a repository cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    /// There is no `git`.
    #[error("the program `git` was not found; install git, or add it to PATH")]
    NoProgram,
    /// It does not start, or its output cannot be read.
    #[error("cannot run `git {command}`")]
    Run {
        /// What was run.
        command: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The path is in no repository.
    #[error("{} is not a git repository, or git refuses to read it", path.display())]
    NotARepository {
        /// The path.
        path: PathBuf,
        /// What git said.
        source: Said,
    },
    /// The repository has no commits.
    #[error("the git repository at {} has no commits yet", path.display())]
    Empty {
        /// The path.
        path: PathBuf,
    },
    /// Git stopped before the end.
    #[error("`git {command}` failed; the repository may be damaged, see `git fsck`")]
    Failed {
        /// What was run.
        command: &'static str,
        /// What it said.
        source: Said,
    },
    /// An object is not what it should be.
    #[error("git commit {oid} cannot be read: {reason}; the repository may be damaged, see `git fsck`")]
    BadObject {
        /// The object, as far as it is known.
        oid: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// Repeats what a program said on stderr.
#[derive(Debug, thiserror::Error)]
#[error("git said: {0}")]
pub(crate) struct Said(pub(crate) String);
