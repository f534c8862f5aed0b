//! The rule about what git keeps: sources, not what is made from them.

use std::fs;

use anyhow::{Context, Result};

use crate::repository::Repository;
use crate::tidy::files;
use crate::tidy::finding::Finding;

/// Folders that hold what a build or a run leaves behind.
const FOLDERS: &[&str] = &["target", "node_modules"];

/// Endings of folders that hold a vault.
const FOLDER_ENDINGS: &[&str] = &[".db", ".vault", ".sled"];

/// Names of files that a desktop, or sled in a folder of any name, leaves behind.
const NAMES: &[&str] = &[".DS_Store", "conf", "db"];

/// Endings of files that a build, a run or an editor leaves behind.
const ENDINGS: &[&str] = &[
    "a", "bak", "d", "db", "dll", "dylib", "exe", "log", "o", "orig", "pdb", "profraw", "rej", "rlib",
    "rmeta", "sled", "so", "sqlite", "sqlite3", "swp", "tmp",
];

/// The most bytes that a file in git may have; what is larger is data.
const FILE_BYTES_MAX: u64 = 512 * 1024;

/// Applies the rule to every file that git tracks.
///
/// # Errors
///
/// Fails when git cannot list the files.
pub(crate) fn check(repository: &Repository) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in files::tracked(repository)? {
        let file = repository.root().join(&path);
        let bytes = fs::metadata(file).with_context(|| format!("cannot look at {path}"))?.len();
        findings.extend(complaint(&path, bytes).map(|text| Finding::at(&path, 1, text)));
    }
    Ok(findings)
}

/// Returns what is wrong with a tracked file of this path and size.
fn complaint(path: &str, bytes: u64) -> Option<String> {
    if files::is_fixture(path) {
        return None;
    }
    let remedy = "`git rm --cached` it and add it to .gitignore, or keep it in a folder `golden`";
    if is_artefact(path) {
        return Some(format!("a database or a build artefact in git; {remedy}"));
    }
    (bytes > FILE_BYTES_MAX).then(|| format!("{bytes} bytes in git, {FILE_BYTES_MAX} are allowed; {remedy}"))
}

/// Tells whether a path looks like something that a program wrote.
fn is_artefact(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    NAMES.contains(&name) || ENDINGS.contains(&ending) || folders.split('/').any(is_made_by_a_program)
}

/// Tells whether a folder of this name holds what a program wrote.
fn is_made_by_a_program(folder: &str) -> bool {
    FOLDERS.contains(&folder) || FOLDER_ENDINGS.iter().any(|ending| folder.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_and_fixtures_pass() {
        for path in ["crates/a/src/db.rs", "Cargo.lock", ".ci/run", "docs/a.md", "a/tests/golden/v1.db/conf"]
        {
            assert_eq!(complaint(path, 1), None, "{path}");
        }
    }

    #[test]
    fn artefacts_and_databases_are_found() {
        for path in [
            "target/debug/x",
            "events.db/conf",
            "a/b.sqlite",
            "x.rlib",
            "a/history.vault/db",
            "a/.DS_Store",
            "events/conf",
        ] {
            assert!(complaint(path, 1).is_some(), "{path}");
        }
    }

    #[test]
    fn large_files_are_found() {
        assert_eq!(complaint("docs/a.md", FILE_BYTES_MAX), None);
        assert!(complaint("docs/a.md", FILE_BYTES_MAX + 1).unwrap().contains("bytes in git"));
        assert_eq!(complaint("a/golden/large", FILE_BYTES_MAX + 1), None);
    }
}
