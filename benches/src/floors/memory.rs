//! Bare memory: encode a payload, hash it, push both to a `Vec` under a mutex.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Result;

use crate::turns::rate;
use crate::workload::{Note, Size};

/// Keeps payloads and their hashes.
type Events = Mutex<Vec<(Vec<u8>, blake3::Hash)>>;

/// Stores events from tasks.
pub async fn run(size: Size) -> Result<f64> {
    let events = Arc::new(Events::default());
    let start = Instant::now();
    let tasks: Vec<_> = (0..size.tasks)
        .map(|task| {
            let events = events.clone();
            tokio::spawn(
                async move { (0..size.each).try_for_each(|nth| store(&events, size.number(task, nth))) },
            )
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(rate(size.events(), start))
}

/// Stores an event.
fn store(events: &Events, number: u64) -> Result<()> {
    let bytes = rmp_serde::to_vec_named(&Note::new(number))?;
    let hash = blake3::hash(&bytes);
    events.lock().unwrap_or_else(PoisonError::into_inner).push((bytes, hash));
    Ok(())
}
