//! [`KindPattern`]: which kinds are meant.
//!
//! Keeps the invariant that a pattern in hand is well formed, so that matching cannot fail; and that
//! one function decides a match, wherever it is asked for.

use std::fmt;
use std::str::FromStr;

use smol_str::SmolStr;

use crate::kind::{EMPTY, EMPTY_TOKEN, NOT_VISIBLE, TOO_LONG};
use crate::limits::KIND_BYTES_MAX;
use crate::{Error, Kind, Result};

/// Stands for exactly one token.
const ONE: &str = "*";

/// Stands for the rest: one token or more.
const REST: &str = ">";

/// Names kinds as NATS names subjects: `*` stands for any one token, `>` at the end for the rest, one
/// token or more. A pattern without either is the one kind that it spells.
///
/// | pattern | matches | does not match |
/// |---|---|---|
/// | `agent.tool.invoked` | `agent.tool.invoked` | `agent.tool` |
/// | `agent.*.invoked` | `agent.tool.invoked` | `agent.invoked`, `agent.a.b.invoked` |
/// | `agent.>` | `agent.start`, `agent.tool.invoked` | `agent` |
/// | `>` | every kind | |
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::{Kind, KindPattern};
///
/// let pattern: KindPattern = "agent.tool.*".parse()?;
/// assert!(pattern.matches(&Kind::new("agent.tool.invoked")?));
/// assert!("agent.to*".parse::<KindPattern>().is_err());
/// # Ok::<(), toka_vault::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KindPattern(SmolStr);

impl KindPattern {
    /// Checks `text` and makes it a pattern.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidPattern`] names the rule that `text` breaks.
    pub fn new(text: &str) -> Result<Self> {
        match problem(text) {
            None => Ok(Self(SmolStr::new(text))),
            Some(reason) => Err(Error::invalid_pattern(text, reason)),
        }
    }

    /// Tells whether the pattern means this kind.
    pub fn matches(&self, kind: &Kind) -> bool {
        let mut tokens = kind.tokens();
        for expected in self.0.split('.') {
            match (expected, tokens.next()) {
                (_, None) => return false,
                (REST, Some(_)) => return true,
                (ONE, Some(_)) => {}
                (expected, Some(token)) if expected == token => {}
                _ => return false,
            }
        }
        tokens.next().is_none()
    }

    /// Returns the one kind that the pattern means, or `None` where it has a wildcard.
    pub fn as_kind(&self) -> Option<Kind> {
        Kind::new(&self.0).ok()
    }

    /// Returns the pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Says which rule `text` breaks, if any.
fn problem(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some(EMPTY);
    }
    if text.len() > KIND_BYTES_MAX {
        return Some(TOO_LONG);
    }
    if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Some(NOT_VISIBLE);
    }
    let mut tokens = text.split('.').peekable();
    while let Some(token) = tokens.next() {
        match token {
            "" => return Some(EMPTY_TOKEN),
            REST if tokens.peek().is_some() => {
                return Some("`>` stands for the rest, so it is the last token");
            }
            ONE | REST => {}
            _ if token.contains(['*', '>']) => return Some("`*` and `>` stand for whole tokens"),
            _ => {}
        }
    }
    None
}

impl FromStr for KindPattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl From<&Kind> for KindPattern {
    /// Means exactly this kind.
    fn from(kind: &Kind) -> Self {
        Self(SmolStr::new(kind.as_str()))
    }
}

impl fmt::Display for KindPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for KindPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_the_kinds_of_its_tokens() {
        let cases = [
            ("a", &["a"][..], &["b", "a.a", "aa"][..]),
            ("a.b", &["a.b"], &["a", "a.c", "a.b.c", "b.a"]),
            ("*", &["a", "b"], &["a.b"]),
            ("a.*", &["a.b", "a.c"], &["a", "b.b", "a.b.c"]),
            ("*.b", &["a.b", "c.b"], &["b", "a.c", "a.b.b"]),
            ("a.*.c", &["a.b.c"], &["a.c", "a.b.d", "a.b.b.c"]),
            ("a.>", &["a.b", "a.b.c"], &["a", "b.a"]),
            ("*.>", &["a.b", "a.b.c"], &["a"]),
            (">", &["a", "a.b.c"], &[]),
        ];
        for (pattern, meant, others) in cases {
            let pattern = KindPattern::new(pattern).unwrap();
            for kind in meant {
                assert!(pattern.matches(&Kind::new(kind).unwrap()), "{pattern} means {kind}");
            }
            for kind in others {
                assert!(!pattern.matches(&Kind::new(kind).unwrap()), "{pattern} does not mean {kind}");
            }
        }
    }

    #[test]
    fn malformed_patterns_are_refused_with_the_rule_they_break() {
        let long = "k".repeat(KIND_BYTES_MAX + 1);
        let cases = [
            ("", "empty"),
            (long.as_str(), "longer than 255"),
            ("a b", "visible ASCII"),
            ("a.b*", "whole tokens"),
            ("a.>b", "whole tokens"),
            ("**", "whole tokens"),
            (">.a", "last token"),
            ("a.>.b", "last token"),
            ("a..b", "empty token"),
            (".", "empty token"),
        ];
        for (text, rule) in cases {
            let error = KindPattern::new(text).unwrap_err();
            assert!(error.to_string().contains(rule), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_pattern_without_wildcards_is_a_kind() {
        assert_eq!(KindPattern::new("a.b").unwrap().as_kind(), Some(Kind::new("a.b").unwrap()));
        assert_eq!(KindPattern::new("a.*").unwrap().as_kind(), None);
        assert_eq!(KindPattern::new(">").unwrap().as_kind(), None);
    }
}
