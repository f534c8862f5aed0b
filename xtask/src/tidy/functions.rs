//! [`Lengths`]: how long functions are, one by one and as a share of all.

use std::fmt;

use crate::tidy::files::File;
use crate::tidy::finding::Finding;
use crate::tidy::place::Place;
use crate::tidy::regions::Regions;
use crate::tidy::tokens::Tokens;

/// The most lines that a function may have, from `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// The lines up to which a function is short.
const SHORT_LINES_MAX: usize = 25;

/// How many functions in a hundred must be short.
const SHORT_PERCENT_MIN: usize = 90;

/// Counts of functions: in all code, and outside tests.
#[derive(Default)]
pub(crate) struct Lengths {
    all: Count,
    product: Count,
}

/// How many functions there are and how many of them are short.
#[derive(Default)]
struct Count {
    functions: usize,
    short: usize,
}

/// A function with a body.
struct Function<'a> {
    name: &'a str,
    line: usize,
    lines: usize,
}

impl Lengths {
    /// Counts the functions of a file and returns those that are too long.
    pub(crate) fn add(
        &mut self,
        file: &File,
        place: Place,
        regions: &Regions,
        tokens: &Tokens,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        for function in functions(tokens) {
            self.all.add(&function);
            if !place.test && !regions.hold(function.line) {
                self.product.add(&function);
            }
            findings.extend(function.too_long(file));
        }
        findings
    }

    /// Returns a finding when too few functions are short, tests counted in or left out.
    pub(crate) fn shares(&self) -> Vec<Finding> {
        let counts = [("of all functions", &self.all), ("of the functions outside tests", &self.product)];
        let low = counts.into_iter().filter(|(_, count)| !count.holds());
        low.map(|(which, count)| {
            let text = format!(
                "{:.1} % {which} have at most {SHORT_LINES_MAX} lines, {SHORT_PERCENT_MIN} % must; \
                 split the long ones",
                count.percent()
            );
            Finding::at("Cargo.toml", 1, text)
        })
        .collect()
    }
}

impl fmt::Display for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} functions, {:.1} % of at most {SHORT_LINES_MAX} lines ({:.1} % outside tests, {SHORT_PERCENT_MIN} % required)",
            self.all.functions,
            self.all.percent(),
            self.product.percent()
        )
    }
}

impl Count {
    /// Counts one more.
    fn add(&mut self, function: &Function<'_>) {
        self.functions += 1;
        self.short += usize::from(function.lines <= SHORT_LINES_MAX);
    }

    /// Tells whether enough of them are short.
    fn holds(&self) -> bool {
        self.short * 100 >= self.functions * SHORT_PERCENT_MIN
    }

    /// Returns the share of short functions, 100 when there are none.
    fn percent(&self) -> f64 {
        if self.functions == 0 { 100.0 } else { self.short as f64 * 100.0 / self.functions as f64 }
    }
}

impl Function<'_> {
    /// Returns a finding when there are too many lines.
    fn too_long(&self, file: &File) -> Option<Finding> {
        let Self { name, line, lines } = self;
        let text = format!(
            "`{name}` has {lines} lines, {FUNCTION_LINES_MAX} are allowed; keep the control flow, move work out"
        );
        (*lines > FUNCTION_LINES_MAX).then(|| Finding::new(file, *line, text))
    }
}

/// Returns the functions of a file that have a body, those inside others and inside macros too.
fn functions(tokens: &Tokens) -> impl Iterator<Item = Function<'_>> {
    (0..tokens.len()).filter_map(|at| {
        // A macro that makes functions writes their names as `$name`.
        let name_at = if tokens.is_mark(at + 1, '$') { at + 2 } else { at + 1 };
        let name = (tokens.word(at)? == "fn").then(|| tokens.word(name_at)).flatten()?;
        let end = body_end(tokens, name_at)?;
        let line = tokens.line(at);
        Some(Function { name, line, lines: tokens.line(end) + 1 - line })
    })
}

/// Returns where the body closes of the function whose signature goes on at `at`.
fn body_end(tokens: &Tokens, mut at: usize) -> Option<usize> {
    while !tokens.is_end(at) && !tokens.is_mark(at, ';') {
        match tokens.group(at) {
            Some(('{', close)) => return Some(close),
            Some((_, close)) => at = close + 1,
            None => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts the functions of a text and returns what is found.
    fn look(text: &str, place: Place) -> (Lengths, Vec<String>) {
        let file = File { path: "a.rs".into(), text: text.into() };
        let tokens = Tokens::read(text).unwrap();
        let mut lengths = Lengths::default();
        let mut findings = lengths.add(&file, place, &Regions::of(&tokens), &tokens);
        findings.extend(lengths.shares());
        (lengths, findings.iter().map(Finding::to_string).collect())
    }

    /// Writes a function of so many lines.
    fn function(name: &str, lines: usize) -> String {
        format!("/// Documented.\n#[inline]\npub fn {name}() {{\n{}}}\n", "    x();\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_over_the_limit_is_found_by_name() {
        let short: String = (0..20).map(|n| function(&format!("short_{n}"), 25)).collect();
        assert!(look(&(function("long", 70) + &short), Place::default()).1.is_empty());
        let (_, findings) = look(&(function("long", 71) + &short), Place::default());
        assert_eq!(findings.len(), 1);
        assert!(findings[0].starts_with("a.rs:3: `long` has 71 lines"), "{findings:?}");
    }

    #[test]
    fn a_test_that_is_too_long_is_found_too() {
        let (_, findings) = look(&function("long", 71), Place { test: true, ..Place::default() });
        assert!(findings.iter().any(|finding| finding.contains("`long`")), "{findings:?}");
    }

    #[test]
    fn nine_in_ten_must_be_short() {
        let short = |count: usize| -> String { (0..count).map(|n| function(&format!("f{n}"), 25)).collect() };
        assert!(look(&(short(9) + &function("middling", 26)), Place::default()).1.is_empty());
        let (_, findings) = look(&(short(8) + &function("middling", 26)), Place::default());
        assert_eq!(findings.len(), 2, "of all and of those outside tests: {findings:?}");
    }

    #[test]
    fn short_tests_do_not_hide_long_functions() {
        let tests: String = (0..20).map(|n| format!("#[test]\n{}", function(&format!("t{n}"), 5))).collect();
        let (_, findings) = look(&(tests + &function("middling", 40)), Place::default());
        assert!(findings.len() == 1 && findings[0].contains("outside tests"), "{findings:?}");
    }

    #[test]
    fn nested_functions_and_those_in_macros_count_and_declarations_do_not() {
        let text = "trait T { fn declared(&self) -> [u8; 2]; }\n\
                    fn outer() where u8: Copy { fn inner() {} }\n\
                    m! { fn in_macro(f: fn(u8) -> u8) {} }\n\
                    macro_rules! m { () => { fn $name() {} }; }\n";
        assert_eq!(look(text, Place::default()).0.all.functions, 4);
    }

    #[test]
    fn no_functions_at_all_are_fine() {
        let (lengths, findings) = look("const X: u8 = 1;", Place::default());
        assert!(findings.is_empty() && lengths.to_string().starts_with("0 functions, 100.0 %"));
    }
}
