//! The vocabulary and the contract of `toka-vault`: what an event is, how it is encoded and hashed,
//! and what every store of events can do.
//!
//! This crate has no I/O, no threads and no back-end. Applications use it through the facade
//! `toka-vault`; a back-end depends on it to implement [`EventStore`]. `docs/architecture.md` tells
//! how the crates fit together, `docs/format.md` the encoding and the hashes byte for byte.

mod by_digest;
mod by_id;
mod canonical;
mod causality;
mod condition;
mod copying;
mod depth;
mod digest;
mod error;
mod event;
mod filter;
pub mod hashing;
mod id;
mod kind;
mod kind_pattern;
pub mod limits;
mod new_event;
mod parents;
mod payload;
mod position;
mod reading;
mod store;
mod store_ext;
mod streams;
mod text_forms;
mod timestamp;
pub mod verify;
mod yielding;

pub use by_digest::find_payload;
pub use causality::{WalkOptions, WalkOrder};
pub use condition::Condition;
pub use copying::Copied;
pub use digest::{ChainHash, Digest, EventHash, HASH_BYTES};
pub use error::{Error, Remedy, Result};
pub use event::{Event, EventHeader};
pub use filter::Filter;
pub use id::EventId;
pub use kind::Kind;
pub use kind_pattern::KindPattern;
pub use new_event::NewEvent;
pub use parents::Parents;
pub use payload::{EventPayload, Payload};
pub use position::Position;
pub use reading::{Direction, Head, ReplayOptions, StartFrom, SubscribeOptions};
pub use store::EventStore;
pub use store_ext::EventStoreExt;
pub use streams::{Replay, Subscription, Walk};
pub use timestamp::Timestamp;
pub use yielding::let_others_run;
