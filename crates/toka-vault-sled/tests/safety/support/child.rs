//! Child processes that play the [`roles`](super::roles) of these tests.

pub(crate) use toka_vault_testkit::child::*;

/// Plays the role that the environment names, if it names one.
pub(crate) fn run() {
    toka_vault_testkit::child::run(super::roles::play);
}
