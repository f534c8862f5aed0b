//! The `features` step: what the features of the facade pull into the tree of dependencies.
//!
//! Invariant: nobody compiles sled who did not ask for it, and `intent-cluster` stays an empty
//! promise until there is something behind it.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::process;
use crate::repository::Repository;
use crate::steps::Outcome;

/// The names of the packages in one tree, the workspace's own among them.
type Tree = BTreeSet<String>;

/// The trees of the facade that the check compares.
struct Trees {
    no_features: Tree,
    default: Tree,
    persist_sled: Tree,
    persist_journal: Tree,
    intent_cluster: Tree,
    both: Tree,
}

/// Asks cargo for the trees and checks them.
pub(crate) fn step(repository: &Repository) -> Result<Outcome> {
    let tree = |options: &[&str]| -> Result<Tree> {
        let base = ["tree", "--package", "toka-vault", "--edges", "normal", "--prefix", "none"];
        Ok(packages(&process::read(&mut repository.cargo(&[&base, options].concat()))?))
    };
    let findings = check(&Trees {
        no_features: tree(&["--no-default-features"])?,
        default: tree(&[])?,
        persist_sled: tree(&["--features", "persist-sled"])?,
        persist_journal: tree(&["--features", "persist-journal"])?,
        intent_cluster: tree(&["--features", "intent-cluster"])?,
        both: tree(&["--features", "persist-sled,intent-cluster"])?,
    });
    for finding in &findings {
        println!("crates/toka-vault/Cargo.toml: {finding}");
    }
    if !findings.is_empty() {
        bail!("{} of the promises about features are broken", findings.len());
    }
    Ok(Outcome::Passed)
}

/// Reads the package names out of what `cargo tree --prefix none` prints.
fn packages(text: &str) -> Tree {
    text.lines().filter_map(|line| line.split_whitespace().next()).map(String::from).collect()
}

/// Returns the promises that the trees break.
fn check(trees: &Trees) -> Vec<String> {
    let promises = [
        (
            !has_sled(&trees.no_features),
            "without features the facade pulls sled; make the dependency optional",
        ),
        (!has_sled(&trees.default), "the default features pull sled; leave `persist-sled` out of `default`"),
        (
            has_sled(&trees.persist_sled),
            "`persist-sled` does not pull sled; let it enable `dep:toka-vault-sled`",
        ),
        (
            trees.persist_journal.contains(JOURNAL),
            "`persist-journal` does not pull the journal; let it enable `dep:toka-vault-journal`",
        ),
        (!has_sled(&trees.persist_journal), "`persist-journal` pulls sled; the journal needs none"),
        (
            !trees.default.contains(JOURNAL),
            "the default features pull the journal; leave it out of `default`",
        ),
        (
            trees.intent_cluster == trees.default,
            "`intent-cluster` changes the tree; it is only reserved, empty it",
        ),
        (trees.both == trees.persist_sled, "`intent-cluster` changes the tree of `persist-sled`; empty it"),
    ];
    promises.into_iter().filter(|(kept, _)| !kept).map(|(_, complaint)| complaint.to_owned()).collect()
}

/// The crate of the journal.
const JOURNAL: &str = "toka-vault-journal";

/// Tells whether sled, or the crate that is there to call it, is in a tree.
fn has_sled(tree: &Tree) -> bool {
    tree.contains("sled") || tree.contains("toka-vault-sled")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAN: &str =
        "toka-vault v0.1.0 (/repo/crates/toka-vault)\ntoka-vault-core v0.1.0 (/repo)\nserde v1.0.1\n";
    const SLED: &str =
        "toka-vault v0.1.0 (/repo)\ntoka-vault-sled v0.1.0 (/repo)\nsled v0.34.7\nserde v1.0.1 (*)\n";

    const WITH_JOURNAL: &str = "toka-vault v0.1.0 (/repo)\ntoka-vault-journal v0.1.0 (/repo)\n";

    fn good() -> Trees {
        Trees {
            no_features: packages(LEAN),
            default: packages(LEAN),
            persist_sled: packages(SLED),
            persist_journal: packages(WITH_JOURNAL),
            intent_cluster: packages(LEAN),
            both: packages(SLED),
        }
    }

    #[track_caller]
    fn assert_one_finding(trees: &Trees, about: &str) {
        let findings = check(trees);
        assert!(findings.len() == 1 && findings[0].contains(about), "{findings:?}");
    }

    #[test]
    fn names_are_read_without_versions_paths_and_marks() {
        let tree = packages("serde v1.0.1 (*)\ntoka-vault v0.1.0 (/repo)\n\n");
        assert_eq!(tree.into_iter().collect::<Vec<_>>(), ["serde", "toka-vault"]);
    }

    #[test]
    fn trees_that_keep_the_promises_pass() {
        assert!(check(&good()).is_empty());
    }

    #[test]
    fn sled_without_its_feature_is_found() {
        assert_one_finding(&Trees { no_features: packages(SLED), ..good() }, "without features");
        let findings = check(&Trees { default: packages(SLED), ..good() });
        assert!(findings[0].contains("default features"), "{findings:?}");
    }

    #[test]
    fn a_feature_without_sled_is_found() {
        let findings = check(&Trees { persist_sled: packages(LEAN), ..good() });
        assert!(findings[0].contains("does not pull sled"), "{findings:?}");
    }

    #[test]
    fn a_journal_that_is_missing_pulled_by_default_or_with_sled_is_found() {
        assert_one_finding(&Trees { persist_journal: packages(LEAN), ..good() }, "does not pull the journal");
        let more = format!("{WITH_JOURNAL}sled v0.34.7\n");
        assert_one_finding(&Trees { persist_journal: packages(&more), ..good() }, "needs none");
        let more = packages(WITH_JOURNAL);
        let pulled = Trees { default: more.clone(), intent_cluster: more, ..good() };
        assert_one_finding(&pulled, "leave it out of `default`");
    }

    #[test]
    fn an_intent_cluster_that_pulls_something_is_found() {
        let more = format!("{LEAN}petgraph v0.8.0\n");
        assert_one_finding(
            &Trees { intent_cluster: packages(&more), ..good() },
            "`intent-cluster` changes the tree;",
        );
        let more = format!("{SLED}petgraph v0.8.0\n");
        assert_one_finding(&Trees { both: packages(&more), ..good() }, "tree of `persist-sled`");
    }
}
