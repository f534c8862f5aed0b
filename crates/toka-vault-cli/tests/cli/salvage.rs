//! From a damaged vault through a file to a new one: what is whole is kept, and what is not is told.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use futures::executor::block_on;
use serde_json::{Value, json};
use toka_vault::{EventHeader, EventId, NewEvent, Vault};

use crate::sandbox::{Ended, Sandbox, end};

/// The back-ends on disk.
const BACK_ENDS: [&str; 2] = ["journal", "sled"];

/// Is the text in the one event that is damaged.
const DAMAGED: &str = "an event that will be damaged";

/// The number of that event.
const THIRD: u64 = 3;

/// The parents of each event of a graph. Of the third come the fourth and the sixth.
const GRAPH: [&[u64]; 7] = [&[], &[1], &[2], &[3], &[2], &[5, 4], &[5]];

/// A change that the checksum of sled does not see, nor ours, which is of the same sort: its own polynomial.
const UNSEEN: [u8; 5] = [0x41, 0x06, 0x71, 0xdb, 0x01];

/// The id of the event with this number.
fn id(number: u64) -> EventId {
    EventId::from_u128(number.into())
}

/// The same as text.
fn name(number: u64) -> String {
    id(number).to_string()
}

/// Makes a vault of the graph in the folder `main` and damages the third event.
fn damaged(sandbox: &Sandbox, back_end: &str) -> Vec<EventHeader> {
    let vault = Vault::open(&format!("{back_end}:{}", sandbox.path("main").display())).unwrap();
    let commit = |(parents, number): (&&[u64], u64)| {
        let text = if number == THIRD { DAMAGED.to_owned() } else { format!("whole {number}") };
        let parents: Vec<_> = parents.iter().copied().map(id).collect();
        block_on(vault.commit(NewEvent::new("a", text).unwrap().with_id(id(number)).with_parents(&parents)))
    };
    let headers = GRAPH.iter().zip(1..).map(commit).collect::<Result<_, _>>().unwrap();
    block_on(vault.close()).unwrap();
    drop(vault);
    match back_end {
        "journal" => damage(&sandbox.path("main/journal/0000000000000000.segment"), &[1]),
        _ => damage(&sandbox.path("main/sled/db"), &UNSEEN),
    }
    headers
}

/// Changes the text that is to be damaged, wherever it stands in a file.
fn damage(file: &Path, change: &[u8]) {
    let mut bytes = fs::read(file).unwrap();
    let found = |window: &[u8]| window == DAMAGED.as_bytes();
    let places: Vec<usize> = bytes
        .windows(DAMAGED.len())
        .enumerate()
        .filter(|(_, window)| found(window))
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..].iter_mut().zip(change).for_each(|(byte, change)| *byte ^= change);
    }
    fs::write(file, bytes).unwrap();
}

/// Runs the program on a vault in the folder.
fn run(sandbox: &Sandbox, url: &str, args: &[&str]) -> Ended {
    end(sandbox.command(&[&["--vault", url], args].concat()).spawn().unwrap())
}

/// Exports what is whole of a damaged vault of the graph to the file `whole.jsonl`.
fn exported(sandbox: &Sandbox, back_end: &str) -> Vec<EventHeader> {
    let headers = damaged(sandbox, back_end);
    let url = format!("{back_end}:main");
    let stopped = run(sandbox, &url, &["export", "jsonl", "whole.jsonl"]);
    stopped.assert(3, "the event at position 3 is damaged");
    let skipping = run(sandbox, &url, &["export", "--skip-damaged", "jsonl", "whole.jsonl"]);
    skipping.assert(3, "exported 6 events\nnote: 1 damaged event left out; where it led to others, `import`");
    headers
}

/// Reads lines of JSON.
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_damaged_vault_goes_into_a_new_one_and_what_is_not_as_it_was_is_told() {
    for back_end in BACK_ENDS {
        let sandbox = Sandbox::new();
        let headers = exported(&sandbox, back_end);
        let new = format!("{back_end}:new");
        let stopped = run(&sandbox, &new, &["import", "jsonl", "whole.jsonl"]);
        stopped.assert(1, &format!("line 3 cannot be imported\ncaused by: its parent {}", name(THIRD)));
        stopped.assert(1, "`--accept-missing-parents`");
        let all = ["import", "jsonl", "--accept-missing-parents", "whole.jsonl"];
        let going_on = run(&sandbox, &new, &[&all[..], &["-o", "jsonl"]].concat());
        going_on.assert(3, "read 6 events: 4 new, 2 already there");
        going_on.assert(3, "note: missing parents: 1;");
        going_on.assert(3, "a missing one led to them: 2;");
        let told = lines(&going_on.stdout);
        assert_eq!(told[0], json!({ "finding": "missing", "line": 3, "id": name(3) }));
        let changed = [(3, 4), (5, 6)].map(|(line, number)| (json!("other_hash"), json!(line), name(number)));
        let of = |row: &Value| {
            (row["finding"].clone(), row["line"].clone(), row["id"].as_str().unwrap().to_owned())
        };
        assert_eq!(told[1..].iter().map(of).collect::<Vec<_>>(), changed);
        let kept = run(&sandbox, &new, &["export", "jsonl"]);
        assert_kept(
            &headers,
            &lines(&fs::read_to_string(sandbox.path("whole.jsonl")).unwrap()),
            &kept,
            &told,
        );
        run(&sandbox, &new, &["verify"]).assert(0, "verified 7 events");
        // Repeated, it adds nothing, and into another vault it gives the same one.
        run(&sandbox, &new, &all).assert(3, "read 6 events: 0 new, 6 already there");
        assert_eq!(run(&sandbox, "sled:other", &all).code, Some(3));
        assert_eq!(run(&sandbox, "sled:other", &["export", "jsonl"]).stdout, kept.stdout);
        // And that one is whole.
        sandbox.file("again.jsonl", &kept.stdout);
        run(&sandbox, "journal:again", &["import", "jsonl", "again.jsonl"]).assert(0, "7 new");
    }
}

/// Checks that all is kept but the hashes of events that the missing one led to, and that those are told.
fn assert_kept(headers: &[EventHeader], whole: &[Value], kept: &Ended, told: &[Value]) {
    let kept = lines(&kept.stdout);
    let of = |number: u64| kept.iter().find(|event| event["id"] == name(number)).unwrap();
    assert_eq!((kept.len(), &of(THIRD)["kind"]), (7, &json!("vault.missing")));
    for event in whole {
        let mut kept = kept.iter().find(|kept| kept["id"] == event["id"]).unwrap().clone();
        if let Some(told) = told[1..].iter().find(|row| row["id"] == event["id"]) {
            assert_eq!((&told["told"], &told["hash"]), (&event["hash"], &kept["hash"]));
            assert_ne!(told["told"], told["hash"]);
            kept["hash"] = event["hash"].clone();
        }
        assert_eq!(kept, *event);
    }
    for number in [1, 2, 5, 7] {
        assert_eq!(of(number)["hash"], headers[number as usize - 1].hash.to_string());
    }
}

#[test]
fn a_changed_line_is_refused_also_where_what_led_to_it_is_missing() {
    let sandbox = Sandbox::new();
    exported(&sandbox, "journal");
    let whole = fs::read_to_string(sandbox.path("whole.jsonl")).unwrap();
    let whole: Vec<&str> = whole.lines().collect();
    // The fifth comes from whole events; of the sixth it is known which hashes its parents had.
    for changed in [4, 5] {
        let mut lines: Vec<String> = whole.iter().map(|line| (*line).to_owned()).collect();
        lines[changed - 1] = lines[changed - 1].replace("\"kind\":\"a\"", "\"kind\":\"b\"");
        sandbox.file("changed.jsonl", lines.join("\n"));
        let url = format!("journal:copy{changed}");
        let refused = run(&sandbox, &url, &["import", "--accept-missing-parents", "jsonl", "changed.jsonl"]);
        refused.assert(1, &format!("line {changed} cannot be imported\ncaused by: its hash is told as"));
        assert_eq!((refused.stdout.as_str(), run(&sandbox, &url, &["log"]).stdout.as_str()), ("", ""));
    }
}

#[test]
fn an_import_into_a_vault_that_lacks_events_says_how_to_go_on() {
    let sandbox = Sandbox::new();
    exported(&sandbox, "journal");
    let import = |file: &str, more: &[&str]| {
        run(&sandbox, "journal:new", &[&["import", "jsonl", file][..], more].concat())
    };
    assert_eq!(import("whole.jsonl", &["--accept-missing-parents"]).code, Some(3));
    import("whole.jsonl", &[]).assert(1, "it comes from an event that is missing in this vault");
    // What an earlier import has brought is not remembered: behind the one that is missing, no hash is proof.
    let whole = fs::read_to_string(sandbox.path("whole.jsonl")).unwrap();
    let sixth = whole.lines().nth(4).unwrap().replace(&name(6), &name(8));
    sandbox.file("child.jsonl", &sixth);
    import("child.jsonl", &[]).assert(1, "its hash is told as");
    import("child.jsonl", &["--accept-missing-parents"]).assert(3, "1 new");
    let second = whole.lines().nth(1).unwrap().replace(&name(2), &name(9));
    sandbox.file("child.jsonl", &second);
    import("child.jsonl", &["--accept-missing-parents"]).assert(1, "something was changed");
    // Here the missing one turns up.
    sandbox.file("found.jsonl", format!(r#"{{"id":"{}","kind":"a","payload":1}}"#, name(THIRD)));
    import("found.jsonl", &[]).assert(1, "stands for it in this vault; events are immutable");
}

#[test]
fn an_import_goes_on_though_nobody_reads_what_it_tells() {
    let sandbox = Sandbox::new();
    exported(&sandbox, "journal");
    let line = |number: u64| {
        let text = "x".repeat(64);
        format!(r#"{{"kind":"{text}","payload":{number},"parents":["{}"]}}"#, name(1_000 + number))
    };
    sandbox.file("lines.jsonl", (0..2_000).map(line).collect::<Vec<_>>().join("\n"));
    let args = ["--vault", "journal:new", "import", "jsonl", "lines.jsonl", "--accept-missing-parents"];
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = end(sandbox.command(&args).stdout(Stdio::from(writer)).spawn().unwrap());
    ended.assert(3, "read 2,000 events: 2,000 new");
    ended.assert(3, "missing parents: 2,000;");
}

#[test]
fn parents_of_lines_that_tell_no_hash_can_be_missing_too() {
    let sandbox = Sandbox::new();
    let text = [
        r#"{"id":"b","kind":"a","payload":1,"parents":["a"]}"#,
        r#"{"id":"c","kind":"a","payload":2,"parents":["b","a"]}"#,
        r#"{"id":"d","kind":"a","payload":2,"parents":["d"]}"#,
    ];
    let import = |count: usize| {
        let args = ["import", "jsonl", "-", "--source", "s", "--accept-missing-parents"];
        sandbox.feed(&args, text[..count].join("\n"))
    };
    import(2).assert(3, "read 2 events: 2 new, 0 already there");
    import(2).assert(0, "read 2 events: 0 new, 2 already there");
    // Nothing else stands for what makes no sense.
    import(3).assert(1, "line 3 cannot be imported");
    let log = sandbox.json(&["log", "--reverse"]);
    assert_eq!((log.len(), &log[0]["kind"]), (3, &json!("vault.missing")));
    assert_eq!(log[2]["parents"], json!([log[1]["id"], log[0]["id"]]));
}
