//! [`Promise`]: what a vault has to keep, whatever happens to its disk.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use toka_vault_core::{Digest, EventHeader, Payload, Position};
use toka_vault_testkit::sim::Seed;

use super::witness::Mark;

/// Subscribers that go on from life to life; the last one reads beside the writer.
pub(super) const SUBSCRIBERS: usize = 3;

/// Tells what was promised up to some moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Promise {
    /// The payloads of all that was asked for, a list for each commit. No two commits begin with the same, and
    /// none has elsewhere what another begins with.
    asked: Vec<Vec<Digest>>,
    acknowledged: BTreeMap<Position, (EventHeader, Payload)>,
    shown: BTreeMap<Position, EventHeader>,
    /// Where replays ended.
    ends: BTreeSet<Position>,
    /// What two were told of one position that is not the same.
    fault: Option<String>,
    /// The newest that each subscriber has seen.
    seen: [Position; SUBSCRIBERS],
}

impl Promise {
    /// Adds what happened.
    pub(super) fn add(&mut self, mark: &Mark) {
        match mark {
            Mark::Asked(payloads) => self.asked.push(payloads.clone()),
            Mark::Acknowledged(events) => {
                for (header, payload) in events {
                    self.agree(header);
                    self.acknowledged.insert(header.position, (header.clone(), payload.clone()));
                }
            }
            Mark::Condition(_) | Mark::Closed => {}
            Mark::Replayed(end) => {
                self.ends.insert(*end);
            }
            Mark::Shown(who, header) => {
                self.agree(header);
                self.shown.insert(header.position, header.clone());
                if let Some(seen) = who.and_then(|who| self.seen.get_mut(who)) {
                    *seen = header.position;
                }
            }
        }
    }

    /// Counts the events that were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// Compares what is told of a position with what was told before.
    fn agree(&mut self, header: &EventHeader) {
        let acknowledged = self.acknowledged.get(&header.position).map(|(header, _)| header);
        let before = acknowledged.into_iter().chain(self.shown.get(&header.position));
        if let Some(other) = before.into_iter().find(|before| *before != header) {
            self.fault.get_or_insert(format!("{header:?} was told, and before that {other:?}"));
        }
    }

    /// Returns some of what was acknowledged, by chance.
    pub(super) fn some(&self, seed: &mut Seed) -> Vec<(EventHeader, Payload)> {
        self.acknowledged.values().filter(|_| seed.below(8) == 0).cloned().collect()
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
        self.fault.clone().map_or(Ok(()), Err)?;
        let acknowledged = self.acknowledged.values().map(|(header, _)| ("acknowledged", header));
        let mut promised = acknowledged.chain(self.shown.values().map(|header| ("shown", header)));
        if let Some((promise, header)) = promised.find(|(_, header)| at(header.position) != Some(*header)) {
            return Err(format!("{} was {promise} and is not there: {header:?}", header.position));
        }
        if let Some(back) = found.windows(2).find(|pair| !pair.is_sorted_by_key(|header| header.timestamp)) {
            return Err(format!("the time goes back: {back:?}"));
        }
        self.check_batches(found)
    }

    /// Checks that what was asked for together is there together, once, or not at all, and nothing else is.
    fn check_batches(&self, found: &[EventHeader]) -> Result<(), String> {
        let first: HashMap<Digest, &[Digest]> =
            self.asked.iter().filter_map(|asked| Some((*asked.first()?, asked.as_slice()))).collect();
        let (mut rest, mut ends) = (found, BTreeSet::from([Position::ZERO]));
        while let Some(header) = rest.first() {
            let Some(asked) = first.get(&header.digest) else {
                return Err(format!("{} was never asked for, or is a part of a batch", header.position));
            };
            let there = rest.iter().map(|header| header.digest).take(asked.len());
            if !there.eq(asked.iter().copied()) {
                return Err(format!("the batch that begins at {} is split", header.position));
            }
            ends.insert(header.position.plus(asked.len() as u64).minus(1));
            rest = rest.get(asked.len()..).unwrap_or_default();
        }
        if let Some(end) = self.ends.difference(&ends).next() {
            return Err(format!("a replay ended at {end}, in the middle of a batch"));
        }
        let digests = found.iter().map(|header| header.digest);
        let mut digests: Vec<_> = digests.filter(|digest| first.contains_key(digest)).collect();
        digests.sort_unstable_by_key(|digest| *digest.as_bytes());
        match digests.windows(2).find(|pair| pair.first() == pair.last()) {
            Some(twice) => Err(format!("the event with the payload {twice:?} is there twice")),
            None => Ok(()),
        }
    }
}
