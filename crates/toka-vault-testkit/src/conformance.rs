//! The suite: what the documentation of `EventStore`, `Replay`, `Subscription`, `StartFrom` and
//! `NewEvent` promises, a case for each sentence, by subject.
//!
//! [`conformance!`](crate::conformance!) makes tests of the cases. A case takes a
//! [`Backend`] and panics where the back-end breaks the promise.

use crate::Backend;

pub mod backward;
pub mod bad_input;
pub mod batches;
pub mod cancel;
pub mod close;
pub mod commits;
pub mod eviction;
pub mod hashes;
pub mod idempotency;
pub mod ids;
pub mod order;
pub mod parents;
pub mod payloads;
pub mod reopen;
pub mod replay;
pub mod runtimes;
pub mod subscribe;

/// Opens a vault that keeps `events` events; says so and returns none where the back-end's are
/// smaller.
pub(crate) async fn roomy<B: Backend>(backend: &B, events: u64) -> Option<B::Store> {
    match backend.capacity().filter(|capacity| *capacity < events) {
        None => Some(backend.open().await),
        Some(capacity) => {
            eprintln!("skipped: the case needs {events} events, the vault keeps {capacity}");
            None
        }
    }
}
