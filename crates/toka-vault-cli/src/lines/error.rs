//! [`LineError`]: everything that can be wrong with a line, in words that name the field.

use std::io;

use toka_vault::{Digest, Error, EventHash, EventId};

use super::LINE_BYTES_MAX;

/// Tells what is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    /// It cannot be read.
    #[error("cannot read it")]
    Read(#[source] io::Error),
    /// It is longer than any event needs.
    #[error("it is longer than the {LINE_BYTES_MAX} bytes that the largest event needs")]
    TooLong,
    /// It has no end, and neither has its JSON.
    #[error("the input ends in the middle of it: what was cut off is missing")]
    CutOff,
    /// It is not a JSON object.
    #[error("it is not a JSON object with the fields of an event")]
    NotAnObject(#[source] anyhow::Error),
    /// A field has the wrong form.
    #[error("the field `{field}` is malformed")]
    Field {
        /// Which one.
        field: String,
        /// What is wrong with it.
        source: anyhow::Error,
    },
    /// A field is missing.
    #[error("the field `{0}` is missing")]
    Missing(&'static str),
    /// A field that must tell something is an empty text.
    #[error("the field `{0}` is empty")]
    Empty(&'static str),
    /// It is a CloudEvent of a version that is not known here.
    #[error("its `specversion` is `{0}`; only CloudEvents of version 1.0 can be read")]
    OtherVersion(String),
    /// The payload is given in both forms.
    #[error("it has both `{0}` and `{1}`; keep one of them")]
    TwoPayloads(&'static str, &'static str),
    /// The payload is not the one that the digest was computed of.
    #[error(
        "its digest is told as {told}, but its payload has the digest {computed}: one of them was changed"
    )]
    WrongDigest {
        /// What the line says.
        told: Digest,
        /// What its payload says.
        computed: Digest,
    },
    /// The event is not the one that the hash was computed of.
    #[error(
        "its hash is told as {told}, but its fields and parents hash to {computed}: something was changed"
    )]
    WrongHash {
        /// What the line says.
        told: EventHash,
        /// What its content says.
        computed: EventHash,
    },
    /// The same, in a vault that lacks events which others were imported without.
    #[error(
        "its hash is told as {told}, but its fields and parents hash to {computed}: something was changed, or it comes from an event that is missing in this vault (`log --kind vault.missing`): then import with `--accept-missing-parents`"
    )]
    WrongHashOrMissing {
        /// What the line says.
        told: EventHash,
        /// What its content says.
        computed: EventHash,
    },
    /// There is a hash without all that it covers.
    #[error("it tells a hash, which can only be checked beside an id and a time")]
    UncheckableHash,
    /// There is a hash beside an id that it cannot have been computed of.
    #[error("it tells a hash, which covers an event id, and `{id}` is none: one of them was changed")]
    HashOfForeign {
        /// What the line says.
        id: String,
    },
    /// A parent is not there.
    #[error(
        "its parent {}; parents have to come first. Where it is lost, import with `--accept-missing-parents` to go on without it",
        not_there(name.as_deref(), *parent)
    )]
    UnknownParent {
        /// What the line says, where it is not this id.
        name: Option<String>,
        /// The id that this parent would have.
        parent: EventId,
    },
    /// The event was missing when its children were imported.
    #[error(
        "event {id} was missing when events that it led to were imported, so that another one of the kind `vault.missing` stands for it in this vault; events are immutable. To have it, import into a new vault, what has this event first"
    )]
    StoodFor {
        /// The event.
        id: EventId,
    },
    /// An event that has an id of another system is in the vault with other content.
    #[error(
        "an event `{name}` is in this vault, as {id}, with other content (it differs in {differs}); events are immutable. Where it is another system's, tell the two apart by `--source`"
    )]
    Conflict {
        /// What the line says.
        name: String,
        /// The id that this event has.
        id: EventId,
        /// Which part differs.
        differs: &'static str,
    },
}

impl LineError {
    /// Tells whether the line shows that the file was changed, so that the whole of it is in doubt.
    pub(crate) fn casts_doubt(&self) -> bool {
        matches!(self, Self::WrongDigest { .. } | Self::WrongHash { .. } | Self::WrongHashOrMissing { .. })
    }

    /// Says that a field is malformed.
    pub(super) fn malformed(field: &str, error: impl Into<anyhow::Error>) -> Self {
        Self::Field { field: field.to_owned(), source: in_one_line(without_type(error.into())) }
    }
}

/// Says of a parent, by the name that its line gives it, that it is not there.
fn not_there(name: Option<&str>, id: EventId) -> String {
    match name {
        Some(name) => {
            format!("`{name}` is neither on an earlier line nor in the vault, where its id would be {id}")
        }
        None => format!("{id} is neither on an earlier line nor in the vault"),
    }
}

/// Takes from what the library says what is for those who have a type of their own.
pub(super) fn without_type(error: anyhow::Error) -> anyhow::Error {
    match error.downcast() {
        Ok(Error::PayloadEncoding { reason }) => anyhow::anyhow!(reason),
        Ok(error) => error.into(),
        Err(error) => error,
    }
}

/// Takes the number of the line from what a reader of JSON says: it knows one line alone, whose number in the
/// input is told beside it.
pub(super) fn in_one_line(error: anyhow::Error) -> anyhow::Error {
    match error.to_string().rsplit_once(" at line 1 column ") {
        Some((what, column)) => anyhow::anyhow!("{what} at column {column}"),
        None => error,
    }
}
