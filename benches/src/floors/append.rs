//! Raw append: the bytes of one event after the other to a plain file, each with an fdatasync.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::turns::rate;

/// Appends `events` times `bytes` bytes to a new file.
pub fn run(path: &Path, events: u64, bytes: usize) -> Result<f64> {
    let mut file = File::create(path)?;
    let record = vec![7; bytes];
    let start = Instant::now();
    for _ in 0..events {
        file.write_all(&record)?;
        file.sync_data()?;
    }
    Ok(rate(events, start))
}
