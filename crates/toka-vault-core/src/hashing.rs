//! The hashes that seal events and histories, version 1.
//!
//! Each input starts with a tag that names its purpose and version, and every field has a fixed or a
//! written length, so that no two different inputs give the same bytes. `docs/format.md` writes the
//! formulas down with test vectors; `tests/vectors.rs` computes those without this module.

use crate::{ChainHash, Digest, EventHash, EventId, Kind, Timestamp};

/// Opens the input of an event hash.
const EVENT_TAG: &[u8] = b"toka-vault:event:1";

/// Opens the input of a chain hash.
const CHAIN_TAG: &[u8] = b"toka-vault:chain:1";

/// Names the content that an event hash covers.
#[derive(Clone, Copy, Debug)]
pub struct EventContent<'a> {
    /// The event's id.
    pub id: EventId,
    /// What happened.
    pub kind: &'a Kind,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The digest of its payload.
    pub digest: Digest,
}

/// Computes the hash of an event from its content and its parents, in their order.
///
/// Blake3 over: the tag `toka-vault:event:1`; the id (16 bytes); the length of the kind (1) and the
/// kind; the timestamp in microseconds (8, signed); the payload digest (32); the number of parents
/// (2); for each parent its id (16) and its event hash (32). Numbers have their most significant
/// byte first.
///
/// The caller keeps to [`limits`](crate::limits): a kind fits a byte, a number of parents two.
pub fn event_hash<P>(content: EventContent<'_>, parents: P) -> EventHash
where
    P: ExactSizeIterator<Item = (EventId, EventHash)>,
{
    let mut hasher = blake3::Hasher::new();
    hasher.update(&event_prefix(content, parents.len()));
    for (id, hash) in parents {
        hasher.update(&id.to_bytes());
        hasher.update(hash.as_bytes());
    }
    EventHash::from_bytes(*hasher.finalize().as_bytes())
}

/// Computes the chain hash of a history that `event` is added to.
///
/// Blake3 over: the tag `toka-vault:chain:1`; the chain hash so far (32 bytes); the event's hash
/// (32).
pub fn chain_hash(so_far: ChainHash, event: EventHash) -> ChainHash {
    let mut input = [0; CHAIN_TAG.len() + 64];
    let (tag, hashes) = input.split_at_mut(CHAIN_TAG.len());
    let (first, second) = hashes.split_at_mut(32);
    tag.copy_from_slice(CHAIN_TAG);
    first.copy_from_slice(so_far.as_bytes());
    second.copy_from_slice(event.as_bytes());
    ChainHash::from_bytes(*blake3::hash(&input).as_bytes())
}

/// Writes all that comes before the parents, which is one buffer for the hasher.
fn event_prefix(content: EventContent<'_>, parents: usize) -> Vec<u8> {
    let kind = content.kind.as_bytes();
    let mut prefix = Vec::with_capacity(EVENT_TAG.len() + 59 + kind.len());
    prefix.extend_from_slice(EVENT_TAG);
    prefix.extend_from_slice(&content.id.to_bytes());
    prefix.push(kind.len() as u8);
    prefix.extend_from_slice(kind);
    prefix.extend_from_slice(&content.timestamp.as_micros().to_be_bytes());
    prefix.extend_from_slice(content.digest.as_bytes());
    prefix.extend_from_slice(&(parents as u16).to_be_bytes());
    prefix
}
