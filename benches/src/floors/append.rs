//! Raw append: the bytes of events to a plain file, some at once, each time with an fdatasync.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::turns::rate;

/// Appends `groups` times `each` events of `bytes` bytes to a new file.
pub fn run(path: &Path, groups: u64, each: u64, bytes: usize) -> Result<f64> {
    let mut file = File::create(path)?;
    let group = vec![7; bytes * each as usize];
    let start = Instant::now();
    for _ in 0..groups {
        file.write_all(&group)?;
        file.sync_data()?;
    }
    Ok(rate(groups * each, start))
}
