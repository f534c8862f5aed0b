//! The program on a journal: the same events, brought over from sled, and the same said of them, to the last byte but for
//! how long it took.

use crate::sandbox::{Ended, Sandbox, end};

/// Runs the program on a vault of this back-end.
fn run(sandbox: &Sandbox, back_end: &str, args: &[&str]) -> Ended {
    let url = format!("{back_end}:./{back_end}");
    end(sandbox.command(args).args(["--vault", &url]).spawn().unwrap())
}

/// Fills a vault with a small graph of three kinds. Returns the ids, the oldest first.
fn fill(sandbox: &Sandbox, back_end: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for number in 0..30 {
        let (kind, payload) = (format!("graph.k{}", number % 3), format!("{{\"n\":{}}}", number % 7));
        let mut args = vec!["commit", &kind, &payload, "-o", "jsonl"];
        for back in [1, 4].into_iter().filter(|back| number % 5 != 0 && ids.len() >= *back) {
            args.extend(["--parent", &ids[ids.len() - back]]);
        }
        let ended = run(sandbox, back_end, &args);
        let header: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        ids.push(header["id"].as_str().unwrap().to_owned());
    }
    ids
}

/// Leaves out how long something took, which is at the end of a line.
fn untimed(said: &str) -> Vec<&str> {
    said.lines().map(|line| line.rsplit_once(", in ").map_or(line, |(before, _)| before)).collect()
}

#[test]
fn every_command_says_of_a_journal_what_it_says_of_sled() {
    let sandbox = Sandbox::new();
    let ids = fill(&sandbox, "sled");
    let exported = run(&sandbox, "sled", &["export", "jsonl", "events.jsonl"]);
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let imported = run(&sandbox, "journal", &["import", "jsonl", "events.jsonl"]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let digest: serde_json::Value =
        serde_json::from_str(&run(&sandbox, "sled", &["show", &ids[3], "-o", "jsonl"]).stdout).unwrap();
    let digest = digest["digest"].as_str().unwrap().to_owned();
    let commands: Vec<Vec<&str>> = vec![
        vec!["log"],
        vec!["log", "--graph"],
        vec!["log", "--reverse", "-n", "7", "-o", "jsonl"],
        vec!["log", "--kind", "graph.k1", "-o", "json"],
        vec!["tail", "-n", "30", "--from", "beginning"],
        vec!["show", &ids[29]],
        vec!["show", "17", "-o", "json"],
        vec!["payload", &digest],
        vec!["ancestors", &ids[29]],
        vec!["ancestors", &ids[29], "--nearest", "--kind", "graph.k2", "-n", "3"],
        vec!["descendants", &ids[1], "--depth", "3"],
        vec!["common-ancestor", &ids[28], &ids[29]],
        vec!["leaves"],
        vec!["graph", "--format", "dot"],
        vec!["graph", &ids[29], "--format", "mermaid"],
        vec!["verify"],
        vec!["export", "jsonl"],
        vec!["export", "cloudevents"],
        vec!["show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"],
        vec!["commit", "a", "1", "--if-none", "graph.k1"],
        vec!["commit", "a", "1", "--if-head", "3"],
        vec!["commit", "a", "2", "--id", &ids[0]],
        vec!["import", "jsonl", "events.jsonl"],
    ];
    for command in commands {
        let [sled, journal] = ["sled", "journal"].map(|back_end| run(&sandbox, back_end, &command));
        assert_eq!((&journal.stdout, journal.code), (&sled.stdout, sled.code), "{command:?}: {journal:?}");
        assert_eq!(untimed(&journal.stderr), untimed(&sled.stderr), "{command:?}");
    }
}
