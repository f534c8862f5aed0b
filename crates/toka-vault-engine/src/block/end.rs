//! The end of a log in bytes: in the header of a block, and wherever else a log says where it ended.

use toka_vault_core::{ChainHash, EventId, Head, Position, Timestamp};

use crate::fields::Fields;
use crate::log::LogEnd;

impl LogEnd {
    /// Bytes that it takes.
    pub const BYTES: usize = 8 + 32 + 16 + 8 + 16;

    /// Adds its bytes to `out`.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head.position.get().to_be_bytes());
        out.extend_from_slice(self.head.chain.as_bytes());
        out.extend_from_slice(&self.assigned_id.to_bytes());
        out.extend_from_slice(&self.assigned_timestamp.as_micros().to_be_bytes());
        out.extend_from_slice(&self.greatest_id.to_bytes());
    }

    /// Reads what [`LogEnd::write_to`] has written; `None` where it cannot be that.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let position = Position::new(fields.u64()?);
        Some(Self {
            head: Head { position, chain: ChainHash::from_bytes(fields.array()?) },
            assigned_id: EventId::from_bytes(fields.array()?),
            assigned_timestamp: Timestamp::from_micros(fields.i64()?).ok()?,
            greatest_id: EventId::from_bytes(fields.array()?),
        })
    }
}
