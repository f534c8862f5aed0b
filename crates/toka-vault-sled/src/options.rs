//! [`SledOptions`]: what the user of a vault on sled decides.

use toka_vault_engine::disk::{IfMissing, TailLoss};
use toka_vault_engine::{Durability, Indexing};

/// Default of [`SledOptions::cache_bytes`].
const CACHE_BYTES_DEFAULT: u64 = 64 << 20;

/// Says how a vault on sled is opened. Each can be another one every time: what is stored stays as it is.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use toka_vault_sled as toka_vault;
/// use toka_vault::{Durability, SledOptions};
///
/// let options = SledOptions::new()
///     .with_cache_bytes(16 << 20)
///     .with_durability(Durability::Interval(Duration::from_millis(100)));
/// assert_eq!(options.cache_bytes, 16 << 20);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SledOptions {
    /// How many bytes of pages sled aims to keep in memory. It looks at that bound seldom, so that reading payloads
    /// of more than 4 KiB can take some 350 MB, whatever this says.
    pub cache_bytes: u64,
    /// When a commit counts as stored.
    pub durability: Durability,
    /// Which indexes are kept.
    pub indexing: Indexing,
    /// What to do where there is no vault yet.
    pub if_missing: IfMissing,
    /// What to do where acknowledged events are missing at the end.
    pub tail_loss: TailLoss,
}

impl Default for SledOptions {
    fn default() -> Self {
        Self {
            cache_bytes: CACHE_BYTES_DEFAULT,
            durability: Durability::default(),
            indexing: Indexing::default(),
            if_missing: IfMissing::default(),
            tail_loss: TailLoss::default(),
        }
    }
}

impl SledOptions {
    /// Returns the defaults: 64 MiB of cache, durable before every acknowledgement, all
    /// indexes, a vault is created where there is none, no loss accepted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps this many bytes of pages in memory.
    #[must_use]
    pub fn with_cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
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

    /// Says what to do where there is no vault yet.
    #[must_use]
    pub fn with_if_missing(mut self, if_missing: IfMissing) -> Self {
        self.if_missing = if_missing;
        self
    }

    /// Says what to do where acknowledged events are missing at the end.
    #[must_use]
    pub fn with_tail_loss(mut self, tail_loss: TailLoss) -> Self {
        self.tail_loss = tail_loss;
        self
    }
}
