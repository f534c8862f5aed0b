//! Bounds of the engine: how much it holds in memory and moves at once.
//!
//! What they bound together: a local vault holds at most the commits under way, the tail, the
//! unindexed ids and the chunks of its readers, whatever its callers do.
//!
//! Invariant 10 of `docs/architecture.md`, which names the tests that show it.

use std::time::Duration;

use toka_vault_core::limits::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX};

/// Most bytes of commits that are not answered yet. A caller beyond it waits before its commit is
/// sealed, which is the back-pressure.
pub const QUEUE_BYTES_MAX: usize = 2 * BATCH_BYTES_MAX;

/// What an event of a commit counts for besides its payload and its parents, which bounds their number too.
pub const EVENT_WEIGHT: usize = 4 << 10;

/// Most events of one group commit, unless a single batch is larger.
pub const GROUP_EVENTS_MAX: usize = 4_096;

/// Events that the tail keeps for subscribers that are close to the head: with more, the oldest group leaves.
pub const TAIL_EVENTS_MAX: usize = 8_192;

/// Events that the tail keeps where a large group would leave: up to so many are there besides it.
pub const TAIL_EVENTS_MIN: usize = TAIL_EVENTS_MAX / 2;

/// Most bytes of payloads and parents that the tail keeps.
pub const TAIL_BYTES_MAX: usize = 8 << 20;

/// Most bytes of events that have left the tail and wait for callers to free them: as many as those of a group
/// of small events.
pub const SPENT_BYTES_MAX: usize = 1 << 20;

/// Most events that a reader fetches at once.
pub const CHUNK_EVENTS_MAX: usize = 2_048;

/// Payload bytes after which a chunk ends, so that a chunk of large payloads is one event.
pub const CHUNK_BYTES_MAX: usize = 1 << 20;

/// Chunks that a replay asks for ahead of its consumer: one for each thread that reads, and one that waits
/// for the first of them to be free.
pub const CHUNKS_AHEAD: usize = READER_THREADS + 1;

/// Parts of picked events that are asked for ahead of their consumer: one for each thread that reads.
pub const PARTS_AHEAD: usize = READER_THREADS;

/// How long an append or a sync may take before the vault counts its storage as failed. Disks that
/// answer after that have been seen to be lost.
pub const STALL_MAX: Duration = Duration::from_secs(60);

/// How long a vault that is read only waits between two looks at how far its log has come.
pub const FOLLOW_PAUSE: Duration = Duration::from_millis(20);

/// Bytes from which on a payload is kept once for all events that have it. A shorter one is kept with
/// each: to share it would save little beside what an event takes anyway, cost every commit a look, and
/// every reader of such an event a second read.
pub const SHARED_BYTES_MIN: usize = 512;

/// Threads that read from a log for all readers of a vault; at least two, since a read that takes long has one.
pub const READER_THREADS: usize = 2;

/// Reads that wait for a reader thread before their callers wait to hand them over.
pub const READS_WAITING_MAX: usize = 64;

/// Headers that the sequencer remembers, so that parents and repeated ids of late need no read.
pub const RECENT_HEADERS_MAX: usize = QUEUE_BYTES_MAX / EVENT_WEIGHT;

// Events that are sealed but not in the log yet can be found among the recent headers only.
const _: () = assert!(RECENT_HEADERS_MAX >= QUEUE_BYTES_MAX / EVENT_WEIGHT);
const _: () = assert!(BATCH_BYTES_MAX + BATCH_EVENTS_MAX * EVENT_WEIGHT <= QUEUE_BYTES_MAX);
const _: () = assert!(QUEUE_BYTES_MAX <= u32::MAX as usize);

/// Returns how many of something there are: the usual number, fewer in this crate's own tests and where it is
/// fuzzed, and fewest in a simulation, so that all of them see many of what they make up together.
pub(crate) const fn sized(usual: usize, tested: usize, simulated: usize) -> usize {
    if cfg!(toka_sim) {
        simulated
    } else if cfg!(any(test, fuzzing)) {
        tested
    } else {
        usual
    }
}
