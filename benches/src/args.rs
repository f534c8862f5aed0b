//! [`Args`]: what can be asked for on the command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Fewest rounds that a median says something of.
const ROUNDS_MIN: usize = 7;

/// Measures toka-vault against floors, in turns, and prints a table.
#[derive(Debug, Parser)]
pub struct Args {
    /// How often floor and vault take turns, at least 7.
    #[arg(long, default_value_t = 9, value_parser = rounds)]
    pub rounds: usize,
    /// The directory, on the disk to measure, in which a temporary one is made.
    #[arg(long, default_value = ".")]
    pub dir: PathBuf,
    /// The rows to measure; all where it is left out.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Row>,
    /// Runs a part of the soak in this process. For the soak itself.
    #[arg(long, hide = true, requires = "only")]
    pub soak_part: Option<SoakPart>,
}

/// Names a row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Row {
    One,
    Many,
    Crowd,
    Memory,
    Replay,
    JournalOne,
    JournalMany,
    JournalCrowd,
    JournalBatch,
    JournalReplay,
    Indexed,
    JournalIndexed,
    Picked,
    JournalPicked,
    Soak,
    JournalSoak,
}

/// Names what a process of the soak does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SoakPart {
    Write,
    Read,
}

impl Row {
    /// Tells whether the vault of the row is on a journal.
    pub fn is_on_journal(self) -> bool {
        matches!(
            self,
            Self::JournalOne
                | Self::JournalMany
                | Self::JournalCrowd
                | Self::JournalBatch
                | Self::JournalReplay
                | Self::JournalIndexed
                | Self::JournalPicked
        )
    }
}

impl Args {
    /// Returns the rows to measure, in the order of the table.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        let all = Row::value_variants().iter().copied();
        all.filter(|row| self.only.is_empty() || self.only.contains(row))
    }
}

/// Reads a number of rounds.
fn rounds(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(rounds) if rounds >= ROUNDS_MIN => Ok(rounds),
        _ => Err(format!("expected a number of at least {ROUNDS_MIN}")),
    }
}
