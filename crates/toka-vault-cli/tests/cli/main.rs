//! Tests of the program `toka-vault` as its users run it: a process with arguments, streams and an
//! exit code, on a vault in a temporary folder.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the lints spare test functions, but not the functions that they share"
)]

mod asking;
mod beside;
mod cloudevents;
mod codes;
mod commands;
mod conditions;
mod cut;
mod foreign;
mod git;
mod git_odd;
#[cfg(unix)]
mod gone;
mod graphs;
mod jsonl;
mod jsonl_bad;
mod lost_tail;
mod on_a_journal;
#[cfg(unix)]
mod paths;
mod prefixes;
mod printing;
mod salvage;
mod sandbox;
mod walks;
mod warnings;
