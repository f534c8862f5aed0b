//! The command line: what was asked for, and the texts that explain what can be asked for.
//!
//! Every name is checked before the first step runs, so that a typing error costs no time.

use crate::steps::{self, STEPS, Step};

/// What the caller wants.
pub(crate) enum Request {
    /// Print the help.
    Help,
    /// Print the table of steps.
    List,
    /// Run steps.
    Run(Plan),
    /// Show the product at work, with a vault in this folder.
    Demo(String),
}

/// Which steps to run, and how.
pub(crate) struct Plan {
    /// The steps in the order of the table.
    pub(crate) steps: Vec<&'static Step>,
    /// Whether the first failure ends the run.
    pub(crate) fail_fast: bool,
}

/// Reads the words after `cargo xtask`.
///
/// # Errors
///
/// Returns a sentence for the caller when a step or an option is not known, or a value is missing.
pub(crate) fn parse(words: &[String]) -> Result<Request, String> {
    let Some((first, rest)) = words.split_first() else {
        return Ok(Request::Help);
    };
    match (first.as_str(), rest) {
        ("ci", options) => parse_ci(options),
        ("demo", [option]) if matches!(option.as_str(), "--help" | "-h") => Ok(Request::Help),
        ("demo", [folder]) if !folder.starts_with('-') => Ok(Request::Demo(folder.clone())),
        ("demo", _) => Err("`demo` takes one folder, for the vault".into()),
        _ => parse_steps(words),
    }
}

/// Reads the options of `ci`; without any, every step runs.
fn parse_ci(words: &[String]) -> Result<Request, String> {
    let mut names = Vec::new();
    let mut fail_fast = false;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--help" | "-h" => return Ok(Request::Help),
            "--list" => return Ok(Request::List),
            "--fail-fast" => fail_fast = true,
            "--only" => names.push(words.next().ok_or("`--only` needs the name of a step")?.as_str()),
            other => match other.strip_prefix("--only=") {
                Some(name) => names.push(name),
                None => return Err(format!("`ci` does not take `{other}`")),
            },
        }
    }
    plan(&names, fail_fast)
}

/// Reads the names of steps, given without `ci`.
fn parse_steps(words: &[String]) -> Result<Request, String> {
    let mut names = Vec::new();
    let mut fail_fast = false;
    for word in words {
        match word.as_str() {
            "--help" | "-h" | "help" => return Ok(Request::Help),
            "--list" => return Ok(Request::List),
            "--fail-fast" => fail_fast = true,
            option if option.starts_with('-') => return Err(format!("unknown option `{option}`")),
            name => names.push(name),
        }
    }
    plan(&names, fail_fast)
}

/// Makes a plan of the named steps.
fn plan(names: &[&str], fail_fast: bool) -> Result<Request, String> {
    Ok(Request::Run(Plan { steps: steps::select(names)?, fail_fast }))
}

/// Returns the text of `--help`.
pub(crate) fn help() -> String {
    format!(
        "The checks of this workspace, and a demonstration.

Usage: cargo xtask ci [--list] [--only STEP]... [--fail-fast]
       cargo xtask STEP... [--fail-fast]
       cargo xtask demo FOLDER

`demo` imports the history of this repository into a durable vault in FOLDER, replays and
verifies it, and prints each call of the command-line tool that does so.

Options:
  --list       print the steps and end
  --only STEP  run this step alone; may be given more than once
  --fail-fast  end at the first step that fails
  -h, --help   print this text

Steps, in the order in which they run:
{}
Exit codes: 0 when no step failed (some may have been skipped, and are named), 1 when one failed,
2 when the command line was not understood.
",
        list()
    )
}

/// Returns the table of steps, a line for each.
pub(crate) fn list() -> String {
    let width = STEPS.iter().map(|step| step.name.len()).max().unwrap_or(0);
    STEPS.iter().map(|step| format!("  {:width$}  {}\n", step.name, step.about)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Request, String> {
        parse(&line.split_whitespace().map(String::from).collect::<Vec<_>>())
    }

    fn names(line: &str) -> Vec<&'static str> {
        match parsed(line) {
            Ok(Request::Run(plan)) => plan.steps.iter().map(|step| step.name).collect(),
            _ => panic!("`{line}` should run steps"),
        }
    }

    #[test]
    fn ci_runs_every_step_in_the_order_of_the_table() {
        assert_eq!(names("ci"), STEPS.iter().map(|step| step.name).collect::<Vec<_>>());
    }

    #[test]
    fn only_takes_the_named_steps_and_keeps_the_order_of_the_table() {
        assert_eq!(names("ci --only layers --only=fmt"), ["fmt", "layers"]);
        assert_eq!(names("ci --only tidy --only tidy"), ["tidy"]);
    }

    #[test]
    fn a_step_alone_is_short_for_only() {
        assert_eq!(names("tidy"), ["tidy"]);
        assert_eq!(names("layers tidy"), ["tidy", "layers"]);
    }

    #[test]
    fn fail_fast_is_understood_in_both_forms() {
        for line in ["ci --fail-fast", "tidy --fail-fast"] {
            assert!(matches!(parsed(line), Ok(Request::Run(Plan { fail_fast: true, .. }))), "{line}");
        }
        assert!(matches!(parsed("ci"), Ok(Request::Run(Plan { fail_fast: false, .. }))));
    }

    #[test]
    fn an_unknown_step_is_refused_with_the_list_of_steps() {
        for line in ["ci --only clipy", "clipy", "fmt clipy"] {
            let complaint = parsed(line).err().unwrap();
            assert!(complaint.contains("`clipy`") && complaint.contains("clippy"), "{complaint}");
        }
    }

    #[test]
    fn unknown_options_and_missing_values_are_refused() {
        for line in ["ci --onyl fmt", "ci fmt", "ci --only", "--frobnicate"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }

    #[test]
    fn help_and_list_name_every_step() {
        assert!(matches!(parsed(""), Ok(Request::Help)));
        assert!(matches!(parsed("ci --help"), Ok(Request::Help)));
        assert!(matches!(parsed("ci --list"), Ok(Request::List)));
        for step in STEPS {
            assert!(help().contains(step.about) && list().contains(step.name), "{}", step.name);
        }
    }
}
