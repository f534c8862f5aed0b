//! `cargo xtask demo FOLDER`: the main job of the product on data that every clone has, the history
//! of this repository.
//!
//! It only calls the command-line tool, each call printed as one could type it.

use std::path::{Path, absolute};

use anyhow::{Context, Result};

use crate::process;
use crate::repository::Repository;

/// Imports the repository's history into a durable vault in `folder`, replays and verifies it.
///
/// # Errors
///
/// Names the call that failed.
pub(crate) fn run(repository: &Repository, folder: &str) -> Result<()> {
    let folder = absolute(folder).with_context(|| format!("`{folder}` is not a path"))?;
    let vault = format!("sled:{}", folder.display());
    let root = repository.root().display().to_string();
    process::run(&mut repository.cargo(&["build", "--package", "toka-vault-cli"]))?;
    let calls: [(&str, &[&str]); 5] = [
        ("Import every commit as an event, its parents the events of its parents", &["import", "git", &root]),
        ("The newest events", &["log", "-n", "8"]),
        ("The first events, replayed in order", &["log", "--reverse", "-n", "3"]),
        ("Recompute every digest, event hash and the chain", &["verify"]),
        ("What the vault holds", &["stats"]),
    ];
    for (title, arguments) in calls {
        println!("\n# {title}");
        process::run(tool(repository, &vault).args(arguments))?;
    }
    println!("\nThe vault stays in {}. Run this again: nothing is stored twice.", folder.display());
    Ok(())
}

/// Makes a call of the command-line tool on a vault.
fn tool(repository: &Repository, vault: &str) -> std::process::Command {
    let arguments = ["run", "--quiet", "--package", "toka-vault-cli", "--", "--vault"];
    let mut command = repository.cargo(&arguments);
    command.arg(Path::new(vault));
    command
}
