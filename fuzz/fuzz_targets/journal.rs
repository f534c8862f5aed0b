//! Feeds a vault on a journal whose files were forged: segments, the record of the head, indexes.
//!
//! The edits, and whether checksums and hashes are made to fit, come from the input; the disk is simulated. What has
//! to hold is written down at [`toka_vault_fuzz::campaign`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toka_vault_fuzz::campaign::run("", data));
