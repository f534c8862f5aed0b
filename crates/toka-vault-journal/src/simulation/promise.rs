//! [`Promise`]: what a vault has to keep, whatever happens to its disk.

use std::collections::{BTreeMap, HashMap};

use toka_vault_core::{Digest, EventHeader, Position};

use super::witness::Mark;

/// Subscribers that go on from life to life; the last one reads beside the writer.
pub(super) const SUBSCRIBERS: usize = 3;

/// Tells what was promised up to some moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Promise {
    /// The payloads of all that was asked for, a list for each commit. No two events have the same.
    asked: Vec<Vec<Digest>>,
    acknowledged: BTreeMap<Position, EventHeader>,
    shown: BTreeMap<Position, EventHeader>,
    /// The newest that each subscriber has seen.
    seen: [Position; SUBSCRIBERS],
}

impl Promise {
    /// Adds what happened.
    pub(super) fn add(&mut self, mark: &Mark) {
        match mark {
            Mark::Asked(payloads) => self.asked.push(payloads.clone()),
            Mark::Acknowledged(headers) => {
                self.acknowledged.extend(headers.iter().map(|header| (header.position, header.clone())));
            }
            Mark::Shown(who, header) => {
                self.shown.insert(header.position, header.clone());
                if let Some(seen) = who.and_then(|who| self.seen.get_mut(who)) {
                    *seen = header.position;
                }
            }
        }
    }

    /// Returns up to where a subscriber has seen events.
    pub(super) fn seen(&self, who: usize) -> Position {
        self.seen.get(who).copied().unwrap_or_default()
    }

    /// Holds the events of a vault against it.
    pub(super) fn check(&self, found: &[EventHeader]) -> Result<(), String> {
        let at = |position: Position| {
            position.get().checked_sub(1).and_then(|before| found.get(usize::try_from(before).ok()?))
        };
        for (promise, headers) in [("acknowledged", &self.acknowledged), ("shown", &self.shown)] {
            if let Some((position, header)) =
                headers.iter().find(|(position, header)| at(**position) != Some(*header))
            {
                return Err(format!("{position} was {promise} and is not there: {header:?}"));
            }
        }
        self.check_batches(found)
    }

    /// Checks that what was asked for together is there together, once, or not at all, and nothing else is.
    fn check_batches(&self, found: &[EventHeader]) -> Result<(), String> {
        let first: HashMap<Digest, &[Digest]> =
            self.asked.iter().filter_map(|asked| Some((*asked.first()?, asked.as_slice()))).collect();
        let mut rest = found;
        while let Some(header) = rest.first() {
            let Some(asked) = first.get(&header.digest) else {
                return Err(format!("{} was never asked for, or is a part of a batch", header.position));
            };
            let there = rest.iter().map(|header| header.digest).take(asked.len());
            if !there.eq(asked.iter().copied()) {
                return Err(format!("the batch that begins at {} is split", header.position));
            }
            rest = rest.get(asked.len()..).unwrap_or_default();
        }
        let mut digests: Vec<_> = found.iter().map(|header| header.digest).collect();
        digests.sort_unstable_by_key(|digest| *digest.as_bytes());
        match digests.windows(2).find(|pair| pair.first() == pair.last()) {
            Some(twice) => Err(format!("the event with the payload {twice:?} is there twice")),
            None => Ok(()),
        }
    }
}
