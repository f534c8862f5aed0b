//! Feeds a vault on a journal whose files of the indexes were forged, and nothing else.
//!
//! The log alone is the truth: beside what has to hold at [`toka_vault_fuzz::campaign`], the vault opens, and
//! shows what was written, and no more.

#![no_main]

use toka_vault_fuzz::campaign::{INDEX, run};

libfuzzer_sys::fuzz_target!(|data: &[u8]| run(INDEX, data));
