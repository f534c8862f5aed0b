//! `export jsonl` and `import jsonl`: nothing is lost on the way.

use std::collections::HashMap;

use futures::executor::block_on;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use toka_vault::{NewEvent, Timestamp};

use crate::sandbox::Sandbox;

/// Encodes as bytes, which JSON does not have.
struct Bytes(&'static [u8]);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// An array in an array and so on.
fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
}

/// Commits payloads that are hard to write, through the library.
fn fill(sandbox: &Sandbox) {
    let vault = sandbox.open("main");
    let floats = [0.1, -0.0, 1e300, 5e-324, f64::MAX, 0.1 + 0.2, 1.0, 123_456_789.123_456_78];
    let mut events = vec![
        NewEvent::new("json.text", "ü漢😀\u{1b}\u{7f}\u{85}\u{202e}\u{0}\"\\\n").unwrap(),
        NewEvent::new("json.numbers", (u64::MAX, i64::MIN, -1, 0)).unwrap(),
        NewEvent::new("json.floats", floats).unwrap(),
        NewEvent::new("json.empty", (json!({}), json!([]), "", ())).unwrap(),
        NewEvent::new("json.keys", json!({ "": 1, "a.b": { "z": 1, "a": [true, null] } })).unwrap(),
        NewEvent::new("other.bytes", Bytes(b"\x00\xff")).unwrap(),
        NewEvent::new("other.nan", (f64::NAN, f64::INFINITY)).unwrap(),
        NewEvent::new("other.keys", HashMap::from([(1, "one"), (2, "two")])).unwrap(),
    ];
    events.extend([119, 120, 121, 127, 128].map(|levels| NewEvent::new("deep", nested(levels)).unwrap()));
    events.push(NewEvent::new("large", "\u{1}".repeat(1 << 20)).unwrap());
    events.push(NewEvent::new("old", 1).unwrap().with_timestamp(Timestamp::MIN));
    events.push(NewEvent::new("late", 1).unwrap().with_timestamp(Timestamp::MAX));
    let headers = block_on(vault.commit_batch(events)).unwrap();
    let parents: Vec<_> = headers.iter().rev().map(|header| header.id).collect();
    block_on(vault.commit_json("child", "of all", &parents)).unwrap();
    block_on(vault.close()).unwrap();
}

#[test]
fn export_import_export_gives_the_same_bytes() {
    let sandbox = Sandbox::new();
    fill(&sandbox);
    let first = sandbox.ok(&["export", "jsonl"]).stdout;
    let file = sandbox.file("events.jsonl", &first);
    let journal = format!("journal:{}", sandbox.path("journal").display());
    for copy in [sandbox.url("copy"), journal] {
        let imported = sandbox.ok(&["--vault", &copy, "import", "jsonl", &file]);
        assert!(imported.stderr.contains("\nread 17 events: 17 new, 0 already there"), "{imported:?}");
        assert_eq!(sandbox.ok(&["--vault", &copy, "export", "jsonl"]).stdout, first);
        assert!(sandbox.ok(&["--vault", &copy, "verify"]).stderr.contains("verified 17 events"));
    }
}

#[test]
fn a_line_has_its_keys_in_one_order_and_bytes_only_where_json_cannot_tell() {
    let sandbox = Sandbox::new();
    fill(&sandbox);
    let exported = sandbox.ok(&["export", "jsonl"]).stdout;
    for line in exported.lines() {
        let order =
            ["{\"id\":", ",\"kind\":", ",\"timestamp\":", ",\"parents\":", ",\"digest\":", ",\"hash\":"];
        let places: Vec<usize> = order.iter().map(|key| line.find(key).unwrap()).collect();
        assert!(places.is_sorted(), "{line}");
        let kind = serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_owned();
        match kind.split('.').next() {
            Some("json") => assert!(line.contains(",\"payload\":"), "{line}"),
            Some("other") => assert!(line.contains(",\"payload_msgpack\":\""), "{line}"),
            _ => {}
        }
    }
}

#[test]
fn the_copy_can_be_made_through_a_pipe() {
    let sandbox = Sandbox::new();
    fill(&sandbox);
    let exported = sandbox.ok(&["export", "jsonl", "-"]).stdout;
    let copy = sandbox.url("copy");
    let imported = sandbox.feed(&["--vault", &copy, "import", "jsonl", "-"], &exported);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert_eq!(sandbox.ok(&["--vault", &copy, "export", "jsonl"]).stdout, exported);
}

#[test]
fn a_repeated_import_adds_nothing() {
    let sandbox = Sandbox::new();
    fill(&sandbox);
    let exported = sandbox.ok(&["export", "jsonl"]).stdout;
    let again = sandbox.feed(&["import", "jsonl", "-"], &exported);
    again.assert(0, "read 17 events: 0 new, 17 already there");
    assert_eq!(sandbox.ok(&["export", "jsonl"]).stdout, exported);
}

#[test]
fn a_file_appears_complete_with_the_usual_permissions_and_nothing_beside_it() {
    let sandbox = Sandbox::new();
    fill(&sandbox);
    let expected = sandbox.ok(&["export", "jsonl"]).stdout;
    sandbox.file("old.jsonl", "old");
    let exported = sandbox.ok(&["export", "jsonl", "old.jsonl"]);
    assert_eq!((exported.stdout.as_str(), exported.stderr.as_str()), ("", "exported 17 events\n"));
    assert_eq!(std::fs::read_to_string(sandbox.path("old.jsonl")).unwrap(), expected);
    assert_eq!(sandbox.names(), ["main", "old.jsonl"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let usual = std::fs::metadata(sandbox.file("usual", "")).unwrap().permissions().mode();
        assert_eq!(std::fs::metadata(sandbox.path("old.jsonl")).unwrap().permissions().mode(), usual);
    }
}

#[test]
#[cfg(unix)]
fn a_file_that_was_made_private_stays_private() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "a", "1"]);
    let file = sandbox.file("private", "old");
    for mode in [0o600, 0o640] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        sandbox.ok(&["export", "jsonl", "private"]);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, mode);
        assert!(std::fs::read_to_string(&file).unwrap().starts_with("{\"id\""));
    }
}

#[test]
#[cfg(unix)]
fn a_link_is_followed_and_a_device_is_not_replaced() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["commit", "a", "1"]);
    sandbox.file("target", "old");
    std::os::unix::fs::symlink("target", sandbox.path("link")).unwrap();
    sandbox.ok(&["export", "jsonl", "link"]);
    assert!(std::fs::symlink_metadata(sandbox.path("link")).unwrap().is_symlink());
    assert!(std::fs::read_to_string(sandbox.path("target")).unwrap().starts_with("{\"id\""));
    // Also one that leads to nothing yet.
    std::fs::remove_file(sandbox.path("target")).unwrap();
    sandbox.ok(&["export", "jsonl", "link"]);
    assert!(std::fs::symlink_metadata(sandbox.path("link")).unwrap().is_symlink());
    assert!(std::fs::read_to_string(sandbox.path("target")).unwrap().starts_with("{\"id\""));
    std::os::unix::fs::symlink("/dev/null", sandbox.path("null")).unwrap();
    sandbox.ok(&["export", "jsonl", "null"]);
    sandbox.run(&["export", "jsonl", "."]).assert(1, "cannot write .");
    sandbox.run(&["export", "jsonl", "missing/file"]).assert(1, "cannot write missing/file");
    assert_eq!(sandbox.names(), ["link", "main", "null", "target"]);
}

#[test]
fn foreign_lines_need_a_kind_and_a_payload_only() {
    let sandbox = Sandbox::new();
    let lines = "\u{feff}{\"payload\":{\"b\":1,\"a\":2},\"kind\":\"x\",\"note\":1}\r\n\n  \n{\"kind\":\"y\",\"payload\":null,\"extra\":{}}";
    let imported = sandbox.feed(&["import", "jsonl", "-"], lines);
    imported.assert(0, "note: the field `note` on line 1 means nothing here");
    assert_eq!(imported.stderr.matches("note: the field").count(), 1, "{imported:?}");
    assert!(imported.stderr.contains("read 2 events: 2 new"), "{imported:?}");
    let log = sandbox.json(&["log", "--reverse"]);
    assert_eq!((&log[0]["payload"], &log[1]["payload"]), (&json!({ "a": 2, "b": 1 }), &Value::Null));
}
