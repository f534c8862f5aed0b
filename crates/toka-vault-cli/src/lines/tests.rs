//! Tests of the reading of JSON lines.

use super::*;

/// Reads one line of text.
fn read(text: &str) -> Result<Option<Line>, LineError> {
    Lines::new(text.as_bytes()).next_line()
}

/// What is said about a line that is refused, with its causes.
fn complaint(text: &str) -> String {
    format!("{:#}", anyhow::Error::from(read(text).unwrap_err()))
}

#[test]
fn kind_and_payload_are_enough() {
    let line = read(r#"{"kind":"a.b","payload":{"n":1}}"#).unwrap().unwrap();
    assert_eq!(line.event, NewEvent::new("a.b", serde_json::json!({ "n": 1 })).unwrap());
    assert_eq!(line.hash, None);
}

#[test]
fn null_stands_for_an_optional_field_that_is_missing_and_for_a_payload() {
    let line = read(r#"{"id":null,"parents":null,"hash":null,"kind":"a","payload":null}"#).unwrap().unwrap();
    assert_eq!((line.event.id, line.event.parents.len()), (None, 0));
    assert_eq!(line.event.payload, Payload::encode(&()).unwrap());
}

#[test]
fn what_is_around_a_line_does_not_matter() {
    let line = read("\u{feff}\r\n  \n\t{\"kind\":\"a\",\"payload\":1}\r\n").unwrap().unwrap();
    assert_eq!(line.number, 3);
    assert!(read("\n\n").unwrap().is_none());
    assert!(read("").unwrap().is_none());
}

#[test]
fn a_malformed_line_is_refused_with_what_is_wrong() {
    let digest = Digest::of(b"other");
    let wrong = format!(r#"{{"kind":"a","payload":1,"digest":"{digest}"}}"#);
    let hash = format!(r#"{{"kind":"a","payload":1,"hash":"{digest}"}}"#);
    let cases = [
        ("[1]", "not a JSON object"),
        ("{\"kind\":\"a\"", "EOF"),
        ("{} x", "trailing"),
        (r#"{"payload":1}"#, "`kind` is missing"),
        (r#"{"kind":"a"}"#, "`payload` is missing"),
        (r#"{"kind":"a","kind":"b","payload":1}"#, "`kind` stands twice"),
        (r#"{"kind":"a b","payload":1}"#, "visible ASCII"),
        (r#"{"kind":5,"payload":1}"#, "expected a string"),
        (r#"{"kind":"a","payload":{"x":1,"x":2}}"#, "twice"),
        (r#"{"kind":"a","payload":1e999}"#, "out of range"),
        (r#"{"kind":"a","payload":1,"id":"x"}"#, "ULID"),
        (r#"{"kind":"a","payload":1,"parents":"x"}"#, "sequence"),
        (r#"{"kind":"a","payload":1,"timestamp":"now"}"#, "RFC 3339"),
        (r#"{"kind":"a","payload_msgpack":"?"}"#, "`payload_msgpack` is malformed"),
        (r#"{"kind":"a","payload_msgpack":"AQE="}"#, "1 bytes follow"),
        (r#"{"kind":"a","payload":1,"payload_msgpack":"AQ=="}"#, "keep one"),
        (&wrong, "one of them was changed"),
        (&hash, "beside an `id` and a `timestamp`"),
    ];
    for (text, expected) in cases {
        let said = complaint(text);
        assert!(said.contains(expected), "{text}: {said}");
    }
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let error = Lines::new(&b"{\"kind\":\"\xff\"}"[..]).next_line().unwrap_err();
    assert!(matches!(error, LineError::NotAnObject(_)), "{error}");
}

#[test]
fn an_endless_line_is_refused_once_it_is_longer_than_any_event() {
    let mut lines = Lines::new(io::BufReader::new(io::repeat(b' ')));
    assert!(matches!(lines.next_line(), Err(LineError::TooLong)));
    assert_eq!(lines.number(), 1);
}

#[test]
fn a_payload_nested_without_end_is_refused() {
    let deep = format!(r#"{{"kind":"a","payload":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let said = complaint(&deep);
    assert!(said.contains("recursion limit") || said.contains("nested"), "{said}");
}
