//! The steps that are calls of cargo: formatting, lints and tests.

use anyhow::Result;

use crate::process;
use crate::repository::Repository;
use crate::steps::Outcome;

/// Workspaces of their own inside this repository, which `cargo fmt --all` does not see.
const NESTED_WORKSPACES: &[&str] = &["benches", "fuzz"];

/// Checks the formatting.
pub(crate) fn fmt(repository: &Repository) -> Result<Outcome> {
    process::run(&mut repository.cargo(&["fmt", "--all", "--check"]))?;
    for nested in NESTED_WORKSPACES {
        let manifest = format!("{nested}/Cargo.toml");
        if repository.root().join(&manifest).exists() {
            process::run(&mut repository.cargo(&["fmt", "--manifest-path", &manifest, "--check"]))?;
        }
    }
    Ok(Outcome::Passed)
}

/// Runs clippy on every target of the workspace, and on the facade as its users get it by default and
/// with each durable back-end that the other steps do not see alone.
///
/// In a run over the workspace the command-line tool turns features on for the facade, so only
/// a run over the facade alone sees the code without it.
pub(crate) fn clippy(repository: &Repository) -> Result<Outcome> {
    let everything = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    process::run(&mut repository.cargo(&everything))?;
    // The journal by itself is seen here; its tests run with all features, and cost minutes to compile.
    for features in ["", "persist-journal"] {
        let facade = ["clippy", "--package", "toka-vault", "--all-targets", "--features", features];
        process::run(repository.cargo(&facade).args(["--", "-D", "warnings"]))?;
    }
    Ok(Outcome::Passed)
}

/// Tests the facade on the memory back-end, as its documentation prints the command.
pub(crate) fn memory(repository: &Repository) -> Result<Outcome> {
    process::run(&mut repository.cargo(&["test", "-p", "toka-vault"]))?;
    Ok(Outcome::Passed)
}

/// Tests the facade on the sled back-end, as its documentation prints the command.
pub(crate) fn sled(repository: &Repository) -> Result<Outcome> {
    process::run(&mut repository.cargo(&["test", "-p", "toka-vault", "--features", "persist-sled"]))?;
    Ok(Outcome::Passed)
}

/// Simulates whole vaults from seeds, in a build of its own: there, threads and locks are the simulation's.
pub(crate) fn simulation(repository: &Repository) -> Result<Outcome> {
    let given = std::env::var("RUSTFLAGS").unwrap_or_default();
    let flags = format!("{given} --cfg toka_sim -D warnings");
    let test =
        ["test", "-p", "toka-vault-journal", "--lib", "--profile", "sim", "--target-dir", "target/sim"];
    process::run(repository.cargo(&test).arg("simulation::").env("RUSTFLAGS", flags.trim()))?;
    Ok(Outcome::Passed)
}

/// The package that turns on features of a dependency for all that is built with it, and so is
/// tested by itself: the others are tested as their users build them.
const BY_ITSELF: &str = "toka-vault-json-features-tests";

/// Tests the whole workspace, the examples in the documentation first.
///
/// Together the calls run what `cargo test --workspace --all-features` runs. That one ends with the
/// examples of whichever crate sorts last; here a summary of ordinary tests closes the output.
pub(crate) fn test(repository: &Repository) -> Result<Outcome> {
    let by_itself = process::run(&mut repository.cargo(&["test", "--package", BY_ITSELF, "--no-fail-fast"]));
    let others = ["test", "--workspace", "--exclude", BY_ITSELF, "--all-features", "--no-fail-fast"];
    let examples = process::run(repository.cargo(&others).arg("--doc"));
    process::run(repository.cargo(&others).arg("--tests"))?;
    by_itself?;
    examples?;
    Ok(Outcome::Passed)
}
