//! [`EncodeError`]: what the encoder tells serde, before it becomes the crate's own error.

use std::fmt;

/// Tells why a value has no canonical form.
#[derive(Debug)]
pub(crate) enum EncodeError {
    /// The output outgrew the largest payload.
    TooLarge,
    /// Anything else, in words.
    Message(String),
}

impl EncodeError {
    /// A `Serialize` went on after one of its parts failed, or gave a key without a value.
    pub(super) fn incomplete() -> Self {
        Self::Message(
            "a part of it is missing: its `Serialize` ignored an error or left a key without a value".into(),
        )
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("it is too large"),
            Self::Message(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for EncodeError {}

impl serde::ser::Error for EncodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Message(message.to_string())
    }
}

/// Writing to memory cannot fail, but the writer's signature says it could.
impl<E: rmp::encode::RmpWriteErr> From<rmp::encode::ValueWriteError<E>> for EncodeError {
    fn from(error: rmp::encode::ValueWriteError<E>) -> Self {
        Self::Message(error.to_string())
    }
}
