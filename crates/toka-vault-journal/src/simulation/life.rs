//! [`Life`]: a vault from its open to its end, and what a crash somewhere in it would leave.

use shuttle::future::block_on;
use toka_vault_core::verify::verify;
use toka_vault_core::{EventHeader, ReplayOptions};
use toka_vault_engine::LocalVault;
use toka_vault_testkit::sim::{Change, Seed, SimDirectory, SimDisk};

use super::answers::{check_answers, check_indexes};
use super::promise::{Promise, SUBSCRIBERS};
use super::simulate;
use super::user::{Trouble, User};
use super::witness::{Mark, Witness};
use super::world::{Syncs, open, open_read_only};

/// Says what a life begins with.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) disk: SimDisk,
    /// Whether there is no vault yet.
    pub(super) is_new: bool,
    /// What it has to show.
    pub(super) promise: Promise,
    /// What is left of it where the power goes before it is open.
    pub(super) durable: Promise,
    /// How many events were acknowledged, whatever is left of them.
    pub(super) told: usize,
}

/// Says whether somebody uses the vault.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Work {
    None,
    Some,
}

/// Tells of a life that is over.
#[derive(Debug)]
pub(super) struct Life {
    start: Start,
    syncs: Syncs,
    changes: Vec<Change>,
    marks: Vec<(usize, Mark)>,
    /// Changes until it was open.
    opened: usize,
    /// Events that were acknowledged before it and are not there.
    lost: usize,
}

impl Life {
    /// Opens a vault on a disk, holds it against what was promised, and uses it.
    pub(super) fn live(start: Start, work: Work, syncs: Syncs, seed: u64) -> Result<Self, String> {
        simulate(seed, move || Self::run(start.clone(), work, syncs, &mut Seed::new(seed)))
    }

    /// Ends it by a crash or a kill after any of its changes; returns what the next one begins with.
    pub(super) fn crash(&self, seed: &mut Seed) -> Start {
        // Until a new vault is there, its directory guards it.
        let created = if self.start.is_new { self.opened } else { 0 };
        let choices = (self.changes.len() - created + 1) as u64;
        let count = created + seed.below(choices) as usize;
        let Start { mut disk, mut promise, mut durable, .. } = self.start.clone();
        if count >= self.opened {
            // Whoever opens a vault makes durable what it finds.
            durable = promise.clone();
        }
        self.changes.iter().take(count).for_each(|change| disk.apply(change));
        for (_, mark) in self.marks.iter().take_while(|(at, _)| *at <= count) {
            promise.add(mark);
            if self.syncs != Syncs::Seldom || mark.is_durable() {
                durable.add(mark);
            } else if *mark == Mark::Closed {
                durable = promise.clone();
            }
        }
        let told = promise.acknowledged();
        match seed.below(6) {
            // A kill leaves what was written as it is: in part not durable yet.
            0 => {}
            // Nor will that be, where a sync of it has failed.
            1 => disk.fail_syncs(),
            _ => (disk, promise) = (disk.crashed(seed), durable.clone()),
        }
        Start { disk, is_new: false, promise, durable, told }
    }

    /// Counts the events that were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        let counts = self.marks.iter().map(|(_, mark)| match mark {
            Mark::Acknowledged(headers) => headers.len(),
            _ => 0,
        });
        counts.sum()
    }

    /// Counts the events that were acknowledged before it and lost.
    pub(super) fn lost(&self) -> usize {
        self.lost
    }

    /// Counts how often an event was shown.
    pub(super) fn shown(&self) -> usize {
        self.marks.iter().filter(|(_, mark)| matches!(mark, Mark::Shown(..))).count()
    }

    /// Counts how often a condition held, and how often it did not.
    pub(super) fn conditions(&self) -> (usize, usize) {
        let count = |held| {
            let is_it = |mark: &Mark| matches!(mark, Mark::Condition(broken) if broken.is_none() == held);
            self.marks.iter().filter(|(_, mark)| is_it(mark)).count()
        };
        (count(true), count(false))
    }

    fn run(start: Start, work: Work, syncs: Syncs, seed: &mut Seed) -> Result<Self, String> {
        let directory = SimDirectory::on(start.disk.clone());
        let vault = open(&directory, start.is_new, syncs, seed)
            .map_err(|error| format!("it does not open: {error}"))?;
        let opened = directory.change_count();
        let witness = Witness::of(directory.clone());
        let found = block_on(check(&vault))?;
        start.promise.check(&found)?;
        block_on(check_answers(&vault, &found, seed))?;
        let lost = start.told.saturating_sub(found.len());
        let trouble = if work == Work::Some { Trouble::of(seed) } else { Trouble::None };
        let beside =
            open_read_only(&directory).map_err(|error| format!("it does not open to read only: {error}"))?;
        let prompt = if syncs == Syncs::InTime { SUBSCRIBERS } else { SUBSCRIBERS - 1 };
        let user = User { vault, beside, witness, disk: directory.clone(), trouble, prompt };
        if work == Work::Some {
            block_on(find_each(&user.vault, &found))?;
            block_on(check_indexes(&user.vault))?;
            if trouble.fails() {
                // Not before: what is asked for until here has to be answered.
                directory.fail_after(seed.below(60));
            }
            user.work(&start.promise, seed)?;
        }
        block_on(user.close())?;
        let marks = user.witness.marks()?;
        drop(user);
        Ok(Self { start, syncs, changes: directory.changes(), marks, opened, lost })
    }
}

impl PartialEq for Life {
    fn eq(&self, other: &Self) -> bool {
        self.changes == other.changes && self.marks == other.marks && self.opened == other.opened
    }
}

/// Proves a vault, payloads included, and returns the headers of its events.
async fn check(vault: &LocalVault) -> Result<Vec<EventHeader>, String> {
    let report = verify(vault, |_| ()).await.map_err(|error| format!("it cannot be verified: {error}"))?;
    if !report.is_clean() || !report.chain_checked {
        return Err(format!("it is damaged: {report:?}"));
    }
    let mut replay = vault.replay(ReplayOptions::new());
    let mut headers = Vec::new();
    while let Some(event) = replay.try_next().await.map_err(|error| error.to_string())? {
        headers.push(event.header);
    }
    Ok(headers)
}

/// Finds each event by its id.
async fn find_each(vault: &LocalVault, headers: &[EventHeader]) -> Result<(), String> {
    for header in headers {
        let found = vault.get(header.id).await.map_err(|error| error.to_string())?;
        if found.as_ref().map(|event| &event.header) != Some(header) {
            return Err(format!("{header:?} is not found by its id"));
        }
    }
    Ok(())
}
