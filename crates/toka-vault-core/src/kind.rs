//! [`Kind`]: the name of what happened.
//!
//! Keeps the invariant that a `Kind` in hand is well formed, so that nothing below the API has to
//! check one again, and a filter can split it at its dots.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use smol_str::SmolStr;

use crate::limits::KIND_BYTES_MAX;
use crate::{Error, Result};

/// Names what happened, in tokens set apart by dots: `agent.tool.invoked`.
///
/// A kind has 1 to 255 bytes of visible ASCII. No token is empty, and `*` and `>` are kept for
/// filters. Cloning is cheap: up to 23 bytes are kept in place, clones of longer ones share the text.
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::Kind;
///
/// let kind: Kind = "agent.tool.invoked".parse()?;
/// assert_eq!(kind.tokens().collect::<Vec<_>>(), ["agent", "tool", "invoked"]);
/// assert!("agent..invoked".parse::<Kind>().is_err());
/// # Ok::<(), toka_vault::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(SmolStr);

impl Kind {
    /// Checks `text` and makes it a kind.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKind`] names the rule that `text` breaks.
    pub fn new(text: &str) -> Result<Self> {
        match problem(text) {
            None => Ok(Self(SmolStr::new(text))),
            Some(reason) => Err(Error::invalid_kind(text, reason)),
        }
    }

    /// Returns the kind as text.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the tokens between the dots, from the left. There is at least one.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }
}

/// Is said of a kind, or a pattern of kinds, that has nothing in it.
pub(crate) const EMPTY: &str = "it is empty";

/// Is said of one that is longer than [`KIND_BYTES_MAX`].
pub(crate) const TOO_LONG: &str = "it is longer than 255 bytes";

/// Is said of one that has a space, a control character or one beyond ASCII.
pub(crate) const NOT_VISIBLE: &str = "it has a character that is not visible ASCII";

/// Is said of one that has nothing where a token belongs.
pub(crate) const EMPTY_TOKEN: &str = "it has an empty token: a dot at an end, or two in a row";

/// Says which rule `text` breaks, if any.
fn problem(text: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return Some(EMPTY);
    }
    if bytes.len() > KIND_BYTES_MAX {
        return Some(TOO_LONG);
    }
    // A dot stands before the first token and behind the last.
    let mut before = b'.';
    for byte in bytes.iter().copied() {
        match byte {
            b'.' if before == b'.' => return Some(EMPTY_TOKEN),
            b'*' | b'>' => return Some("`*` and `>` are kept for filters"),
            _ if !byte.is_ascii_graphic() => return Some(NOT_VISIBLE),
            _ => before = byte,
        }
    }
    (before == b'.').then_some(EMPTY_TOKEN)
}

impl Deref for Kind {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Kind {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Kind {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Kind {
    fn eq(&self, other: &str) -> bool {
        self.0 == *other
    }
}

impl PartialEq<&str> for Kind {
    fn eq(&self, other: &&str) -> bool {
        self.0 == **other
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<&str> for Kind {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<String> for Kind {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(&text)
    }
}

impl TryFrom<&Kind> for Kind {
    type Error = Error;

    fn try_from(kind: &Kind) -> Result<Self> {
        Ok(kind.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_kinds_are_taken() {
        let longest = "k".repeat(KIND_BYTES_MAX);
        for text in ["a", "a.b", "git.commit", "com.github/push:v1", "über".trim_start_matches('ü'), &longest]
        {
            assert_eq!(Kind::new(text).unwrap(), text);
        }
    }

    #[test]
    fn malformed_kinds_are_refused_with_the_rule_they_break() {
        let long = "k".repeat(KIND_BYTES_MAX + 1);
        let cases = [
            ("", "empty"),
            (long.as_str(), "longer than 255"),
            ("a b", "visible ASCII"),
            ("a\n", "visible ASCII"),
            ("über", "visible ASCII"),
            ("a.*", "kept for filters"),
            ("a.>", "kept for filters"),
            (".a", "empty token"),
            ("a.", "empty token"),
            ("a..b", "empty token"),
        ];
        for (text, rule) in cases {
            let error = Kind::new(text).unwrap_err();
            assert!(error.to_string().contains(rule), "{text:?}: {error}");
        }
    }
}
