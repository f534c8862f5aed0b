//! How a local vault works over any [`Log`]: sealing, group commit, publishing, reading, closing.
//!
//! A back-end brings a log and gets an `EventStore`, a [`LocalVault`], from [`open_threaded`] or
//! one of its siblings. Nothing of a particular storage is in here; `docs/backends.md` tells how
//! to write one. `docs/architecture.md` holds the invariants; the flow of a commit is
//! `group_commit` → `sequencer` → `group` → `writer` → `published`, and that of a read `cursor` →
//! `reader` → `published` or `readers`.

mod assign;
pub mod block;
mod chain;
mod chunk;
mod clock;
mod cursor;
pub mod disk;
mod fields;
mod flight;
mod following;
mod group;
mod group_commit;
mod guard;
mod health;
mod id_map;
pub mod index;
mod inline;
pub mod limits;
mod log;
mod lookup;
mod open;
mod options;
mod picker;
mod positions;
mod published;
mod query;
mod reader;
mod readers;
mod recent;
mod recent_hashes;
mod seen_ids;
mod segmented;
mod sequencer;
mod sharing;
mod since;
mod spent;
pub mod sync;
mod tail;
pub mod thread;
mod told;
mod vault;
mod writer;

pub use chunk::Chunk;
pub use clock::{Clock, SystemClock};
pub use following::FollowedLog;
pub use guard::guarded;
pub use index::{Index, IndexBeside};
pub use log::{Group, Log, LogEnd, ReadBudget, Unappended};
pub use open::{open_following, open_inline, open_threaded};
pub use options::{Durability, EngineOptions, Indexing};
pub use segmented::Segmented;
pub use told::told;
pub use vault::LocalVault;
