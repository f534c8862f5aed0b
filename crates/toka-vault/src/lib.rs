//! The facade: one crate to depend on, one type over all back-ends, no logic of its own.
//!
//! [cookbook]: guide::cookbook
//! [operations]: guide::operations
//! [architecture]: guide
//! [format]: guide
//! [backends]: guide
//! [migration]: guide
//! [decisions]: guide
//! [contributing]: guide
//! [changelog]: guide
//! [mit]: guide
//! [apache]: guide
// Of two definitions of a link the first one counts. Those at the end of the README lead to files of the
// repository, which are not there beside these pages.
#![doc = include_str!("../README.md")]

#[cfg(doc)]
pub mod guide;
mod url;
mod vault;

#[doc(inline)]
pub use toka_vault_core::{
    ChainHash, Condition, Copied, Digest, Direction, Error, Event, EventHash, EventHeader, EventId,
    EventPayload, EventStore, EventStoreExt, Filter, Head, Kind, KindPattern, NewEvent, Parents, Payload,
    Position, Remedy, Replay, ReplayOptions, Result, StartFrom, SubscribeOptions, Subscription, Timestamp,
    Walk, WalkOptions, WalkOrder, hashing, limits, verify,
};
#[cfg(any(feature = "persist-journal", feature = "persist-sled"))]
#[doc(inline)]
pub use toka_vault_engine::disk::{IfMissing, TailLoss};
#[doc(inline)]
pub use toka_vault_engine::{Durability, Indexing, LocalVault};
#[cfg(feature = "persist-journal")]
#[doc(inline)]
pub use toka_vault_journal::{Compression, JournalOptions, JournalVault};
#[doc(inline)]
pub use toka_vault_memory::InMemoryVault;
#[cfg(feature = "persist-sled")]
#[doc(inline)]
pub use toka_vault_sled::{SledOptions, SledVault};
pub use vault::Vault;

/// Brings in what most programs use: `use toka_vault::prelude::*`.
pub mod prelude {
    #[doc(inline)]
    pub use crate::{
        Condition, Direction, Event, EventHeader, EventId, EventPayload, EventStore, EventStoreExt, Filter,
        InMemoryVault, Kind, NewEvent, Payload, Position, ReplayOptions, StartFrom, SubscribeOptions, Vault,
        WalkOptions, WalkOrder,
    };
    #[cfg(any(feature = "persist-journal", feature = "persist-sled"))]
    #[doc(inline)]
    pub use crate::{Durability, Indexing};
    #[cfg(feature = "persist-journal")]
    #[doc(inline)]
    pub use crate::{JournalOptions, JournalVault};
    #[cfg(feature = "persist-sled")]
    #[doc(inline)]
    pub use crate::{SledOptions, SledVault};
}
