//! `toka-vault`: the command line of the event store.
//!
//! Keeps the invariants that data goes to stdout and everything else to stderr; that nothing which
//! came out of a vault reaches a terminal as a control character; that a reader who closes the pipe
//! ends the program quietly; and that the exit code tells what happened:
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done, or the reader of stdout has gone |
//! | 1 | the vault or an import failed: I/O, a conflict, a bad line |
//! | 2 | the command line makes no sense |
//! | 3 | damaged events were found, or an import went on without parents that are missing |
//! | 4 | an event was not found: an unknown id, an unknown parent, a digest that no payload has, the beginning of several ids |
//! | 5 | the vault cannot be opened: there is none, it is open elsewhere, it is something else, it is damaged, events at its end are missing; or `tail` finds that it is gone |
//! | 6 | a condition of a commit did not hold; nothing was stored |
//!
//! `args` is the command line, `commands` has a module for each command, `output` is the one place
//! that prints, `failure` the one that knows the exit codes.

mod args;
mod batch;
mod cloudevents;
mod commands;
mod failure;
mod git;
mod lines;
mod opening;
mod output;
mod progress;
mod record;
mod stdout_watch;
mod vault_watch;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::Cli;
use output::Output;

fn main() -> ExitCode {
    let parsed = Cli::command().color(args::color_of(std::env::args_os())).try_get_matches();
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(refusal) => return output::refuse(&refusal),
    };
    let mut output = Output::new(cli.output, cli.color);
    output::print_warnings(output.notes());
    let outcome = commands::run(cli, &mut output);
    output.end(outcome)
}
