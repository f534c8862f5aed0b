//! The `layers` step: which crate of the workspace may use which, and who may name sled.
//!
//! Invariant: arrows point down only. Back-ends see neither each other nor the facade; whoever uses
//! the store sees nothing but the facade; one file of one crate calls sled.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::metadata::{self, Dependency, Package};
use crate::repository::Repository;
use crate::steps::Outcome;
use crate::tidy::{files, tokens::Tokens};

/// What a crate may use of the workspace.
struct Layer {
    name: &'static str,
    /// Crates it may depend on.
    uses: &'static [&'static str],
    /// Crates it may depend on only behind a feature.
    may_opt_into: &'static [&'static str],
    /// Crates that only its tests may use.
    tests_use: &'static [&'static str],
}

/// Every crate of the workspace, from the bottom up.
const LAYERS: &[Layer] = &[
    Layer { name: "toka-vault-core", uses: &[], may_opt_into: &[], tests_use: &[] },
    Layer {
        name: "toka-vault-engine",
        uses: &["toka-vault-core"],
        may_opt_into: &[],
        tests_use: &["toka-vault-testkit"],
    },
    backend("toka-vault-memory"),
    backend("toka-vault-sled"),
    backend("toka-vault-journal"),
    Layer {
        name: "toka-vault-testkit",
        uses: &["toka-vault-core", "toka-vault-engine"],
        may_opt_into: &[],
        tests_use: &[],
    },
    Layer {
        name: "toka-vault",
        uses: &["toka-vault-core", "toka-vault-engine", "toka-vault-memory"],
        may_opt_into: &["toka-vault-sled", "toka-vault-journal"],
        tests_use: &["toka-vault-testkit"],
    },
    Layer { name: "toka-vault-cli", uses: &["toka-vault"], may_opt_into: &[], tests_use: &[] },
    Layer {
        name: "toka-vault-scenarios",
        uses: &["toka-vault"],
        may_opt_into: &[],
        tests_use: &["toka-vault-testkit"],
    },
    Layer {
        name: "toka-vault-json-features-tests",
        uses: &["toka-vault-core"],
        may_opt_into: &[],
        tests_use: &["toka-vault-core"],
    },
    Layer { name: "xtask", uses: &[], may_opt_into: &[], tests_use: &[] },
];

/// The only crate that may depend on sled.
const SLED_CRATE: &str = "toka-vault-sled";

/// Its sources, of which one may name sled.
const SLED_SOURCES: &str = "crates/toka-vault-sled/src/";

/// Returns the row of a back-end; all of them stand in the same place.
const fn backend(name: &'static str) -> Layer {
    Layer {
        name,
        uses: &["toka-vault-core", "toka-vault-engine"],
        may_opt_into: &[],
        tests_use: &["toka-vault-testkit"],
    }
}

/// Reads the manifests and the sources of the sled back-end, and checks both.
pub(crate) fn step(repository: &Repository) -> Result<Outcome> {
    let mut findings = check(&metadata::read(repository)?);
    findings.extend(check_sled_sources(&sled_sources(repository)?));
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("{} arrows or names are out of place", findings.len());
    }
    Ok(Outcome::Passed)
}

/// Returns what is wrong with the dependencies between the crates.
fn check(packages: &[Package]) -> Vec<String> {
    let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = lock_step(packages);
    for package in packages {
        let Some(layer) = LAYERS.iter().find(|layer| layer.name == package.name) else {
            findings.push(unknown_crate(&package.name));
            continue;
        };
        let used = |dependency: &&Dependency| names.contains(&dependency.name.as_str());
        findings.extend(package.dependencies.iter().filter(used).filter_map(|used| arrow(layer, used)));
    }
    findings.extend(packages.iter().filter_map(foreign_use_of_sled));
    findings
}

/// Tells of a crate that no rule is written for.
fn unknown_crate(name: &str) -> String {
    format!(
        "{name}: no row in the table LAYERS in xtask/src/layers.rs; add one that says what the crate \
         may use, and draw it in docs/architecture.md"
    )
}

/// Tells whether an arrow points where it may not.
fn arrow(layer: &Layer, used: &Dependency) -> Option<String> {
    let (name, target) = (layer.name, used.name.as_str());
    if layer.uses.contains(&target) || (used.dev && layer.tests_use.contains(&target)) {
        return None;
    }
    if layer.may_opt_into.contains(&target) {
        let allowed = used.optional || used.dev;
        return (!allowed)
            .then(|| format!("{name} -> {target}: must be `optional = true`, behind a feature"));
    }
    let whole = [layer.uses, layer.may_opt_into].concat();
    let allowed = if whole.is_empty() { "no crate of the workspace".to_owned() } else { whole.join(", ") };
    Some(format!(
        "{name} -> {target}: not allowed, remove it; {name} may use {allowed} (xtask/src/layers.rs)"
    ))
}

/// Tells of a crate that depends on sled and is not the one that may.
fn foreign_use_of_sled(package: &Package) -> Option<String> {
    let uses_sled = package.dependencies.iter().any(|dependency| dependency.name == "sled");
    (uses_sled && package.name != SLED_CRATE).then(|| {
        format!(
            "{} -> sled: only {SLED_CRATE} depends on sled; remove it or go through that crate",
            package.name
        )
    })
}

/// Tells of crates whose version is not that of the others; they are released in lock-step.
fn lock_step(packages: &[Package]) -> Vec<String> {
    let Some(first) = packages.first() else {
        return vec!["the workspace has no crate".to_owned()];
    };
    let others = packages.iter().filter(|package| package.version != first.version);
    others
        .map(|package| {
            format!(
                "{} {}: not the version of {} {}; write `version.workspace = true`",
                package.name, package.version, first.name, first.version
            )
        })
        .collect()
}

/// Reads the sources of the sled back-end.
fn sled_sources(repository: &Repository) -> Result<Vec<(String, String)>> {
    let paths = files::listed(repository)?;
    let sources = paths.into_iter().filter(|path| path.starts_with(SLED_SOURCES) && path.ends_with(".rs"));
    sources
        .map(|path| {
            let text = fs::read_to_string(repository.root().join(&path));
            Ok((path.clone(), text.with_context(|| format!("cannot read {path}"))?))
        })
        .collect()
}

/// Tells of sources that name sled beside the first that does; `sources` are paths and texts.
fn check_sled_sources(sources: &[(String, String)]) -> Vec<String> {
    let mut naming = sources.iter().filter_map(|(path, text)| Some((path, first_naming_of_sled(text)?)));
    let Some((first, _)) = naming.next() else {
        return Vec::new();
    };
    naming
        .map(|(path, line)| {
            format!("{path}:{line}: names sled, as does {first}; keep every call of sled in one file")
        })
        .collect()
}

/// Returns the first line of code that names the crate sled; comments and strings do not count.
fn first_naming_of_sled(text: &str) -> Option<usize> {
    let tokens = Tokens::read(text).ok()?;
    let names_sled = |at: &usize| {
        let is_root = !tokens.follows_path_separator(*at);
        let in_use = *at > 0 && matches!(tokens.word(*at - 1), Some("use" | "crate"));
        tokens.word(*at) == Some("sled") && is_root && (in_use || tokens.precedes_path_separator(*at))
    };
    (0..tokens.len()).find(names_sled).map(|at| tokens.line(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn metadata(crates: &[(&str, Value)]) -> Vec<Package> {
        let packages: Vec<_> = crates
            .iter()
            .map(
                |(name, uses)| json!({"name": name, "version": "0.1.0", "dependencies": uses, "targets": []}),
            )
            .collect();
        metadata::parse(&json!({ "packages": packages }).to_string()).unwrap()
    }

    fn normal(name: &str) -> Value {
        json!({"name": name, "kind": null, "optional": false})
    }

    fn optional(name: &str) -> Value {
        json!({"name": name, "kind": null, "optional": true})
    }

    fn dev(name: &str) -> Value {
        json!({"name": name, "kind": "dev", "optional": false})
    }

    fn good() -> Vec<(&'static str, Value)> {
        let (core, engine) = (normal("toka-vault-core"), normal("toka-vault-engine"));
        let (memory, kit) = (normal("toka-vault-memory"), dev("toka-vault-testkit"));
        vec![
            ("toka-vault-core", json!([normal("serde")])),
            ("toka-vault-engine", json!([core])),
            ("toka-vault-memory", json!([core, engine, kit])),
            ("toka-vault-sled", json!([core, engine, kit, normal("sled")])),
            ("toka-vault-testkit", json!([core, engine])),
            ("toka-vault", json!([core, memory, optional("toka-vault-sled"), kit])),
            ("toka-vault-cli", json!([normal("toka-vault"), normal("clap")])),
            ("toka-vault-scenarios", json!([dev("toka-vault"), kit])),
            ("xtask", json!([normal("anyhow")])),
        ]
    }

    /// Checks a good workspace in which the named crate uses something else.
    #[track_caller]
    fn assert_finding(name: &'static str, uses: Value, expected: &str) {
        let mut crates = good();
        crates.retain(|(other, _)| *other != name);
        crates.push((name, uses));
        let findings = check(&metadata(&crates));
        assert!(findings.len() == 1 && findings[0].contains(expected), "{findings:?}");
    }

    #[test]
    fn a_workspace_whose_arrows_point_down_passes() {
        assert_eq!(check(&metadata(&good())), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_up_is_found() {
        assert_finding(
            "toka-vault-core",
            json!([normal("toka-vault-engine")]),
            "toka-vault-core -> toka-vault-engine",
        );
        assert_finding("toka-vault-engine", json!([normal("toka-vault-sled")]), "not allowed");
        assert_finding("toka-vault-testkit", json!([normal("toka-vault")]), "not allowed");
    }

    #[test]
    fn back_ends_that_see_each_other_or_the_facade_are_found() {
        assert_finding("toka-vault-memory", json!([normal("toka-vault-sled")]), "not allowed");
        assert_finding("toka-vault-sled", json!([dev("toka-vault")]), "not allowed");
    }

    #[test]
    fn users_that_reach_past_the_facade_are_found() {
        assert_finding("toka-vault-cli", json!([normal("toka-vault-core")]), "may use toka-vault (");
        assert_finding("toka-vault-scenarios", json!([dev("toka-vault-sled")]), "may use toka-vault (");
        assert_finding("xtask", json!([normal("toka-vault")]), "no crate of the workspace");
    }

    #[test]
    fn the_testkit_outside_of_tests_is_found() {
        assert_finding("toka-vault-memory", json!([normal("toka-vault-testkit")]), "not allowed");
    }

    #[test]
    fn a_durable_back_end_that_is_not_optional_is_found() {
        assert_finding("toka-vault", json!([normal("toka-vault-sled")]), "optional = true");
    }

    #[test]
    fn sled_in_another_crate_is_found() {
        assert_finding("toka-vault-engine", json!([optional("sled")]), "only toka-vault-sled");
        assert_finding("toka-vault-scenarios", json!([dev("sled")]), "only toka-vault-sled");
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        assert_finding("toka-vault-redis", json!([]), "xtask/src/layers.rs");
    }

    #[test]
    fn a_version_out_of_step_is_found() {
        let mut packages = metadata(&good());
        packages[3].version = "0.2.0".into();
        let findings = check(&packages);
        assert!(findings.len() == 1 && findings[0].contains("version.workspace"), "{findings:?}");
    }

    #[test]
    fn sled_in_a_second_file_is_found() {
        let source = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let first = source("src/tree.rs", "//! Calls.\nfn open() -> sled::Result<()> { todo() }\n");
        let innocent =
            source("src/vault.rs", "//! As sled::Db does.\nuse crate::sled::X; use toka_vault_sled::Y;\n");
        assert!(check_sled_sources(&[first.clone(), innocent]).is_empty());
        for second in ["use sled::Db;", "use sled;", "fn f(e: sled::Error) {}", "extern crate sled;"] {
            let findings = check_sled_sources(&[first.clone(), source("src/blocks.rs", second)]);
            assert!(
                findings.len() == 1 && findings[0].starts_with("src/blocks.rs:1:"),
                "{second}: {findings:?}"
            );
        }
    }
}
