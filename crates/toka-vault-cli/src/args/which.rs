//! [`Which`] and [`Moment`]: which events are meant, by kind and by time.
//!
//! Keeps the invariant that what is said here is checked before a vault is opened: patterns and times
//! where they are read, a range of time where it becomes a filter.

use std::str::FromStr;

use clap::Args;
use toka_vault::{Filter, KindPattern, Timestamp};

use crate::failure::Result;

/// Characters of a date, such as `2026-11-01`.
const DATE_CHARS: usize = 10;

/// How long ago a moment can be said to be: units of a letter each, with their seconds.
const UNITS: [(char, i64); 5] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];

/// Says which events to list.
#[derive(Debug, Default, Args)]
pub(crate) struct Which {
    #[command(flatten)]
    pub(crate) kinds: Kinds,

    /// Only events of this moment and later: RFC 3339, a date, which is its midnight in UTC, or how long
    /// ago it was, such as `90s`, `15m`, `2h`, `3d` or `1w`.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) since: Option<Moment>,

    /// Only events before this moment; a date alone leaves that day out.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) until: Option<Moment>,
}

/// Says which kinds of events are meant.
#[derive(Debug, Default, Args)]
pub(crate) struct Kinds {
    /// Only events of this kind: `*` stands for one token, `>` at the end for the rest, as in
    /// `agent.tool.*`; can be repeated, and then any of them will do.
    #[arg(long = "kind", value_name = "PATTERN")]
    pub(crate) patterns: Vec<KindPattern>,
}

/// Is a moment, as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl Which {
    /// Makes a filter of it.
    pub(crate) fn filter(&self) -> Result<Filter> {
        let mut filter = self.kinds.filter()?;
        if let Some(Moment(since)) = self.since {
            filter = filter.with_since(since)?;
        }
        if let Some(Moment(until)) = self.until {
            filter = filter.with_until(until)?;
        }
        Ok(filter)
    }
}

impl Kinds {
    /// Makes a filter of it.
    pub(crate) fn filter(&self) -> Result<Filter> {
        let mut filter = Filter::new();
        for pattern in &self.patterns {
            filter = filter.or_kind(pattern.as_str())?;
        }
        Ok(filter)
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment = match text.len() {
            DATE_CHARS => format!("{text}T00:00:00Z").parse().ok(),
            _ => text.parse().ok(),
        };
        moment.or_else(|| ago(text)).map(Self).ok_or(
            "expected RFC 3339, such as 2026-01-31T12:00:00Z, a date, such as 2026-01-31, or how long ago, such as 15m, 2h or 3d",
        )
    }
}

/// Reads how long ago a moment was; what lies before all times is the first of them.
fn ago(text: &str) -> Option<Timestamp> {
    let unit = text.chars().last()?;
    let number = text.strip_suffix(unit)?;
    let (_, seconds) = UNITS.into_iter().find(|(letter, _)| *letter == unit)?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let ago = digits.then(|| number.parse().unwrap_or(i64::MAX))?;
    let micros = Timestamp::now().as_micros().saturating_sub(ago.saturating_mul(seconds * 1_000_000));
    Some(Timestamp::from_micros(micros).unwrap_or(Timestamp::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_midnight_in_utc() {
        let moment = |text: &str| text.parse::<Moment>().map(|moment| moment.0.to_string());
        assert_eq!(moment("2026-11-01").unwrap(), "2026-11-01T00:00:00Z");
        assert_eq!(moment("2024-02-29").unwrap(), "2024-02-29T00:00:00Z");
        assert_eq!(moment("2026-11-01T01:30:00+01:00").unwrap(), "2026-11-01T00:30:00Z");
        for text in
            ["", "2026", "2026-02-29", "2026-13-01", "01.11.2026", "2026-11-1", "yesterday!", "漢漢漢1"]
        {
            assert!(moment(text).unwrap_err().contains("2026-01-31"), "{text}");
        }
    }

    #[test]
    fn a_moment_can_be_said_as_how_long_ago_it_was() {
        let ago = |text: &str| {
            let before = Timestamp::now().as_micros();
            let ago = before - text.parse::<Moment>().unwrap().0.as_micros();
            // The clock went on meanwhile.
            (ago + 999_999) / 1_000_000
        };
        let cases = [("0s", 0), ("90s", 90), ("15m", 900), ("2h", 7_200), ("3d", 259_200), ("1w", 604_800)];
        for (text, seconds) in cases {
            assert!((seconds - 60..=seconds).contains(&ago(text)), "{text}");
        }
        for text in ["9999999999w", "99999999999999999999999h"] {
            assert_eq!(text.parse::<Moment>().unwrap().0, Timestamp::MIN, "{text}");
        }
        for text in ["h", "-1h", "+1h", "1", "1.5h", "1H", "1 h", "1hm", "m5", "١h"] {
            assert!(text.parse::<Moment>().unwrap_err().contains("2h"), "{text}");
        }
    }

    #[test]
    fn what_is_not_said_does_not_restrict() {
        assert!(Which::default().filter().unwrap().is_all());
        let kinds = Kinds { patterns: vec!["a.*".parse().unwrap(), "b".parse().unwrap()] };
        assert_eq!(kinds.filter().unwrap().kinds(), kinds.patterns);
    }

    #[test]
    fn a_range_that_ends_before_it_starts_is_a_usage_error() {
        let moment = |text: &str| Some(text.parse().unwrap());
        let which = |since, until| Which { since: moment(since), until: moment(until), ..Which::default() };
        assert_eq!(which("2026-11-02", "2026-11-01").filter().unwrap_err().code(), 2);
        assert!(which("2026-11-01", "2026-11-01").filter().is_ok());
    }
}
