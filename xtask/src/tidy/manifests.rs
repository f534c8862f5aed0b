//! The rule about manifests: every crate takes lints and version from the workspace.
//!
//! A crate that forgets to would be free of clippy's watch over `unwrap` and indexing, and nobody
//! would notice.

use crate::tidy::files::File;
use crate::tidy::finding::Finding;

/// Applies the rule to the manifest of a crate; other files pass.
pub(crate) fn check(file: &File) -> Vec<Finding> {
    if !is_manifest_of_a_member(&file.path) {
        return Vec::new();
    }
    let wanted = [
        (
            inherits(&file.text, "lints"),
            "no `[lints] workspace = true`; the lints of the house do not apply, add it",
        ),
        (
            inherits(&file.text, "version"),
            "no `version.workspace = true`; all crates share one version, add it",
        ),
        (
            inherits(&file.text, "edition"),
            "no `edition.workspace = true`; all crates share one edition, add it",
        ),
    ];
    wanted.into_iter().filter(|(kept, _)| !kept).map(|(_, text)| Finding::new(file, 1, text)).collect()
}

/// Tells whether the manifest belongs to a crate of this workspace; `benches` and `fuzz` are of their own.
fn is_manifest_of_a_member(path: &str) -> bool {
    let folder = path.strip_suffix("/Cargo.toml");
    folder.is_some_and(|folder| matches!(folder, "tests" | "xtask") || is_crate(folder))
}

/// Tells whether a folder lies directly in `crates/`.
fn is_crate(folder: &str) -> bool {
    folder.strip_prefix("crates/").is_some_and(|name| !name.contains('/'))
}

/// Tells whether a manifest takes something from the workspace, in either way to write it.
fn inherits(text: &str, what: &str) -> bool {
    let dotted = format!("{what}.workspace = true");
    let table = format!("[{what}]");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.contains(&dotted.as_str())
        || lines.windows(2).any(|pair| pair == [table.as_str(), "workspace = true"])
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"a\"\nversion.workspace = true\nedition.workspace = true\n\n\
                        [lints]\nworkspace = true\n";

    fn findings(path: &str, text: &str) -> usize {
        check(&File { path: path.into(), text: text.into() }).len()
    }

    #[test]
    fn a_manifest_that_inherits_passes() {
        assert_eq!(findings("crates/a/Cargo.toml", GOOD), 0);
    }

    #[test]
    fn a_manifest_that_goes_its_own_way_is_found() {
        assert_eq!(findings("crates/a/Cargo.toml", &GOOD.replace("[lints]", "[features]")), 1);
        assert_eq!(
            findings("xtask/Cargo.toml", &GOOD.replace("version.workspace = true", "version = \"1.0.0\"")),
            1
        );
        assert_eq!(findings("tests/Cargo.toml", "[package]\nname = \"tests\"\n"), 3);
    }

    #[test]
    fn manifests_of_other_workspaces_are_left_alone() {
        for path in ["Cargo.toml", "benches/Cargo.toml", "fuzz/Cargo.toml", "crates/a/tests/ui/Cargo.toml"] {
            assert_eq!(findings(path, ""), 0, "{path}");
        }
    }
}
