//! One kind out of a thousand, and a range of times: what a filter costs against reading just those events
//! by position, and against reading everything.
//!
//! Keeps the invariant that all of them read the same events, from one open vault in turns.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use toka_vault::{Filter, NewEvent, Position, ReplayOptions, StartFrom, SubscribeOptions, Timestamp, Vault};

use crate::turns::{Turns, rate};
use crate::vaults::replay;
use crate::workload::Note;

/// How many kinds the events are of, in turn.
const KINDS: u64 = 1_000;

/// The events of the vault.
const EVENTS: u64 = 1_000_000;

/// Events of a batch that fills the vault.
const BATCH: u64 = 5_000;

/// The kind that is asked for.
const ASKED: u64 = 500;

/// Holds the turns of what is compared.
#[derive(Default)]
pub struct Picked {
    /// A filtered replay against reading the same events by position.
    pub replay: Turns,
    /// A subscription that catches up against the same.
    pub subscription: Turns,
    /// A range of times against reading the same events from their first position on.
    pub times: Turns,
    /// A filtered replay against a fiftieth of a full one, as rates of rounds.
    pub share: Turns,
}

/// Measures on a new vault.
pub async fn run(vault: &Vault, rounds: usize) -> Result<Picked> {
    fill(vault).await?;
    let mut picked = Picked::default();
    let (since, first) = time_at(vault, EVENTS / 2).await?;
    let (until, behind) = time_at(vault, EVENTS / 2 + BATCH).await?;
    let of_times = || Filter::new().with_since(since)?.with_until(until);
    for _ in 0..rounds {
        let (by_position, events) = timed(by_position(vault)).await?;
        let (filtered, found) = timed(by_filter(vault)).await?;
        let (followed, caught_up) = timed(by_subscription(vault)).await?;
        let (full, all) = timed(replay(vault)).await?;
        ensure!(
            (events, found, caught_up, all) == (EVENTS / KINDS, events, events, EVENTS),
            "events are missing"
        );
        picked.replay.add(by_position, filtered);
        picked.subscription.add(by_position, followed);
        let in_place = ReplayOptions::new().with_start(StartFrom::After(first.minus(1)));
        let (read, there) = timed(count(vault, in_place.with_limit(behind.get() - first.get()))).await?;
        let (asked, of_time) = timed(count(vault, ReplayOptions::new().with_filter(of_times()?))).await?;
        ensure!((there, there > 0) == (of_time, true), "{of_time} events of {there} are of the time");
        picked.times.add(read, asked);
        // A full replay may take fifty times as long.
        picked.share.add(full / EVENTS as f64 * 50.0, filtered / events as f64);
    }
    Ok(picked)
}

/// Returns the rate of a reading, and how many events it gave.
async fn timed(reading: impl Future<Output = Result<u64>>) -> Result<(f64, u64)> {
    let start = Instant::now();
    let events = reading.await?;
    Ok((rate(events, start), events))
}

async fn fill(vault: &Vault) -> Result<()> {
    let event = |number: u64| NewEvent::new(kind(number % KINDS), Note::new(number));
    for start in (0..EVENTS).step_by(BATCH as usize) {
        let batch = (start..start + BATCH).map(event).collect::<Result<_, _>>()?;
        vault.commit_batch(batch).await?;
    }
    Ok(())
}

fn kind(number: u64) -> String {
    format!("bench.kind.{number}")
}

/// Reads the events of the kind, whose positions are known.
async fn by_position(vault: &Vault) -> Result<u64> {
    let mut events = 0;
    for nth in 0..EVENTS / KINDS {
        let before = StartFrom::After(Position::new(nth * KINDS + ASKED));
        let mut one = vault.replay(ReplayOptions::new().with_start(before).with_limit(1));
        let event = one.try_next().await?;
        ensure!(
            event.is_some_and(|event| event.header.kind == kind(ASKED).as_str()),
            "another kind is there"
        );
        events += 1;
    }
    Ok(events)
}

async fn by_filter(vault: &Vault) -> Result<u64> {
    count(vault, ReplayOptions::new().with_filter(Filter::kind(&kind(ASKED))?)).await
}

/// Reads events and counts them.
async fn count(vault: &Vault, options: ReplayOptions) -> Result<u64> {
    let mut asked = vault.replay(options);
    let mut events = 0;
    while asked.try_next().await?.is_some() {
        events += 1;
    }
    Ok(events)
}

/// Returns the time of the event at a position, and the first position of that time.
async fn time_at(vault: &Vault, position: u64) -> Result<(Timestamp, Position)> {
    let at = StartFrom::After(Position::new(position - 1));
    let event = vault.replay(ReplayOptions::new().with_start(at)).try_next().await?;
    let time = event.context("there is no such event")?.header.timestamp;
    let first = vault.replay(ReplayOptions::new().with_start(StartFrom::Time(time))).try_next().await?;
    Ok((time, first.context("there is no event of this time")?.position()))
}

async fn by_subscription(vault: &Vault) -> Result<u64> {
    let asked = SubscribeOptions::new(StartFrom::Beginning).with_filter(Filter::kind(&kind(ASKED))?);
    let mut subscription = vault.subscribe_from(asked);
    let mut events = 0;
    while events < EVENTS / KINDS && subscription.recv().await?.is_some() {
        events += 1;
    }
    Ok(events)
}
