//! [`EventName`]: an event as it is named on the command line, by its id, by how that begins, or by its
//! position.
//!
//! Keeps the invariant that a prefix in hand is the beginning of some id.

use std::fmt;
use std::str::FromStr;

use toka_vault::{EventId, Position};

/// Characters that a prefix has at least: an id begins with its time, and six are 17 minutes of it, five
/// nine hours.
const PREFIX_CHARS_MIN: usize = 6;

/// Names an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EventName {
    /// By its id.
    Id(EventId),
    /// By its position: a number without zeros in front, with which ids begin for some hundreds of years.
    At(Position),
    /// By the beginning of its id.
    Prefix(Prefix),
}

/// Is the beginning of an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    text: String,
    /// The first and the last id that begin so. Ids sort as their text does.
    first: EventId,
    last: EventId,
}

impl Prefix {
    /// Reads a prefix; `None` where no id begins so, or it is too short.
    fn new(text: &str) -> Option<Self> {
        if text.len() < PREFIX_CHARS_MIN {
            return None;
        }
        let first = format!("{text:0<26}").parse().ok()?;
        let last = format!("{text:Z<26}").parse().ok()?;
        Some(Self { text: text.to_ascii_uppercase(), first, last })
    }

    /// Tells whether an id begins so.
    pub(crate) fn begins(&self, id: EventId) -> bool {
        (self.first..=self.last).contains(&id)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl FromStr for EventName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        if let Some(position) = position(text) {
            return Ok(Self::At(position));
        }
        Prefix::new(text)
            .map(Self::Prefix)
            .ok_or("expected a ULID, which has 26 digits and letters and none of I, L, O and U, or its first 6 characters or more, or a position, 1 or more")
    }
}

/// Reads a position, as it is written: without a sign or zeros in front.
fn position(text: &str) -> Option<Position> {
    let is_plain = text.starts_with(|first: char| matches!(first, '1'..='9'));
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An id as people write it.
    const ID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

    #[test]
    fn a_name_is_an_id_or_the_beginning_of_one() {
        assert_eq!(ID.parse(), Ok(EventName::Id(ID.parse().unwrap())));
        for length in PREFIX_CHARS_MIN..ID.len() {
            for text in [ID[..length].to_owned(), ID[..length].to_lowercase()] {
                let Ok(EventName::Prefix(prefix)) = text.parse() else { panic!("{text} is no prefix") };
                assert!(prefix.begins(ID.parse().unwrap()), "{text}");
                assert_eq!(prefix.to_string(), ID[..length]);
            }
        }
    }

    #[test]
    fn a_number_without_zeros_in_front_is_a_position() {
        for number in [1, 42, 1_234_567, u64::MAX] {
            assert_eq!(number.to_string().parse(), Ok(EventName::At(Position::new(number))));
        }
        for text in ["0", "+3", "-3", "007", "18446744073709551616000000000"] {
            assert!(text.parse::<EventName>().unwrap_err().contains("position"), "{text}");
        }
        assert!(matches!("012345".parse(), Ok(EventName::Prefix(_))));
    }

    #[test]
    fn a_prefix_means_the_ids_that_begin_so_and_no_others() {
        let prefix = Prefix::new("01ARZ3NDEK").unwrap();
        let begins = |text: &str| prefix.begins(text.parse().unwrap());
        assert!(begins("01ARZ3NDEK0000000000000000"));
        assert!(begins("01ARZ3NDEKZZZZZZZZZZZZZZZZ"));
        assert!(!begins("01ARZ3NDEJZZZZZZZZZZZZZZZZ"));
        assert!(!begins("01ARZ3NDEM0000000000000000"));
    }

    #[test]
    fn what_no_id_begins_with_is_refused() {
        let long = format!("{ID}0");
        for text in
            ["", "x", "01ARZ", "81ARZ3", "01ARZU", "01ARZ!", "01 ARZ3", "漢漢", "漢漢漢", " 01ARZ3", &long]
        {
            assert!(text.parse::<EventName>().unwrap_err().contains("ULID"), "{text}");
        }
    }
}
