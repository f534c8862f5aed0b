//! `import git`: every commit becomes an event, its parents the events of its parents.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::sandbox::{Ended, Sandbox, end, git, git_with};

/// Creates an empty repository.
pub(crate) fn repository(sandbox: &Sandbox, name: &str) -> PathBuf {
    let path = sandbox.path(name);
    std::fs::create_dir(&path).unwrap();
    git(&path, &["init", "--quiet", "--initial-branch=main"]);
    path
}

/// Makes an empty commit at a time, in seconds since the Unix epoch.
pub(crate) fn commit(path: &std::path::Path, message: &str, time: u64) -> String {
    let date = format!("@{time} +0200");
    let dates = [("GIT_AUTHOR_DATE", date.as_str()), ("GIT_COMMITTER_DATE", date.as_str())];
    let args =
        ["commit", "--quiet", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-F", "-"];
    git_with(path, &args, &dates, message.as_bytes());
    git(path, &["rev-parse", "HEAD"])
}

/// Imports a repository, and checks that it works.
pub(crate) fn import(sandbox: &Sandbox, name: &str) -> Ended {
    sandbox.ok(&["import", "git", name])
}

/// Returns all events, the oldest first.
pub(crate) fn events(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.json(&["log", "--reverse"])
}

/// Checks that each event has the events of its commit's parents as parents.
fn assert_parents(events: &[Value]) {
    let ids: HashMap<&str, &Value> =
        events.iter().map(|event| (event["payload"]["commit"].as_str().unwrap(), &event["id"])).collect();
    for event in events {
        let parents = event["payload"]["parents"].as_array().unwrap();
        let expected: Vec<&Value> = parents.iter().map(|oid| ids[oid.as_str().unwrap()]).collect();
        assert_eq!(event["parents"].as_array().unwrap().iter().collect::<Vec<_>>(), expected, "{event}");
    }
}

#[test]
fn a_history_with_merges_and_an_octopus_becomes_a_graph() {
    let sandbox = Sandbox::new();
    let path = repository(&sandbox, "repo");
    let root = commit(&path, "root", 1_700_000_000);
    for (index, branch) in ["one", "two", "three"].iter().enumerate() {
        git(&path, &["checkout", "--quiet", "-b", branch, &root]);
        commit(&path, branch, 1_700_000_100 + index as u64);
    }
    git(&path, &["checkout", "--quiet", "main"]);
    commit(&path, "main", 1_700_000_200);
    git(&path, &["merge", "--quiet", "--no-ff", "-m", "octopus", "one", "two", "three"]);
    git(&path, &["tag", "-a", "-m", "annotated", "v1"]);
    git(&path, &["checkout", "--quiet", "--detach"]);
    commit(&path, "on no branch", 1_700_000_300);
    import(&sandbox, "repo").assert(0, "read 7 commits: 7 new, 0 already there");
    let events = events(&sandbox);
    assert_eq!(events.len(), 7);
    assert_parents(&events);
    let octopus = events.iter().find(|event| event["payload"]["message"] == "octopus\n").unwrap();
    assert_eq!(octopus["parents"].as_array().unwrap().len(), 4);
    assert!(sandbox.ok(&["verify"]).stderr.contains("verified 7 events"));
}

#[test]
fn an_event_tells_the_commit() {
    let sandbox = Sandbox::new();
    let path = repository(&sandbox, "repo");
    let oid = commit(&path, "subject\n\nbody ü\n", 1_700_000_000);
    import(&sandbox, "repo");
    let event = events(&sandbox).remove(0);
    assert_eq!((&event["kind"], &event["timestamp"]), (&json!("git.commit"), &json!("2023-11-14T22:13:20Z")));
    let expected = json!({
        "commit": oid,
        "tree": git(&path, &["rev-parse", "HEAD^{tree}"]),
        "parents": [],
        "author": { "name": "A", "email": "a@example.org", "time": 1_700_000_000, "zone": "+0200" },
        "committer": { "name": "C", "email": "c@example.org", "time": 1_700_000_000, "zone": "+0200" },
        "message": "subject\n\nbody ü\n",
    });
    assert_eq!(event["payload"], expected);
    let table = sandbox.ok(&["log"]).stdout;
    assert!(table.contains(&format!("{} subject (A)\n", &oid[..10])), "{table}");
}

#[test]
fn a_repeated_import_adds_only_what_is_new() {
    let sandbox = Sandbox::new();
    let path = repository(&sandbox, "repo");
    commit(&path, "one", 1_700_000_000);
    commit(&path, "two", 1_700_000_001);
    import(&sandbox, "repo").assert(0, "read 2 commits: 2 new, 0 already there");
    import(&sandbox, "repo").assert(0, "read 2 commits: 0 new, 2 already there");
    git(&path, &["checkout", "--quiet", "-b", "side", "HEAD~1"]);
    commit(&path, "three", 1_700_000_002);
    import(&sandbox, "repo").assert(0, "read 3 commits: 1 new, 2 already there");
    assert_parents(&events(&sandbox));
}

#[test]
fn more_commits_than_a_batch_are_imported_in_order() {
    let sandbox = Sandbox::new();
    let path = repository(&sandbox, "repo");
    let mut stream = String::new();
    for number in 1..=1_300 {
        let time = 1_700_000_000 + number;
        stream.push_str(&format!(
            "commit refs/heads/main\nmark :{number}\ncommitter C <c@example.org> {time} +0000\ndata 1\nx\n"
        ));
    }
    git_with(&path, &["fast-import", "--quiet"], &[], stream.as_bytes());
    import(&sandbox, "repo").assert(0, "read 1,300 commits: 1,300 new, 0 already there");
    let events = events(&sandbox);
    assert_parents(&events);
    assert!(events.iter().skip(1).all(|event| event["parents"].as_array().unwrap().len() == 1));
}

#[test]
fn what_is_no_repository_or_an_empty_one_is_an_error_and_leaves_no_vault() {
    let sandbox = Sandbox::new();
    repository(&sandbox, "empty");
    sandbox.file("file", "text");
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    for (path, said) in
        [("missing", "No such file"), ("file", "Not a directory"), ("folder", "not a git repository")]
    {
        sandbox.run(&["import", "git", path]).assert(1, said);
    }
    sandbox.run(&["import", "git", "empty"]).assert(1, "has no commits yet");
    assert!(!sandbox.path("main").exists());
}

#[test]
fn a_missing_git_is_said() {
    let sandbox = Sandbox::new();
    repository(&sandbox, "repo");
    let child = sandbox.command(&["import", "git", "repo"]).env("PATH", sandbox.path("bin")).spawn().unwrap();
    end(child).assert(1, "the program `git` was not found");
}

#[test]
fn a_shallow_clone_drops_the_parents_it_lacks_and_the_whole_fits_later() {
    let sandbox = Sandbox::new();
    let path = repository(&sandbox, "repo");
    for number in 0..5 {
        commit(&path, &format!("{number}"), 1_700_000_000 + number);
    }
    let url = format!("file://{}", path.display());
    git(&sandbox.path(""), &["clone", "--quiet", "--depth=2", &url, "shallow"]);
    let imported = import(&sandbox, "shallow");
    imported.assert(0, "has 1 parent not in the repository (a shallow clone?)");
    imported.assert(0, "read 2 commits: 2 new");
    let first = events(&sandbox).remove(0);
    assert_eq!(
        (first["parents"].clone(), first["payload"]["parents"].as_array().unwrap().len()),
        (json!([]), 1)
    );
    let whole = import(&sandbox, "repo");
    whole.assert(0, "1 commit imported before with other parents");
    whole.assert(0, "read 5 commits: 3 new, 2 already there");
    import(&sandbox, "shallow").assert(0, "0 new, 2 already there");
}

#[test]
fn a_damaged_repository_is_said_and_what_could_be_read_stays() {
    let sandbox = Sandbox::new();
    let path = repository(&sandbox, "repo");
    commit(&path, "one", 1_700_000_000);
    let oid = commit(&path, "two", 1_700_000_001);
    commit(&path, "three", 1_700_000_002);
    let object = path.join(".git/objects").join(&oid[..2]).join(&oid[2..]);
    std::fs::remove_file(object).unwrap();
    sandbox.run(&["import", "git", "repo"]).assert(1, "git fsck");
}

#[test]
#[cfg(unix)]
fn git_is_not_run_once_a_commit() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = Sandbox::new();
    let path = repository(&sandbox, "repo");
    for number in 0..10 {
        commit(&path, &format!("{number}"), 1_700_000_000 + number);
    }
    let runs = sandbox.path("runs");
    std::fs::create_dir(sandbox.path("bin")).unwrap();
    let script =
        format!("#!/bin/sh\necho run >> '{}'\nPATH=\"$REAL_PATH\" exec git \"$@\"\n", runs.display());
    let program = sandbox.file("bin/git", script);
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let real = std::env::var("PATH").unwrap();
    let mut command = sandbox.command(&["import", "git", "repo"]);
    command.env("REAL_PATH", &real).env("PATH", format!("{}:{real}", sandbox.path("bin").display()));
    end(command.spawn().unwrap()).assert(0, "read 10 commits: 10 new");
    assert_eq!(std::fs::read_to_string(runs).unwrap().lines().count(), 3);
}
