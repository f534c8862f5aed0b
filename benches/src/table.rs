//! [`Table`]: prints a line for each row as it is measured.

use crate::args::Row;
use crate::picked::Picked;
use crate::turns::{Spread, Turns};

/// Prints rows below each other.
pub struct Table;

impl Table {
    /// Prints the header.
    pub fn start() -> Self {
        println!("| measured | events/s | floor | events/s | ratio, median (min to max) | target |");
        println!("|---|---|---|---|---|---|");
        Self
    }

    /// Prints a row.
    pub fn add(&mut self, row: Row, turns: &Turns) {
        self.line(describe(row), turns);
    }

    /// Prints what a filter costs.
    pub fn add_picked(&mut self, row: Row, picked: &Picked) {
        let (of, ..) = describe(row);
        let position = "the same by position";
        self.line((of, position, Some(0.50)), &picked.replay);
        self.line(("the same, a subscription", position, Some(0.50)), &picked.subscription);
        self.line(("a range of times, 5,000 events", position, Some(0.50)), &picked.times);
        self.line(("one kind, whole replays", "50 times a full one", Some(1.0)), &picked.share);
    }

    fn line(&mut self, (vault, floor, target): (&str, &str, Option<f64>), turns: &Turns) {
        let Spread { min, median, max } = turns.ratio();
        let (vault_rate, floor_rate) = (thousands(turns.vault().median), thousands(turns.floor().median));
        let target = target.map_or("–".to_owned(), |target| {
            let verdict = if median >= target { "met" } else { "MISSED" };
            format!("{target:.2} {verdict}")
        });
        println!(
            "| {vault} | {vault_rate} | {floor} | {floor_rate} | {median:.2} ({min:.2} to {max:.2}) | {target} |"
        );
    }
}

/// Returns what is measured, its floor, and the ratio it has to reach.
fn describe(row: Row) -> (&'static str, &'static str, Option<f64>) {
    match row {
        Row::One => ("sled, 1 committer", "raw append + fdatasync", Some(0.55)),
        Row::Many => ("sled, 256 committers", "bare pipeline", Some(0.40)),
        Row::Crowd => ("sled, 1,024 committers", "bare pipeline", None),
        Row::Memory => ("memory, 1 committer", "bare memory", Some(0.50)),
        Row::Replay => ("sled, replay from a fresh open", "raw read + CRC", Some(0.30)),
        Row::JournalOne => ("journal, 1 committer", "raw append + fdatasync", Some(1.0)),
        Row::JournalMany => ("journal, 256 committers", "bare pipeline", Some(0.80)),
        Row::JournalCrowd => ("journal, 1,024 committers", "bare pipeline", Some(0.80)),
        Row::JournalBatch => ("journal, batches of 1,000", "raw append of 1,000 + fdatasync", Some(0.70)),
        Row::JournalReplay => ("journal, replay from a fresh open", "raw read + CRC", Some(0.60)),
        Row::Indexed => ("sled, 256 committers, all indexes", "the same with ids alone", Some(0.85)),
        Row::JournalIndexed => {
            ("journal, 256 committers, all indexes", "the same with ids alone", Some(0.85))
        }
        Row::Picked => ("sled, one kind of 1,000", "–", None),
        Row::JournalPicked => ("journal, one kind of 1,000", "–", None),
        Row::Soak => ("sled, a million events", "–", None),
        Row::JournalSoak => ("journal, ten million events", "–", None),
    }
}

/// Writes a number with its thousands set apart.
pub fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
