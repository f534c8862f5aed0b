//! `import jsonl` of bad lines: each is named, what was good before it stays, and a repeated import
//! goes on.

use crate::sandbox::Sandbox;

/// A line with an id made of `number`, and perhaps a parent.
fn line(number: usize, parent: Option<usize>) -> String {
    let parents: Vec<String> = parent.iter().map(|parent| format!("\"{parent:026}\"")).collect();
    format!(r#"{{"id":"{number:026}","kind":"a","payload":{number},"parents":[{}]}}"#, parents.join(","))
}

/// Lines that each have the one before as parent.
fn chain(count: usize) -> Vec<String> {
    (1..=count).map(|number| line(number, number.checked_sub(1).filter(|parent| *parent > 0))).collect()
}

/// How many events the vault has.
fn events(sandbox: &Sandbox) -> u64 {
    sandbox.json(&["stats"])[0]["events"].as_u64().unwrap()
}

#[test]
fn what_stands_before_a_bad_line_stays_and_a_repeated_import_goes_on() {
    let sandbox = Sandbox::new();
    let mut lines = chain(1_500);
    let good = std::mem::replace(&mut lines[1_299], "{\"kind\":".to_owned());
    let bad = sandbox.file("events.jsonl", lines.join("\n"));
    let stopped = sandbox.run(&["import", "jsonl", &bad]);
    stopped.assert(1, "error: line 1300 cannot be imported\ncaused by: it is not a JSON object");
    stopped.assert(1, "the lines before line 1,300 are imported and stay");
    assert_eq!(events(&sandbox), 1_299);
    lines[1_299] = good;
    let mended = sandbox.file("events.jsonl", lines.join("\n"));
    sandbox.ok(&["import", "jsonl", &mended]).assert(0, "read 1,500 events: 201 new, 1,299 already there");
    assert_eq!(events(&sandbox), 1_500);
}

#[test]
fn an_event_that_the_vault_refuses_is_named_by_its_line() {
    let sandbox = Sandbox::new();
    let mut lines = chain(10);
    lines[6] = line(7, Some(99));
    sandbox.feed(&["import", "jsonl", "-"], lines.join("\n")).assert(1, "error: line 7 cannot be imported");
    assert_eq!(events(&sandbox), 6);
    lines[6] = line(3, None);
    let conflict = sandbox.feed(&["import", "jsonl", "-"], lines.join("\n"));
    conflict.assert(1, "error: line 7 cannot be imported\ncaused by: event 00000000000000000000000003");
    assert_eq!(events(&sandbox), 6);
}

#[test]
fn lines_without_an_id_are_not_to_be_repeated_and_it_says_so() {
    let sandbox = Sandbox::new();
    let lines = "{\"kind\":\"a\",\"payload\":1}\n{\"kind\":\"a\",\"payload\":2}\nx\n";
    let stopped = sandbox.feed(&["import", "jsonl", "-"], lines);
    stopped.assert(1, "go on with line 3, not from the start");
    assert_eq!(events(&sandbox), 2);
    assert!(sandbox.ok(&["import", "jsonl", "--help"]).stdout.contains("WITHOUT an id"));
    let first = sandbox.feed(&["--vault", &sandbox.url("other"), "import", "jsonl", "-"], "x");
    first.assert(1, "note: nothing was imported");
}

#[test]
fn a_changed_line_is_refused_and_nothing_of_its_batch_is_stored() {
    let sandbox = Sandbox::new();
    for number in ["1", "2", "3"] {
        let parent = sandbox.json(&["log", "-n", "1", "--vault", "memory:"]);
        assert!(parent.is_empty());
        sandbox.ok(&["commit", "a.kind", number]);
    }
    let newest = sandbox.json(&["log", "-n", "1"]).remove(0);
    sandbox.ok(&["commit", "a.kind", "4", "--parent", newest["id"].as_str().unwrap()]);
    let exported = sandbox.ok(&["export", "jsonl"]).stdout;
    let lines: Vec<&str> = exported.lines().collect();
    let copy = sandbox.url("copy");
    // Of a stream, what came before the line would be stored already.
    let import = |text: &str| {
        sandbox.run(&["--vault", &copy, "import", "jsonl", &sandbox.file("changed.jsonl", text)])
    };
    let payload = exported.replace("\"payload\":3", "\"payload\":5");
    import(&payload).assert(1, "line 3 cannot be imported\ncaused by: its digest is told as");
    let kind = lines[3].replace("a.kind", "b.kind");
    let changed = [lines[0], lines[1], lines[2], &kind].join("\n");
    import(&changed).assert(1, "line 4 cannot be imported\ncaused by: its hash is told as");
    let orphan = lines[3].replace(newest["id"].as_str().unwrap(), &lines[0][7..33]);
    let moved = [lines[0], lines[1], lines[2], &orphan].join("\n");
    import(&moved).assert(1, "line 4 cannot be imported\ncaused by: its hash is told as");
    assert!(sandbox.json(&["--vault", &copy, "log"]).is_empty());
    import(&exported).assert(0, "read 4 events: 4 new");
}

#[test]
fn a_hash_is_checked_against_parents_that_tell_none() {
    let sandbox = Sandbox::new();
    let first = sandbox.json(&["commit", "a", "1"]).remove(0);
    sandbox.ok(&["commit", "a", "2", "--parent", first["id"].as_str().unwrap()]);
    let exported = sandbox.ok(&["export", "jsonl"]).stdout;
    let told = format!(",\"hash\":\"{}\"", first["hash"].as_str().unwrap());
    let without = exported.replacen(&told, "", 1);
    assert_ne!(without, exported);
    let copy = sandbox.url("copy");
    sandbox.feed(&["--vault", &copy, "import", "jsonl", "-"], &without).assert(0, "2 new");
    assert_eq!(sandbox.ok(&["--vault", &copy, "export", "jsonl"]).stdout, exported);
}

#[test]
fn a_whole_number_that_would_lose_digits_is_refused() {
    let sandbox = Sandbox::new();
    let id = "12345678901234567890123";
    let told = "the whole number 12345678901234567890123 does not fit 64 bits";
    sandbox.run(&["commit", "a", &format!("{{\"id\":{id}}}")]).assert(2, told);
    let lines = format!("{{\"kind\":\"a\",\"payload\":1}}\n{{\"kind\":\"a\",\"payload\":[{id}]}}\n");
    sandbox.feed(&["import", "jsonl", "-"], &lines).assert(1, "line 2 cannot be imported");
    let cloud =
        format!("{{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"a\",\"data\":{id}}}");
    sandbox.feed(&["import", "cloudevents", "-"], &cloud).assert(1, told);
    assert_eq!(events(&sandbox), 1);
    sandbox.ok(&["commit", "a", &format!("\"{id}\"")]);
    sandbox.ok(&["commit", "a", "[18446744073709551615, 1e300]"]);
}
