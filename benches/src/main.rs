//! Measures the vault against its floors: what the same machine does, in the same minute, with the
//! same bytes and nothing of a vault around them.
//!
//! ```text
//! cargo run --release                                # all rows, 9 rounds, files in this directory
//! cargo run --release -- --only memory,replay        # some rows
//! cargo run --release -- --rounds 21 --dir /mnt/ssd  # more rounds, on another disk
//! cargo run --release --features mimalloc            # with another allocator, for floors and vaults
//! ```
//!
//! Absolute figures mean little on a shared machine, so floor and vault take turns, and what counts
//! is the median over the rounds of vault divided by floor. The rows:
//!
//! | row | vault | floor |
//! |---|---|---|
//! | `one` | one committer on sled | [`floors::append`]: write and fdatasync, one event each |
//! | `many` | 256 committers on sled | [`floors::pipeline`]: tasks, queue and writer of a plain file |
//! | `crowd` | 1,024 committers on sled | the same |
//! | `memory` | one committer in memory | [`floors::memory`]: encode, hash, push under a mutex |
//! | `replay` | replay from a fresh open of sled | [`floors::read`]: read the same bytes, check a CRC |
//! | `journal-one`, `-many`, `-crowd`, `-replay` | the same on the journal | the same |
//! | `journal-batch` | batches of 1,000 events on the journal, from four tasks | write 1,000 events at once and sync |
//! | `indexed`, `journal-indexed` | 256 committers, with all indexes | the same vault with the index of ids alone |
//! | `picked`, `journal-picked` | one kind of a thousand out of a million events, and a range of times, by a filter | the same by position; a fiftieth of all |
//! | `soak` | a million events on sled, in processes of its own | bounds on memory, disk and time |
//! | `journal-soak` | ten million on the journal, which take 4 GB | the same |
//!
//! Every event has a payload of 256 bytes and, but for the first of each task, one parent.
//!
//! Keeps the invariant that a floor is slowed by nothing that the vault does not have to do too.

mod args;
mod floors;
mod picked;
mod soak;
mod table;
mod turns;
mod vaults;
mod workload;

use anyhow::Result;
use clap::Parser;

use args::{Args, Row};
use soak::Soaked;
use table::Table;
use turns::Turns;
use vaults::{Durable, journal, journal_with_ids, sled, sled_with_ids};
use workload::{Size, block_bytes, record_bytes};

/// Allocates for floors and vaults alike.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some((part, row)) = args.soak_part.zip(args.rows().next()) {
        return soak::run_part(part, &Soaked::of(row), &args.dir);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let mut table = Table::start();
    for row in args.rows() {
        let dir = tempfile::tempdir_in(&args.dir)?;
        match row {
            Row::Soak | Row::JournalSoak => soak::run(Soaked::of(row), dir.path())?.print(),
            Row::Picked | Row::JournalPicked => {
                let vault = durable_of(row)(&dir.path().join("vault"))?;
                table.add_picked(row, &runtime.block_on(picked::run(&vault, args.rounds))?);
                runtime.block_on(vault.close())?;
            }
            row => table.add(row, &runtime.block_on(measure(row, args.rounds, dir.path()))?),
        }
    }
    Ok(())
}

/// Returns how the vaults of a row are opened.
fn durable_of(row: Row) -> fn(&std::path::Path) -> Result<toka_vault::Vault> {
    if row.is_on_journal() { journal } else { sled }
}

/// Returns how the vaults are opened that are the floor of a row about indexes.
fn floor_of(row: Row) -> fn(&std::path::Path) -> Result<toka_vault::Vault> {
    if row.is_on_journal() { journal_with_ids } else { sled_with_ids }
}

/// Lets floor and vault of a row take turns.
async fn measure(row: Row, rounds: usize, dir: &std::path::Path) -> Result<Turns> {
    let size = Size::of(row);
    let mut turns = Turns::default();
    let mut durable = Durable::new(durable_of(row), dir);
    let mut with_ids = Durable::new(floor_of(row), &dir.join("floor"));
    if matches!(row, Row::Replay | Row::JournalReplay) {
        durable.fill(size).await?;
        floors::read::prepare(&dir.join("read"), size.events(), record_bytes()?)?;
    }
    for round in 0..rounds {
        // Files of their own, which are removed when all is measured: to free the space of a file
        // slows the disk down for what comes after.
        let file = dir.join(format!("floor-{round}"));
        let floor = match row {
            Row::One | Row::JournalOne => floors::append::run(&file, size.events(), 1, block_bytes()?)?,
            Row::JournalBatch => floors::append::run(&file, size.tasks, size.each, record_bytes()?)?,
            Row::Memory => floors::memory::run(size).await?,
            Row::Indexed | Row::JournalIndexed => with_ids.commit(size).await?,
            Row::Replay | Row::JournalReplay => floors::read::run(&dir.join("read"), record_bytes()?)?,
            _ => floors::pipeline::run(&file, size, record_bytes()?).await?,
        };
        let vault = match row {
            Row::Memory => vaults::commit_in_memory(size).await?,
            Row::Replay | Row::JournalReplay => durable.replay().await?,
            Row::JournalBatch => durable.commit_batches(size.tasks, size.each).await?,
            _ => durable.commit(size).await?,
        };
        turns.add(floor, vault);
    }
    Ok(turns)
}
