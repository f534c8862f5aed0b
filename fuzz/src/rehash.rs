//! [`Rehash`]: the hashes of a forged history, as `docs/format.md` has them.
//!
//! Keeps the invariant that a record that was forged becomes an event that verifies, where it can be one.

use std::collections::HashMap;

use toka_vault::hashing::{EventContent, chain_hash, event_hash};
use toka_vault::{ChainHash, Digest, EventHash, EventId, Kind, Timestamp};

use crate::numbers::{number, put, size};

/// Computes the hashes of record after record, in the order of the log.
pub struct Rehash {
    hashes: HashMap<[u8; 16], EventHash>,
    chain: ChainHash,
}

impl Default for Rehash {
    fn default() -> Self {
        Self { hashes: HashMap::new(), chain: ChainHash::EMPTY }
    }
}

impl Rehash {
    /// Returns the chain hash up to the last record.
    pub fn chain(&self) -> ChainHash {
        self.chain
    }

    /// Tells whether there was a record.
    pub fn has_any(&self) -> bool {
        self.chain != ChainHash::EMPTY
    }

    /// Gives a record the hashes of what it says.
    pub fn record(&mut self, record: &mut [u8], kinds: &[Vec<u8>]) {
        if record.len() < 97 {
            return;
        }
        let payload = 97 + 16 * size(record, 3, 2).unwrap_or_default();
        if record[2] == 0 && payload <= record.len() {
            let length = (record.len() - payload) as u32;
            put(record, 93, &length.to_be_bytes());
            let digest = Digest::of(&record[payload..]);
            put(record, 29, digest.as_bytes());
        }
        if let Some(hash) = self.hash(record, kinds) {
            put(record, 61, hash.as_bytes());
        }
        let hash = EventHash::from_bytes(record[61..93].try_into().unwrap());
        self.hashes.insert(record[5..21].try_into().unwrap(), hash);
        self.chain = chain_hash(self.chain, hash);
    }

    /// Computes the event hash of a record; `None` where it is that of no event.
    fn hash(&self, record: &[u8], kinds: &[Vec<u8>]) -> Option<EventHash> {
        let kind = kinds.get(size(record, 0, 2)?)?;
        let kind = Kind::new(std::str::from_utf8(kind).ok()?).ok()?;
        let timestamp = Timestamp::from_micros(number(record, 21, 8)? as i64).ok()?;
        let digest = Digest::from_bytes(record[29..61].try_into().ok()?);
        let id = EventId::from_bytes(record[5..21].try_into().ok()?);
        let parents = record.get(97..97 + 16 * size(record, 3, 2)?)?.chunks_exact(16);
        let parents = parents.map(|parent| {
            let parent: [u8; 16] = parent.try_into().unwrap();
            let hash = self.hashes.get(&parent).copied();
            (EventId::from_bytes(parent), hash.unwrap_or(EventHash::from_bytes([0; 32])))
        });
        let parents: Vec<_> = parents.collect();
        Some(event_hash(EventContent { id, kind: &kind, timestamp, digest }, parents.into_iter()))
    }
}
