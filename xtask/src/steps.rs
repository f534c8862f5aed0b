//! [`STEPS`]: what `cargo xtask ci` runs, in this order.
//!
//! Cheap and telling steps stand first, so that a slip shows in seconds; the tests of the whole
//! workspace stand last, so that the summary of the test runner closes the output.

use anyhow::Result;

use crate::repository::Repository;
use crate::{builds, deny, docs, features, layers, tidy};

/// One named check.
pub(crate) struct Step {
    /// The name on the command line and in the table of results.
    pub(crate) name: &'static str,
    /// What it checks, in one line.
    pub(crate) about: &'static str,
    /// The check; an error means that it failed, and says why.
    pub(crate) check: fn(&Repository) -> Result<Outcome>,
}

/// How a check that did not fail ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// All of it was checked and holds.
    Passed,
    /// What was checked holds, but a part could not be checked; the text says which and why.
    PassedInPart(String),
    /// Nothing was checked; the text says why and what to do about it.
    Skipped(String),
}

/// Every step there is.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "fmt", about: "the formatting of every crate (cargo fmt)", check: builds::fmt },
    Step { name: "tidy", about: "the house limits: lengths, module docs, panics, sleeps", check: tidy::step },
    Step { name: "layers", about: "which crate may use which, and who may name sled", check: layers::step },
    Step { name: "features", about: "no sled in the tree without `persist-sled`", check: features::step },
    Step { name: "clippy", about: "lints of every target, warnings as errors", check: builds::clippy },
    Step { name: "docs", about: "the documentation of every crate, warnings as errors", check: docs::step },
    Step { name: "deny", about: "licences, bans, sources and advisories (cargo deny)", check: deny::step },
    Step { name: "memory", about: "the tests of the facade with no features", check: builds::memory },
    Step { name: "sled", about: "the tests of the facade with `persist-sled`", check: builds::sled },
    Step { name: "simulation", about: "whole vaults from seeds, with crashes", check: builds::simulation },
    Step { name: "test", about: "the tests of the whole workspace, all features", check: builds::test },
];

/// The step whose own closing lines are the last that a reader of the output wants to see.
pub(crate) const CLOSING: &str = "test";

/// Returns the named steps in the order of the table, or all of them when no name is given.
///
/// # Errors
///
/// Returns a sentence that lists the known steps when a name is not among them.
pub(crate) fn select(names: &[&str]) -> Result<Vec<&'static Step>, String> {
    if let Some(unknown) = names.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        return Err(format!("unknown step `{unknown}`; the steps are: {}", known.join(", ")));
    }
    Ok(STEPS.iter().filter(|step| names.is_empty() || names.contains(&step.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_words() {
        for (index, step) in STEPS.iter().enumerate() {
            assert!(step.name.chars().all(|c| c.is_ascii_lowercase()), "{}", step.name);
            assert!(STEPS[..index].iter().all(|other| other.name != step.name), "{}", step.name);
            assert!(!matches!(step.name, "ci" | "help"), "{} is a command", step.name);
        }
    }

    #[test]
    fn the_closing_step_is_the_last() {
        assert_eq!(STEPS.last().unwrap().name, CLOSING);
    }
}
