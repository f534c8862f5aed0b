//! `import jsonl` of lines with the ids of another system: they get ids of ours, each time the same.

use serde_json::json;
use toka_vault::hashing::foreign_id;

use crate::sandbox::Sandbox;

/// A line with an id of another system, and perhaps a parent.
fn line(id: &str, parent: Option<&str>) -> String {
    let parents: Vec<String> = parent.iter().map(|parent| format!("\"{parent}\"")).collect();
    format!(r#"{{"id":"{id}","kind":"a","payload":"{id}","parents":[{}]}}"#, parents.join(","))
}

/// Lines that each have the one before as parent.
fn chain(count: usize) -> Vec<String> {
    let parent = |number: usize| number.checked_sub(1).filter(|parent| *parent > 0);
    let name = |number: usize| format!("event {number}");
    (1..=count).map(|number| line(&name(number), parent(number).map(name).as_deref())).collect()
}

#[test]
fn ids_and_parents_are_mapped_and_a_repeated_import_adds_nothing() {
    let sandbox = Sandbox::new();
    let text = chain(1_500).join("\n");
    sandbox.feed(&["import", "jsonl", "-"], &text).assert(0, "read 1,500 events: 1,500 new");
    let exported = sandbox.ok(&["export", "jsonl"]).stdout;
    sandbox.feed(&["import", "jsonl", "-"], &text).assert(0, "0 new, 1,500 already there");
    assert_eq!(sandbox.ok(&["export", "jsonl"]).stdout, exported);
    let newest = sandbox.json(&["log", "-n", "1"]).remove(0);
    assert_eq!(newest["id"], foreign_id("", "event 1500").to_string());
    assert_eq!(newest["parents"], json!([foreign_id("", "event 1499").to_string()]));
    assert!(sandbox.ok(&["verify"]).stderr.contains("verified 1,500 events"));
}

#[test]
fn an_import_that_stopped_goes_on() {
    let sandbox = Sandbox::new();
    let mut lines = chain(1_500);
    let good = std::mem::replace(&mut lines[1_299], "{\"kind\":\"a b\",\"payload\":1}".to_owned());
    let stopped = sandbox.feed(&["import", "jsonl", "-"], lines.join("\n"));
    stopped.assert(1, "line 1300 cannot be imported\ncaused by: the field `kind` is malformed");
    stopped.assert(1, "once the cause is mended, repeat the import: it goes on from there");
    lines[1_299] = good;
    sandbox.feed(&["import", "jsonl", "-"], lines.join("\n")).assert(0, "201 new, 1,299 already there");
}

#[test]
fn a_parent_that_comes_later_or_never_is_named_as_it_stands_there() {
    let sandbox = Sandbox::new();
    let later = [line("1", None), line("2", Some("3")), line("3", None)];
    let stopped = sandbox.feed(&["import", "jsonl", "-"], later.join("\n"));
    stopped
        .assert(1, "line 2 cannot be imported\ncaused by: its parent `3` is neither on an earlier line nor");
    assert_eq!(sandbox.json(&["log"]).len(), 1);
    let mended = [&later[0], &later[2], &later[1]].map(String::as_str);
    sandbox.feed(&["import", "jsonl", "-"], mended.join("\n")).assert(0, "2 new, 1 already there");
    let never = sandbox.feed(&["import", "jsonl", "-"], line("4", Some("nobody")));
    never.assert(1, "its parent `nobody` is neither");
}

#[test]
fn the_source_tells_two_systems_apart() {
    let sandbox = Sandbox::new();
    let import = |source: &str, payload: u8| {
        let text = format!(r#"{{"id":17,"kind":"a","payload":{payload}}}"#);
        sandbox.feed(&["import", "jsonl", "-", "--source", source], text)
    };
    import("shop", 1).assert(0, "1 new");
    import("bank", 2).assert(0, "1 new");
    import("shop", 1).assert(0, "0 new, 1 already there");
    let conflict = import("shop", 2);
    conflict.assert(1, "line 1 cannot be imported\ncaused by: an event `17` is in this vault");
    conflict.assert(1, "tell the two apart by `--source`");
    let ids: Vec<_> = sandbox.json(&["log", "--reverse"]).iter().map(|event| event["id"].clone()).collect();
    assert_eq!(ids, ["shop", "bank"].map(|source| json!(foreign_id(source, "17").to_string())));
}

#[test]
fn a_time_is_kept_where_there_is_one_and_given_once_where_there_is_none() {
    let sandbox = Sandbox::new();
    let text = [
        r#"{"id":"1","kind":"a","payload":1,"timestamp":"2020-02-02T02:02:02+02:00"}"#,
        r#"{"id":"2","kind":"a","payload":1}"#,
    ]
    .join("\n");
    sandbox.feed(&["import", "jsonl", "-"], &text).assert(0, "2 new");
    let first = sandbox.json(&["log", "--reverse"]);
    assert_eq!(first[0]["timestamp"], "2020-02-02T00:02:02Z");
    sandbox.feed(&["import", "jsonl", "-"], &text).assert(0, "0 new, 2 already there");
    assert_eq!(sandbox.json(&["log", "--reverse"]), first);
}

#[test]
fn what_was_imported_from_elsewhere_can_be_a_parent_and_be_exported() {
    let sandbox = Sandbox::new();
    sandbox.feed(&["import", "jsonl", "-"], line("1", None)).assert(0, "1 new");
    let id = foreign_id("", "1").to_string();
    sandbox.ok(&["commit", "b", "1", "--parent", &id]);
    sandbox.ok(&["show", &id[..10]]);
    let exported = sandbox.ok(&["export", "jsonl"]).stdout;
    let copy = sandbox.url("copy");
    sandbox.feed(&["--vault", &copy, "import", "jsonl", "-"], &exported).assert(0, "2 new");
    assert_eq!(sandbox.ok(&["--vault", &copy, "export", "jsonl"]).stdout, exported);
}
