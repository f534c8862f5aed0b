//! The rules about lines: length of files, their opening, white space, ignored examples.

use crate::tidy::files::File;
use crate::tidy::finding::Finding;

/// The most lines that a source file may have.
const FILE_LINES_MAX: usize = 400;

/// Applies the rules about lines to one file.
pub(crate) fn check(file: &File) -> Vec<Finding> {
    let mut findings = white_space(file);
    if file.path.ends_with(".rs") {
        findings.extend(length(file));
        findings.extend(opening(file));
        findings.extend(ignored_examples(file));
    }
    findings
}

/// Finds a source file that is too long.
fn length(file: &File) -> Option<Finding> {
    let lines = file.text.lines().count();
    let text = format!("{lines} lines, {FILE_LINES_MAX} are allowed; split it by responsibility");
    (lines > FILE_LINES_MAX).then(|| Finding::new(file, FILE_LINES_MAX + 1, text))
}

/// Finds a source file that does not say what it is for.
fn opening(file: &File) -> Option<Finding> {
    let text = "does not open with `//!`; say there what it is for and which invariant it keeps";
    let opens = file.text.strip_prefix("//!").is_some_and(|rest| {
        rest.lines().next().is_some_and(|line| line.starts_with(' ') && !line.trim().is_empty())
    });
    (!opens).then(|| Finding::new(file, 1, text))
}

/// Finds white space at the end of lines, and a last line without an end.
fn white_space(file: &File) -> Vec<Finding> {
    let lines = file.text.split('\n').enumerate();
    let trailing = lines.filter(|(_, line)| line.ends_with(char::is_whitespace));
    let mut findings: Vec<Finding> = trailing
        .map(|(index, _)| Finding::new(file, index + 1, "white space at the end of the line; remove it"))
        .collect();
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        let last = file.text.lines().count();
        findings.push(Finding::new(file, last, "no newline at the end of the file; add it"));
    }
    if file.text.ends_with("\n\n") {
        let last = file.text.lines().count();
        findings.push(Finding::new(file, last, "empty lines at the end of the file; remove them"));
    }
    findings
}

/// Finds examples in the documentation that nobody compiles.
fn ignored_examples(file: &File) -> Vec<Finding> {
    let lines = file.text.lines().enumerate();
    let ignored = lines.filter(|(_, line)| {
        let line = line.trim_start();
        let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        let info = comment.and_then(|comment| comment.trim_start().strip_prefix("```"));
        info.is_some_and(|info| info.split(',').any(|word| word.trim() == "ignore"))
    });
    let text =
        "example that is not compiled; let it compile (`no_run` if it must not run), or mark it `text`";
    ignored.map(|(index, _)| Finding::new(file, index + 1, text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.into(), text: text.into() };
        check(&file).iter().map(Finding::to_string).collect()
    }

    #[track_caller]
    fn assert_finding(text: &str, start: &str, about: &str) {
        let findings = findings("a.rs", text);
        let fits = |finding: &String| finding.starts_with(start) && finding.contains(about);
        assert!(findings.len() == 1 && findings.iter().all(fits), "{findings:?}");
    }

    #[test]
    fn a_good_file_passes() {
        let text = "//! What it is for.\n\n/// Does it.\n///\n/// ```no_run\n/// f();\n/// ```\nfn f() {}\n";
        assert!(findings("a.rs", text).is_empty());
    }

    #[test]
    fn a_file_over_the_limit_is_found() {
        let lines = |count: usize| format!("//! Long.\n{}", "// x\n".repeat(count - 1));
        assert!(findings("a.rs", &lines(400)).is_empty());
        assert_finding(&lines(401), "a.rs:401:", "401 lines");
        assert!(findings("a.md", &lines(401)).is_empty());
    }

    #[test]
    fn a_file_without_module_documentation_is_found() {
        assert_finding("use a::b;\n", "a.rs:1:", "`//!`");
        assert_finding("/// Not of the module.\nfn f() {}\n", "a.rs:1:", "`//!`");
        assert_finding("//!\nfn f() {}\n", "a.rs:1:", "`//!`");
        assert_finding("", "a.rs:1:", "`//!`");
    }

    #[test]
    fn white_space_at_ends_is_found_in_every_text_file() {
        assert_finding("//! A.\nfn f() {} \n", "a.rs:2:", "white space");
        assert_finding("//! A.\r\n", "a.rs:1:", "white space");
        assert_finding("//! A.\n\t\nfn f() {}\n", "a.rs:2:", "white space");
        assert_finding("//! A.\nfn f() {}", "a.rs:2:", "no newline");
        assert_finding("//! A.\nfn f() {}\n\n", "a.rs:3:", "empty lines");
        assert_eq!(findings("a.md", "A \n").len(), 1);
        assert!(findings("empty", "").is_empty());
    }

    #[test]
    fn examples_that_are_not_compiled_are_found() {
        assert_finding("//! A.\n    /// ```ignore\n    /// ```\n", "a.rs:2:", "not compiled");
        assert_finding("//! ```rust,ignore\n//! ```\n", "a.rs:1:", "not compiled");
    }
}
