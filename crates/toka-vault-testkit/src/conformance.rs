//! The suite: what the documentation of `EventStore`, `EventStoreExt`, `Replay`, `Subscription`,
//! `StartFrom`, `WalkOptions` and `NewEvent` promises, a case for each sentence, by subject.
//!
//! [`conformance!`](crate::conformance!) makes tests of the cases. A case takes a
//! [`Backend`] and panics where the back-end breaks the promise.

use futures::future::LocalBoxFuture;

use crate::{Backend, Store};

pub mod backward;
pub mod bad_input;
pub mod batches;
pub mod cancel;
pub mod causality;
pub mod close;
pub mod commits;
pub mod conditions;
pub mod copying;
pub mod damage;
pub mod eviction;
pub mod filtered_walks;
pub mod filters;
pub mod from_a_time;
pub mod hashes;
pub mod idempotency;
pub mod ids;
pub mod lookups;
pub mod order;
pub mod parents;
pub mod payloads;
pub mod read_only;
pub mod relations;
pub mod reopen;
pub mod replay;
pub mod runtimes;
pub mod subscribe;

/// Runs a case on a back-end.
pub(crate) type Case = fn(Backend) -> LocalBoxFuture<'static, ()>;

/// Every case: its subject, its name, the function that runs it.
const CASES: &[(&str, &str, Case)] = crate::conformance_cases!(conformance_table);

/// The text of the file of each subject.
const SOURCES: &[(&str, &str)] = crate::conformance_cases!(conformance_sources);

/// Writes the sources of the cases as data, by subject.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_sources {
    ($($subject:ident { $($case:ident)* })*) => {
        &[$((
            stringify!($subject),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/conformance/", stringify!($subject), ".rs")),
        )),*]
    };
}

/// Returns the sentence that says what a case shows, which stands above it in its file.
pub(crate) fn promise(subject: &str, name: &str) -> String {
    let source = SOURCES.iter().find(|(of, _)| *of == subject).map_or("", |(_, source)| *source);
    let above = source.split(&format!("pub async fn {name}(")).next().unwrap_or_default();
    let mut lines: Vec<_> = above.lines().rev().map_while(|line| line.strip_prefix("/// ")).collect();
    lines.reverse();
    lines.join(" ")
}

/// Returns the case of this name.
///
/// # Panics
///
/// Where there is none.
pub(crate) fn case(subject: &str, name: &str) -> Case {
    let found = CASES.iter().find(|(of, case, _)| (*of, *case) == (subject, name));
    found.map(|(_, _, run)| *run).expect("the macro makes tests of the cases that are listed")
}

/// Opens a vault that keeps `events` events; says so and returns none where the back-end's are
/// smaller.
pub(crate) async fn roomy(backend: &Backend, events: u64) -> Option<Store> {
    match backend.capacity().filter(|capacity| *capacity < events) {
        None => Some(backend.open().await),
        Some(capacity) => {
            eprintln!("skipped: the case needs {events} events, the vault keeps {capacity}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CASES, promise};

    #[test]
    fn the_sentence_of_every_case_is_found() {
        for (subject, case, _) in CASES {
            let said = promise(subject, case);
            assert!(said.len() > 10 && said.ends_with('.'), "{subject}::{case} says {said:?}");
        }
    }
}
