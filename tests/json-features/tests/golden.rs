//! The golden values of `toka-vault-core`, with `arbitrary_precision`, `preserve_order` and
//! `raw_value` of `serde_json` on.

#[path = "../../../crates/toka-vault-core/tests/core/json_golden.rs"]
mod json_golden;
