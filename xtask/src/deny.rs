//! The `deny` step: `cargo deny` over the tree of dependencies, as `deny.toml` configures it.
//!
//! Invariant: what was not checked is said. Without the tool the step is skipped, and without the
//! database of advisories it passes in part.

use anyhow::Result;

use crate::process;
use crate::repository::Repository;
use crate::steps::Outcome;

/// How a person gets the tool.
const NOT_INSTALLED: &str = "cargo-deny is not installed; `cargo install cargo-deny --locked` brings it";

/// What is missing where the database of advisories cannot be fetched.
const NO_ADVISORIES: &str = "advisories NOT checked: their database cannot be fetched from here";

/// What `cargo deny` can do on this machine.
enum Means {
    /// The tool is not there.
    Nothing,
    /// The tool is there, but the database of advisories cannot be fetched.
    Offline,
    /// Everything.
    Everything,
}

/// Runs as much of `cargo deny` as this machine can.
pub(crate) fn step(repository: &Repository) -> Result<Outcome> {
    let means = means(|args| process::succeeds(&mut repository.cargo(args)));
    if let Some(args) = call(&means) {
        process::run(&mut repository.cargo(args))?;
    }
    Ok(outcome(&means))
}

/// Finds out what can be done; `succeeds` runs cargo with the given words.
fn means(succeeds: impl Fn(&[&str]) -> bool) -> Means {
    if !succeeds(&["deny", "--version"]) {
        Means::Nothing
    } else if !succeeds(&["deny", "fetch", "db"]) {
        Means::Offline
    } else {
        Means::Everything
    }
}

/// Returns the call that does it.
fn call(means: &Means) -> Option<&'static [&'static str]> {
    match means {
        Means::Nothing => None,
        Means::Offline => Some(&["deny", "--offline", "check", "bans", "licenses", "sources"]),
        Means::Everything => Some(&["deny", "check"]),
    }
}

/// Returns what may be claimed when that call succeeds.
fn outcome(means: &Means) -> Outcome {
    match means {
        Means::Nothing => Outcome::Skipped(NOT_INSTALLED.to_owned()),
        Means::Offline => Outcome::PassedInPart(NO_ADVISORIES.to_owned()),
        Means::Everything => Outcome::Passed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_tool_nothing_is_claimed() {
        let means = means(|_| false);
        assert_eq!(call(&means), None);
        assert!(matches!(outcome(&means), Outcome::Skipped(_)));
    }

    #[test]
    fn without_the_database_only_the_rest_is_checked_and_claimed() {
        let means = means(|args| args.contains(&"--version"));
        assert_eq!(call(&means).unwrap().join(" "), "deny --offline check bans licenses sources");
        assert!(matches!(outcome(&means), Outcome::PassedInPart(_)));
    }

    #[test]
    fn with_both_everything_is_checked() {
        let means = means(|_| true);
        assert_eq!(call(&means).unwrap().join(" "), "deny check");
        assert_eq!(outcome(&means), Outcome::Passed);
    }
}
