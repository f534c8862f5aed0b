//! The list of the suite's cases is its functions: no case is written and then never run.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Where the cases are.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/conformance");

/// Reads the names of the cases out of the sources, by subject.
fn written() -> BTreeMap<String, Vec<String>> {
    let sources = std::fs::read_dir(SOURCES).unwrap().map(|entry| entry.unwrap().path());
    sources.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), cases(&path))).collect()
}

fn cases(path: &Path) -> Vec<String> {
    let source = std::fs::read_to_string(path).unwrap();
    let case = |line: &str| Some(line.strip_prefix("pub async fn ")?.split('(').next()?.to_owned());
    source.lines().filter_map(case).collect()
}

/// Takes the names of the cases from the list that the macro expands.
fn listed() -> BTreeMap<String, Vec<String>> {
    let list: &[(&str, &[&str])] = toka_vault_testkit::conformance_cases!(conformance_names);
    let owned = |cases: &[&str]| cases.iter().map(ToString::to_string).collect();
    list.iter().map(|(subject, cases)| (subject.to_string(), owned(cases))).collect()
}

#[test]
fn the_list_names_every_case_that_is_written() {
    assert_eq!(listed(), written());
}

#[test]
fn every_case_says_in_a_sentence_what_it_shows() {
    for entry in std::fs::read_dir(SOURCES).unwrap() {
        let path = entry.unwrap().path();
        let source = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = source.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("pub async fn ")) {
            assert!(lines[at - 1].starts_with("/// "), "no sentence above `{line}` in {}", path.display());
        }
    }
}

#[test]
fn no_case_is_named_twice_in_a_subject() {
    for (subject, cases) in listed() {
        let distinct: BTreeSet<_> = cases.iter().collect();
        assert_eq!(distinct.len(), cases.len(), "{subject}");
    }
}
