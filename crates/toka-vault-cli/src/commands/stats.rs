//! `stats`: sums a vault up.
//!
//! It reads all events once, and holds of them 16 bytes for each payload that is not like another, by which it
//! counts those, and a sum for each kind.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use toka_vault::{Digest, Error, Event, Head, Kind, ReplayOptions, Timestamp, Vault};

use super::events;
use crate::failure::Result;
use crate::output::{Output, amount, count};
use crate::progress::Progress;

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
    kinds: BTreeMap<Kind, u64>,
    payload_bytes: u64,
    distinct: HashSet<[u8; 16]>,
    distinct_bytes: u64,
    shared_bytes: u64,
    times: Option<(Timestamp, Timestamp)>,
    damaged: bool,
}

impl Sums {
    /// Adds one event.
    fn add(&mut self, event: &Event) {
        let (header, bytes) = (&event.header, event.payload.bytes().len() as u64);
        self.events += 1;
        self.payload_bytes += bytes;
        if self.distinct.insert(short(header.digest)) {
            self.distinct_bytes += bytes;
        }
        match self.kinds.get_mut(&*header.kind) {
            Some(count) => *count += 1,
            None => {
                self.kinds.insert(header.kind.clone(), 1);
            }
        }
        let (first, last) = self.times.unwrap_or((header.timestamp, header.timestamp));
        self.times = Some((first.min(header.timestamp), last.max(header.timestamp)));
    }
}

/// Returns enough of a digest to tell payloads apart, in half the memory.
fn short(digest: Digest) -> [u8; 16] {
    let mut short = [0; 16];
    for (kept, byte) in short.iter_mut().zip(digest.as_bytes()) {
        *kept = *byte;
    }
    short
}

/// Says how the sums are printed.
#[derive(Serialize)]
struct Summary {
    events: u64,
    kinds: BTreeMap<String, u64>,
    payload_bytes: u64,
    distinct_payloads: u64,
    distinct_payload_bytes: u64,
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
            kinds: sums.kinds.iter().map(|(kind, count)| (kind.to_string(), *count)).collect(),
            payload_bytes: sums.payload_bytes,
            distinct_payloads: sums.distinct.len() as u64,
            distinct_payload_bytes: sums.distinct_bytes,
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
            (
                "distinct payloads",
                format!("{}, {}", count(self.distinct_payloads), amount(self.distinct_payload_bytes)),
            ),
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
        std::iter::once(count(kinds.len() as u64)).chain(lines).collect::<Vec<_>>().join("\n")
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
