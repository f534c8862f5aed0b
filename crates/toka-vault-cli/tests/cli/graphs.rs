//! `log --graph` and `graph`.

use futures::executor::block_on;
use serde_json::Value;
use toka_vault::{EventId, NewEvent, Timestamp};

use crate::sandbox::Sandbox;

/// An id that no event has.
const STRANGER: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// Returns the id of the event with this number.
fn id(number: u64) -> EventId {
    EventId::from_parts(1_700_000_000_000, number.into())
}

/// Makes a vault of events with the numbers from 1 on: each has a kind and parents.
fn graph(events: &[(&str, &[u64])]) -> Sandbox {
    let sandbox = Sandbox::new();
    let vault = sandbox.open("main");
    let new = |((kind, parents), number): (&(&str, &[u64]), u64)| {
        let parents: Vec<_> = parents.iter().copied().map(id).collect();
        let time = Timestamp::from_micros(number as i64 * 1_000_000).unwrap();
        NewEvent::new(*kind, number).unwrap().with_id(id(number)).with_timestamp(time).with_parents(&parents)
    };
    block_on(vault.commit_batch(events.iter().zip(1..).map(new).collect())).unwrap();
    block_on(vault.close()).unwrap();
    sandbox
}

/// A merge of two, of which one was forked, and an event of its own.
const WOVEN: &[(&str, &[u64])] =
    &[("a", &[]), ("b", &[1]), ("a", &[1]), ("b.c", &[2, 3]), ("a", &[]), ("b", &[4])];

/// Runs `log --graph`, and returns the drawing with the position of each event.
fn drawing(sandbox: &Sandbox, args: &[&str]) -> String {
    let printed = sandbox.ok(&[&["log", "--graph"], args].concat()).stdout;
    printed
        .lines()
        .map(|line| match line.split_once('*') {
            None => format!("{line}\n"),
            Some((before, after)) => {
                let (lanes, cells) = after.split_at(after.find(char::is_numeric).unwrap());
                format!("{before}*{lanes}{}\n", cells.split(' ').next().unwrap())
            }
        })
        .collect()
}

#[test]
fn log_draws_what_led_to_what() {
    let sandbox = graph(WOVEN);
    let whole = r"
*  6
| *  5
*  4
|\
| *  3
* |  2
|/
*  1
";
    assert_eq!(drawing(&sandbox, &[]), whole.trim_start());
    assert_eq!(drawing(&sandbox, &["-n", "3"]), "*  6\n| *  5\n*  4\n|\\\n");
    assert_eq!(drawing(&sandbox, &["-n", "0"]), "");
}

#[test]
fn log_prints_the_cells_of_its_table_beside_the_graph() {
    let sandbox = graph(WOVEN);
    let lines = sandbox.ok(&["log", "--graph"]).stdout;
    let expected = format!("| *  5  1970-01-01T00:00:05Z  {}  a  5", id(5));
    assert_eq!(lines.lines().nth(1), Some(expected.as_str()));
}

#[test]
fn lines_lead_through_what_is_left_out() {
    let sandbox = graph(WOVEN);
    assert_eq!(drawing(&sandbox, &["--kind", "a"]), "*  5\n\n*  3\n*  1\n");
    // 4 is left out between the two.
    assert_eq!(drawing(&sandbox, &["--kind", "b"]), "*  6\n*  2\n");
    assert_eq!(drawing(&sandbox, &["--kind", "b", "--until", "1970-01-01T00:00:06Z"]), "*  2\n");
    assert_eq!(drawing(&sandbox, &["--kind", "b", "--kind", "b.*"]), "*  6\n*  4\n*  2\n");
    assert_eq!(drawing(&sandbox, &["--since", "1970-01-01T00:00:03Z"]), "*  6\n| *  5\n*  4\n*  3\n");
    let none = sandbox.ok(&["log", "--graph", "--kind", "nobody"]);
    assert!(none.stdout.is_empty() && none.stderr.starts_with("note: no event in the vault matches"));
}

#[test]
fn a_graph_has_one_form_and_one_direction() {
    let sandbox = graph(WOVEN);
    for form in ["json", "jsonl"] {
        sandbox.run(&["log", "--graph", "-o", form]).assert(2, "each event names its parents in JSON");
        sandbox.run(&["graph", "-o", form]).assert(2, "writes what `--format` says");
    }
    sandbox.run(&["log", "--graph", "--reverse"]).assert(2, "cannot be used with");
    sandbox.run(&["graph", "--format", "svg"]).assert(2, "mermaid");
    sandbox.run(&["graph", "-n", "-1"]).assert(2, "unexpected argument");
}

#[test]
fn lanes_have_colours_only_where_they_were_asked_for() {
    let sandbox = graph(WOVEN);
    let plain = sandbox.ok(&["log", "--graph"]).stdout;
    assert!(plain.is_ascii() && !plain.contains('\u{1b}'), "{plain:?}");
    let coloured = sandbox.ok(&["log", "--graph", "--color", "always"]).stdout;
    let second = coloured.lines().nth(1).unwrap();
    assert!(second.starts_with("\u{1b}[31m|\u{1b}[0m \u{1b}[32m*\u{1b}[0m  "), "{second:?}");
    assert!(!sandbox.ok(&["graph", "--color", "always"]).stdout.contains('\u{1b}'));
}

#[test]
fn graph_writes_dot() {
    let sandbox = graph(WOVEN);
    let line = |number: u64, kind: &str| {
        format!(
            "  e{number} [label=\"{kind}\\n{number}, 1970-01-01T00:00:0{number}Z\\n{number}\", tooltip=\"{}\"];\n",
            id(number)
        )
    };
    let written = sandbox.ok(&["graph", "-n", "4"]);
    let expected = [
        "digraph events {\n  node [shape=box];\n",
        &line(6, "b"),
        &line(5, "a"),
        &line(4, "b.c"),
        "  e4 -> e6;\n",
        &line(3, "a"),
        "  e3 -> e4;\n}\n",
    ];
    assert_eq!(written.stdout, expected.concat());
    assert_eq!(written.stderr, "note: the graph is cut off after 4 events; `-n N` writes more of it\n");
    assert_eq!(sandbox.ok(&["graph", "-n", "6"]).stderr, "");
}

#[test]
fn graph_writes_mermaid() {
    let sandbox = graph(&[("a", &[]), ("b", &[1])]);
    let written = sandbox.ok(&["graph", "--format", "mermaid"]).stdout;
    let expected = "flowchart TD
  e2[\"b<br>2, 1970-01-01T00:00:02Z<br>2\"]
  e1[\"a<br>1, 1970-01-01T00:00:01Z<br>1\"]
  e1 --> e2
";
    assert_eq!(written, expected);
}

#[test]
fn graph_writes_what_led_to_the_events_that_are_named() {
    let sandbox = graph(WOVEN);
    let edges = |args: &[&str]| -> Vec<String> {
        let written = sandbox.ok(&[&["graph"], args].concat()).stdout;
        written
            .lines()
            .filter_map(|line| Some(line.trim().strip_suffix(';')?.to_owned()))
            .filter(|line| line.contains("->"))
            .collect()
    };
    let name = |number| id(number).to_string();
    assert_eq!(edges(&[&name(3)]), ["e1 -> e3"]);
    assert_eq!(edges(&[&name(2), &name(3)]), ["e1 -> e3", "e1 -> e2"]);
    assert_eq!(edges(&[&name(4), &name(4), &name(2)]), ["e3 -> e4", "e2 -> e4", "e1 -> e3", "e1 -> e2"]);
    assert_eq!(edges(&[&name(5)]), Vec::<String>::new());
    // The event that is named is there whatever is meant; what leads through others is dashed.
    let through = ["e3 -> e4", "e1 -> e4 [style=dashed]", "e1 -> e3"];
    assert_eq!(edges(&[&name(4), "--kind", "a"]), through);
    let mermaid = sandbox.ok(&["graph", "--kind", "b", "--format", "mermaid"]).stdout;
    assert!(mermaid.ends_with("\n  e2 -.-> e6\n"), "{mermaid}");
    sandbox.run(&["graph", STRANGER]).assert(4, "is not in this vault");
    sandbox.run(&["graph", "x"]).assert(2, "ULID");
}

#[test]
fn a_line_through_very_many_events_is_missing_and_said_to_be() {
    let chain = |length: u64| {
        let sandbox = Sandbox::new();
        let vault = sandbox.open("main");
        let link = |number: u64| {
            let kind = if number == 1 || number == length { "end" } else { "link" };
            let parent = (number > 1).then(|| id(number - 1));
            NewEvent::new(kind, number).unwrap().with_id(id(number)).with_parents(parent.as_slice())
        };
        block_on(vault.commit_batch((1..=length).map(link).collect())).unwrap();
        block_on(vault.close()).unwrap();
        sandbox
    };
    let near = chain(1_001);
    assert_eq!(drawing(&near, &["--kind", "end"]), "*  1001\n*  1\n");
    assert_eq!(near.ok(&["log", "--graph", "--kind", "end"]).stderr, "");
    let far = chain(1_002);
    assert_eq!(drawing(&far, &["--kind", "end"]), "*  1002\n\n*  1\n");
    for args in [&["log", "--graph", "--kind", "end"][..], &["graph", "--kind", "end"]] {
        far.run(args).assert(0, "note: lines are missing where more than 1,000 events");
    }
}

#[test]
fn an_empty_graph_is_a_graph_and_a_note() {
    let sandbox = graph(WOVEN);
    let written = sandbox.ok(&["graph", "--kind", "nobody"]);
    assert_eq!(written.stdout, "digraph events {\n  node [shape=box];\n}\n");
    assert!(written.stderr.starts_with("note: no event in the vault matches"), "{written:?}");
    assert_eq!(sandbox.ok(&["graph", "-n", "0"]).stderr, "");
    let empty = sandbox.ok(&["graph", "--vault", "memory:"]);
    assert_eq!(empty.stderr, "note: the vault has no events yet\n");
}

#[test]
fn odd_kinds_and_payloads_stay_text() {
    let odd = r#"a"b.<i&lt;.c\d.e]f.{g}|`%%;#35;"#;
    let sandbox = graph(&[(odd, &[])]);
    let hostile = "\"\\\"];x\\u001b[2J\\u202e\\n<b>\"";
    sandbox.ok(&["commit", "a", hostile]);
    let is_raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    let dot = sandbox.ok(&["graph"]).stdout;
    assert!(dot.contains(r#"[label="a\"b.<i&amp;lt;.c\\d.e]f.{g}|`%%;#35;\n1, "#), "{dot}");
    let mermaid = sandbox.ok(&["graph", "--format", "mermaid"]).stdout;
    let kind = "a#34;b.#60;i#38;lt#59;.c#92;d.e#93;f.#123;g#125;#124;#96;#37;#37;#59;#35;35#59;";
    assert!(mermaid.contains(&format!("  e1[\"{kind}<br>1, ")), "{mermaid}");
    for line in mermaid.lines().filter(|line| line.contains('[')) {
        assert_eq!((line.matches('"').count(), line.matches("<br>").count()), (2, 2), "{line}");
    }
    for text in [dot, mermaid, sandbox.ok(&["log", "--graph"]).stdout] {
        assert!(!text.contains(is_raw), "{text:?}");
    }
}

#[test]
fn a_graph_of_git_has_its_subjects() {
    let sandbox = Sandbox::new();
    let repository = sandbox.path("repository");
    std::fs::create_dir(&repository).unwrap();
    let git = |args: &[&str]| crate::sandbox::git(&repository, args);
    git(&["init", "-q", "-b", "main"]);
    git(&["commit", "-q", "--allow-empty", "-m", "the \"first\""]);
    git(&["checkout", "-q", "-b", "side"]);
    git(&["commit", "-q", "--allow-empty", "-m", "aside"]);
    git(&["checkout", "-q", "main"]);
    git(&["commit", "-q", "--allow-empty", "-m", "ahead"]);
    git(&["merge", "-q", "--no-ff", "-m", "together", "side"]);
    sandbox.ok(&["import", "git", repository.to_str().unwrap()]);
    let log = sandbox.ok(&["log", "--graph"]).stdout;
    let drawn: Vec<&str> = log.lines().map(|line| &line[..line.len().min(3)]).collect();
    assert_eq!(drawn.len(), 6, "{log}");
    assert_eq!([drawn[0].trim(), drawn[1], drawn[4], drawn[5].trim()], ["*", "|\\", "|/", "*"], "{log}");
    let subjects: Vec<Value> = sandbox.json(&["log"]);
    assert_eq!(subjects.len(), 4);
    assert!(sandbox.ok(&["graph"]).stdout.contains(" the \\\"first\\\" (A)\""));
}
