//! Bare pipeline: the tasks, the queue, the writer's thread and the answers of a group commit, over a
//! plain file.
//!
//! What it leaves out is what makes a vault: parents are not checked, nothing but the payload is
//! hashed, nothing can be found again.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use toka_vault_core::{EventId, NewEvent};
use tokio::sync::{mpsc, oneshot};

use crate::turns::rate;
use crate::workload::{Size, event};

/// Commits that may wait.
const QUEUE_MAX: usize = 4_096;

/// Goes from a task to the writer.
type Commit = (NewEvent, oneshot::Sender<EventId>);

/// Stores events from tasks, `bytes` bytes each.
pub async fn run(path: &Path, size: Size, bytes: usize) -> Result<f64> {
    let (queue, commits) = mpsc::channel(QUEUE_MAX);
    let file = File::create(path)?;
    let writer = std::thread::spawn(move || write(commits, file, bytes));
    let start = Instant::now();
    let tasks: Vec<_> = (0..size.tasks).map(|task| tokio::spawn(commit(queue.clone(), size, task))).collect();
    for task in tasks {
        task.await??;
    }
    let rate = rate(size.events(), start);
    drop(queue);
    writer.join().map_err(|_| anyhow::anyhow!("the writer panicked"))??;
    Ok(rate)
}

/// Commits the events of one task.
async fn commit(queue: mpsc::Sender<Commit>, size: Size, task: u64) -> Result<()> {
    let mut parent = None;
    for nth in 0..size.each {
        let (answer, answered) = oneshot::channel();
        queue.send((event(size.number(task, nth), parent)?, answer)).await?;
        parent = Some(answered.await?);
    }
    Ok(())
}

/// Writes all that waits, syncs once, and answers.
fn write(mut commits: mpsc::Receiver<Commit>, mut file: File, bytes: usize) -> Result<()> {
    let (mut group, mut answers, mut count) = (Vec::new(), Vec::new(), 0);
    while let Some(first) = commits.blocking_recv() {
        let more = std::iter::from_fn(|| commits.try_recv().ok());
        for (event, answer) in std::iter::once(first).chain(more).take(QUEUE_MAX) {
            let end = group.len() + bytes;
            group.extend_from_slice(event.payload.bytes());
            group.resize(end, 0);
            answers.push(answer);
        }
        file.write_all(&group)?;
        file.sync_data()?;
        group.clear();
        for answer in answers.drain(..) {
            count += 1;
            // Every task waits for its answer.
            let _ = answer.send(EventId::from_u128(count));
        }
    }
    Ok(())
}
