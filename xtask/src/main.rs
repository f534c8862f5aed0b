//! The checks of this workspace: `cargo xtask ci` runs them all, `cargo xtask STEP` one of them; and
//! `cargo xtask demo FOLDER`, the product at work.
//!
//! The table in `steps.rs` is the whole truth about what is checked: a step that is not in it does
//! not run, and `ci` has no list of its own. A check that could not be done is reported as skipped,
//! never as passed.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks on its standard streams"
)]

mod args;
mod builds;
mod demo;
mod deny;
mod docs;
mod features;
mod layers;
mod metadata;
mod paint;
mod process;
mod repository;
mod runner;
mod steps;
mod summary;
mod tidy;

use std::process::ExitCode;

use args::Request;
use repository::Repository;

/// The exit code when a step has failed.
const STEP_FAILED: u8 = 1;

/// The exit code when the command line makes no sense, as is usual for command-line tools.
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match args::parse(&words) {
        Ok(Request::Help) => print_and_succeed(&args::help()),
        Ok(Request::List) => print_and_succeed(&args::list()),
        Ok(Request::Run(plan)) => run(&plan),
        Ok(Request::Demo(folder)) => demo(&folder),
        Err(complaint) => {
            eprintln!("error: {complaint}\n\nTry `cargo xtask --help`.");
            ExitCode::from(WRONG_USAGE)
        }
    }
}

/// Prints `text` on stdout.
fn print_and_succeed(text: &str) -> ExitCode {
    print!("{text}");
    ExitCode::SUCCESS
}

/// Shows the product at work.
fn demo(folder: &str) -> ExitCode {
    match demo::run(&Repository::locate(), folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(STEP_FAILED)
        }
    }
}

/// Runs the chosen steps and turns their results into an exit code.
fn run(plan: &args::Plan) -> ExitCode {
    if runner::run(&Repository::locate(), plan) { ExitCode::SUCCESS } else { ExitCode::from(STEP_FAILED) }
}
