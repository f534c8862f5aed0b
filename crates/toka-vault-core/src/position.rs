//! [`Position`]: where an event stands in one vault's order.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// Stands for the place of an event in one vault's order.
///
/// The first event of a vault has position 1 and each next one the position that follows, so that a
/// reader can see a gap. Positions are local: a copy of the event in another vault stands elsewhere.
/// [`Position::ZERO`] is the place before the first event.
///
/// # Examples
///
/// It is what a consumer notes to go on where it was, as text or as a number:
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::{Position, StartFrom};
///
/// let noted = Position::new(41).to_string();
/// let start = StartFrom::After(noted.parse()?);
/// assert_eq!(start, StartFrom::After(Position::FIRST.plus(40)));
/// # Ok::<(), toka_vault::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Position(u64);

impl Position {
    /// The place before the first event; the head of an empty vault.
    pub const ZERO: Self = Self(0);

    /// The place of a vault's first event.
    pub const FIRST: Self = Self(1);

    /// Creates a position from its number.
    #[inline]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number of this position.
    #[inline]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the position that follows; the last one there can be follows itself.
    ///
    /// A vault that commits a million events a second reaches it after 584,000 years.
    #[must_use]
    #[inline]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Returns the position `count` places on, and stops at the last one there can be.
    #[must_use]
    #[inline]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// Returns the position `count` places back, and stops at [`Position::ZERO`].
    #[must_use]
    #[inline]
    pub const fn minus(self, count: u64) -> Self {
        Self(self.0.saturating_sub(count))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Position {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.parse() {
            Ok(number) => Ok(Self(number)),
            Err(_) => Err(Error::malformed("position", text, "expected a whole number from 0 up")),
        }
    }
}
