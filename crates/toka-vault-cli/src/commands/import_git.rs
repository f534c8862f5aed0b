//! `import git`: every git commit becomes an event.

use std::path::Path;

use futures::executor::block_on;
use toka_vault::{Error, Vault};

use super::on;
use crate::batch::{Batch, Refused};
use crate::failure::{Failure, Result};
use crate::git::{CommitEvent, CommitId, Events, History};
use crate::opening::Opening;
use crate::output::{Notes, Output, things};
use crate::progress::Progress;

/// How many commits whose parents are missing are named one by one.
const NAMED_MAX: u64 = 3;

/// Imports the history of the repository at `path`.
pub(super) fn run(opening: &Opening, path: &Path, output: &Output) -> Result<()> {
    // First the repository, then the vault, so that a wrong path does not leave an empty vault.
    let history = History::open(path).map_err(Failure::failed)?;
    on(&opening.open_or_create(output.notes())?, |vault| {
        let mut import = Import::new(vault, output.notes());
        let outcome = block_on(import.all(Events::new(history)));
        import.conclude();
        outcome
    })
}

/// Carries an import from commit to commit.
struct Import<'a> {
    batch: Batch<'a, CommitId>,
    notes: Notes,
    progress: Progress,
    /// Commits whose event has not all of their parents.
    incomplete: u64,
    /// Commits that an earlier import has stored with other parents.
    otherwise: u64,
}

impl<'a> Import<'a> {
    /// Starts with nothing.
    fn new(vault: &'a Vault, notes: Notes) -> Self {
        let progress = Progress::new("importing commits:", None);
        Self { batch: Batch::new(vault), notes, progress, incomplete: 0, otherwise: 0 }
    }

    /// Imports all commits.
    async fn all(&mut self, mut events: Events) -> Result<()> {
        while let Some(found) = events.next_event().map_err(Failure::failed)? {
            self.add(found);
            if self.batch.is_full() {
                self.commit().await?;
            }
        }
        self.commit().await
    }

    /// Adds the event of a commit.
    fn add(&mut self, found: CommitEvent) {
        let CommitEvent { commit, event, parents_dropped } = found;
        if parents_dropped > 0 {
            self.incomplete += 1;
            if self.incomplete <= NAMED_MAX {
                self.notes.note(&format!(
                    "{commit} has {} not in the repository (a shallow clone?); its event tells of that in the payload only",
                    things(parents_dropped as u64, "parent")
                ));
            }
        }
        self.batch.add(commit, event);
    }

    /// Commits what has gathered.
    async fn commit(&mut self) -> Result<()> {
        while let Err(Refused { source, error }) = self.batch.commit().await {
            if !matches!(error, Error::Conflict { differs: "parents", .. }) {
                return Err(refused(source, error));
            }
            // Only the parents differ, so it is the same git commit, imported when others of its
            // parents were there. Events are immutable: it stays.
            self.otherwise += 1;
            self.batch.drop_first();
            self.batch.skip_known();
        }
        let tally = self.batch.tally();
        self.progress.at(tally.new + tally.known);
        Ok(())
    }

    /// Says what was done.
    fn conclude(self) {
        let Self { batch, notes, progress, incomplete, otherwise } = self;
        drop(progress);
        if incomplete > NAMED_MAX {
            notes.note(&format!(
                "{} in all with parents that are not in the repository",
                things(incomplete, "commit")
            ));
        }
        if otherwise > 0 {
            notes.note(&format!(
                "{} imported before with other parents, from or into a shallow clone: events are immutable, they stay",
                things(otherwise, "commit")
            ));
        }
        notes.summary(&batch.tally().summary("commit"));
    }
}

/// Says which commit was refused.
fn refused(source: Option<CommitId>, error: Error) -> Failure {
    let error = anyhow::Error::from(error);
    Failure::Failed(match source {
        Some(commit) => error.context(format!("{commit} cannot be imported")),
        None => error.context("the import stopped; repeat it to go on from there"),
    })
}
