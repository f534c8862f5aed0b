//! Nothing: a package of its own, so that its tests are compiled with features of `serde_json` that
//! the tests of `toka-vault-core`, run alone, must not have.
