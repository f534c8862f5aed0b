//! [`Regions`]: which lines of a file are compiled for tests only.

use std::ops::RangeInclusive;

use crate::tidy::tokens::Tokens;

/// The lines of items under `#[cfg(test)]`, `#[test]` and the like.
pub(crate) struct Regions(Vec<RangeInclusive<usize>>);

impl Regions {
    /// Finds the lines in one file.
    pub(crate) fn of(tokens: &Tokens) -> Self {
        let mut lines = Vec::new();
        for at in 0..tokens.len() {
            if let Some((open, close)) =
                tokens.attribute(at).filter(|(open, _)| is_for_tests(tokens, open + 1))
            {
                let is_inner = open == at + 2;
                let end = if is_inner { usize::MAX } else { end_of_item(tokens, close + 1) };
                lines.push(tokens.line(at)..=end);
            }
        }
        Self(lines)
    }

    /// Tells whether a line is compiled for tests only.
    pub(crate) fn hold(&self, line: usize) -> bool {
        self.0.iter().any(|lines| lines.contains(&line))
    }

    /// Returns the modules in files of their own that the file at `path` declares for tests only.
    ///
    /// They come as paths without an ending, as `TestModules` wants them.
    pub(crate) fn modules(&self, path: &str, tokens: &Tokens) -> Vec<String> {
        let folder = folder_of_modules(path);
        let declared = (0..tokens.len()).filter(|at| {
            tokens.word(*at) == Some("mod") && tokens.is_mark(at + 2, ';') && self.hold(tokens.line(*at))
        });
        declared.filter_map(|at| Some(format!("{folder}/{}", tokens.word(at + 1)?))).collect()
    }
}

/// Returns the folder where the modules that a file declares lie.
fn folder_of_modules(path: &str) -> &str {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder,
        _ => path.strip_suffix(".rs").unwrap_or(path),
    }
}

/// Tells whether the attribute whose first word is at `at` keeps an item out of ordinary builds.
fn is_for_tests(tokens: &Tokens, at: usize) -> bool {
    match tokens.word(at) {
        Some("cfg") => tokens.closes(at + 1, '(').is_some() && implies_test(tokens, at + 2),
        // `#[test]`, and those of other runners, such as `#[tokio::test]`.
        Some(_) => names_test(tokens, at),
        None => false,
    }
}

/// Tells whether a path of words that begins at `at` ends in `test`.
fn names_test(tokens: &Tokens, at: usize) -> bool {
    if tokens.precedes_path_separator(at) {
        names_test(tokens, at + 3)
    } else {
        tokens.word(at) == Some("test")
    }
}

/// Tells whether the condition at `at` can hold in tests only.
fn implies_test(tokens: &Tokens, at: usize) -> bool {
    let is_list = tokens.closes(at + 1, '(').is_some();
    match tokens.word(at) {
        Some("test") => true,
        Some("all") if is_list => conditions(tokens, at + 2).any(|condition| implies_test(tokens, condition)),
        Some("any") if is_list => {
            let mut conditions = conditions(tokens, at + 2).peekable();
            conditions.peek().is_some() && conditions.all(|condition| implies_test(tokens, condition))
        }
        _ => false,
    }
}

/// Returns where the conditions of a list begin whose first one is at `first`.
fn conditions(tokens: &Tokens, first: usize) -> impl Iterator<Item = usize> {
    let start = (!tokens.is_end(first)).then_some(first);
    std::iter::successors(start, |condition| {
        let comma = steps(tokens, *condition).find(|at| tokens.is_end(*at) || tokens.is_mark(*at, ','))?;
        (!tokens.is_end(comma) && !tokens.is_end(comma + 1)).then_some(comma + 1)
    })
}

/// Returns the last line of the item whose attributes, or first word, begin at `from`.
fn end_of_item(tokens: &Tokens, from: usize) -> usize {
    let is_body = |at| tokens.closes(at, '{').is_some();
    let end = steps(tokens, from).find(|at| is_body(*at) || tokens.is_mark(*at, ';') || tokens.is_end(*at));
    let end = end.unwrap_or(from);
    tokens.line(tokens.closes(end, '{').unwrap_or(end))
}

/// Walks over tokens and, as one step each, over whole brackets, up to the end of the enclosing one.
fn steps(tokens: &Tokens, from: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(from), |at| {
        (!tokens.is_end(*at)).then(|| tokens.group(*at).map_or(at + 1, |(_, close)| close + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the lines, out of the first nine, that are for tests only.
    fn lines(text: &str) -> Vec<usize> {
        let regions = Regions::of(&Tokens::read(text).unwrap());
        (1..10).filter(|line| regions.hold(*line)).collect()
    }

    #[test]
    fn a_module_of_tests_is_found_from_its_attribute_to_its_end() {
        assert_eq!(
            lines("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n"),
            [2, 3, 4, 5]
        );
    }

    #[test]
    fn functions_marked_as_tests_are_found_with_their_other_attributes() {
        assert_eq!(lines("#[test]\n#[should_panic]\nfn a() {\n}\nfn b() {}\n"), [1, 2, 3, 4]);
        assert_eq!(lines("#[tokio::test(flavor = \"x\")]\nasync fn a() {\n}\n"), [1, 2, 3]);
    }

    #[test]
    fn items_without_a_body_end_at_their_semicolon() {
        assert_eq!(lines("#[cfg(test)]\nuse a::b;\nfn c() {}\n"), [1, 2]);
    }

    #[test]
    fn only_conditions_that_imply_a_test_count() {
        for condition in ["test", "all(unix, test)", "any(test, all(test, unix))", "all(any(test), unix,)"] {
            assert_eq!(lines(&format!("#[cfg({condition})]\nfn a() {{}}\n")), [1, 2], "{condition}");
        }
        for condition in ["not(test)", "any(test, unix)", "feature = \"test\"", "any()", "all()"] {
            assert!(lines(&format!("#[cfg({condition})]\nfn a() {{}}\n")).is_empty(), "{condition}");
        }
    }

    #[test]
    fn an_inner_attribute_holds_for_the_whole_file() {
        assert_eq!(lines("#![cfg(test)]\nfn a() {}\n").len(), 9);
    }

    #[test]
    fn modules_in_files_of_their_own_are_named_by_path() {
        let tokens = Tokens::read("#[cfg(test)]\nmod checks;\nmod product;\n").unwrap();
        let modules = |path| Regions::of(&tokens).modules(path, &tokens);
        assert_eq!(modules("a/src/b.rs"), ["a/src/b/checks"]);
        assert_eq!(modules("a/src/lib.rs"), ["a/src/checks"]);
    }
}
