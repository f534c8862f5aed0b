//! The `tidy` step: the limits of the house that neither the compiler nor clippy knows.
//!
//! The rules read tokens, not a syntax tree: so they see into macros, where clippy does not look.
//! Indexing with `[]` is left to clippy, which knows the types.

mod code;
mod documentation;
pub(crate) mod files;
mod finding;
mod functions;
mod manifests;
mod place;
mod regions;
mod text;
pub(crate) mod tokens;
mod tracked;

use anyhow::{Result, bail};

use crate::repository::Repository;
use crate::steps::Outcome;
use documentation::Documentation;
use files::File;
use finding::Finding;
use functions::Lengths;
use place::{Place, TestModules};
use regions::Regions;
use tokens::Tokens;

/// What a look at the repository brought.
#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
    lengths: Lengths,
    documentation: Documentation,
    sources: usize,
}

/// Checks the repository and prints every finding, then the figures.
pub(crate) fn step(repository: &Repository) -> Result<Outcome> {
    let report = look(repository)?;
    for finding in &report.findings {
        println!("{finding}");
    }
    println!("{} Rust files; {}; {}", report.sources, report.lengths, report.documentation);
    match report.findings.len() {
        0 => Ok(Outcome::Passed),
        findings => bail!("{findings} findings"),
    }
}

/// Reads every file of the repository and applies every rule.
fn look(repository: &Repository) -> Result<Report> {
    let files = files::read(repository)?;
    let mut report = Report::default();
    report.findings.extend(tracked::check(repository)?);
    report.findings.extend(files.iter().flat_map(text::check));
    report.findings.extend(files.iter().flat_map(manifests::check));
    look_at_code(&files, &mut report);
    report.findings.extend(report.lengths.shares());
    report.findings.sort();
    Ok(report)
}

/// Applies the rules that look at Rust code.
///
/// Which files are modules of tests is written in other files, so all are read first.
fn look_at_code(files: &[File], report: &mut Report) {
    let mut sources = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        match Tokens::read(&file.text) {
            Ok(tokens) => sources.push((file, Regions::of(&tokens), tokens)),
            Err(line) => {
                report.findings.push(Finding::new(file, line, "cannot be read as Rust; let it compile"))
            }
        }
    }
    let modules = sources.iter().flat_map(|(file, regions, tokens)| regions.modules(&file.path, tokens));
    let modules = TestModules::new(modules.collect());
    for (file, regions, tokens) in &sources {
        let place = Place::of(&file.path, &modules);
        report.findings.extend(code::check(file, place, regions, tokens));
        report.findings.extend(report.lengths.add(file, place, regions, tokens));
        report.documentation.add(file, place, regions);
    }
    report.sources = sources.len();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_is_tidy() {
        let report = look(&Repository::locate()).unwrap();
        let findings: Vec<_> = report.findings.iter().map(Finding::to_string).collect();
        assert!(findings.is_empty(), "`cargo xtask tidy` says:\n{}", findings.join("\n"));
    }

    #[test]
    fn a_module_of_tests_in_a_file_of_its_own_is_test_code() {
        let file = |path: &str, text: &str| File { path: path.into(), text: text.into() };
        let parent = file("crates/a/src/b.rs", "//! B.\n#[cfg(test)]\nmod checks;\n");
        let child = file("crates/a/src/b/checks.rs", "//! C.\nfn f() { g().unwrap(); }\n");
        let mut report = Report::default();
        look_at_code(&[parent, child.clone()], &mut report);
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        look_at_code(&[child], &mut report);
        assert_eq!(report.findings.len(), 1);
    }

    #[test]
    fn a_file_that_is_not_rust_is_a_finding() {
        let mut report = Report::default();
        let broken = File { path: "crates/a/src/b.rs".into(), text: "//! B.\nfn f() { (] }\n".into() };
        look_at_code(&[broken], &mut report);
        assert_eq!(report.findings.len(), 1);
    }
}
