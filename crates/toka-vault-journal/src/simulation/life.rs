//! [`Life`]: a vault from its open to its end, and what a crash somewhere in it would leave.

use shuttle::future::block_on;
use toka_vault_core::verify::verify;
use toka_vault_core::{
    Condition, Error, Event, EventHeader, EventId, NewEvent, Payload, Position, ReplayOptions, StartFrom,
};
use toka_vault_engine::LocalVault;
use toka_vault_testkit::sim::{Change, Seed, SimDirectory, SimDisk};

use super::promise::{Promise, SUBSCRIBERS};
use super::simulate;
use super::witness::{Mark, Witness};
use super::world::{Syncs, open, open_read_only};

/// Threads that commit.
const COMMITTERS: usize = 3;

/// Most commits of one of them.
const COMMITS_MAX: u64 = 16;

/// Says what a life begins with.
#[derive(Clone)]
pub(super) struct Start {
    pub(super) disk: SimDisk,
    /// Whether there is no vault yet.
    pub(super) is_new: bool,
    pub(super) promise: Promise,
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
    disk: SimDisk,
    promise: Promise,
    changes: Vec<Change>,
    marks: Vec<(usize, Mark)>,
    /// Changes until the vault was there, which its directory guards.
    created: usize,
}

/// Uses a vault.
#[derive(Clone)]
struct User {
    vault: LocalVault,
    /// Reads it without its lock, as another process would.
    beside: LocalVault,
    witness: Witness,
    /// Whether the disk fails or is full at times.
    fails: bool,
}

impl Life {
    /// Opens a vault on a disk, holds it against what was promised, and uses it.
    pub(super) fn live(start: Start, work: Work, syncs: Syncs, seed: u64) -> Result<Self, String> {
        simulate(seed, move || Self::run(start.clone(), work, syncs, &mut Seed::new(seed)))
    }

    /// Ends it by a crash after any of its changes; returns what the next one begins with.
    pub(super) fn crash(&self, seed: &mut Seed) -> Start {
        let choices = (self.changes.len() - self.created + 1) as u64;
        let count = self.created + seed.below(choices) as usize;
        let (mut disk, mut promise) = (self.disk.clone(), self.promise.clone());
        self.changes.iter().take(count).for_each(|change| disk.apply(change));
        self.marks.iter().take_while(|(at, _)| *at <= count).for_each(|(_, mark)| promise.add(mark));
        Start { disk: disk.crashed(seed), is_new: false, promise }
    }

    /// Counts the events that were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        let counts = self.marks.iter().map(|(_, mark)| match mark {
            Mark::Acknowledged(headers) => headers.len(),
            _ => 0,
        });
        counts.sum()
    }

    /// Counts how often an event was shown.
    pub(super) fn shown(&self) -> usize {
        self.marks.iter().filter(|(_, mark)| matches!(mark, Mark::Shown(..))).count()
    }

    fn run(start: Start, work: Work, syncs: Syncs, seed: &mut Seed) -> Result<Self, String> {
        let directory = SimDirectory::on(start.disk.clone());
        let vault = open(&directory, start.is_new, syncs, seed)
            .map_err(|error| format!("it does not open: {error}"))?;
        let created = if start.is_new { directory.change_count() } else { 0 };
        let witness = Witness::of(directory.clone());
        let found = block_on(check(&vault))?;
        start.promise.check(&found)?;
        let fails = work == Work::Some && seed.below(4) == 0;
        let beside =
            open_read_only(&directory).map_err(|error| format!("it does not open to read only: {error}"))?;
        if fails {
            directory.fail_after(seed.below(60));
        }
        let user = User { vault, beside, witness, fails };
        if work == Work::Some {
            user.work(&start.promise, seed)?;
        }
        block_on(user.close())?;
        let marks = user.witness.marks()?;
        drop(user);
        Ok(Self { disk: start.disk, promise: start.promise, changes: directory.changes(), marks, created })
    }
}

impl PartialEq for Life {
    fn eq(&self, other: &Self) -> bool {
        self.changes == other.changes && self.marks == other.marks && self.created == other.created
    }
}

impl User {
    /// Commits, subscribes and replays on threads, until all commits are answered.
    fn work(&self, promise: &Promise, seed: &mut Seed) -> Result<(), String> {
        let mut readers = Vec::new();
        for who in 0..SUBSCRIBERS {
            let (user, seen) = (self.clone(), promise.seen(who));
            let vault = if who + 1 == SUBSCRIBERS { self.beside.clone() } else { self.vault.clone() };
            readers.push(shuttle::thread::spawn(move || block_on(user.subscribe(&vault, who, seen))));
        }
        let user = self.clone();
        readers.push(shuttle::thread::spawn(move || block_on(user.replay())));
        let committers = (0..COMMITTERS).map(|_| {
            let (user, seed) = (self.clone(), Seed::new(seed.bits()));
            shuttle::thread::spawn(move || block_on(user.commit(seed)))
        });
        let committers: Vec<_> = committers.collect();
        for committer in committers {
            committer.join().map_err(|_| "a committer panicked".to_owned())?;
        }
        block_on(self.replay());
        // So that subscriptions end.
        block_on(self.close())?;
        for reader in readers {
            reader.join().map_err(|_| "a reader panicked".to_owned())?;
        }
        Ok(())
    }

    /// Closes the vault, and what reads beside it once that has come as far.
    async fn close(&self) -> Result<(), String> {
        match self.vault.close().await {
            Ok(()) => {
                let head = self.vault.head().await.map_err(|error| error.to_string())?;
                while self.beside.head().await.map_err(|error| error.to_string())? != head {
                    shuttle::thread::yield_now();
                }
            }
            Err(_) if self.fails => {}
            Err(error) => return Err(format!("it does not close: {error}")),
        }
        self.beside.close().await.map_err(|error| error.to_string())
    }

    /// Commits in one way or another.
    async fn commit(&self, mut seed: Seed) {
        let mut own: Vec<(NewEvent, EventHeader)> = Vec::new();
        for _ in 0..=seed.below(COMMITS_MAX) {
            let parent = own.last().map(|(_, header)| header.id);
            match seed.below(8) {
                0 => self.commit_batch(&mut seed, parent).await,
                1 => self.repeat(own.last()).await,
                2 => self.commit_at_head(&mut seed).await,
                _ => own.extend(self.commit_one(&mut seed, parent).await),
            }
        }
    }

    async fn commit_one(&self, seed: &mut Seed, parent: Option<EventId>) -> Option<(NewEvent, EventHeader)> {
        let event = event(seed).with_parents(parent.as_slice());
        let mut headers = self.answer(std::slice::from_ref(&event), &[]).await;
        headers.pop().map(|header| (event, header))
    }

    /// Commits several events, each the parent of the next.
    async fn commit_batch(&self, seed: &mut Seed, parent: Option<EventId>) {
        let mut parent = parent;
        let batch: Vec<_> = (0..2 + seed.below(3))
            .map(|_| {
                let event = event(seed).with_parents(parent.as_slice());
                parent = event.id;
                event
            })
            .collect();
        self.answer(&batch, &[]).await;
    }

    /// Commits what was committed before, which is answered as it was then.
    async fn repeat(&self, earlier: Option<&(NewEvent, EventHeader)>) {
        let Some((event, header)) = earlier else { return };
        match self.vault.commit(event.clone()).await {
            Ok(again) if again == *header => {}
            Ok(again) => self.witness.blame(format!("{header:?} was answered as {again:?} later")),
            Err(error) => self.refused(&error),
        }
    }

    /// Commits if nobody else did meanwhile.
    async fn commit_at_head(&self, seed: &mut Seed) {
        match self.vault.head().await {
            Ok(head) => {
                self.answer(&[event(seed)], &[Condition::HeadAt(head.position)]).await;
            }
            Err(error) => self.refused(&error),
        }
    }

    /// Commits a batch and notes the answer.
    async fn answer(&self, batch: &[NewEvent], conditions: &[Condition]) -> Vec<EventHeader> {
        self.witness.note(Mark::Asked(batch.iter().map(|event| event.payload.digest()).collect()));
        match self.vault.commit_batch_if(batch.to_vec(), conditions).await {
            Ok(headers) => {
                self.witness.note(Mark::Acknowledged(headers.clone()));
                headers
            }
            Err(Error::ConditionFailed { .. }) if !conditions.is_empty() => Vec::new(),
            Err(error) => {
                self.refused(&error);
                Vec::new()
            }
        }
    }

    /// Reads on from what it has seen until the vault is closed.
    async fn subscribe(&self, vault: &LocalVault, who: usize, seen: Position) {
        let mut subscription = vault.subscribe_from(StartFrom::After(seen));
        let mut seen = seen;
        loop {
            match subscription.recv().await {
                Ok(Some(event)) => {
                    seen = self.show(Some(who), seen, event);
                }
                Ok(None) => return,
                Err(error) => return self.refused(&error),
            }
        }
    }

    /// Reads everything.
    async fn replay(&self) {
        let mut replay = self.vault.replay(ReplayOptions::new());
        let mut seen = Position::ZERO;
        loop {
            match replay.try_next().await {
                Ok(Some(event)) => {
                    seen = self.show(None, seen, event);
                }
                Ok(None) => return,
                Err(error) => return self.refused(&error),
            }
        }
    }

    /// Notes what a reader was shown, behind all that it had seen. Returns up to where it has seen events.
    fn show(&self, who: Option<usize>, seen: Position, event: Event) -> Position {
        let Event { header, payload, .. } = event;
        if header.position != seen.next() {
            self.witness.blame(format!("{} was shown after {seen}", header.position));
        }
        if !payload.is_intact() || payload.digest() != header.digest {
            self.witness.blame(format!("{} was shown with another payload", header.position));
        }
        let position = header.position;
        self.witness.note(Mark::Shown(who, header));
        position
    }

    /// Notes a refusal, which is a fault unless the disk fails.
    fn refused(&self, error: &Error) {
        if !self.fails && !matches!(error, Error::Closed) {
            self.witness.blame(format!("it was refused: {error}"));
        }
    }
}

/// Makes an event that no other is equal to.
fn event(seed: &mut Seed) -> NewEvent {
    let size = if seed.below(12) == 0 { seed.below(9_000) } else { seed.below(700) };
    let text = format!("{:016x}{}", seed.bits(), "x".repeat(size as usize));
    let payload = Payload::encode(&text).expect("a text is encoded");
    let id = EventId::from_parts(1_600_000_000_000 + seed.below(9), u128::from(seed.bits()));
    NewEvent::new("sim.test", payload).expect("it is valid").with_id(id)
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
