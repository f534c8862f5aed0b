//! What children do.

use std::path::Path;
use std::time::Duration;

use futures::executor::block_on;
use toka_vault_core::{Error, EventStore, ReplayOptions};
use toka_vault_sled::{Durability, SledOptions, SledVault};
use toka_vault_testkit::events::{distinct, event, items};

use super::child::{say, wait_for_parent};
use super::{damaged_positions, open_accepting};
use crate::crash;

/// Plays a role.
pub(crate) fn play(role: &str, path: &Path, argument: &str) {
    match role {
        "commit" => commit(path, interval(argument)),
        "hold" => hold(path),
        "open" => say(&told(SledVault::open(path))),
        "fill" => fill_up(path, argument.parse().unwrap()),
        "read" => read(path, false),
        "read, accepting" => read(path, true),
        "write" => crash::write(path, argument.parse().unwrap()),
        other => panic!("`{other}` is no role"),
    }
}

/// Reads milliseconds between syncs; none is a sync for each group.
fn interval(argument: &str) -> Durability {
    argument.parse().map_or(Durability::Group, |millis| Durability::Interval(Duration::from_millis(millis)))
}

/// Commits one event, says so, waits for the parent, and closes.
fn commit(path: &Path, durability: Durability) {
    let vault = SledVault::open_with(path, SledOptions::new().with_durability(durability)).unwrap();
    say("ready");
    let header = block_on(vault.commit(event(1))).unwrap();
    say(&format!("stored {}", header.position));
    wait_for_parent();
    say("closing");
    block_on(vault.close()).unwrap();
    say("closed");
}

/// Holds a vault open until the parent has heard it.
fn hold(path: &Path) {
    let vault = SledVault::open(path).unwrap();
    say("open");
    wait_for_parent();
    drop(vault);
}

/// Tells how an attempt went, by the name of its error.
pub(crate) fn told<T>(outcome: Result<T, Error>) -> String {
    match outcome {
        Ok(_) => "fine".into(),
        Err(error) => format!("{error:?}").split([' ', '(']).next().unwrap().to_owned(),
    }
}

/// Commits events of so many bytes until one is refused, and tells about what follows.
fn fill_up(path: &Path, size: usize) {
    let vault = match SledVault::open(path) {
        Ok(vault) => vault,
        Err(error) => return say(&format!("refused {}", told::<()>(Err(error)))),
    };
    let next = || distinct(block_on(vault.head()).unwrap().position.next().get(), size);
    let error = loop {
        match block_on(vault.commit(next())) {
            Ok(header) => say(&format!("stored {}", header.position)),
            Err(error) => break error,
        }
    };
    say(&format!("then {}", told::<()>(Err(error))));
    say(&format!("then {}", told(block_on(vault.commit(next())))));
    let head = block_on(vault.head()).unwrap();
    let read = block_on(items(vault.replay(ReplayOptions::new())));
    let failed = read.iter().position(|item| item.is_err());
    assert!(failed.is_none_or(|at| matches!(read[at], Err(Error::Io { .. }))), "{:?}", read[failed.unwrap()]);
    say(&format!("reads {}", failed.unwrap_or(read.len())));
    say(&format!("head {}", head.position));
    say(&format!("close {}", told(block_on(vault.close()))));
}

/// Opens a vault that may be damaged and reads it, and says what is missing.
fn read(path: &Path, accept: bool) {
    let opened = if accept { open_accepting(path) } else { SledVault::open(path) };
    match opened {
        Err(error) => say(&format!("refused {error:?}")),
        Ok(vault) => {
            let damaged = damaged_positions(&vault);
            let head = block_on(vault.head()).unwrap().position;
            say(&format!("opened {head} {}", damaged.len()));
        }
    }
}
