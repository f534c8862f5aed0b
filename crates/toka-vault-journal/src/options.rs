//! [`JournalOptions`]: what the user of a vault on a journal decides.

use toka_vault_engine::disk::{IfMissing, TailLoss};
use toka_vault_engine::{Durability, Indexing};

use crate::compression::Compression;

/// Default of [`JournalOptions::segment_bytes`].
const SEGMENT_BYTES_DEFAULT: u64 = 16 << 20;

/// Least [`JournalOptions::segment_bytes`].
pub(crate) const SEGMENT_BYTES_MIN: u64 = 64 << 10;

/// Says how a vault on a journal is opened. Each can be another one every time: what is stored stays as it is.
///
/// # Examples
///
/// ```
/// # use toka_vault_journal as toka_vault;
/// use toka_vault::JournalOptions;
///
/// let options = JournalOptions::new().with_segment_bytes(64 << 20);
/// assert_eq!(options.segment_bytes, 64 << 20);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalOptions {
    /// Bytes of a new segment, at least 64 KiB. A commit that is larger gets a segment of its own size.
    /// A vault takes up to two segments more than its events need: so fewer where there are many small vaults, more
    /// where one takes many events a second, since to begin a segment takes a sync more.
    pub segment_bytes: u64,
    /// When a commit counts as stored.
    pub durability: Durability,
    /// How blocks of events are stored.
    pub compression: Compression,
    /// Which indexes are kept.
    pub indexing: Indexing,
    /// What to do where there is no vault yet.
    pub if_missing: IfMissing,
    /// What to do where acknowledged events are missing at the end.
    pub tail_loss: TailLoss,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            segment_bytes: SEGMENT_BYTES_DEFAULT,
            durability: Durability::default(),
            compression: Compression::default(),
            indexing: Indexing::default(),
            if_missing: IfMissing::default(),
            tail_loss: TailLoss::default(),
        }
    }
}

impl JournalOptions {
    /// Returns the defaults: segments of 16 MiB, durable before every acknowledgement, all
    /// indexes, a vault is created where there is none, no loss accepted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes new segments of so many bytes; fewer than 64 KiB count as that.
    #[must_use]
    pub fn with_segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = bytes.max(SEGMENT_BYTES_MIN);
        self
    }

    /// Says when a commit counts as stored.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Says which indexes are kept.
    #[must_use]
    pub fn with_indexing(mut self, indexing: Indexing) -> Self {
        self.indexing = indexing;
        self
    }

    /// Says how blocks of events are stored.
    #[must_use]
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Says what to do where there is no vault yet.
    #[must_use]
    pub fn with_if_missing(mut self, if_missing: IfMissing) -> Self {
        self.if_missing = if_missing;
        self
    }

    /// Says what to do where the end of the journal is damaged or missing.
    #[must_use]
    pub fn with_tail_loss(mut self, tail_loss: TailLoss) -> Self {
        self.tail_loss = tail_loss;
        self
    }
}
