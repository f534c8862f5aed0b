//! What a vault answers about kinds, times, parents and payloads, held against its events.
//!
//! The files of its indexes are derived: whatever a crash has left of them, no answer may differ.

use toka_vault_core::{EventHeader, Filter, Replay, ReplayOptions, Result};
use toka_vault_engine::LocalVault;
use toka_vault_testkit::sim::Seed;

/// Events chosen by chance that questions are asked about.
const CHOSEN: usize = 4;

/// Asks a vault about some of its events.
pub(super) async fn check_answers(
    vault: &LocalVault,
    events: &[EventHeader],
    seed: &mut Seed,
) -> Result<(), String> {
    for _ in 0..CHOSEN.min(events.len()) {
        let event = &events[seed.below(events.len() as u64) as usize];
        check_about(vault, event, events).await.map_err(|fault| format!("asked about {event:?}: {fault}"))?;
    }
    Ok(())
}

/// Holds the files of the indexes against the log.
pub(super) async fn check_indexes(vault: &LocalVault) -> Result<(), String> {
    let findings = vault.verify_indexes().await.map_err(|error| error.to_string())?;
    if findings.is_empty() { Ok(()) } else { Err(format!("its indexes are wrong: {findings:?}")) }
}

/// Asks for all that has something in common with an event.
async fn check_about(vault: &LocalVault, event: &EventHeader, events: &[EventHeader]) -> Result<(), String> {
    let children = vault.children(event.id);
    compare("parent", children, events, |other| other.parents.contains(&event.id)).await?;
    for filter in filters(event).map_err(|error| error.to_string())? {
        let found = vault.replay(ReplayOptions::new().with_filter(filter.clone()));
        compare(&filter.to_string(), found, events, |other| filter.matches(other)).await?;
    }
    match vault.payload(event.digest).await.map_err(|error| error.to_string())? {
        Some(payload) if payload.digest() == event.digest && payload.is_intact() => Ok(()),
        found => Err(format!("its payload is {found:?}")),
    }
}

/// Returns filters about an event: its kind; its time and later; a pattern of kinds, before its time.
fn filters(event: &EventHeader) -> Result<[Filter; 3]> {
    Ok([
        Filter::kind(event.kind.as_str())?,
        Filter::new().with_since(event.timestamp)?,
        Filter::kind("sim.>")?.with_until(event.timestamp)?,
    ])
}

/// Holds an answer against the events that are meant.
async fn compare(
    what: &str,
    mut answer: Replay,
    events: &[EventHeader],
    is_meant: impl Fn(&EventHeader) -> bool,
) -> Result<(), String> {
    let mut meant = events.iter().filter(|event| is_meant(event));
    loop {
        let found = answer.try_next().await.map_err(|error| format!("by {what}: {error}"))?;
        match (found, meant.next()) {
            (None, None) => return Ok(()),
            (Some(found), Some(event)) if found.header == *event => {}
            (found, event) => return Err(format!("by {what}, {found:?} was told in the place of {event:?}")),
        }
    }
}
