//! Tests of the engine as back-ends use it, over logs that fail, stall or lie at a chosen moment.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the lints spare test functions, but not the functions that they share"
)]

mod backpressure;
mod brought_ids;
mod clock;
mod damage;
mod durability;
mod eviction;
mod failures;
mod freeing;
mod grouping;
mod head;
mod headers;
mod indexing;
mod interval_full_index;
mod no_room;
mod read_ahead;
mod readers;
mod rewriting;
mod stall;
mod waking;
