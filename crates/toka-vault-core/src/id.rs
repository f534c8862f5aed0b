//! [`EventId`]: what an event is called, for ever and in every vault.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use ulid::Ulid;

use crate::{Error, Result};

/// Identifies an event for ever, in every vault that it is copied to: a [ULID].
///
/// Its text form is 26 characters of Crockford's base 32. Ids that a vault assigns grow with every
/// event, but ids that callers bring need not: order events by [`Position`](crate::Position), never
/// by id.
///
/// # Examples
///
/// An importer takes the id from its source, so that an import which is repeated stores nothing twice:
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::EventId;
///
/// let (created_ms, row) = (1_767_225_600_000, 42);
/// let id = EventId::from_parts(created_ms, row);
/// assert_eq!(id, EventId::from_parts(created_ms, row));
/// assert_eq!(id.to_string(), "01KDVDNA00000000000000001A");
/// assert_eq!(id.to_string().parse::<EventId>()?, id);
/// # Ok::<(), toka_vault::Error>(())
/// ```
///
/// [ULID]: https://github.com/ulid/spec
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
// Two words, the more significant first: they sort like the number, are copied as words wherever an event
// goes, and leave smaller gaps than one number of 128 bits.
pub struct EventId(u64, u64);

impl EventId {
    /// Makes a new id, which no other event has: the time now, and 80 random bits.
    ///
    /// For events that need an id before they are committed: to commit them again if nobody knows whether they
    /// were stored, or to name one as the parent of another in the same batch. Where an event brings none, its
    /// vault assigns one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use toka_vault_core as toka_vault;
    /// use toka_vault::{EventId, NewEvent};
    ///
    /// let asked = EventId::generate();
    /// let batch = vec![
    ///     NewEvent::new("user.asked", "When do you open?")?.with_id(asked),
    ///     NewEvent::new("agent.said", "At nine.")?.with_parents(&[asked]),
    /// ];
    /// # assert_ne!(asked, EventId::generate());
    /// # Ok::<(), toka_vault::Error>(())
    /// ```
    pub fn generate() -> Self {
        Self::from_u128(Ulid::generate().0)
    }

    /// Creates an id from its 128 bits.
    #[inline]
    pub const fn from_u128(bits: u128) -> Self {
        Self((bits >> 64) as u64, bits as u64)
    }

    /// Creates an id from a time and 80 bits that set it apart from others of that time.
    ///
    /// `millis` are milliseconds since the Unix epoch, of which the low 48 bits are kept, and of
    /// `random` the low 80. An importer that derives both from its source gets the same id each
    /// time, and so an import that can be repeated.
    #[inline]
    pub const fn from_parts(millis: u64, random: u128) -> Self {
        let time = (millis as u128 & ((1 << 48) - 1)) << 80;
        Self::from_u128(time | (random & ((1 << 80) - 1)))
    }

    /// Reads an id from its 16 bytes, most significant first.
    #[inline]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self::from_u128(u128::from_be_bytes(bytes))
    }

    /// Returns the 128 bits of this id.
    #[inline]
    pub const fn to_u128(self) -> u128 {
        (self.0 as u128) << 64 | self.1 as u128
    }

    /// Returns the 16 bytes of this id, most significant first, as hashes and formats use them.
    #[inline]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.to_u128().to_be_bytes()
    }
}

impl Hash for EventId {
    /// Hashes one number, which takes less time than sixteen bytes.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.to_u128());
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; ulid::ULID_LEN];
        f.pad(Ulid(self.to_u128()).array_to_str(&mut text))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EventId {
    type Err = Error;

    /// Reads the 26-character text form, in upper or lower case.
    fn from_str(text: &str) -> Result<Self> {
        // 26 digits hold 130 bits: a first digit above 7 would lose two of them, and give an id a
        // second text form.
        let fits = matches!(text.as_bytes().first(), Some(b'0'..=b'7'));
        match Ulid::from_string(text) {
            Ok(ulid) if fits => Ok(Self::from_u128(ulid.0)),
            _ => Err(Error::malformed("event id", text, "expected a ULID of 26 base-32 characters")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        let id = EventId::from_parts(1_700_000_000_000, 0xABCD_EF01);
        let text = id.to_string();
        assert_eq!(text.len(), 26);
        assert_eq!(text.parse::<EventId>().unwrap(), id);
        assert_eq!(text.to_lowercase().parse::<EventId>().unwrap(), id);
    }

    #[test]
    fn parts_that_are_too_large_do_not_reach_their_neighbour() {
        assert_eq!(EventId::from_parts(0, u128::MAX).to_u128(), (1 << 80) - 1);
        assert_eq!(EventId::from_parts(u64::MAX, 0).to_u128() >> 80, (1 << 48) - 1);
    }

    #[test]
    fn malformed_text_is_refused() {
        for text in ["", "01", "01ARZ3NDEKTSV4RRFFQ69G5FAUX", "01ARZ3NDEKTSV4RRFFQ69G5FA!", "ééééééééééééé"]
        {
            assert!(matches!(text.parse::<EventId>(), Err(Error::Malformed { .. })), "{text}");
        }
    }
}
