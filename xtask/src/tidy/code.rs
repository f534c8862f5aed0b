//! The rules about code: nothing unsafe, nothing that panics or prints, no test that sleeps or is
//! skipped, no lock or thread of the system where a simulation has its own.

use crate::tidy::files::File;
use crate::tidy::finding::Finding;
use crate::tidy::place::Place;
use crate::tidy::regions::Regions;
use crate::tidy::tokens::Tokens;

/// Lints whose suspension lets code panic.
const PANIC_LINTS: &[&str] =
    &["unwrap_used", "expect_used", "panic", "todo", "unimplemented", "unreachable", "indexing_slicing"];

/// Where a rule holds.
#[derive(Clone, Copy)]
enum Scope {
    Everywhere,
    OutsideTests,
    InTests,
    InLibraries,
    Simulated,
}

/// A rule: where it holds, and what it says about the token at a place.
type Rule = (Scope, fn(&Tokens, usize) -> Option<String>);

/// Every rule about code.
const RULES: &[Rule] = &[
    (Scope::Everywhere, unsafe_code),
    (Scope::Everywhere, skipped_test),
    (Scope::OutsideTests, panicking_method),
    (Scope::OutsideTests, panicking_macro),
    (Scope::OutsideTests, panics_allowed),
    (Scope::InTests, sleep),
    (Scope::InLibraries, printing),
    (Scope::Simulated, own_lock),
];

/// Applies the rules to one file.
pub(crate) fn check(file: &File, place: Place, regions: &Regions, tokens: &Tokens) -> Vec<Finding> {
    let mut findings = Vec::new();
    for at in 0..tokens.len() {
        let line = tokens.line(at);
        let holds = |scope: Scope| scope.holds(place, regions.hold(line));
        let complaints =
            RULES.iter().filter(|(scope, _)| holds(*scope)).filter_map(|(_, rule)| rule(tokens, at));
        findings.extend(complaints.map(|complaint| Finding::new(file, line, complaint)));
    }
    findings
}

impl Scope {
    /// Tells whether it holds in a file, at a line that is, or is not, for tests only.
    fn holds(self, place: Place, in_test: bool) -> bool {
        match self {
            Self::Everywhere => true,
            Self::OutsideTests => !place.test && !in_test,
            Self::InTests => place.test || in_test,
            Self::InLibraries => place.library && !in_test,
            Self::Simulated => place.simulated && !in_test,
        }
    }
}

/// Finds `unsafe`.
fn unsafe_code(tokens: &Tokens, at: usize) -> Option<String> {
    (tokens.word(at)? == "unsafe").then(|| "`unsafe`; this project has none, find a safe way".to_owned())
}

/// Finds `.unwrap()` and its like, as a call or as a path.
fn panicking_method(tokens: &Tokens, at: usize) -> Option<String> {
    let method = tokens.word(at)?;
    let panics = matches!(method, "unwrap" | "expect" | "unwrap_err" | "expect_err");
    let called = at > 0 && tokens.is_mark(at - 1, '.') && tokens.closes(at + 1, '(').is_some();
    let found = panics && (called || tokens.follows_path_separator(at));
    found.then(|| format!("`{method}` outside tests; return an error, or make the failure impossible"))
}

/// Finds macros that are there to panic.
fn panicking_macro(tokens: &Tokens, at: usize) -> Option<String> {
    let found = called_macro(tokens, at, &["panic", "todo", "unimplemented", "unreachable", "dbg"])?;
    Some(format!("`{found}!` outside tests; return an error, or finish the code"))
}

/// Finds macros that print.
fn printing(tokens: &Tokens, at: usize) -> Option<String> {
    let found = called_macro(tokens, at, &["print", "println", "eprint", "eprintln", "dbg"])?;
    Some(format!("`{found}!` in a library; return the text, or use `tracing`"))
}

/// Finds a lock or a thread of the system where a simulation has its own.
fn own_lock(tokens: &Tokens, at: usize) -> Option<String> {
    let module = tokens.word(at).filter(|word| matches!(*word, "sync" | "thread"))?;
    let of_std = at >= 3 && tokens.follows_path_separator(at) && tokens.word(at - 3) == Some("std");
    let end = (at..tokens.len()).find(|end| tokens.is_mark(*end, ';')).unwrap_or(tokens.len());
    let is_lock = |word: &str| matches!(word, "Mutex" | "RwLock" | "Condvar");
    let found = of_std && (module == "thread" || tokens.words(at, end).any(is_lock));
    found
        .then(|| format!("`std::{module}` where a simulation has its own; use `toka_vault_engine::{module}`"))
}

/// Returns the name of the macro that is called at a place, when it is one of these.
fn called_macro<'a>(tokens: &'a Tokens, at: usize, names: &[&str]) -> Option<&'a str> {
    let name = tokens.word(at).filter(|name| names.contains(name))?;
    (tokens.is_mark(at + 1, '!') && tokens.group(at + 2).is_some()).then_some(name)
}

/// Finds an attribute that lets code panic and does not say why that cannot happen.
fn panics_allowed(tokens: &Tokens, at: usize) -> Option<String> {
    let (open, close) = tokens.attribute(at)?;
    let allows = matches!(tokens.word(open + 1), Some("allow" | "expect"));
    let lint = tokens.words(open, close).find(|word| PANIC_LINTS.contains(word))?;
    let explained = tokens.words(open, close).any(|word| word == "reason");
    (allows && !explained)
        .then(|| format!("`{lint}` allowed without a reason; add `reason = \"..\"` with the proof"))
}

/// Finds a test that does not run.
fn skipped_test(tokens: &Tokens, at: usize) -> Option<String> {
    let (open, close) = tokens.attribute(at)?;
    let skips = match tokens.word(open + 1)? {
        "ignore" => true,
        "cfg_attr" => tokens.words(open + 2, close).any(|word| word == "ignore"),
        _ => false,
    };
    skips.then(|| "`#[ignore]`; let the test run, or remove it".to_owned())
}

/// Finds a sleep, by its path or by its bare name.
fn sleep(tokens: &Tokens, at: usize) -> Option<String> {
    let name = tokens.word(at).filter(|word| matches!(*word, "sleep" | "sleep_until" | "sleep_ms"))?;
    let is_method = at > 0 && tokens.is_mark(at - 1, '.');
    let is_definition = at > 0 && tokens.word(at - 1) == Some("fn");
    let is_call = tokens.closes(at + 1, '(').is_some() && !is_method && !is_definition;
    let is_path = at >= 3
        && tokens.follows_path_separator(at)
        && matches!(tokens.word(at - 3), Some("thread" | "time"));
    (is_call || is_path).then(|| format!("`{name}` in a test; wait for the condition itself"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: Place = Place { test: false, library: true, simulated: false };
    const PROGRAM: Place = Place { test: false, library: false, simulated: false };
    const TEST: Place = Place { test: true, library: false, simulated: false };
    const SIMULATED: Place = Place { test: false, library: true, simulated: true };

    fn findings(place: Place, text: &str) -> Vec<String> {
        let file = File { path: "a.rs".into(), text: text.into() };
        let tokens = Tokens::read(text).unwrap();
        check(&file, place, &Regions::of(&tokens), &tokens).iter().map(Finding::to_string).collect()
    }

    #[track_caller]
    fn assert_finding(place: Place, text: &str, about: &str) {
        let findings = findings(place, text);
        assert!(findings.len() == 1 && findings.iter().all(|f| f.contains(about)), "{text}: {findings:?}");
    }

    #[track_caller]
    fn assert_none(place: Place, text: &str) {
        assert_eq!(findings(place, text), Vec::<String>::new(), "{text}");
    }

    #[test]
    fn a_finding_tells_file_line_and_what_to_do() {
        let found = findings(LIBRARY, "//! A.\nfn f() {\n    g().unwrap();\n}\n");
        assert_eq!(
            found,
            ["a.rs:3: `unwrap` outside tests; return an error, or make the failure impossible"]
        );
    }

    #[test]
    fn unsafe_is_found_everywhere() {
        for place in [LIBRARY, PROGRAM, TEST] {
            assert_finding(place, "fn f() { unsafe { g() } }", "`unsafe`");
        }
        assert_finding(TEST, "#[cfg(test)]\nmod tests { unsafe fn f() {} }", "`unsafe`");
        assert_none(LIBRARY, "#![forbid(unsafe_code)]\n/// Not unsafe.\nconst X: &str = \"unsafe\";");
    }

    #[test]
    fn panicking_methods_are_found_outside_tests_and_inside_macros() {
        for method in ["unwrap()", "expect(\"x\")", "unwrap_err()", "expect_err(\"x\")"] {
            assert_finding(PROGRAM, &format!("fn f() {{ g().{method}; }}"), "outside tests");
            assert_none(TEST, &format!("fn f() {{ g().{method}; }}"));
        }
        assert_finding(LIBRARY, "fn f() { format!(\"{}\", g().unwrap()); }", "`unwrap`");
        assert_finding(LIBRARY, "fn f() { g().map(Option::unwrap); }", "`unwrap`");
        assert_none(LIBRARY, "fn f() { g().unwrap_or(1).unwrap_or_default(); let expect = 1; }");
        assert_none(LIBRARY, "#[cfg(test)]\nmod tests {\n    fn f() { g().unwrap(); }\n}");
    }

    #[test]
    fn panicking_macros_are_found_outside_tests() {
        for name in ["panic", "todo", "unimplemented", "unreachable"] {
            assert_finding(LIBRARY, &format!("fn f() {{ {name}!(\"x\") }}"), name);
            assert_finding(PROGRAM, &format!("fn f() {{ std::{name}!() }}"), name);
            assert_none(TEST, &format!("fn f() {{ {name}!() }}"));
        }
        assert_none(LIBRARY, "fn f() { if panic != todo { std::panic::catch(x) } }");
    }

    #[test]
    fn printing_is_found_in_libraries_alone() {
        for name in ["print", "println", "eprint", "eprintln"] {
            assert_finding(LIBRARY, &format!("fn f() {{ {name}!(\"x\") }}"), "in a library");
            assert_none(PROGRAM, &format!("fn f() {{ {name}!(\"x\") }}"));
            assert_none(LIBRARY, &format!("#[test]\nfn f() {{ {name}!(\"x\") }}"));
        }
        assert_finding(Place { test: true, ..LIBRARY }, "fn f() { dbg!(x) }", "in a library");
        assert_finding(PROGRAM, "fn f() { dbg!(x) }", "`dbg!`");
    }

    #[test]
    fn locks_and_threads_of_the_system_are_found_where_a_simulation_has_its_own() {
        for text in
            ["use std::sync::{Arc, Mutex};", "use std::sync::Condvar;", "fn f() { std::thread::spawn(g); }"]
        {
            assert_finding(SIMULATED, text, "toka_vault_engine::");
            assert_none(LIBRARY, text);
        }
        assert_none(SIMULATED, "use std::sync::Arc;\nuse crate::sync::Mutex;");
        assert_none(SIMULATED, "#[cfg(test)]\nmod tests {\n    use std::sync::Mutex;\n}");
    }

    #[test]
    fn tests_that_sleep_are_found() {
        for call in ["std::thread::sleep(d)", "thread::sleep(d)", "sleep(d)", "tokio::time::sleep_until(d)"] {
            assert_finding(TEST, &format!("fn f() {{ {call}; }}"), "in a test");
            assert_finding(PROGRAM, &format!("#[test]\nfn f() {{ {call}; }}"), "in a test");
            assert_none(PROGRAM, &format!("fn f() {{ {call}; }}"));
        }
        assert_finding(TEST, "use std::thread::sleep;", "in a test");
        assert_none(TEST, "fn sleep(x: u8) { clock.sleep(1); let sleep = 2; }");
    }

    #[test]
    fn tests_that_are_skipped_are_found() {
        for attribute in ["#[ignore]", "#[ignore = \"slow\"]", "#[cfg_attr(miri, ignore)]"] {
            assert_finding(TEST, &format!("#[test]\n{attribute}\nfn f() {{}}"), "`#[ignore]`");
        }
        assert_none(TEST, "#[cfg_attr(unix, allow(x))]\n#[test]\nfn ignore() {}");
    }

    #[test]
    fn a_panic_that_is_allowed_needs_a_reason() {
        let attribute = "#[allow(clippy::indexing_slicing)]\nfn f() {}";
        assert_finding(LIBRARY, attribute, "`indexing_slicing`");
        assert_finding(LIBRARY, "#![expect(clippy::unwrap_used)]", "`unwrap_used`");
        assert_none(TEST, attribute);
        assert_none(LIBRARY, "#[allow(clippy::indexing_slicing, reason = \"cut above\")]\nfn f() {}");
        assert_none(LIBRARY, "#[deny(clippy::panic)]\n#[allow(dead_code)]\nfn f() {}");
    }
}
