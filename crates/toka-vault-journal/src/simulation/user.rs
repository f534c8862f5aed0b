//! [`User`]: who uses a vault in a life of it, in every way that a promise can come of.

use std::pin::pin;

use futures::FutureExt;
use shuttle::future::block_on;
use toka_vault_core::{
    Condition, Error, Event, EventHeader, EventId, NewEvent, Payload, Position, ReplayOptions, StartFrom,
};
use toka_vault_engine::LocalVault;
use toka_vault_testkit::sim::{Seed, SimDirectory};

use super::promise::{Promise, SUBSCRIBERS};
use super::witness::{Mark, Witness};

/// Threads that commit.
const COMMITTERS: usize = 3;

/// Most commits of one of them.
const COMMITS_MAX: u64 = 16;

/// Replays of the one who does nothing else.
const REPLAYS: usize = 8;

/// The kinds of events.
const KINDS: [&str; 3] = ["sim.test", "sim.test.other", "sim.else"];

/// Payloads that events of a batch can have together, which are kept once: long ones.
const SHARED: u64 = 24;

/// Bytes of such a payload.
const SHARED_BYTES: usize = 600;

/// Says what is wrong with the disk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Trouble {
    None,
    /// It fails from some change on.
    Fails,
    /// It does so until somebody is told, and works again then.
    FailsAWhile,
    /// It is full for a while.
    Full,
}

/// Uses a vault.
#[derive(Clone)]
pub(super) struct User {
    pub(super) vault: LocalVault,
    /// Reads it without its lock, as another process would.
    pub(super) beside: LocalVault,
    pub(super) witness: Witness,
    pub(super) disk: SimDirectory,
    pub(super) trouble: Trouble,
    /// How many of the subscribers are shown all while the vault is open; not the last one, where nothing
    /// is synced that would prove it to be durable.
    pub(super) prompt: usize,
}

/// An event that was acknowledged, in this life or before.
type Known = (EventHeader, Payload);

impl Trouble {
    /// Chooses by chance.
    pub(super) fn of(seed: &mut Seed) -> Self {
        match seed.below(8) {
            0 => Self::Fails,
            1 => Self::FailsAWhile,
            2 => Self::Full,
            _ => Self::None,
        }
    }

    /// Tells whether changes of the disk fail.
    pub(super) fn fails(self) -> bool {
        matches!(self, Self::Fails | Self::FailsAWhile)
    }
}

impl User {
    /// Commits, subscribes and replays on threads, until all is answered and told.
    pub(super) fn work(&self, promise: &Promise, seed: &mut Seed) -> Result<(), String> {
        let mut readers = Vec::new();
        for who in 0..SUBSCRIBERS {
            let (user, seen, pause) = (self.clone(), promise.seen(who), seed.below(2) * seed.below(100));
            self.witness.begin(who, seen);
            let vault = if who + 1 == SUBSCRIBERS { self.beside.clone() } else { self.vault.clone() };
            readers
                .push(shuttle::thread::spawn(move || block_on(user.subscribe(&vault, (who, seen), pause))));
        }
        let user = self.clone();
        readers.push(shuttle::thread::spawn(move || (0..REPLAYS).for_each(|_| block_on(user.replay()))));
        if self.trouble == Trouble::Full {
            let disk = self.disk.clone();
            readers.push(shuttle::thread::spawn(move || be_full(&disk)));
        }
        let committers = (0..COMMITTERS).map(|_| {
            let (user, known, seed) = (self.clone(), promise.some(seed), Seed::new(seed.bits()));
            shuttle::thread::spawn(move || block_on(user.commit(known, seed)))
        });
        let committers: Vec<_> = committers.collect();
        let closes_early = seed.below(4) == 0;
        if closes_early {
            block_on(self.close())?;
        }
        for committer in committers {
            committer.join().map_err(|_| "a committer panicked".to_owned())?;
        }
        block_on(self.replay());
        if seed.coin() && !closes_early {
            block_on(self.all_seen())?;
        }
        // So that subscriptions end.
        block_on(self.close())?;
        for reader in readers {
            reader.join().map_err(|_| "a reader panicked".to_owned())?;
        }
        Ok(())
    }

    /// Closes the vault, and what reads beside it once that has come as far.
    pub(super) async fn close(&self) -> Result<(), String> {
        match self.vault.close().await {
            Ok(()) => {
                self.witness.note(Mark::Closed);
                let head = self.vault.head().await.map_err(|error| error.to_string())?;
                while self.beside.head().await.map_err(|error| error.to_string())? != head {
                    shuttle::thread::yield_now();
                }
            }
            Err(_) if self.trouble.fails() => {}
            Err(error) => return Err(format!("it does not close: {error}")),
        }
        self.beside.close().await.map_err(|error| error.to_string())
    }

    /// Waits until every subscriber has seen all that was committed, while the vault stays open. The one
    /// beside is behind until more is committed, or the head is recorded.
    async fn all_seen(&self) -> Result<(), String> {
        let head = self.vault.head().await.map_err(|error| error.to_string())?.position;
        while !self.trouble.fails() && !self.witness.have_seen(0..self.prompt, head) {
            shuttle::thread::yield_now();
        }
        Ok(())
    }

    /// Commits in one way or another.
    async fn commit(&self, mut known: Vec<Known>, mut seed: Seed) {
        for _ in 0..=seed.below(COMMITS_MAX) {
            let some = seed.below(known.len().max(1) as u64) as usize;
            let some = known.get(some).cloned();
            let parent = some.as_ref().map(|(header, _)| header.id);
            let committed = match seed.below(11) {
                0 | 1 => self.commit_batch(&mut seed, parent).await,
                2 => self.repeat(some).await,
                3 => self.commit_at_head(&mut seed).await,
                4 => self.commit_without_parent(&mut seed).await,
                5 => self.leave_commit(&mut seed, parent).await,
                _ => self.answer(&[event(&mut seed).with_parents(parent.as_slice())], &[]).await,
            };
            known.extend(committed);
        }
    }

    /// Commits several events, each the parent of the next.
    async fn commit_batch(&self, seed: &mut Seed, parent: Option<EventId>) -> Vec<Known> {
        let (mut parent, count) = (parent, 2 + seed.below(2));
        let one = |_| {
            let id = EventId::from_parts(1_600_000_000_000 + seed.below(9), u128::from(seed.bits()));
            let event = event(seed).with_id(id).with_parents(parent.as_slice());
            parent = event.id;
            event
        };
        let mut batch: Vec<_> = (0..count).map(one).collect();
        // By the first one, which no other event is equal to, a batch is told from all others.
        for event in batch.iter_mut().skip(1) {
            if seed.coin() {
                event.payload = shared(seed);
            }
        }
        self.answer(&batch, &[]).await
    }

    /// Commits what was committed before, which is answered as it was then.
    async fn repeat(&self, earlier: Option<Known>) -> Vec<Known> {
        let Some((header, payload)) = earlier else { return Vec::new() };
        let event = NewEvent::new(header.kind.as_str(), payload).expect("it is valid");
        match self.vault.commit(event.with_id(header.id).with_parents(&header.parents)).await {
            Ok(again) if again == header => {}
            Ok(again) => self.witness.blame(format!("{header:?} was answered as {again:?} later")),
            Err(error) => self.refused(&error),
        }
        Vec::new()
    }

    /// Commits if nobody else did meanwhile.
    async fn commit_at_head(&self, seed: &mut Seed) -> Vec<Known> {
        let head = match self.vault.head().await {
            Ok(head) => head.position,
            Err(error) => {
                self.refused(&error);
                return Vec::new();
            }
        };
        let committed = self.answer(&[event(seed)], &[Condition::HeadAt(head)]).await;
        if let Some((header, _)) = committed.first() {
            self.witness.note(Mark::Condition(None));
            if header.position != head.next() {
                self.witness.blame(format!("{} was committed on the condition of {head}", header.position));
            }
        }
        committed
    }

    /// Tries to commit an event whose parent nobody has.
    async fn commit_without_parent(&self, seed: &mut Seed) -> Vec<Known> {
        let stranger = EventId::from_parts(1, u128::from(seed.bits()));
        match self.vault.commit(event(seed).with_parents(&[stranger])).await {
            Ok(header) => self.witness.blame(format!("{header:?} has a parent that nobody has")),
            Err(Error::UnknownParent { .. }) => {}
            Err(error) => self.refused(&error),
        }
        Vec::new()
    }

    /// Commits a batch and notes the answer.
    async fn answer(&self, batch: &[NewEvent], conditions: &[Condition]) -> Vec<Known> {
        let has_failed = self.ask(batch);
        let answer = self.vault.commit_batch_if(batch.to_vec(), conditions).await;
        self.answered(batch, conditions, has_failed, answer)
    }

    /// Asks for a commit and leaves it after some looks, if it is not answered by then. It happens, or not.
    async fn leave_commit(&self, seed: &mut Seed, parent: Option<EventId>) -> Vec<Known> {
        let batch = [event(seed).with_parents(parent.as_slice())];
        let has_failed = self.ask(&batch);
        let mut commit = pin!(self.vault.commit_batch(batch.to_vec()));
        for _ in 0..seed.below(4) {
            if let Some(answer) = commit.as_mut().now_or_never() {
                return self.answered(&batch, &[], has_failed, answer);
            }
            shuttle::thread::yield_now();
        }
        Vec::new()
    }

    /// Notes that a batch is asked for. Tells whether somebody was told before that the storage has failed.
    fn ask(&self, batch: &[NewEvent]) -> bool {
        self.witness.note(Mark::Asked(batch.iter().map(|event| event.payload.digest()).collect()));
        self.witness.has_failed()
    }

    /// Notes how a commit was answered.
    fn answered(
        &self,
        batch: &[NewEvent],
        conditions: &[Condition],
        has_failed: bool,
        answer: toka_vault_core::Result<Vec<EventHeader>>,
    ) -> Vec<Known> {
        match answer {
            Ok(headers) => {
                let payloads = batch.iter().map(|event| event.payload.clone());
                let committed: Vec<_> = headers.into_iter().zip(payloads).collect();
                self.witness.note(Mark::Acknowledged(committed.clone()));
                if has_failed {
                    self.witness.blame(format!("{committed:?} was acknowledged after a failure"));
                }
                return committed;
            }
            Err(Error::ConditionFailed { condition: Condition::HeadAt(head), position }) => {
                self.witness.note(Mark::Condition(Some(position)));
                if position <= head || conditions.is_empty() {
                    self.witness.blame(format!("the condition of {head} was broken by {position}"));
                }
            }
            Err(error) => self.refused(&error),
        }
        Vec::new()
    }

    /// Reads on from what it has seen until the vault is closed, with a pause of so many turns of others
    /// after each event.
    async fn subscribe(&self, vault: &LocalVault, (who, seen): (usize, Position), pause: u64) {
        let mut subscription = vault.subscribe_from(StartFrom::After(seen));
        let mut seen = seen;
        loop {
            // Who leaves a call that has nothing to tell yet misses nothing.
            let received = match subscription.recv().now_or_never() {
                Some(received) => received,
                None => subscription.recv().await,
            };
            match received {
                Ok(Some(event)) => seen = self.show(Some(who), seen, event),
                Ok(None) => break,
                Err(error) => return self.refused(&error),
            }
            (0..pause).for_each(|_| shuttle::thread::yield_now());
        }
        match vault.head().await {
            Ok(head) if head.position != seen && !self.trouble.fails() => {
                self.witness.blame(format!("a subscription ended at {seen}, before {}", head.position));
            }
            Ok(_) => {}
            Err(error) => self.refused(&error),
        }
    }

    /// Reads everything.
    async fn replay(&self) {
        let mut replay = self.vault.replay(ReplayOptions::new());
        let mut seen = Position::ZERO;
        loop {
            let read = match replay.try_next().now_or_never() {
                Some(read) => read,
                None => replay.try_next().await,
            };
            match read {
                Ok(Some(event)) => seen = self.show(None, seen, event),
                Ok(None) => return self.witness.note(Mark::Replayed(seen)),
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

    /// Notes a refusal, which is a fault unless there is trouble with the disk, or the vault is closed.
    fn refused(&self, error: &Error) {
        match error {
            Error::Closed => {}
            Error::NoRoom { .. } if self.trouble == Trouble::Full => {}
            _ if self.trouble.fails() && !matches!(error, Error::NoRoom { .. }) => {
                // Where the index cannot be written, or a segment cannot be made, the vault refuses a commit and goes on.
                if !matches!(error, Error::Io { .. }) {
                    self.witness.fail();
                }
                if self.trouble == Trouble::FailsAWhile {
                    self.disk.fail_after(u64::MAX);
                }
            }
            _ => self.witness.blame(format!("it was refused: {error}")),
        }
    }
}

/// Has a disk be full for some turns.
fn be_full(disk: &SimDirectory) {
    disk.set_room(Some(disk.disk().bytes()));
    for _ in 0..2_000 {
        shuttle::thread::yield_now();
    }
    disk.set_room(None);
}

/// Makes an event that no other is equal to.
fn event(seed: &mut Seed) -> NewEvent {
    let size = if seed.below(12) == 0 { seed.below(9_000) } else { seed.below(700) };
    let text = format!("{:016x}{}", seed.bits(), "x".repeat(size as usize));
    let payload = Payload::encode(&text).expect("a text is encoded");
    let kind = KINDS[seed.below(KINDS.len() as u64) as usize];
    let event = NewEvent::new(kind, payload).expect("it is valid");
    let id = EventId::from_parts(1_600_000_000_000 + seed.below(9), u128::from(seed.bits()));
    if seed.coin() { event.with_id(id) } else { event }
}

/// Makes a payload that other events have too.
fn shared(seed: &mut Seed) -> Payload {
    let text = seed.below(SHARED).to_string().repeat(SHARED_BYTES);
    Payload::encode(&text).expect("a text is encoded")
}
