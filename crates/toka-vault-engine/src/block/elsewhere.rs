//! [`Elsewhere`]: where a payload is that is not in its record, and how it is read.
//!
//! Keeps the invariant that an event which others share the payload of has it itself: nobody follows more
//! than one step, whatever a damaged record says.

use toka_vault_core::{Digest, Error, Payload, Position, Result};

use crate::chunk::Chunk;

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

/// Reads payloads that are not in their records.
pub type ReadPayload<'a> = &'a dyn Fn(Elsewhere) -> Result<Payload>;

impl Elsewhere {
    /// Reads the payload, for [`Chunk::push_block`].
    ///
    /// `outside` reads one beside the blocks by its position and length; `event` reads the event at a
    /// position, with what it is given for payloads that are not in their records.
    ///
    /// # Errors
    ///
    /// Those of the two, and [`Error::Corrupt`] where the event that should have it has none itself.
    pub fn read(
        self,
        outside: &dyn Fn(Position, usize) -> Result<Payload>,
        event: &dyn Fn(Position, ReadPayload<'_>) -> Result<Chunk>,
    ) -> Result<Payload> {
        let owner = match self.place {
            Place::Outside(position) => return outside(position, self.length),
            Place::With(owner) => owner,
        };
        let its_own = |elsewhere: Self| match elsewhere.place {
            Place::Outside(position) => outside(position, elsewhere.length),
            Place::With(_) => {
                Err(Error::corrupt(owner, "an event that others share the payload of has none"))
            }
        };
        event(owner, &its_own)?.into_payload(owner)
    }

    /// Tells whether a payload that was found there is the one with this digest.
    pub(crate) fn fits(&self, digest: Digest, payload: &Payload) -> bool {
        payload.digest() == digest && payload.bytes().len() == self.length
    }
}
