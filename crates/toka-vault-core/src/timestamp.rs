//! [`Timestamp`]: when an event happened.
//!
//! Keeps the invariant that a timestamp has an RFC 3339 form, so that showing or exporting one
//! cannot fail.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

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
        if (MICROS_MIN..=MICROS_MAX).contains(&micros) {
            return Ok(Self(micros));
        }
        Err(Error::malformed("timestamp", &micros.to_string(), "the year is not within 0 to 9999"))
    }

    /// Returns the microseconds since the Unix epoch; negative before 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads the system's clock. A clock that is off the scale reads as its nearest end.
    pub fn now() -> Self {
        let micros = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(MICROS_MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(MICROS_MIN, |micros| -micros),
        };
        Self(micros.clamp(MICROS_MIN, MICROS_MAX))
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

    /// Reads RFC 3339 with any offset. Digits below a microsecond are cut off.
    fn from_str(text: &str) -> Result<Self> {
        let malformed =
            || Error::malformed("timestamp", text, "expected RFC 3339, such as 2026-01-31T12:00:00Z");
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| malformed())?;
        let micros = moment.unix_timestamp_nanos().div_euclid(1_000);
        Self::from_micros(i64::try_from(micros).map_err(|_| malformed())?)
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
    fn moments_off_the_scale_are_refused() {
        assert!(Timestamp::from_micros(MICROS_MIN - 1).is_err());
        assert!(Timestamp::from_micros(MICROS_MAX + 1).is_err());
        assert!("0000-01-01T00:00:00+01:00".parse::<Timestamp>().is_err());
        assert!("yesterday".parse::<Timestamp>().is_err());
    }
}
