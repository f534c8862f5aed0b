//! A whole vault from one seed: its threads, its clock, its disk, its crashes.
//!
//! Whose turn it is, what time it is, what is committed, where the disk is cut and what of it is left: all
//! of it comes from a seed, so that a history of several lives, with committers and subscribers, can be had
//! again. Each life starts on what a crash has left of the one before, and has to keep all that the lives
//! before it have promised: what was acknowledged, and what a subscriber was shown. `SIM_SEEDS` and
//! `SIM_CRASHES` in the environment ask for more of it.

mod answers;
mod life;
mod promise;
mod user;
mod witness;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use shuttle::scheduler::RandomScheduler;
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};
use toka_vault_testkit::sim::{Seed, SimDisk};

use crate::crash_tests::asked;
use life::{Life, Start, Work};
use promise::Promise;
use world::Syncs;

/// Lives of a vault in one history.
const LIVES: u64 = 4;

/// Bytes of the stack of a simulated thread.
const STACK_BYTES: usize = 1 << 20;

/// Turns after which a life counts as one that does not end.
const TURNS_MAX: usize = 5_000_000;

/// Runs `run` on simulated threads whose turns a seed decides.
fn simulate<T, F>(seed: u64, run: F) -> Result<T, String>
where
    T: Send + 'static,
    F: Fn() -> Result<T, String> + Send + Sync + 'static,
{
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::FailAfter(TURNS_MAX);
    let outcome = Arc::new(Mutex::new(None));
    let told = outcome.clone();
    let runner = Runner::new(RandomScheduler::new_from_seed(seed, 1), config);
    // A thread that panics, a lock that nobody gives back, a loop without an end.
    let ended = catch_unwind(AssertUnwindSafe(|| {
        runner.run(move || {
            let returned = run();
            *told.lock().unwrap() = Some(returned);
        })
    }));
    let stuck = |_| "its threads panicked, or stand still, or do not end".to_owned();
    ended.map_err(stuck)?;
    outcome.lock().unwrap().take().expect("it has run")
}

/// Tells of a vault from its creation on.
#[derive(Debug)]
struct History {
    lives: Vec<Life>,
    /// How many crashes there were.
    crashes: u64,
    /// How many events were acknowledged before a crash and were not there after it.
    lost: usize,
}

/// Lives through a history, and crashes each life so many times more.
fn history(number: u64, syncs: Syncs, crashes: u64) -> Result<History, String> {
    let mut seed = Seed::new(number);
    let (promise, durable) = (Promise::default(), Promise::default());
    let mut start = Start { disk: SimDisk::default(), is_new: true, promise, durable, told: 0 };
    let mut history = History { lives: Vec::new(), crashes: LIVES * (crashes + 1), lost: 0 };
    for life in 1..=LIVES {
        let told = |fault: String| format!("seed {number}, life {life}: {fault}");
        let lived = Life::live(start, Work::Some, syncs, seed.bits()).map_err(told)?;
        for _ in 0..crashes {
            let crashed = lived.crash(&mut seed);
            let after = Life::live(crashed, Work::None, Syncs::InTime, seed.bits()).map_err(told)?;
            history.lost += after.lost();
            // What is found once has to be found again.
            let again = after.crash(&mut seed);
            Life::live(again, Work::None, Syncs::InTime, seed.bits()).map_err(told)?;
        }
        start = lived.crash(&mut seed);
        history.lost += lived.lost();
        history.lives.push(lived);
    }
    Ok(history)
}

#[test]
fn what_was_acknowledged_or_shown_survives_every_crash() {
    let (mut points, mut acknowledged, mut shown, mut held, mut broken) = (0, 0, 0, 0, 0);
    let crashes = asked("SIM_CRASHES", 8);
    for number in 0..asked("SIM_SEEDS", 12) {
        let History { lives, crashes, .. } =
            history(number, Syncs::InTime, crashes).unwrap_or_else(|fault| panic!("{fault}"));
        points += crashes;
        acknowledged += lives.iter().map(Life::acknowledged).sum::<usize>();
        shown += lives.iter().map(Life::shown).sum::<usize>();
        let conditions = lives.iter().map(Life::conditions);
        (held, broken) =
            conditions.fold((held, broken), |sum, (held, broken)| (sum.0 + held, sum.1 + broken));
    }
    assert!(held > 0 && broken > 0, "{held} conditions held, {broken} did not");
    eprintln!("{points} crashes, {acknowledged} events acknowledged, {shown} shown");
    assert!(acknowledged > 0 && shown > acknowledged);
}

#[test]
fn a_vault_that_syncs_seldom_loses_nothing_but_an_end_that_was_not_synced() {
    let (mut points, mut lost) = (0, 0);
    for number in 0..asked("SIM_SEEDS", 12) {
        let crashes = asked("SIM_CRASHES", 8);
        let History { crashes, lost: more, .. } =
            history(number, Syncs::Seldom, crashes).unwrap_or_else(|fault| panic!("{fault}"));
        points += crashes;
        lost += more;
    }
    eprintln!("{points} crashes, {lost} events lost that were not synced");
    assert!(lost > 0, "the disk lost nothing, so that nothing was tested");
}

#[test]
fn the_same_seed_is_the_same_history() {
    for number in [3, 4] {
        let [one, other] = [(), ()].map(|()| history(number, Syncs::InTime, 1).unwrap().lives);
        assert_eq!(one, other);
        let another = history(number + 100, Syncs::InTime, 1).unwrap().lives;
        assert_ne!(one, another);
    }
}

#[test]
fn a_vault_that_syncs_one_step_late_is_caught_by_every_seed() {
    for number in 0..asked("SIM_SEEDS", 12) {
        let fault = history(number, Syncs::Late, 150).err().unwrap_or_default();
        let lost = ["was acknowledged and is not there", "was shown and is not there"];
        assert!(lost.iter().any(|lost| fault.contains(lost)), "seed {number} found: {fault}");
    }
}
