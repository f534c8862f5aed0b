//! The `docs` step: the documentation of every crate, with warnings as errors.
//!
//! rustdoc's own warnings fail by a flag. That two crates write to the same page is a warning of
//! cargo, which no flag turns into an error, so that it is checked here.

use std::collections::BTreeMap;
use std::env;

use anyhow::{Result, bail};

use crate::metadata::{self, Package};
use crate::process;
use crate::repository::Repository;
use crate::steps::Outcome;

/// Builds the documentation.
pub(crate) fn step(repository: &Repository) -> Result<Outcome> {
    let collisions = collisions(&metadata::read(repository)?);
    for collision in &collisions {
        println!("{collision}");
    }
    let flags = env::var("RUSTDOCFLAGS").unwrap_or_default();
    let mut doc = repository.cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    process::run(doc.env("RUSTDOCFLAGS", format!("{flags} -D warnings").trim_start()))?;
    if !collisions.is_empty() {
        bail!("pages with more than one crate to write them: {}", collisions.len());
    }
    Ok(Outcome::Passed)
}

/// Tells of programs and libraries of different crates that share a page.
fn collisions(packages: &[Package]) -> Vec<String> {
    let mut pages: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for package in packages {
        for target in &package.documented {
            pages.entry(target.replace('-', "_")).or_default().push(&package.name);
        }
    }
    // Within one crate cargo gives the page to the library by itself.
    pages.values_mut().for_each(|writers| writers.dedup());
    let shared = pages.into_iter().filter(|(_, writers)| writers.len() > 1);
    shared
        .map(|(page, writers)| {
            let writers = writers.join(" and ");
            format!("{writers}: both document `{page}`; write `doc = false` in the `[[bin]]` of one of them")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, documented: &[&str]) -> Package {
        Package {
            name: name.into(),
            version: "0.1.0".into(),
            dependencies: Vec::new(),
            documented: documented.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_page_for_each_passes() {
        let packages = [package("a-b", &["a_b", "a-b"]), package("c", &["c"]), package("d", &[])];
        assert!(collisions(&packages).is_empty());
    }

    #[test]
    fn a_program_with_the_name_of_the_library_of_another_crate_is_found() {
        let findings = collisions(&[package("a-b", &["a_b"]), package("cli", &["a-b"])]);
        assert!(
            findings.len() == 1 && findings[0].starts_with("a-b and cli: both document `a_b`"),
            "{findings:?}"
        );
    }
}
