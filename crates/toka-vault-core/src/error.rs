//! [`Error`]: everything that can go wrong, each variant with what to do next.
//!
//! Errors are `Clone`, because one failed group commit answers many waiting callers. No variant
//! exposes a dependency's error type.

mod make;
mod words;

use std::path::PathBuf;
use std::sync::Arc;

use crate::condition::Against;
use crate::{Condition, EventHash, EventId, Position, Timestamp};

pub use words::Remedy;
use words::damaged;

/// What every fallible call here returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Tells what went wrong, and by its variant what to do next.
///
/// Unless a variant says otherwise, the call that returned it stored nothing and the vault goes on
/// working.
///
/// # Examples
///
/// What can be done about a commit that failed:
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::Error;
///
/// fn advice(error: &Error) -> &'static str {
///     match error {
///         // It may be stored or not. Under an id of its own it can be repeated safely.
///         Error::OutcomeUnknown { .. } => "open the vault anew and repeat it under the same id",
///         // Somebody was faster.
///         Error::ConditionFailed { .. } => "look at what is there now and decide anew",
///         // The id has another content, for ever.
///         Error::Conflict { .. } => "take another id",
///         Error::NoRoom { .. } => "repeat it once the disk has room",
///         Error::Poisoned { .. } | Error::Closed => "open the vault anew",
///         _ => "mend the event",
///     }
/// }
///
/// assert_eq!(advice(&Error::Closed), "open the vault anew");
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A kind breaks a rule of [`Kind`](crate::Kind). Rename it.
    #[error(
        "invalid kind `{kind}`: {reason}; use tokens of visible ASCII set apart by dots, such as `agent.tool.invoked`"
    )]
    InvalidKind {
        /// The start of the text that was offered.
        kind: String,
        /// The rule it breaks.
        reason: &'static str,
    },

    /// A pattern of kinds breaks a rule of [`KindPattern`](crate::KindPattern). Correct it.
    #[error(
        "invalid pattern `{pattern}`: {reason}; `*` stands for one token and `>` at the end for the rest, as in `agent.tool.*` and `agent.>`"
    )]
    InvalidPattern {
        /// The start of the text that was offered.
        pattern: String,
        /// The rule it breaks.
        reason: &'static str,
    },

    /// A range of time ends before it starts. Exchange its ends.
    #[error("the time range ends at {until}, before it starts at {since}; exchange its ends")]
    InvalidTimeRange {
        /// Where it starts.
        since: Timestamp,
        /// Where it ends.
        until: Timestamp,
    },

    /// A condition of a commit does not hold. Nothing was stored. Read what came in between, decide
    /// again, and commit with a new condition.
    #[error(
        "the commit was refused: its condition \"{condition}\" does not hold, {}; nothing was stored, read what is new and decide again",
        Against(condition, *position)
    )]
    ConditionFailed {
        /// The condition.
        condition: Condition,
        /// Where the first event stands that breaks it; the head, where there is none.
        position: Position,
    },

    /// A text is not the id, hash, position or time that it should be. Correct it.
    #[error("`{text}` is no {what}: {reason}")]
    Malformed {
        /// What it should have been.
        what: &'static str,
        /// The start of the text.
        text: String,
        /// What was expected.
        reason: &'static str,
    },

    /// A payload cannot be encoded. Change the type or its `Serialize`.
    #[error("the payload cannot be encoded: {reason}; change its type or its `Serialize`")]
    PayloadEncoding {
        /// What the encoder met.
        reason: String,
    },

    /// A payload is not of the type asked for. Decode it as another type; the event is fine.
    #[error("the payload cannot be decoded as `{target}`: {reason}; decode it as another type")]
    PayloadDecoding {
        /// The Rust type asked for.
        target: &'static str,
        /// Where it differs.
        reason: String,
    },

    /// A payload has content that JSON cannot tell, such as bytes, NaN or a map key that is not
    /// text. Decode it as a Rust type or take its bytes.
    #[error("the payload has no JSON form: {reason}; decode it as a Rust type or take its bytes")]
    PayloadNotJson {
        /// What JSON cannot tell.
        reason: String,
    },

    /// A payload is larger than a vault takes. Store it elsewhere and commit a reference.
    #[error(
        "the encoded payload has more than the {max} bytes that an event may carry; store it elsewhere and commit a reference to it"
    )]
    PayloadTooLarge {
        /// The most an event may carry, in bytes.
        max: usize,
    },

    /// An event names more parents than it may. Join them by an event in between.
    #[error(
        "{count} parents are more than the {max} that an event may have; join some by an event in between"
    )]
    TooManyParents {
        /// How many were named.
        count: usize,
        /// How many may be.
        max: usize,
    },

    /// An event names a parent twice. Name it once.
    #[error("parent {parent} is named twice; name each parent once")]
    DuplicateParent {
        /// The parent that is repeated.
        parent: EventId,
    },

    /// An event names itself as parent. Only earlier events can be parents.
    #[error("event {id} names itself as parent; only earlier events can be parents")]
    SelfParent {
        /// The event.
        id: EventId,
    },

    /// A parent is not in the vault. Commit or import it first; in a vault of bounded capacity it
    /// may have been evicted.
    #[error(
        "parent {parent} is not in this vault; commit it first (a vault of bounded capacity may have evicted it)"
    )]
    UnknownParent {
        /// The parent that was not found.
        parent: EventId,
    },

    /// The id a caller brought belongs to an event of other content. Use a new id for new content.
    #[error(
        "event {id} is in this vault with other content (it differs in {differs}); events are immutable, use a new id"
    )]
    Conflict {
        /// The id that is taken.
        id: EventId,
        /// Which part differs.
        differs: &'static str,
    },

    /// An event that was copied has another hash in the target than in the source, so that what led
    /// to it is not the same in both. The events of its batch are stored there. Verify both vaults;
    /// copy into a vault that has none of these events.
    #[error(
        "event {id} has the hash {found} in the vault that it was copied to, and {expected} in the one it was read from: what led to it differs; copying stopped behind it, verify both vaults and copy into an empty one"
    )]
    HashDiffers {
        /// The event.
        id: EventId,
        /// Its hash in the source.
        expected: EventHash,
        /// Its hash in the target.
        found: EventHash,
    },

    /// A batch is larger than one atomic commit may be. Commit it in parts.
    #[error("the batch has {size} {unit}, more than the {max} of one atomic commit; commit it in parts")]
    BatchTooLarge {
        /// Its size.
        size: usize,
        /// The bound.
        max: usize,
        /// What is counted: `events` or `bytes`.
        unit: &'static str,
    },

    /// A memory vault was asked to keep no events. Give it a capacity of at least 1.
    #[error("a capacity of 0 would keep no event; give at least 1, or use an unbounded vault")]
    ZeroCapacity,

    /// No event of this vault has the id. Check the id, and that it is the right vault.
    #[error("event {id} is not in this vault; check the id and the vault")]
    UnknownEvent {
        /// The id asked for.
        id: EventId,
    },

    /// A reader asks for events that a vault of bounded capacity no longer has. Reading on goes on
    /// from `oldest`; what lies before is gone.
    #[error(
        "the next event to read was evicted; the oldest that this vault still has is at position {oldest}, and reading goes on from there"
    )]
    Evicted {
        /// Where the history starts now.
        oldest: Position,
    },

    /// Stored events are damaged and are not shown. Reading on goes on behind them. Restore the
    /// vault from a copy, or export what is whole.
    #[error("{}: {reason}; other events stay readable, restore these from a copy", damaged(*first, *last))]
    Corrupt {
        /// The first damaged position.
        first: Position,
        /// The last damaged position.
        last: Position,
        /// What does not fit.
        reason: String,
    },

    /// The vault has fewer events than it acknowledged. It stays as it is, unopened. Restore it
    /// from a copy, or open it with the option to accept the loss.
    #[error("the vault at {} acknowledged events up to position {acknowledged}, but its log ends at {found}; restore it from a copy{}", path.display(), Remedy::AcceptTailLoss)]
    TailLost {
        /// The vault.
        path: PathBuf,
        /// The last position that was acknowledged.
        acknowledged: Position,
        /// The last position found.
        found: Position,
    },

    /// What a vault keeps on disk is damaged, so that opening it could destroy more. Nothing was
    /// changed. Restore the vault from a copy, or do what `remedy` says.
    #[error("{} is damaged: {reason}; nothing was changed, restore the vault from a copy{remedy}", path.display())]
    Damaged {
        /// The file or the vault.
        path: PathBuf,
        /// What does not fit.
        reason: String,
        /// What else can be done.
        remedy: Remedy,
    },

    /// The vault is open elsewhere. Close it there, use the handle that is open, or read a journal beside it, by
    /// `open_read_only` or a URL `journal-read-only:PATH`. What reads or ends just now has it for a moment only.
    #[error("the vault at {} is open in {holder}; one process at a time can open it, once: close it there, use a clone of the handle, or read a journal beside it by `journal-read-only:`", path.display())]
    Locked {
        /// The vault.
        path: PathBuf,
        /// Who has it open: `this process` or `another process`.
        holder: &'static str,
    },

    /// The path holds something that is no vault of this back-end. Nothing there was touched.
    /// Choose another path.
    #[error("{} is no vault of this back-end: {reason}; nothing there was changed, choose another path", path.display())]
    NotAVault {
        /// The path.
        path: PathBuf,
        /// What was found there.
        reason: String,
    },

    /// There is no vault, and none is created: it is opened to read only, or its user refuses that. Check the
    /// path, or open it again once its writer has created it.
    #[error("there is no vault at {}, and none is created; check the path, or open it again once its writer has created it", path.display())]
    NoVault {
        /// Where it should be.
        path: PathBuf,
    },

    /// The vault was written by a newer version. Open it with that version or a later one.
    #[error("the vault at {} has format {found}, this version reads up to {supported}; use a newer toka-vault", path.display())]
    NewerFormat {
        /// The vault.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that can be read here.
        supported: u32,
    },

    /// The operating system does not allow it. Change the owner or the mode of the path.
    #[error("no permission to {operation} {}; check its owner and mode", path.display())]
    PermissionDenied {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
    },

    /// The operating system failed. Mend what it reports and try again. At open nothing was changed; what a failure
    /// does to an open vault, [`Error::OutcomeUnknown`] and [`Error::Poisoned`] tell.
    #[error("cannot {operation} {}; mend what the system reports and try again", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said. In a chain of sources it is an `Arc<std::io::Error>`.
        source: Arc<std::io::Error>,
    },

    /// There is no room on the disk. Nothing of what was asked for is stored, what was there is
    /// unchanged, and an open vault goes on working. Make room and try again.
    #[error("there is no room for {}; nothing of this was stored, make room on the disk and try again", path.display())]
    NoRoom {
        /// What there is no room for.
        path: PathBuf,
        /// What the system said. In a chain of sources it is an `Arc<std::io::Error>`.
        source: Arc<std::io::Error>,
    },

    /// The storage engine failed. Check the disk and reopen the vault. See [`Error::Io`] for what that means.
    #[error("the storage engine cannot {operation}: {reason}; check the disk and reopen the vault")]
    Storage {
        /// What was tried.
        operation: &'static str,
        /// What the engine said.
        reason: String,
    },

    /// Storage failed while this commit was under way: it may or may not be found when the vault is
    /// opened again. Reopen, then look it up or commit it again under the same id.
    #[error(
        "storage failed during this commit, which may or may not be stored; reopen the vault and commit again under the same id"
    )]
    OutcomeUnknown {
        /// The failure.
        source: Arc<Error>,
    },

    /// Storage failed earlier, so the vault takes no more commits; what it had published can still
    /// be read. Reopen the vault, which recovers what is durable.
    #[error(
        "the vault takes no commits since its storage failed; nothing of this one was stored, reopen the vault to go on"
    )]
    Poisoned {
        /// The failure.
        source: Arc<Error>,
    },

    /// The vault was opened to be read only. Commit through the process that writes it.
    #[error(
        "the vault is open to be read only; nothing was stored, commit through the process that writes it"
    )]
    ReadOnly,

    /// The vault was closed: what was asked of it is not stored, or not read. Open it again.
    #[error("the vault is closed, so nothing more is stored or read; open it again")]
    Closed,

    /// A URL names no back-end. Correct it.
    #[error("`{url}` names no vault: {reason}")]
    InvalidUrl {
        /// The start of the URL.
        url: String,
        /// What is wrong with it, and what can be had.
        reason: String,
    },

    /// A back-end outside this project failed; its documentation says what that means.
    #[error("the back-end failed: {reason}; its documentation says what to do")]
    Backend {
        /// What it said.
        reason: String,
        /// Its error, where it has one.
        #[source]
        source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    },
}
