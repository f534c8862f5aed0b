//! The keys that an event is found by: its kind, its parents, the digest of its payload.
//!
//! A key is a tag and 15 bytes of a hash or of an id. Two things can have one key, though that will
//! not happen by chance: what is found is compared with the event, so that it costs a read and never
//! a wrong answer.

use toka_vault_core::{Digest, EventHeader, EventId, Kind};

use crate::index::runs::Key;

/// The key of positions whose event could not be read: it could be anything.
pub(crate) const DAMAGED: Key = Key::LEAST;

const KIND: u8 = 1;
const PARENT: u8 = 2;
const PAYLOAD: u8 = 3;

/// The range of the keys of kinds.
pub(super) const KINDS: (Key, Key) = all_of(KIND);

/// The ranges of all keys there are, in their order.
pub(super) const ALL: [(Key, Key); 4] = [(DAMAGED, DAMAGED), KINDS, all_of(PARENT), all_of(PAYLOAD)];

/// Holds the keys of an event.
pub(in crate::index) struct EventKeys<P> {
    pub(in crate::index) kind: Key,
    pub(in crate::index) parents: P,
    pub(in crate::index) payload: Key,
}

/// Returns the key of the events of a kind.
pub(crate) fn of_kind(kind: &Kind) -> Key {
    let hash = Digest::of(kind.as_bytes());
    tagged(KIND, first_half(hash.as_bytes()))
}

/// Returns the key of the events that name this one as a parent.
///
/// The first byte of an id, which the tag takes the place of, tells centuries apart.
pub(crate) fn of_parent(parent: EventId) -> Key {
    tagged(PARENT, parent.to_bytes())
}

/// Returns the key of the events with a payload of this digest.
pub(crate) fn of_payload(digest: Digest) -> Key {
    tagged(PAYLOAD, first_half(digest.as_bytes()))
}

/// Returns all keys of an event of which that of its kind is known.
pub(in crate::index) fn of_event(
    header: &EventHeader,
    kind: Key,
) -> EventKeys<impl Iterator<Item = Key> + '_> {
    let parents = header.parents.iter().map(|parent| of_parent(*parent));
    EventKeys { kind, parents, payload: of_payload(header.digest) }
}

/// Tells whether this is the key of a payload.
pub(in crate::index) fn is_of_payload(key: Key) -> bool {
    key.to_bytes().first() == Some(&PAYLOAD)
}

/// Returns the range of the keys of a tag.
const fn all_of(tag: u8) -> (Key, Key) {
    (tagged(tag, [0; 16]), tagged(tag, [0xff; 16]))
}

/// Replaces the first byte by a tag.
const fn tagged(tag: u8, mut bytes: [u8; 16]) -> Key {
    bytes[0] = tag;
    Key::from_bytes(bytes)
}

fn first_half(hash: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(hash.split_at(16).0);
    half
}
