//! [`Watchdog`]: answers in the writer's place where the storage does not return.
//!
//! Keeps the invariant that whoever is answered finds the vault as it is then: first how closing went, then that
//! it is over, then the answers.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use toka_vault_core::{Error, Result};

use crate::flight::Flight;
use crate::group::Pending;
use crate::health::Health;
use crate::published::Published;
use crate::sequencer::Order;
use crate::sync::lock;

/// Answers in the writer's place where the storage does not return.
pub(super) struct Watchdog {
    /// What it watches.
    pub(super) flight: Arc<Flight>,
    /// What is sealed no more, where the vault is closed.
    pub(super) order: Arc<Order>,
    /// What is refused from then on.
    pub(super) pending: Arc<Pending>,
    /// Who is told to look again.
    pub(super) published: Arc<Published>,
    /// Who is told of the failure.
    pub(super) health: Arc<Health>,
    /// How closing went.
    pub(super) outcome: Arc<OnceLock<Result<()>>>,
    /// How long a call may take.
    pub(super) bound: Duration,
}

impl Watchdog {
    /// Watches until there will be no more calls, or one has taken too long.
    pub(super) fn run(self) {
        let Some(callers) = self.flight.watch(self.bound) else { return };
        let reason = format!("it has not answered for {:?}", self.bound);
        tracing::error!(reason, "the storage of a vault hangs");
        let source = self.health.poison(Error::Storage { operation: "store a commit", reason });
        let poisoned = Error::Poisoned { source: source.clone() };
        // First how closing went, then that it is over, then the answers: whoever has one can close.
        let _ = self.outcome.set(Err(poisoned.clone()));
        self.flight.give_up();
        for caller in callers {
            drop(caller.answer(Err(Error::OutcomeUnknown { source: source.clone() })));
        }
        self.pending.refuse(&poisoned);
        if lock(&self.order).is_none() {
            // Closed: whoever would end reading hangs.
            self.published.end();
        } else {
            // Whoever waits for the end has to look again; what is published can still be read.
            self.published.wake();
        }
    }
}
