//! Raw read: a file in large steps, with a CRC over each record.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::turns::rate;

/// Bytes of a step.
const STEP_BYTES: usize = 512 << 10;

/// Writes the file to read.
pub fn prepare(path: &Path, events: u64, bytes: usize) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let record: Vec<u8> = (0..bytes).map(|at| at as u8).collect();
    (0..events).try_for_each(|_| file.write_all(&record))?;
    Ok(file.flush()?)
}

/// Reads the file, in records of `bytes` bytes.
pub fn run(path: &Path, bytes: usize) -> Result<f64> {
    let start = Instant::now();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; STEP_BYTES / bytes * bytes];
    let (mut records, mut sum) = (0, 0);
    loop {
        let read = fill(&mut file, &mut buffer)?;
        for record in buffer[..read].chunks_exact(bytes) {
            records += 1;
            sum ^= crc32fast::hash(record);
        }
        if read < buffer.len() {
            break;
        }
    }
    ensure!(std::hint::black_box(sum) != 1, "the sum is used, so that it is computed");
    Ok(rate(records, start))
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}
