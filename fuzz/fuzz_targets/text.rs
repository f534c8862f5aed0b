//! Feeds text to all that is read from it: URLs, ids, kinds, patterns, times, positions, hashes.
//!
//! Nothing panics. What was read is told as a text that reads as the same; a pattern matches the kinds that its
//! definition says; no arithmetic leaves the range of times.

#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;
use std::time::Duration;

use toka_vault::{
    ChainHash, Digest, Error, EventHash, EventId, Filter, Kind, KindPattern, Position, Timestamp, Vault,
    hashing,
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    read_back::<EventId>(&text);
    read_back::<Timestamp>(&text);
    read_back::<Position>(&text);
    read_back::<Kind>(&text);
    read_back::<KindPattern>(&text);
    read_back::<Digest>(&text);
    read_back::<EventHash>(&text);
    read_back::<ChainHash>(&text);
    serialized(&text, data);
    if let Some((one, other)) = text.split_once('\n') {
        pair(one, other);
    }
    if let Some((one, rest)) = data.split_first_chunk::<8>()
        && let Some((other, _)) = rest.split_first_chunk::<8>()
    {
        numbers(u64::from_le_bytes(*one), u64::from_le_bytes(*other));
    }
    url(&text);
});

/// Reads a text, and what that is told as.
fn read_back<T: FromStr<Err = Error> + Display + Debug + PartialEq>(text: &str) {
    match text.parse::<T>() {
        Ok(value) => {
            let told = value.to_string();
            assert_eq!(told.parse::<T>().unwrap(), value, "{text:?} is told as {told:?}");
            assert!(!format!("{value:?} {value:#?} {value:>40} {value:.3}").is_empty());
        }
        // However long the text is.
        Err(error) => assert!(format!("{error} {error:?}").len() < 6_000),
    }
}

/// Reads values in what others have written.
fn serialized(text: &str, data: &[u8]) {
    let json = serde_json::to_string(text).unwrap();
    if let Ok(kind) = serde_json::from_str::<Kind>(&json) {
        assert_eq!(kind.as_str(), text);
        assert!(KindPattern::new(text).unwrap().matches(&kind));
    }
    if let Ok(time) = serde_json::from_str::<Timestamp>(&json) {
        assert_eq!(text.parse::<Timestamp>().ok(), Some(time));
    }
    // Any answer will do.
    let _ = serde_json::from_str::<EventId>(text);
    let _ = serde_json::from_str::<Position>(text);
    let _ = rmp_serde::from_slice::<EventId>(data);
    let _ = rmp_serde::from_slice::<Timestamp>(data);
    let _ = rmp_serde::from_slice::<Digest>(data);
}

/// Reads two texts that have to do with each other.
fn pair(one: &str, other: &str) {
    if let (Ok(pattern), Ok(kind)) = (KindPattern::new(one), Kind::new(other)) {
        assert_eq!(pattern.matches(&kind), is_matched(one, other), "{one} and {other}");
    }
    if let (Ok(since), Ok(until)) = (one.parse::<Timestamp>(), other.parse::<Timestamp>()) {
        let between = Filter::new().with_since(since).and_then(|filter| filter.with_until(until));
        assert!(between.is_ok() || until <= since, "{since} to {until}");
    }
    assert_eq!(hashing::foreign_id(one, other), hashing::foreign_id(one, other));
}

/// Matches as the documentation of a pattern says.
fn is_matched(pattern: &str, kind: &str) -> bool {
    let (pattern, kind): (Vec<_>, Vec<_>) = (pattern.split('.').collect(), kind.split('.').collect());
    let same = |pattern: &[&str]| pattern.iter().zip(&kind).all(|(one, other)| *one == "*" || one == other);
    match pattern.split_last() {
        Some((&">", front)) => kind.len() >= pattern.len() && same(front),
        _ => kind.len() == pattern.len() && same(&pattern),
    }
}

/// Makes times and ids of numbers.
fn numbers(one: u64, other: u64) {
    let id = EventId::from_parts(one, other.into());
    assert_eq!(id.to_string().parse::<EventId>().unwrap(), id);
    let Ok(time) = Timestamp::from_micros(one as i64) else { return };
    for by in
        [Duration::from_micros(other), Duration::from_nanos(other), Duration::from_secs(other), Duration::MAX]
    {
        for time in [time, time.plus(by), time.minus(by)] {
            assert!((Timestamp::MIN..=Timestamp::MAX).contains(&time));
            assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        }
    }
}

/// Opens what a URL says, unless that would be files.
fn url(text: &str) {
    for url in [text.to_owned(), format!("memory:{text}")] {
        if ["journal", "sled"].iter().any(|scheme| url.starts_with(scheme)) {
            continue;
        }
        if let Err(error) = Vault::open(&url) {
            assert!(!format!("{error} {error:?}").is_empty());
        }
    }
}
