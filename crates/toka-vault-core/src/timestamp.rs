//! [`Timestamp`]: when an event happened.
//!
//! Keeps the invariant that a timestamp has an RFC 3339 form, so that showing or exporting one
//! cannot fail.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{Error, Result};

/// 0000-01-01T00:00:00Z, the first moment that RFC 3339 can write, in microseconds.
const MICROS_MIN: i64 = -62_167_219_200_000_000;

/// 9999-12-31T23:59:59.999999Z, the last one.
const MICROS_MAX: i64 = 253_402_300_799_999_999;

/// Tells when an event happened: UTC, in microseconds since the Unix epoch, within the years 0 to
/// 9999.
///
/// Timestamps that a vault assigns never go back, whatever the clock does, but events can share
/// one, and an imported event brings its own. To order events, use their
/// [`Position`](crate::Position).
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use toka_vault::Timestamp;
///
/// let timestamp: Timestamp = "2026-01-31T14:00:00.5+02:00".parse()?;
/// assert_eq!(timestamp.to_string(), "2026-01-31T12:00:00.5Z");
/// assert_eq!(timestamp, Timestamp::from_micros(1_769_860_800_500_000)?);
/// # Ok::<(), toka_vault::Error>(())
/// ```
///
/// The events of the last hour:
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use std::time::Duration;
/// use toka_vault::{Filter, Timestamp};
///
/// let last_hour = Filter::new().with_since(Timestamp::now().minus(Duration::from_secs(3_600)))?;
/// # assert!(last_hour.since() < Some(Timestamp::now()));
/// # Ok::<(), toka_vault::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first moment that can be told.
    pub const MIN: Self = Self(MICROS_MIN);

    /// The last moment that can be told.
    pub const MAX: Self = Self(MICROS_MAX);

    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// Creates a timestamp from microseconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] where the year would be before 0 or after 9999.
    pub fn from_micros(micros: i64) -> Result<Self> {
        Self::checked(micros).ok_or_else(|| off_the_scale(&micros.to_string()))
    }

    /// Returns the microseconds since the Unix epoch; negative before 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads the system's clock. A clock that is off the scale reads as its nearest end.
    pub fn now() -> Self {
        let now = SystemTime::now();
        let end = if now < SystemTime::UNIX_EPOCH { Self::MIN } else { Self::MAX };
        Self::try_from(now).unwrap_or(end)
    }

    /// Returns the moment `time` later, and stops at [`Timestamp::MAX`]. What is shorter than a microsecond
    /// is cut off.
    #[must_use]
    pub fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(whole_micros(time)).min(MICROS_MAX))
    }

    /// Returns the moment `time` earlier, and stops at [`Timestamp::MIN`]. What is shorter than a microsecond
    /// is cut off.
    #[must_use]
    pub fn minus(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(whole_micros(time)).max(MICROS_MIN))
    }

    fn checked(micros: i64) -> Option<Self> {
        (MICROS_MIN..=MICROS_MAX).contains(&micros).then_some(Self(micros))
    }
}

/// Says that a moment has no RFC 3339 form.
fn off_the_scale(text: &str) -> Error {
    Error::malformed("timestamp", text, "the year is not within 0 to 9999")
}

/// Returns the whole microseconds of a span of time, or more than the scale has.
fn whole_micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Counts microseconds since the Unix epoch, cut off towards the past. A system's clock has fewer than 2¹⁰⁰.
fn micros_since_epoch(time: SystemTime) -> i128 {
    // No division by more than 64 bits: every commit asks for the time.
    let micros = |span: Duration| i128::try_from(span.as_micros()).unwrap_or(i128::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => micros(since),
        Err(before) => {
            let before = before.duration();
            let cut_off = before.subsec_nanos() % 1_000 != 0;
            -micros(before) - i128::from(cut_off)
        }
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = Error;

    /// Takes a time of the system, such as that of a file. What is shorter than a microsecond is cut off,
    /// towards the past.
    fn try_from(time: SystemTime) -> Result<Self> {
        let micros = micros_since_epoch(time);
        let found = i64::try_from(micros).ok().and_then(Self::checked);
        found.ok_or_else(|| off_the_scale(&micros.to_string()))
    }
}

impl fmt::Display for Timestamp {
    /// Writes RFC 3339 in UTC, with as many digits of the second as it needs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .ok()
            .and_then(|moment| moment.format(&Rfc3339).ok())
            .ok_or(fmt::Error)?;
        f.pad(&text)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// Reads RFC 3339 with any offset. Digits below a microsecond are cut off. A leap second is the last
    /// microsecond before it, since this scale has none.
    fn from_str(text: &str) -> Result<Self> {
        let malformed =
            || Error::malformed("timestamp", text, "expected RFC 3339, such as 2026-01-31T12:00:00Z");
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| malformed())?;
        let micros = i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000)).ok();
        micros.and_then(Self::checked).ok_or_else(|| off_the_scale(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        for micros in [MICROS_MIN, -1, 0, 1, 1_700_000_000_123_456, MICROS_MAX] {
            let timestamp = Timestamp::from_micros(micros).unwrap();
            assert_eq!(timestamp.to_string().parse::<Timestamp>().unwrap(), timestamp, "{micros}");
        }
        assert_eq!(Timestamp::EPOCH.to_string(), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn offsets_are_told_in_utc_and_finer_digits_cut_off() {
        let timestamp: Timestamp = "2026-01-31T12:00:00.1234567+02:00".parse().unwrap();
        assert_eq!(timestamp.to_string(), "2026-01-31T10:00:00.123456Z");
    }

    #[test]
    fn moments_off_the_scale_are_refused_in_the_words_that_they_came_in() {
        assert!(Timestamp::from_micros(MICROS_MIN - 1).is_err());
        assert!(Timestamp::from_micros(MICROS_MAX + 1).is_err());
        for text in ["0000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"] {
            let error = text.parse::<Timestamp>().unwrap_err().to_string();
            assert!(error.contains(text) && error.contains("within 0 to 9999"), "{error}");
        }
        assert!("yesterday".parse::<Timestamp>().is_err());
    }

    #[test]
    fn a_leap_second_is_the_last_microsecond_before_it() {
        for text in ["2016-12-31T23:59:60Z", "2016-12-31T23:59:60.5Z", "2017-01-01T00:59:60+01:00"] {
            let timestamp: Timestamp = text.parse().unwrap();
            assert_eq!(timestamp.to_string(), "2016-12-31T23:59:59.999999Z");
        }
        // No day but the last of a month has one.
        assert!("2016-12-30T23:59:60Z".parse::<Timestamp>().is_err());
    }

    #[test]
    fn later_and_earlier_stop_at_the_ends() {
        let second = Duration::from_secs(1);
        assert_eq!(Timestamp::EPOCH.plus(second).minus(second * 2).as_micros(), -1_000_000);
        assert_eq!(Timestamp::EPOCH.plus(Duration::from_nanos(999)), Timestamp::EPOCH);
        assert_eq!(Timestamp::MAX.plus(second), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.minus(second), Timestamp::MIN);
        assert_eq!(Timestamp::MIN.plus(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MAX.minus(Duration::MAX), Timestamp::MIN);
    }

    #[test]
    fn times_of_the_system_are_cut_off_towards_the_past() {
        let (epoch, nanos) = (SystemTime::UNIX_EPOCH, Duration::from_nanos);
        let cases =
            [(epoch, 0), (epoch + nanos(1_999), 1), (epoch - nanos(1), -1), (epoch - nanos(1_000), -1)];
        for (time, micros) in cases {
            assert_eq!(Timestamp::try_from(time).unwrap().as_micros(), micros);
        }
        let before = SystemTime::now();
        let now = Timestamp::now();
        assert!(Timestamp::try_from(before).unwrap() <= now && now <= SystemTime::now().try_into().unwrap());
        if let Some(far) = epoch.checked_add(Duration::from_secs(1 << 40)) {
            assert!(matches!(Timestamp::try_from(far), Err(Error::Malformed { .. })));
        }
    }
}
