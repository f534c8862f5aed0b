//! The hashes that seal events and histories, and the one that gives ids to the events of other
//! systems, version 1.
//!
//! All are Blake3 in its keyed mode, with a key that is no secret but names purpose and version, so
//! that no two kinds of hash agree by their input; and every field has a fixed or a written length,
//! so that no two events do. `docs/format.md` writes the formulas down with test vectors;
//! `tests/core/vectors.rs` computes those without this module.
//!
//! Invariant 15 of `docs/architecture.md`, which names the tests that show it.

use crate::{ChainHash, Digest, EventHash, EventId, HASH_BYTES, Kind, Timestamp};

/// The key of event hashes.
const EVENT_KEY: &[u8; HASH_BYTES] = b"toka-vault event hash, version 1";

/// The key of chain hashes.
const CHAIN_KEY: &[u8; HASH_BYTES] = b"toka-vault chain hash, version 1";

/// The key of ids for events of other systems.
const FOREIGN_KEY: &[u8; HASH_BYTES] = b"toka-vault foreign id, version 1";

/// Bits that are left out at the end of 128, so that as many at the front are zero.
const FOREIGN_ZERO_BITS: u32 = 8;

/// Bytes of an event's input besides its kind and its parents.
const FIXED_BYTES: usize = 16 + 1 + 8 + HASH_BYTES + 2;

/// Bytes of an event's input for each parent.
const PARENT_BYTES: usize = 16 + HASH_BYTES;

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

/// Longest input of an event that is put together on the stack, in bytes: that of an event with a
/// few parents.
const STACK_BYTES: usize = 256;

/// Computes the hash of an event from its content and its parents, in their order.
///
/// Blake3, keyed with `toka-vault event hash, version 1`, over: the id (16 bytes); the length of the
/// kind (1) and the kind; the timestamp in microseconds (8, signed); the payload digest (32); the
/// number of parents (2); for each parent its id (16) and its event hash (32). Numbers have their
/// most significant byte first.
///
/// The caller keeps to [`limits`](crate::limits): a kind fits a byte, a number of parents two.
pub fn event_hash<P>(content: EventContent<'_>, parents: P) -> EventHash
where
    P: ExactSizeIterator<Item = (EventId, EventHash)>,
{
    let kind = content.kind.as_bytes();
    // One buffer: for inputs of this size, hashing at once is faster than piece by piece.
    let length = FIXED_BYTES + kind.len() + parents.len() * PARENT_BYTES;
    let (mut stack, mut heap) = ([0; STACK_BYTES], Vec::new());
    let input = match stack.get_mut(..length) {
        Some(short) => short,
        None => {
            heap.resize(length, 0);
            heap.as_mut_slice()
        }
    };
    let mut rest = &mut *input;
    put(&mut rest, content.id.to_bytes());
    put(&mut rest, [kind.len() as u8]);
    let (front, behind) = std::mem::take(&mut rest).split_at_mut(kind.len());
    front.copy_from_slice(kind);
    rest = behind;
    put(&mut rest, content.timestamp.as_micros().to_be_bytes());
    put(&mut rest, *content.digest.as_bytes());
    put(&mut rest, (parents.len() as u16).to_be_bytes());
    for (id, hash) in parents {
        put(&mut rest, id.to_bytes());
        put(&mut rest, *hash.as_bytes());
    }
    EventHash::from_bytes(*blake3::keyed_hash(EVENT_KEY, input).as_bytes())
}

/// Writes `field` to the front of `rest`, which has room for it. Of known size, it is a move and not
/// a call.
#[inline]
fn put<const N: usize>(rest: &mut &mut [u8], field: [u8; N]) {
    if let Some((front, behind)) = std::mem::take(rest).split_first_chunk_mut() {
        *front = field;
        *rest = behind;
    }
}

/// Computes the chain hash of a history that `event` is added to.
///
/// Blake3, keyed with `toka-vault chain hash, version 1`, over: the chain hash so far (32 bytes);
/// the event's hash (32). That is one block of Blake3.
pub fn chain_hash(so_far: ChainHash, event: EventHash) -> ChainHash {
    let mut input = [0; 2 * HASH_BYTES];
    let (first, second) = input.split_at_mut(HASH_BYTES);
    first.copy_from_slice(so_far.as_bytes());
    second.copy_from_slice(event.as_bytes());
    ChainHash::from_bytes(*blake3::keyed_hash(CHAIN_KEY, &input).as_bytes())
}

/// Computes the id that an event of another system has here, from the name of that system (or of
/// the part of it that tells its ids apart) and the id that the event has there.
///
/// A byte 0, then the first 15 bytes of Blake3, keyed with `toka-vault foreign id, version 1`, over:
/// the length of `source` in bytes (8); `source`; `id`. Numbers have their most significant byte
/// first.
///
/// Whoever names the event as a parent finds its id from the same two texts, so nothing else, such
/// as the event's time, can be in it. The byte 0 in front keeps it below every id that a vault
/// assigns by its clock: its text form begins with `00`, an id of today with `01`.
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::hashing::foreign_id;
///
/// let id = foreign_id("https://example.com/orders", "order-123");
/// assert_eq!(id, foreign_id("https://example.com/orders", "order-123"));
/// assert_ne!(id, foreign_id("https://example.com/returns", "order-123"));
/// ```
pub fn foreign_id(source: &str, id: &str) -> EventId {
    let mut hasher = blake3::Hasher::new_keyed(FOREIGN_KEY);
    hasher.update(&(source.len() as u64).to_be_bytes());
    hasher.update(source.as_bytes());
    hasher.update(id.as_bytes());
    let mut front = [0; size_of::<u128>()];
    hasher.finalize_xof().fill(&mut front);
    EventId::from_u128(u128::from_be_bytes(front) >> FOREIGN_ZERO_BITS)
}
