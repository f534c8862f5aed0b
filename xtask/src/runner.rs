//! Runs the steps one after the other and keeps their results.
//!
//! Order of the output: a heading before each step, the table of results before the closing step so
//! that this step's own summary stays last, one line after it.

use std::time::Instant;

use crate::args::Plan;
use crate::paint::Paint;
use crate::repository::Repository;
use crate::steps::{CLOSING, Outcome, Step};
use crate::summary::{self, Record, Verdict};

/// Runs the steps of `plan` and tells whether none of them failed.
pub(crate) fn run(repository: &Repository, plan: &Plan) -> bool {
    let paint = Paint::for_stdout();
    let mut records: Vec<Record> = Vec::new();
    for step in &plan.steps {
        if step.name == CLOSING && !records.is_empty() {
            print!("\n{}", summary::table(&records, paint));
        }
        records.push(next(repository, step, plan.fail_fast && any_failed(&records), paint));
    }
    let closed_by_step = plan.steps.last().is_some_and(|step| step.name == CLOSING);
    if records.len() > 1 && !closed_by_step {
        print!("\n{}", summary::table(&records, paint));
    }
    println!("{}", summary::closing_line(&records, paint));
    !any_failed(&records)
}

/// Runs one step, or records that it was left out.
fn next(repository: &Repository, step: &Step, left_out: bool, paint: Paint) -> Record {
    if left_out {
        return Record { name: step.name, verdict: Verdict::NotRun, seconds: 0.0 };
    }
    println!("\n{}", paint.bold(&format!("==> {}: {}", step.name, step.about)));
    let start = Instant::now();
    let verdict = match (step.check)(repository) {
        Ok(Outcome::Passed) => Verdict::Ok,
        Ok(Outcome::PassedInPart(note)) => Verdict::OkInPart(note),
        Ok(Outcome::Skipped(reason)) => Verdict::Skipped(reason),
        Err(error) => Verdict::Failed(format!("{error:#}")),
    };
    let seconds = start.elapsed().as_secs_f64();
    print!("{}", summary::complaint(step.name, &verdict, paint));
    Record { name: step.name, verdict, seconds }
}

/// Tells whether a step has failed.
fn any_failed(records: &[Record]) -> bool {
    records.iter().any(|record| matches!(record.verdict, Verdict::Failed(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    const PASSES: Step = Step { name: "passes", about: "a check that holds", check: |_| Ok(Outcome::Passed) };
    const FAILS: Step =
        Step { name: "fails", about: "a check that does not", check: |_| bail!("it is broken") };
    const SKIPS: Step =
        Step { name: "skips", about: "a check not done", check: |_| Ok(Outcome::Skipped("no tool".into())) };

    fn record(step: &Step, left_out: bool) -> Verdict {
        next(&Repository::locate(), step, left_out, Paint::PLAIN).verdict
    }

    #[test]
    fn each_outcome_becomes_its_verdict() {
        assert_eq!(record(&PASSES, false), Verdict::Ok);
        assert_eq!(record(&FAILS, false), Verdict::Failed("it is broken".into()));
        assert_eq!(record(&SKIPS, false), Verdict::Skipped("no tool".into()));
    }

    #[test]
    fn a_step_that_is_left_out_does_not_run() {
        assert_eq!(record(&FAILS, true), Verdict::NotRun);
    }

    #[test]
    fn one_failure_fails_the_run_and_a_skip_does_not() {
        let repository = Repository::locate();
        let run = |steps: Vec<&'static Step>| run(&repository, &Plan { steps, fail_fast: false });
        assert!(run(vec![&PASSES, &SKIPS]));
        assert!(!run(vec![&FAILS, &PASSES]));
    }
}
