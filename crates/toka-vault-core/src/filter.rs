//! [`Filter`]: which events are meant.
//!
//! Keeps the invariant that [`Filter::matches`] alone decides: in a replay, in a subscription and in
//! the condition of a commit. What an index finds is asked again here.

use std::fmt;

use crate::{Error, EventHeader, KindPattern, Result, Timestamp};

/// Says which events are meant, by kind and by time; by default all of them.
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::Filter;
///
/// let calls = Filter::kind("agent.tool.*")?.or_kind("agent.model.called")?;
/// let since = calls.with_since("2026-01-01T00:00:00Z".parse()?)?;
/// assert_eq!(since.kinds().len(), 2);
/// assert_eq!(
///     since.to_string(),
///     "events of kind agent.tool.* or agent.model.called since 2026-01-01T00:00:00Z",
/// );
/// # Ok::<(), toka_vault::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Filter {
    kinds: Vec<KindPattern>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Filter {
    /// Means every event.
    pub fn new() -> Self {
        Self::default()
    }

    /// Means the events of these kinds: see [`KindPattern`] for `*` and `>`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidPattern`].
    pub fn kind(pattern: &str) -> Result<Self> {
        Self::new().or_kind(pattern)
    }

    /// Means the events of these kinds too. A filter that names none means every kind.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidPattern`].
    pub fn or_kind(mut self, pattern: &str) -> Result<Self> {
        self.kinds.push(KindPattern::new(pattern)?);
        Ok(self)
    }

    /// Means only events of this moment and later, by the time in their header.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidTimeRange`] where the filter's range ends before.
    pub fn with_since(self, since: Timestamp) -> Result<Self> {
        Self { since: Some(since), ..self }.checked()
    }

    /// Means only events before this moment, which itself is out: so the next range can begin with it.
    ///
    /// # Examples
    ///
    /// A day, and no event of midnight in two of them:
    ///
    /// ```
    /// # use toka_vault_core as toka_vault;
    /// use std::time::Duration;
    /// use toka_vault::{Filter, Timestamp};
    ///
    /// let day = |midnight: Timestamp| {
    ///     Filter::new().with_since(midnight)?.with_until(midnight.plus(Duration::from_secs(86_400)))
    /// };
    /// let (first, second) = (day("2026-01-01T00:00:00Z".parse()?)?, day("2026-01-02T00:00:00Z".parse()?)?);
    /// assert_eq!(first.until(), second.since());
    /// # Ok::<(), toka_vault::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidTimeRange`] where the filter's range starts later.
    pub fn with_until(self, until: Timestamp) -> Result<Self> {
        Self { until: Some(until), ..self }.checked()
    }

    /// Tells whether the filter means this event.
    pub fn matches(&self, header: &EventHeader) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.iter().any(|pattern| pattern.matches(&header.kind));
        kind && self.since.is_none_or(|since| header.timestamp >= since)
            && self.until.is_none_or(|until| header.timestamp < until)
    }

    /// Tells whether the filter means every event.
    pub fn is_all(&self) -> bool {
        self.kinds.is_empty() && self.since.is_none() && self.until.is_none()
    }

    /// Returns the patterns, any of which a kind has to match; none where every kind is meant.
    pub fn kinds(&self) -> &[KindPattern] {
        &self.kinds
    }

    /// Returns the moment from which on events are meant, if there is one.
    pub fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// Returns the moment before which events are meant, if there is one.
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }

    fn checked(self) -> Result<Self> {
        match (self.since, self.until) {
            (Some(since), Some(until)) if until < since => Err(Error::InvalidTimeRange { since, until }),
            _ => Ok(self),
        }
    }
}

/// `events of kind a.* or b since … until …`, and `events` alone where every event is meant.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("events")?;
        for (number, kind) in self.kinds.iter().enumerate() {
            write!(f, " {} {kind}", if number == 0 { "of kind" } else { "or" })?;
        }
        if let Some(since) = self.since {
            write!(f, " since {since}")?;
        }
        self.until.map_or(Ok(()), |until| write!(f, " until {until}"))
    }
}
