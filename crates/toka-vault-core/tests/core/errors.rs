//! What errors say: what happened, what to do next, and nothing twice.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toka_vault_core::{Condition, Error, EventHash, EventId, Filter, Position, Remedy, Timestamp};

/// What the operating system says in these tests.
const CAUSE: &str = "no space left on device";

fn id() -> EventId {
    EventId::from_parts(1_700_000_000_000, 7)
}

fn cause() -> io::Error {
    io::Error::other(CAUSE)
}

/// A range of time that ends before it starts.
fn backwards() -> Error {
    let [since, until] =
        ["2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"].map(|time| time.parse::<Timestamp>().unwrap());
    Filter::new().with_since(since).unwrap().with_until(until).unwrap_err()
}

/// An event that matches a filter, where none was wanted.
fn condition_failed() -> Error {
    let condition = Condition::none_after(Position::new(7), Filter::kind("a.*").unwrap());
    Error::ConditionFailed { condition, position: Position::new(9) }
}

/// A vault that does not open.
fn damaged(remedy: Remedy) -> Error {
    Error::Damaged { path: "events.db".into(), reason: "R".into(), remedy }
}

/// An event that is not the same in a copy.
fn hash_differs() -> Error {
    let [expected, found] = [[0x11; 32], [0x22; 32]].map(EventHash::from_bytes);
    Error::HashDiffers { id: id(), expected, found }
}

/// Every variant, with a word of what happened and a word of what to do.
fn told() -> Vec<(Error, &'static str, &'static str)> {
    let path = || PathBuf::from("events.db");
    let source = || Arc::new(Error::io("write", Path::new("events.db"), cause()));
    let position = Position::new;
    vec![
        ("a b".parse::<toka_vault_core::Kind>().unwrap_err(), "invalid kind `a b`", "use tokens"),
        (Filter::kind("a.b*").unwrap_err(), "invalid pattern `a.b*`", "stands for one token"),
        (backwards(), "before it starts", "exchange its ends"),
        (
            condition_failed(),
            "\"no events of kind a.* are after position 7\" does not hold, see the event at position 9;",
            "decide again",
        ),
        ("x".parse::<EventId>().unwrap_err(), "`x` is no event id", "expected a ULID"),
        (Error::PayloadEncoding { reason: "R".into() }, "cannot be encoded: R", "change its type"),
        (Error::PayloadDecoding { target: "T", reason: "R".into() }, "as `T`: R", "another type"),
        (Error::PayloadNotJson { reason: "R".into() }, "no JSON form: R", "take its bytes"),
        (Error::PayloadTooLarge { max: 9 }, "more than the 9 bytes", "commit a reference"),
        (Error::TooManyParents { count: 9, max: 8 }, "9 parents are more than the 8", "join some"),
        (Error::DuplicateParent { parent: id() }, "named twice", "name each parent once"),
        (Error::SelfParent { id: id() }, "names itself", "only earlier events"),
        (Error::UnknownParent { parent: id() }, "is not in this vault", "commit it first"),
        (Error::Conflict { id: id(), differs: "kind" }, "differs in kind", "use a new id"),
        (hash_differs(), "has the hash 2222", "verify both vaults"),
        (Error::BatchTooLarge { size: 9, max: 8, unit: "events" }, "has 9 events", "in parts"),
        (Error::ZeroCapacity, "capacity of 0", "at least 1"),
        (Error::UnknownEvent { id: id() }, "is not in this vault", "check the id"),
        (Error::Evicted { oldest: position(7) }, "was evicted", "reading goes on"),
        (Error::corrupt(position(7), "R"), "position 7 is damaged: R", "from a copy"),
        (
            Error::TailLost { path: path(), acknowledged: position(9), found: position(8) },
            "up to position 9, but its log ends at 8",
            "restore it",
        ),
        (damaged(Remedy::Restore), "is damaged: R", "from a copy"),
        (
            Error::Locked { path: path(), holder: "this process" },
            "open in this process",
            "one process at a time",
        ),
        (Error::NotAVault { path: path(), reason: "R".into() }, "back-end: R", "another path"),
        (Error::NoVault { path: path() }, "no vault at", "once its writer has"),
        (Error::NewerFormat { path: path(), found: 9, supported: 8 }, "has format 9", "newer toka-vault"),
        (
            Error::PermissionDenied { operation: "open", path: path() },
            "no permission to open",
            "check its owner",
        ),
        (Error::io("write", Path::new("events.db"), cause()), "cannot write events.db", "try again"),
        (Error::NoRoom { path: path(), source: Arc::new(cause()) }, "no room for events.db", "make room"),
        (Error::Storage { operation: "flush", reason: "R".into() }, "cannot flush: R", "reopen"),
        (Error::OutcomeUnknown { source: source() }, "may or may not be stored", "reopen the vault"),
        (Error::Poisoned { source: source() }, "takes no commits", "reopen the vault"),
        (Error::ReadOnly, "read only", "commit through"),
        (Error::Closed, "is closed", "open it again"),
        (
            Error::InvalidUrl { url: "x:".into(), reason: "use `memory:`".into() },
            "`x:` names no vault",
            "use `memory:`",
        ),
        (
            Error::Backend { reason: "R".into(), source: Some(Arc::new(cause())) },
            "failed: R",
            "documentation",
        ),
    ]
}

#[test]
fn each_error_says_what_happened_and_what_to_do() {
    for (error, happened, advice) in told() {
        let text = error.to_string();
        assert!(text.contains(happened), "{happened:?} is not in {text:?}");
        assert!(text.contains(advice), "{advice:?} is not in {text:?}");
    }
}

#[test]
fn what_else_can_be_done_about_damage_is_told_where_there_is_something() {
    assert!(
        damaged(Remedy::Restore).to_string().ends_with("nothing was changed, restore the vault from a copy")
    );
    let text = damaged(Remedy::AcceptTailLoss).to_string();
    assert!(text.contains("from a copy, or open a copy with tail loss accepted"), "{text}");
}

#[test]
fn a_head_that_is_not_there_yet_is_told_by_where_it_is() {
    let condition = Condition::HeadAt(Position::new(7));
    let before = Error::ConditionFailed { condition: condition.clone(), position: Position::new(3) };
    let text = before.to_string();
    assert!(text.contains("\"the head is at position 7\" does not hold, it is at position 3;"), "{text}");
    let text = Error::ConditionFailed { condition, position: Position::new(8) }.to_string();
    assert!(
        text.contains("\"the head is at position 7\" does not hold, see the event at position 8;"),
        "{text}"
    );
}

#[test]
fn each_variant_is_in_these_tests() {
    let source = include_str!("../../src/error.rs");
    let declared = source.split("pub enum Error {").nth(1).unwrap().split("\n}\n").next().unwrap();
    let told: Vec<String> = told().iter().map(|(error, ..)| format!("{error:?}")).collect();
    let variants = declared.lines().filter_map(|line| {
        let name = line.strip_prefix("    ")?.trim_end_matches(|end: char| !end.is_alphanumeric());
        (!name.is_empty() && name.chars().all(char::is_alphanumeric)).then_some(name)
    });
    let mut count = 0;
    for variant in variants {
        count += 1;
        let is_it = |text: &String| {
            text.strip_prefix(variant).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        };
        assert!(told.iter().any(is_it), "{variant} is missing");
    }
    assert_eq!(count, told.len());
}

#[test]
fn no_error_repeats_its_source() {
    let mut sources = 0;
    for (error, ..) in told() {
        let Some(source) = error.source() else { continue };
        sources += 1;
        assert!(!error.to_string().contains(&source.to_string()), "{error}");
        assert!(!error.to_string().contains(CAUSE), "{error}");
    }
    assert_eq!(sources, 5, "Io, NoRoom, OutcomeUnknown, Poisoned and Backend have one");
}

#[test]
fn the_first_cause_is_at_the_end_of_the_sources() {
    for (error, ..) in told().into_iter().filter(|(error, ..)| error.source().is_some()) {
        let mut last: &dyn std::error::Error = &error;
        while let Some(source) = last.source() {
            last = source;
        }
        assert_eq!(last.to_string(), CAUSE);
    }
}

#[test]
fn what_the_system_said_is_found_among_the_sources() {
    let io = Error::io("write", Path::new("events.db"), cause());
    let no_room = Error::NoRoom { path: "events.db".into(), source: Arc::new(cause()) };
    for error in [io, no_room] {
        let source = error.source().unwrap().downcast_ref::<Arc<io::Error>>().unwrap();
        assert_eq!(source.kind(), io::ErrorKind::Other);
    }
}

#[test]
fn messages_are_one_line_that_starts_low_and_ends_open() {
    for (error, ..) in told() {
        let text = error.to_string();
        assert!(!text.starts_with(char::is_uppercase) && !text.ends_with('.'), "{text}");
        assert!(!text.contains('\n') && !text.contains("  "), "{text}");
    }
}

#[test]
fn long_and_hostile_text_is_repeated_short_and_escaped() {
    let error = Error::malformed("event id", &"\u{1b}".repeat(1_000), "expected a ULID");
    let text = error.to_string();
    assert!(text.len() < 1_000, "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_range_of_damaged_events_is_told_as_one() {
    let one = Error::corrupt(Position::new(7), "checksum");
    assert!(one.to_string().starts_with("the event at position 7 is damaged"), "{one}");
    let many = Error::Corrupt { first: Position::new(7), last: Position::new(9), reason: "checksum".into() };
    assert!(many.to_string().starts_with("the events at positions 7 to 9 are damaged"), "{many}");
}

#[test]
fn a_refused_permission_is_told_apart_from_other_failures() {
    let denied = io::Error::from(io::ErrorKind::PermissionDenied);
    assert!(matches!(Error::io("open", Path::new("x"), denied), Error::PermissionDenied { .. }));
    let full = io::Error::from(io::ErrorKind::StorageFull);
    let full = Error::io("write", Path::new("x"), full);
    assert!(matches!(full, Error::Io { .. }));
    assert!(matches!(full.or_no_room(), Error::NoRoom { .. }));
}
