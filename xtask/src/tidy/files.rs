//! [`File`]: the text files of the repository, as git lists them.
//!
//! What git ignores is nobody's concern; what it does not know yet is about to be committed.

use std::fs;

use anyhow::{Context, Result};

use crate::process;
use crate::repository::Repository;

/// Folders of files that tests compare byte for byte, so that no rule of style applies to them.
const FIXTURES: &[&str] = &["golden", "fixtures", "snapshots"];

/// A text file of the repository.
#[derive(Clone)]
pub(crate) struct File {
    /// The path from the root of the repository, with `/` between its parts.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
}

/// Reads the text files of the repository, fixtures left out.
///
/// # Errors
///
/// Fails when git cannot list the files or one of them cannot be read.
pub(crate) fn read(repository: &Repository) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for path in listed(repository)?.into_iter().filter(|path| !is_fixture(path)) {
        let bytes = fs::read(repository.root().join(&path)).with_context(|| format!("cannot read {path}"))?;
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File { path, text });
        }
    }
    Ok(files)
}

/// Returns the paths of the files that git tracks or does not ignore.
///
/// # Errors
///
/// Fails when git cannot list them.
pub(crate) fn listed(repository: &Repository) -> Result<Vec<String>> {
    paths(repository, &["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"])
}

/// Returns the paths of the files that git tracks.
///
/// # Errors
///
/// Fails when git cannot list them.
pub(crate) fn tracked(repository: &Repository) -> Result<Vec<String>> {
    paths(repository, &["ls-files", "-z", "--cached", "--deduplicate"])
}

/// Tells whether tests compare this file byte for byte.
pub(crate) fn is_fixture(path: &str) -> bool {
    path.rsplit('/').skip(1).any(|folder| FIXTURES.contains(&folder))
}

/// Lists files with git; those that are deleted but not yet committed as such are left out.
fn paths(repository: &Repository, args: &[&str]) -> Result<Vec<String>> {
    let text = process::read(&mut repository.git(args)).context("tidy has git list the files")?;
    let mut paths: Vec<String> = text.split_terminator('\0').map(String::from).collect();
    paths.retain(|path| repository.root().join(path).is_file());
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_file_is_among_those_that_are_read() {
        let files = read(&Repository::locate()).unwrap();
        let this = files.iter().find(|file| file.path == "xtask/src/tidy/files.rs").unwrap();
        assert!(this.text.starts_with("//! [`File`]"));
    }

    #[test]
    fn fixtures_are_known_by_their_folder() {
        assert!(is_fixture("crates/a/tests/golden/v1/db"));
        assert!(!is_fixture("crates/a/tests/golden.rs"));
    }
}
