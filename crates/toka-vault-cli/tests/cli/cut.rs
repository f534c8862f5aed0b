//! Files that were cut off: what is whole is imported, and the next run goes on from there.

use crate::sandbox::Sandbox;

/// A vault with `count` events, exported in a form.
fn exported(sandbox: &Sandbox, form: &str, count: usize) -> String {
    let line = |number: usize| {
        let parent = if number > 1 { format!("\"{:026}\"", number - 1) } else { String::new() };
        format!(r#"{{"id":"{number:026}","kind":"a","payload":{{"é":{number}}},"parents":[{parent}]}}"#)
    };
    let lines: Vec<String> = (1..=count).map(line).collect();
    sandbox.feed(&["import", "jsonl", "-"], lines.join("\n")).assert(0, "0 already there");
    sandbox.ok(&["export", form]).stdout
}

/// Cuts a file off in its last line, at each of several places, and imports it, then the whole one.
fn assert_goes_on(form: &str) {
    let sandbox = Sandbox::new();
    let whole = exported(&sandbox, form, 3);
    let start = whole.trim_end().rfind('\n').unwrap() + 1;
    // In the first byte, in a name, in the middle of `é`, before the last brace.
    let letter = start + whole[start..].find('é').unwrap();
    for (number, end) in [start + 1, start + 4, letter + 1, whole.len() - 2].into_iter().enumerate() {
        let copy = sandbox.url(&format!("copy{number}"));
        let cut = sandbox.file("cut", &whole.as_bytes()[..end]);
        let stopped = sandbox.run(&["--vault", &copy, "import", form, &cut]);
        stopped.assert(1, "read 2 events: 2 new");
        stopped.assert(1, "line 3 cannot be imported\ncaused by: the input ends in the middle of it");
        stopped.assert(1, "the lines before line 3 are imported and stay");
        let file = sandbox.file("whole", &whole);
        let gone_on = sandbox.ok(&["--vault", &copy, "import", form, &file]);
        gone_on.assert(0, "read 3 events: 1 new, 2 already there");
        assert_eq!(sandbox.ok(&["--vault", &copy, "export", form]).stdout, whole);
    }
}

#[test]
fn json_lines_that_were_cut_off_go_on() {
    assert_goes_on("jsonl");
}

#[test]
fn cloud_events_that_were_cut_off_go_on() {
    assert_goes_on("cloudevents");
}

#[test]
fn a_line_that_lacks_its_end_of_line_alone_is_whole() {
    let sandbox = Sandbox::new();
    let whole = exported(&sandbox, "jsonl", 2);
    let copy = sandbox.url("copy");
    sandbox.feed(&["--vault", &copy, "import", "jsonl", "-"], whole.trim_end()).assert(0, "2 new");
    assert_eq!(sandbox.ok(&["--vault", &copy, "export", "jsonl"]).stdout, whole);
}

#[test]
fn a_file_that_is_cut_and_grows_is_taken_as_far_as_it_is_whole() {
    let sandbox = Sandbox::new();
    let whole = exported(&sandbox, "jsonl", 2_000);
    let copy = sandbox.url("copy");
    for tenth in 1..=10 {
        let end = whole.len() * tenth / 10;
        let cut = sandbox.file("growing", &whole.as_bytes()[..end]);
        let run = sandbox.run(&["--vault", &copy, "import", "jsonl", &cut]);
        // A line is whole without its line feed too. Times of other lengths put the cut elsewhere in each run.
        let lines = whole.as_bytes().iter().take(end + 1).filter(|byte| **byte == b'\n').count();
        let at = sandbox.json(&["--vault", &copy, "stats"])[0]["events"].as_u64().unwrap();
        assert_eq!(at as usize, lines, "{run:?}");
    }
    assert_eq!(sandbox.ok(&["--vault", &copy, "export", "jsonl"]).stdout, whole);
}
