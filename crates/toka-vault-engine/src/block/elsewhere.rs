//! [`Elsewhere`]: where a payload is that is not in its record.

use toka_vault_core::{EventHeader, Payload, Position};

/// Says where the payload of an event is, of which its record has the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// How many bytes it has.
    pub length: usize,
    /// Where they are.
    pub place: Place,
}

/// Says where a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Beside the blocks, by the position of its event.
    Outside(Position),
    /// With this earlier event, which has the same.
    With(Position),
}

impl Elsewhere {
    /// Tells whether a payload that was found there is the one of this event.
    pub(crate) fn fits(&self, header: &EventHeader, payload: &Payload) -> bool {
        payload.digest() == header.digest && payload.bytes().len() == self.length
    }
}
