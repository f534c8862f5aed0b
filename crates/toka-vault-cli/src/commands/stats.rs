//! `stats`: sums a vault up.
//!
//! It reads all events once, and holds of them a sum for each kind, up to a bound. How much is saved by keeping
//! equal payloads once, the vault knows itself; to count which are equal would take memory for each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use toka_vault::{Error, Event, Head, Kind, ReplayOptions, Timestamp, Vault};

use super::events;
use crate::failure::Result;
use crate::output::{Output, amount, count, things};
use crate::progress::Progress;

/// Most kinds that are counted one by one, up to 20 MiB of the longest.
const KINDS_MAX: usize = 1 << 16;

/// Reads all events and prints the sums.
pub(super) async fn run(vault: &Vault, path: Option<PathBuf>, output: &mut Output) -> Result<()> {
    let head = vault.head().await?;
    let progress = Progress::new("reading", Some(head.position.get()));
    let mut sums = Sums::default();
    let mut history = vault.replay(ReplayOptions::new());
    loop {
        match history.try_next().await {
            Ok(Some(event)) => sums.add(&event),
            Ok(None) => break,
            Err(error @ Error::Corrupt { .. }) => {
                sums.damaged = true;
                output.notes().error(&error.into());
            }
            Err(Error::Evicted { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        progress.at(sums.events);
    }
    drop(progress);
    sums.shared_bytes = vault.shared_bytes().await?;
    let summary = Summary::new(&sums, head, path.as_deref().map(size_of));
    output.thing(&summary, &summary.rows())?;
    events::outcome(sums.damaged)
}

/// Adds events up.
#[derive(Default)]
struct Sums {
    events: u64,
    kinds: Kinds,
    payload_bytes: u64,
    shared_bytes: u64,
    times: Option<(Timestamp, Timestamp)>,
    damaged: bool,
}

impl Sums {
    /// Adds one event.
    fn add(&mut self, event: &Event) {
        let header = &event.header;
        self.events += 1;
        self.payload_bytes += event.payload.bytes().len() as u64;
        self.kinds.add(&header.kind, KINDS_MAX);
        let (first, last) = self.times.unwrap_or((header.timestamp, header.timestamp));
        self.times = Some((first.min(header.timestamp), last.max(header.timestamp)));
    }
}

/// Counts events by their kinds.
#[derive(Default)]
struct Kinds {
    counts: BTreeMap<Kind, u64>,
    /// Events of kinds that came when there was no room for more.
    others: u64,
}

impl Kinds {
    /// Counts an event of a kind, where that is counted already, or one of the first `most`.
    fn add(&mut self, kind: &Kind, most: usize) {
        if let Some(count) = self.counts.get_mut(&**kind) {
            *count += 1;
        } else if self.counts.len() < most {
            self.counts.insert(kind.clone(), 1);
        } else {
            self.others += 1;
        }
    }
}

/// Says how the sums are printed.
#[derive(Serialize)]
struct Summary {
    events: u64,
    kinds: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events_of_other_kinds: Option<u64>,
    payload_bytes: u64,
    shared_payload_bytes: u64,
    earliest: Option<String>,
    latest: Option<String>,
    disk_bytes: Option<u64>,
    head_position: u64,
    head_chain: String,
}

impl Summary {
    /// Puts the sums together.
    fn new(sums: &Sums, head: Head, disk_bytes: Option<u64>) -> Self {
        Self {
            events: sums.events,
            kinds: sums.kinds.counts.iter().map(|(kind, count)| (kind.to_string(), *count)).collect(),
            events_of_other_kinds: Some(sums.kinds.others).filter(|others| *others > 0),
            payload_bytes: sums.payload_bytes,
            shared_payload_bytes: sums.shared_bytes,
            earliest: sums.times.map(|(first, _)| first.to_string()),
            latest: sums.times.map(|(_, last)| last.to_string()),
            disk_bytes,
            head_position: head.position.get(),
            head_chain: head.chain.to_string(),
        }
    }

    /// Describes them line by line.
    fn rows(&self) -> Vec<(&'static str, String)> {
        let none = || "none".to_owned();
        let mut rows = vec![
            ("events", count(self.events)),
            ("kinds", self.kinds_by_count()),
            ("payloads", amount(self.payload_bytes)),
            ("saved by sharing", amount(self.shared_payload_bytes)),
            ("earliest", self.earliest.clone().unwrap_or_else(none)),
            ("latest", self.latest.clone().unwrap_or_else(none)),
        ];
        rows.extend(self.disk_bytes.map(|bytes| ("size on disk", amount(bytes))));
        rows.push(("head position", count(self.head_position)));
        rows.push(("head chain", self.head_chain.clone()));
        rows
    }

    /// Lists the kinds, the most frequent first.
    fn kinds_by_count(&self) -> String {
        let mut kinds: Vec<_> = self.kinds.iter().collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let width = kinds.iter().map(|(kind, _)| kind.len()).max().unwrap_or(0);
        let lines = kinds.iter().map(|(kind, number)| format!("{kind:width$}  {}", count(**number)));
        let number = count(kinds.len() as u64);
        let number = match self.events_of_other_kinds {
            Some(others) => format!("more than {number}; of others {}", things(others, "event")),
            None => number,
        };
        std::iter::once(number).chain(lines).collect::<Vec<_>>().join("\n")
    }
}

/// Adds up the sizes of the files below a folder; what cannot be read counts nothing.
fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_counted_up_to_a_bound_and_it_is_told_that_there_are_more() {
        let mut sums = Sums::default();
        for kind in ["a", "b", "c", "a", "d", "b"] {
            sums.kinds.add(&Kind::new(kind).unwrap(), 2);
        }
        let summary = Summary::new(&sums, Head::EMPTY, None);
        assert_eq!(summary.kinds_by_count(), "more than 2; of others 2 events\na  2\nb  2");
        assert_eq!(serde_json::to_value(&summary).unwrap()["events_of_other_kinds"], 2);
        assert_eq!(
            serde_json::to_value(Summary::new(&Sums::default(), Head::EMPTY, None))
                .unwrap()
                .get("events_of_other_kinds"),
            None
        );
    }
}
