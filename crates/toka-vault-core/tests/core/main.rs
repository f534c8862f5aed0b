//! Tests of what the core promises to whoever has events: values, their encoding and hashes, errors, and walks
//! over any store.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the lints spare test functions, but not the functions that they share"
)]

mod bounds;
mod canonical;
mod causality;
mod decoding;
mod encoder_reuse;
mod errors;
mod json;
mod json_golden;
mod listed;
mod lookups;
mod msgpack;
mod values;
mod vectors;
mod verify;
