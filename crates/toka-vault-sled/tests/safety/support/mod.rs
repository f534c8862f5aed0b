//! What the tests share: folders as data, child processes, chance that can be repeated.

pub(crate) mod child;
pub(crate) mod folder;
pub(crate) mod raw;
pub(crate) mod roles;

use std::path::Path;

use futures::executor::block_on;
use toka_vault_core::{Error, Event, EventStore, Position, ReplayOptions, Result};
use toka_vault_sled::{SledOptions, SledVault, TailLoss};
use toka_vault_testkit::events::{fill, items, number};

/// Draws numbers that are the same in every run.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// Draws a number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Makes a closed vault with the events 1 to `count`.
pub(crate) fn filled(path: &Path, count: u64) {
    let vault = SledVault::open(path).unwrap();
    block_on(fill(&vault, count));
    block_on(vault.close()).unwrap();
}

/// Opens a vault and accepts the loss of its tail.
pub(crate) fn open_accepting(path: &Path) -> Result<SledVault> {
    SledVault::open_with(path, SledOptions::new().with_tail_loss(TailLoss::Accept))
}

/// Reads a history in which each event tells its position, and may be named damaged instead.
/// Returns the positions that are damaged.
pub(crate) fn damaged_positions(vault: &SledVault) -> Vec<u64> {
    let mut damaged = Vec::new();
    let mut due = 1;
    for item in block_on(items(vault.replay(ReplayOptions::new()))) {
        let last = match &item {
            Ok(event) => {
                assert_eq!(event.position(), Position::new(due));
                assert_right(event);
                due
            }
            Err(Error::Corrupt { first, last, .. }) => {
                assert_eq!(*first, Position::new(due), "{item:?}");
                assert!(last >= first, "{item:?}");
                damaged.extend(due..=last.get());
                last.get()
            }
            Err(error) => panic!("{error:?}"),
        };
        due = last + 1;
    }
    assert_eq!(Position::new(due - 1), block_on(vault.head()).unwrap().position, "where the history ends");
    damaged
}

/// Asserts that an event is the one that [`fill`] commits at its position.
pub(crate) fn assert_right(event: &Event) {
    assert!(event.payload.is_intact(), "{event:?}");
    assert_eq!(number(event), event.position().get(), "{event:?}");
}
