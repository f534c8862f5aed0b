//! [`Payloads`]: equal payloads, kept once for all events that have them.
//!
//! Keeps the invariants that a payload is here for just as long as an event has it; and that it is found by
//! its whole digest. Short ones are left to their events, as on disk: to look for them costs more than they
//! take.

use std::collections::HashMap;

use bytes::Bytes;
use toka_vault_core::Digest;
use toka_vault_engine::limits::SHARED_BYTES_MIN;

/// Keeps payloads that several events can have.
#[derive(Debug, Default)]
pub(crate) struct Payloads {
    kept: HashMap<Digest, Kept>,
    /// Bytes that events have without keeping them.
    shared_bytes: u64,
}

#[derive(Debug)]
struct Kept {
    bytes: Bytes,
    /// How many events have it; at least one.
    events: u64,
}

impl Payloads {
    /// Returns the bytes that an event with this payload keeps: those of an earlier one, if there is one.
    pub(crate) fn keep(&mut self, digest: Digest, bytes: Bytes) -> Bytes {
        if bytes.len() < SHARED_BYTES_MIN {
            return bytes;
        }
        let kept = self.kept.entry(digest).or_insert_with(|| Kept { bytes, events: 0 });
        kept.events += 1;
        if kept.events > 1 {
            self.shared_bytes += kept.bytes.len() as u64;
        }
        kept.bytes.clone()
    }

    /// Lets go of the payload of an event that is gone.
    pub(crate) fn release(&mut self, digest: Digest, bytes: &Bytes) {
        if bytes.len() < SHARED_BYTES_MIN {
            return;
        }
        let Some(kept) = self.kept.get_mut(&digest) else { return };
        kept.events -= 1;
        if kept.events == 0 {
            self.kept.remove(&digest);
        } else {
            self.shared_bytes -= kept.bytes.len() as u64;
        }
    }

    /// Returns how many bytes events have without keeping them.
    pub(crate) fn shared_bytes(&self) -> u64 {
        self.shared_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(letter: u8) -> (Digest, Bytes) {
        let bytes = vec![letter; SHARED_BYTES_MIN];
        (Digest::of(&bytes), bytes.into())
    }

    #[test]
    fn a_payload_is_kept_until_the_last_event_with_it_is_gone() {
        let mut payloads = Payloads::default();
        let (digest, bytes) = payload(b'a');
        let first = payloads.keep(digest, bytes.clone());
        assert_eq!((payloads.shared_bytes(), first.as_ptr()), (0, bytes.as_ptr()));
        // Equal bytes in another place.
        let (other, again) = payload(b'a');
        assert_ne!(again.as_ptr(), bytes.as_ptr());
        assert_eq!(payloads.keep(other, again).as_ptr(), bytes.as_ptr());
        assert_eq!(payloads.shared_bytes(), SHARED_BYTES_MIN as u64);
        payloads.release(digest, &first);
        assert_eq!((payloads.shared_bytes(), payloads.kept.len()), (0, 1));
        payloads.release(digest, &first);
        assert_eq!((payloads.shared_bytes(), payloads.kept.len()), (0, 0));
    }

    #[test]
    fn short_payloads_are_left_to_their_events() {
        let mut payloads = Payloads::default();
        let bytes = Bytes::from(vec![1; SHARED_BYTES_MIN - 1]);
        let digest = Digest::of(&bytes);
        assert_eq!(payloads.keep(digest, bytes.clone()).as_ptr(), bytes.as_ptr());
        assert!(payloads.kept.is_empty());
        payloads.release(digest, &bytes);
    }
}
