//! [`Place`]: which rules hold where.

/// What kind of code a file holds, from where it lies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Place {
    /// The file is test code by itself: it may panic, but must neither sleep nor be skipped.
    pub(crate) test: bool,
    /// The file is part of a library: it must not print.
    pub(crate) library: bool,
    /// The file is part of what a simulation runs: its locks and threads are not the system's own.
    pub(crate) simulated: bool,
}

/// The crate that is test code from end to end, though it is compiled as a library.
const TESTKIT: &str = "toka-vault-testkit";

/// The workspace of its own that feeds the others what has to fail: test code as well.
const FUZZ: &str = "fuzz/";

/// The crate under `crates/` that is a program.
const PROGRAM: &str = "toka-vault-cli";

/// The crates that a simulation runs.
const SIMULATED: &[&str] = &["toka-vault-engine", "toka-vault-journal"];

/// Their files that say whose locks and threads they are, and the one whose lock is of the process.
const OWN_LOCKS: &[&str] = &[
    "crates/toka-vault-engine/src/sync.rs",
    "crates/toka-vault-engine/src/sync/simulated.rs",
    "crates/toka-vault-engine/src/thread.rs",
    "crates/toka-vault-engine/src/disk/lock.rs",
];

/// The paths of modules that are declared under `#[cfg(test)]`, without the ending.
pub(crate) struct TestModules(Vec<String>);

impl TestModules {
    /// Creates the list from paths such as `crates/a/src/b`, for `b.rs` and all below `b/`.
    pub(crate) fn new(paths: Vec<String>) -> Self {
        Self(paths)
    }

    /// Tells whether a file is one of these modules, or below one.
    fn hold(&self, path: &str) -> bool {
        self.0.iter().any(|module| {
            path.strip_prefix(module.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        })
    }
}

impl Place {
    /// Finds out what the file at `path` is.
    pub(crate) fn of(path: &str, modules: &TestModules) -> Self {
        let folders: Vec<&str> = path.split('/').rev().skip(1).collect();
        let mut parts = path.split('/');
        let krate = if parts.next() == Some("crates") { parts.next() } else { None };
        let in_tests = folders.contains(&"tests") || modules.hold(path);
        let in_sources = parts.next() == Some("src");
        Self {
            test: in_tests || krate == Some(TESTKIT) || path.starts_with(FUZZ),
            library: in_sources && !in_tests && krate.is_some_and(|name| name != PROGRAM && name != TESTKIT),
            simulated: in_sources
                && !in_tests
                && krate.is_some_and(|name| SIMULATED.contains(&name))
                && !OWN_LOCKS.contains(&path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str) -> (bool, bool) {
        let Place { test, library, .. } =
            Place::of(path, &TestModules::new(vec!["crates/a/src/b/checks".into()]));
        (test, library)
    }

    #[test]
    fn libraries_are_the_sources_of_crates_other_than_the_program() {
        assert_eq!(place("crates/toka-vault-core/src/id.rs"), (false, true));
        assert_eq!(place("crates/toka-vault-cli/src/main.rs"), (false, false));
        assert_eq!(place("crates/toka-vault/examples/history.rs"), (false, false));
        assert_eq!(place("xtask/src/main.rs"), (false, false));
        assert_eq!(place("benches/src/main.rs"), (false, false));
    }

    #[test]
    fn what_a_simulation_runs_is_known_but_for_where_locks_come_from() {
        let simulated = |path| Place::of(path, &TestModules::new(Vec::new())).simulated;
        assert!(simulated("crates/toka-vault-engine/src/writer.rs"));
        assert!(simulated("crates/toka-vault-journal/src/pool.rs"));
        assert!(!simulated("crates/toka-vault-engine/src/thread.rs"));
        assert!(!simulated("crates/toka-vault-engine/tests/engine/stall.rs"));
        assert!(!simulated("crates/toka-vault-sled/src/log.rs"));
        for path in OWN_LOCKS {
            assert!(std::path::Path::new("..").join(path).exists(), "{path} is gone");
        }
    }

    #[test]
    fn test_code_is_known_by_its_folder_its_crate_or_its_declaration() {
        assert_eq!(place("crates/toka-vault-sled/tests/open.rs"), (true, false));
        assert_eq!(place("tests/src/lib.rs"), (true, false));
        // It tells whoever runs its suite which cases a back-end cannot show.
        assert_eq!(place("crates/toka-vault-testkit/src/lib.rs"), (true, false));
        assert_eq!(place("fuzz/fuzz_targets/journal.rs"), (true, false));
        assert_eq!(place("crates/a/src/fuzz/journal.rs"), (false, true));
        assert_eq!(place("crates/a/src/b/checks.rs"), (true, false));
        assert_eq!(place("crates/a/src/b/checks/deep.rs"), (true, false));
        assert_eq!(place("crates/a/src/b/checks_not.rs"), (false, true));
        assert_eq!(place("crates/a/src/tests.rs"), (false, true));
    }
}
