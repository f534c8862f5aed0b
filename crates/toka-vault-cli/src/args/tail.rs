//! [`Tail`]: which events to follow, and where to start.

use std::str::FromStr;

use clap::Args;
use toka_vault::{Position, Timestamp};

use super::{EventName, Kinds, Moment};

/// Says which events to follow.
#[derive(Debug, Default, Args)]
pub(crate) struct Tail {
    #[command(flatten)]
    pub(crate) kinds: Kinds,

    /// Where to start: `beginning`, `head` (only new events), the position or the id of the first event
    /// to print, of which the first 6 characters or more will do where no other id begins so, or a time: then
    /// it is the first event of that time or later. By default the last 10 events of those that are meant, or
    /// as many as -n says.
    ///
    /// A time is RFC 3339, a date, which is its midnight in UTC, or how long ago it was, such as `15m`, `2h`
    /// or `3d`. All behind that first event is printed, an event too that was imported with an earlier
    /// time.
    #[arg(long, value_name = "START")]
    pub(crate) from: Option<TailStart>,

    /// End after N events: the last N, unless --from says otherwise, and where there are fewer, the next ones
    /// too; by default go on until interrupted.
    #[arg(long, short = 'n', value_name = "N", value_parser = super::whole_number)]
    pub(crate) limit: Option<u64>,
}

/// Says where `tail` starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TailStart {
    /// With the oldest event.
    Beginning,
    /// With the next event that is committed.
    Head,
    /// With the event at this position.
    At(Position),
    /// With the event that has this id, or the only one whose id begins so.
    Event(EventName),
    /// With the first event of this moment or later.
    Time(Timestamp),
}

impl FromStr for TailStart {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "beginning" => return Ok(Self::Beginning),
            "head" => return Ok(Self::Head),
            _ => {}
        }
        match (text.parse(), text.parse(), text.parse()) {
            (Ok(EventName::At(position)), ..) => Ok(Self::At(position)),
            // An id that starts with zeros and has digits only reads as a position too, and how long ago a
            // moment was as the beginning of an id.
            (Ok(name @ EventName::Id(_)), ..) => Ok(Self::Event(name)),
            (_, Ok(Moment(time)), _) => Ok(Self::Time(time)),
            (Ok(name @ EventName::Prefix(_)), ..) => Ok(Self::Event(name)),
            (_, _, Ok(position)) => Ok(Self::At(position)),
            _ => Err("expected `beginning`, `head`, a position, an event id, its first 6 characters or more, or a time".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_tail_is_a_word_a_position_an_id_or_a_time() {
        let id = toka_vault::EventId::from_u128(7);
        let cases = [
            ("beginning", TailStart::Beginning),
            ("head", TailStart::Head),
            ("12", TailStart::At(Position::new(12))),
            ("0", TailStart::At(Position::ZERO)),
            ("007", TailStart::At(Position::new(7))),
            (&id.to_string(), TailStart::Event(EventName::Id(id))),
            ("01arz3", TailStart::Event("01ARZ3".parse().unwrap())),
            ("2026-11-01", TailStart::Time("2026-11-01T00:00:00Z".parse().unwrap())),
            ("2026-11-01T01:00:00+01:00", TailStart::Time("2026-11-01T00:00:00Z".parse().unwrap())),
        ];
        for (text, start) in cases {
            assert_eq!(text.parse::<TailStart>().unwrap(), start, "{text}");
        }
        for ago in ["2h", "100000s"] {
            assert!(matches!(ago.parse().unwrap(), TailStart::Time(time) if time < Timestamp::now()));
        }
        for text in ["yesterday", "01arz", "", "-1"] {
            assert!(text.parse::<TailStart>().is_err(), "{text}");
        }
    }
}
