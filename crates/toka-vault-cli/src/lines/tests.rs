//! Tests of the reading of JSON lines.

use std::io;

use serde::Serialize;
use toka_vault::hashing::foreign_id;
use toka_vault::{Digest, Payload};

use super::*;

/// Reads one line in a form, of another system where ids are not ours.
fn read_as(form: FileFormat, text: &str) -> Result<Option<Line>, LineError> {
    let foreign = Foreign { source: Some("other".to_owned()), parents: None };
    Lines::new(text.as_bytes(), Reading::new(form, foreign)).next_line()
}

/// Reads one line of text.
fn read(text: &str) -> Result<Option<Line>, LineError> {
    read_as(FileFormat::Jsonl, text)
}

/// Reads JSON lines from anything.
fn lines<R: Read>(source: R) -> Lines<R> {
    Lines::new(source, Reading::new(FileFormat::Jsonl, Foreign::default()))
}

/// Reads a CloudEvent that has the attributes which are required, and these.
fn cloud_event(attributes: &str) -> Result<Line, LineError> {
    let text = format!(r#"{{"specversion":"1.0","id":"7","source":"/s","type":"a.b"{attributes}}}"#);
    read_as(FileFormat::Cloudevents, &text).map(Option::unwrap)
}

/// Encodes as bytes.
struct Bytes(&'static [u8]);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
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
    let foreign = format!(
        r#"{{"id":"x","timestamp":"2026-01-01T00:00:00Z","kind":"a","payload":1,"hash":"{digest}"}}"#
    );
    let cases = [
        ("[1]", "not a JSON object"),
        ("xx\n", "expected value at column 1"),
        ("{\"kind\":\"a\"\n", "EOF"),
        ("{\"kind\":\"a\"", "ends in the middle of it"),
        ("{} x", "trailing"),
        (r#"{"payload":1}"#, "`kind` is missing"),
        (r#"{"kind":"a"}"#, "`payload` is missing"),
        (r#"{"kind":"a","kind":"b","payload":1}"#, "`kind` stands twice"),
        (r#"{"kind":"a b","payload":1}"#, "visible ASCII"),
        (r#"{"kind":5,"payload":1}"#, "expected a string"),
        (r#"{"kind":"a","payload":{"x":1,"x":2}}"#, "twice"),
        (
            r#"{"kind":"a","payload":1e999}"#,
            "the field `payload` is malformed: number out of range at column 5",
        ),
        (r#"{"kind":"a","payload":1,"id":""}"#, "`id` is empty"),
        (r#"{"kind":"a","payload":1,"id":1.5}"#, "whole number"),
        (r#"{"kind":"a","payload":1,"id":["x"]}"#, "whole number"),
        (r#"{"kind":"a","payload":1,"parents":"x"}"#, "sequence"),
        (r#"{"kind":"a","payload":1,"timestamp":"now"}"#, "RFC 3339"),
        (r#"{"kind":"a","payload_msgpack":"?"}"#, "`payload_msgpack` is malformed"),
        (r#"{"kind":"a","payload_msgpack":"AQE="}"#, "1 bytes follow"),
        (r#"{"kind":"a","payload":1,"payload_msgpack":"AQ=="}"#, "keep one"),
        (&wrong, "one of them was changed"),
        (&foreign, "covers an event id, and `x` is none"),
        (&hash, "beside an id and a time"),
    ];
    for (text, expected) in cases {
        let said = complaint(text);
        assert!(said.contains(expected), "{text}: {said}");
        assert!(!said.contains("line 1") && !said.contains("Serialize"), "{text}: {said}");
    }
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let error = lines(&b"{\"kind\":\"\xff\"}"[..]).next_line().unwrap_err();
    assert!(matches!(error, LineError::NotAnObject(_)), "{error}");
}

#[test]
fn an_endless_line_is_refused_once_it_is_longer_than_any_event() {
    let mut lines = lines(io::repeat(b' '));
    assert!(matches!(lines.next_line(), Err(LineError::TooLong)));
    assert_eq!(lines.number(), 1);
}

#[test]
fn a_payload_nested_without_end_is_refused() {
    let deep = format!(r#"{{"kind":"a","payload":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let said = complaint(&deep);
    assert!(said.contains("recursion limit") || said.contains("nested"), "{said}");
}

#[test]
fn an_id_of_another_system_is_computed_and_so_are_its_parents() {
    let line =
        read(r#"{"id":"p-1","kind":"a","payload":1,"parents":["p-0",17,"00000000000000000000000009"]}"#);
    let Line { event, foreign, .. } = line.unwrap().unwrap();
    assert_eq!(event.id, Some(foreign_id("other", "p-1")));
    let parents = [foreign_id("other", "p-0"), foreign_id("other", "17"), EventId::from_u128(9)];
    assert_eq!(event.parents, parents);
    let names: Vec<&str> = foreign.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["p-1", "p-0", "17"]);
}

#[test]
fn a_number_and_its_digits_are_one_id() {
    let id = |id: &str| read(&format!(r#"{{"id":{id},"kind":"a","payload":1}}"#)).unwrap().unwrap().event.id;
    assert_eq!(id("17"), id("\"17\""));
    assert_eq!(id("-17"), id("\"-17\""));
    assert_ne!(id("17"), id("18"));
}

#[test]
fn another_field_can_name_the_parents() {
    let foreign = Foreign { source: None, parents: Some("causationid".to_owned()) };
    let text =
        r#"{"specversion":"1.0","id":"2","source":"/s","type":"a","causationid":"1","tokaparents":"0"}"#;
    let line = Lines::new(text.as_bytes(), Reading::new(FileFormat::Cloudevents, foreign)).next_line();
    let line = line.unwrap().unwrap();
    assert_eq!(line.event.parents, [foreign_id("/s", "1")]);
    assert_eq!(line.unknown.as_deref(), Some("tokaparents"));
}

#[test]
fn a_cloud_event_needs_its_four_attributes_only() {
    let line = cloud_event("").unwrap();
    assert_eq!(line.event.kind, "a.b");
    assert_eq!(line.event.payload, Payload::encode(&()).unwrap());
    assert_eq!((line.event.id, line.event.timestamp), (Some(foreign_id("/s", "7")), None));
    let values = [("specversion", "1.0"), ("id", "7"), ("source", "/s"), ("type", "a.b")];
    let without = |name: &str, value: &str| {
        let other = values.iter().filter(|(other, _)| *other != name);
        let mut fields: Vec<_> = other.map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
        fields.push(value.to_owned());
        read_as(FileFormat::Cloudevents, &format!("{{{}}}", fields.join(","))).unwrap_err()
    };
    for (name, _) in values {
        for instead in ["\"x\":1".to_owned(), format!("\"{name}\":null")] {
            let refused = without(name, &instead);
            assert!(matches!(refused, LineError::Missing(missing) if missing == name), "{refused:?}");
        }
        let refused = without(name, &format!("\"{name}\":\"\""));
        assert!(matches!(refused, LineError::Empty(empty) if empty == name), "{refused:?}");
    }
}

#[test]
fn data_is_read_by_its_content_type() {
    let cases = [
        (r#","data":{"n":1}"#, Payload::encode(&serde_json::json!({ "n": 1 }))),
        (r#","data":null"#, Payload::encode(&())),
        (r#","data":"{}""#, Payload::encode("{}")),
        (r#","data":"<a/>","datacontenttype":"application/xml""#, Payload::encode("<a/>")),
        (r#","data":[1],"datacontenttype":"application/geo+json; charset=utf-8""#, Payload::encode(&[1])),
        (r#","data_base64":"AQ==","datacontenttype":"application/msgpack""#, Payload::encode(&1)),
        (
            r#","data_base64":"eyJuIjoxfQ==","datacontenttype":"text/json""#,
            Payload::encode(&serde_json::json!({ "n": 1 })),
        ),
        (r#","data_base64":"AQ==","datacontenttype":"image/png""#, Payload::encode(&Bytes(b"\x01"))),
        (r#","data_base64":"AQ==""#, Payload::encode(&Bytes(b"\x01"))),
        (r#","data_base64":null,"data":1"#, Payload::encode(&1)),
    ];
    for (attributes, expected) in cases {
        assert_eq!(cloud_event(attributes).unwrap().event.payload, expected.unwrap(), "{attributes}");
    }
}

#[test]
fn a_malformed_cloud_event_is_refused_with_what_is_wrong() {
    let digest = Digest::of(b"other");
    let cases = [
        (format!(r#","data":1,"tokadigest":"{digest}""#), "one of them was changed"),
        (format!(r#","time":"2026-01-01T00:00:00Z","tokahash":"{digest}""#), "`7` is none"),
        (r#","time":"yesterday""#.to_owned(), "`time` is malformed"),
        (r#","data":1,"data_base64":"AQ==""#.to_owned(), "both `data` and `data_base64`"),
        (r#","data":1,"datacontenttype":"text/plain""#.to_owned(), "expected a string"),
        (r#","data_base64":"?""#.to_owned(), "`data_base64` is malformed"),
        (r#","data_base64":"/w==","datacontenttype":"text/json""#.to_owned(), "utf-8"),
        (r#","tokaparents":["1"]"#.to_owned(), "expected a string"),
        (r#","id":"8""#.to_owned(), "`id` stands twice"),
    ];
    for (attributes, expected) in cases {
        let said = format!("{:#}", anyhow::Error::from(cloud_event(&attributes).unwrap_err()));
        assert!(said.contains(expected), "{attributes}: {said}");
    }
    for (from, to, expected) in
        [("1.0", "0.3", "only CloudEvents of version 1.0"), ("a.b", "a b", "visible ASCII")]
    {
        let text = r#"{"specversion":"1.0","id":"7","source":"/s","type":"a.b"}"#.replace(from, to);
        let refused = read_as(FileFormat::Cloudevents, &text).unwrap_err();
        let said = format!("{:#}", anyhow::Error::from(refused));
        assert!(said.contains(expected), "{text}: {said}");
    }
}

#[test]
fn a_line_is_cut_off_wherever_it_ends_before_its_last_brace() {
    let whole = r#"{"kind":"a.b","id":null,"payload":{"é\u00e9":[true,false,null,-1.5e-3,"x\n"]}}"#;
    for end in 1..whole.len() {
        let cut = lines(&whole.as_bytes()[..end]).next_line();
        assert!(matches!(cut, Err(LineError::CutOff)), "{}: {cut:?}", whole.get(..end).unwrap_or("in é"));
    }
    assert!(read(whole).is_ok());
}
