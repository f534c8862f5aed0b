//! What a vault answers about kinds, times, parents and payloads, held against its events.
//!
//! The files of its indexes are derived: whatever a crash has left of them, no answer may differ.

use toka_vault_core::{Error, EventHeader, Filter, Replay, ReplayOptions, Result};
use toka_vault_engine::LocalVault;
use toka_vault_testkit::sim::Seed;

/// Questions that are asked about events chosen by chance.
const QUESTIONS: usize = 4;

/// Asks a vault about its events, some of them chosen by chance.
pub(super) async fn check_answers(
    vault: &LocalVault,
    events: &[EventHeader],
    seed: &mut Seed,
) -> Result<(), String> {
    for _ in 0..QUESTIONS.min(events.len()) {
        let event = &events[seed.below(events.len() as u64) as usize];
        let answers = about(vault, event, events).await;
        answers.map_err(|error| format!("asked about {event:?}: {error}"))??;
    }
    Ok(())
}

/// Holds the files of the indexes against the log.
pub(super) async fn check_indexes(vault: &LocalVault) -> Result<(), String> {
    let findings = vault.verify_indexes().await.map_err(|error| error.to_string())?;
    if findings.is_empty() { Ok(()) } else { Err(format!("its indexes are wrong: {findings:?}")) }
}

/// Asks for all that has something in common with an event.
async fn about(
    vault: &LocalVault,
    event: &EventHeader,
    events: &[EventHeader],
) -> Result<Result<(), String>, Error> {
    let by = |filter| vault.replay(ReplayOptions::new().with_filter(filter));
    let (kind, since) = (Filter::kind(event.kind.as_str())?, Filter::new().with_since(event.timestamp)?);
    let pattern = Filter::kind("sim.*")?.with_until(event.timestamp)?;
    let is_early = |other: &EventHeader| pattern.matches(other);
    let asked = [
        (
            "children",
            compare(vault.children(event.id), events, |other| other.parents.contains(&event.id)).await?,
        ),
        ("kind", compare(by(kind), events, |other| other.kind == event.kind).await?),
        ("time", compare(by(since), events, |other| other.timestamp >= event.timestamp).await?),
        ("pattern", compare(by(pattern.clone()), events, is_early).await?),
    ];
    if let Some((what, true)) = asked.iter().find(|(_, differs)| *differs) {
        return Ok(Err(format!("what it tells by {what} is wrong")));
    }
    match vault.payload(event.digest).await? {
        Some(payload) if payload.digest() == event.digest && payload.is_intact() => Ok(Ok(())),
        found => Ok(Err(format!("its payload is {found:?}"))),
    }
}

/// Tells whether an answer differs from the events that are meant.
async fn compare(
    mut answer: Replay,
    events: &[EventHeader],
    is_meant: impl Fn(&EventHeader) -> bool,
) -> Result<bool> {
    for expected in events.iter().filter(|event| is_meant(event)) {
        if answer.try_next().await?.is_none_or(|event| event.header != *expected) {
            return Ok(true);
        }
    }
    Ok(answer.try_next().await?.is_some())
}
