//! `import git` of commits that no careful tool would write, and all that git accepts.

use serde_json::{Value, json};

use crate::git::{commit, events, import, repository};
use crate::sandbox::{Sandbox, end, git, git_with};

/// The tree without files.
const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// Writes a commit object as it is, and points a branch at it.
fn write(path: &std::path::Path, name: &str, object: &[u8]) -> String {
    git_with(path, &["hash-object", "-t", "tree", "-w", "--stdin"], &[], b"");
    let args = ["hash-object", "-t", "commit", "-w", "--literally", "--stdin"];
    let oid = git_with(path, &args, &[], object);
    std::fs::write(path.join(".git/refs/heads").join(name), format!("{oid}\n")).unwrap();
    oid
}

/// A commit object of a person line and a message.
fn object(person: &str, headers: &str, message: &[u8]) -> Vec<u8> {
    let head = format!("tree {TREE}\nauthor {person}\ncommitter {person}\n{headers}\n");
    [head.as_bytes(), message].concat()
}

/// Imports one commit object and returns its event.
fn imported(object: &[u8]) -> Value {
    let sandbox = Sandbox::new();
    let path = repository(&sandbox, "repo");
    write(&path, "main", object);
    import(&sandbox, "repo").assert(0, "read 1 commit: 1 new");
    import(&sandbox, "repo").assert(0, "read 1 commit: 0 new");
    events(&sandbox).remove(0)
}

#[test]
fn empty_and_odd_messages_are_kept_as_they_are() {
    let sandbox = Sandbox::new();
    let path = repository(&sandbox, "repo");
    let messages =
        ["", "\n\n  indented\n", "no line end", "a\u{0}b".trim_end_matches("\u{0}b"), "\u{1b}[31m\ttab\r\n"];
    for (index, message) in messages.iter().enumerate() {
        commit(&path, message, 1_700_000_000 + index as u64);
    }
    import(&sandbox, "repo");
    let stored: Vec<Value> =
        events(&sandbox).iter().map(|event| event["payload"]["message"].clone()).collect();
    assert_eq!(stored, messages);
}

#[test]
fn a_nul_in_a_message_does_not_cut_it() {
    let event = imported(&object("A <a> 1 +0000", "", b"before\0after\n"));
    assert_eq!(event["payload"]["message"], "before\u{0}after\n");
}

#[test]
fn odd_persons_are_kept() {
    let event = imported(&object("\"Ünï <x> <>>", "", b"m"));
    assert_eq!(event["payload"]["author"]["time"], 0);
    let event = imported(&object("漢字 (x) <a b> 7 -1200", "", b"m"));
    assert_eq!(
        event["payload"]["author"],
        json!({ "name": "漢字 (x)", "email": "a b", "time": 7, "zone": "-1200" })
    );
}

#[test]
fn times_that_no_calendar_has_are_kept_in_the_payload() {
    let cases = [
        ("-1", json!(-1), "1969-12-31T23:59:59Z"),
        ("-99999999999999", json!(-99_999_999_999_999_i64), "0000-01-01T00:00:00Z"),
        ("99999999999999", json!(99_999_999_999_999_i64), "9999-12-31T23:59:59.999999Z"),
        ("99999999999999999999999", json!(i64::MAX), "9999-12-31T23:59:59.999999Z"),
    ];
    for (time, kept, timestamp) in cases {
        let event = imported(&object(&format!("A <a> {time} +0000"), "", b"m"));
        assert_eq!((&event["payload"]["committer"]["time"], &event["timestamp"]), (&kept, &json!(timestamp)));
    }
}

#[test]
fn other_encodings_become_unicode() {
    let latin = imported(&object("A <a> 1 +0000", "encoding ISO-8859-1\n", b"gr\xfc\xdfe"));
    assert_eq!(
        (&latin["payload"]["message"], &latin["payload"]["encoding"]),
        (&json!("grüße"), &json!("ISO-8859-1"))
    );
    let japanese = imported(&object("A <a> 1 +0000", "encoding EUC-JP\n", b"\xb4\xc1\xbb\xfa\n"));
    assert_eq!(japanese["payload"]["message"], "漢字\n");
    let unsaid = imported(&object("A <a> 1 +0000", "", b"gr\xfc\xdfe"));
    assert_eq!((&unsaid["payload"]["message"], unsaid["payload"].get("encoding")), (&json!("grüße"), None));
    let unknown = imported(&object("A <a> 1 +0000", "encoding KLINGON\n", b"gr\xfc\xdfe"));
    assert_eq!(unknown["payload"]["message"], "grüße");
}

#[test]
fn a_signature_and_a_parent_named_twice_do_no_harm() {
    let sandbox = Sandbox::new();
    let path = repository(&sandbox, "repo");
    let parent = commit(&path, "parent", 1);
    let signed = format!(
        "tree {TREE}\nparent {parent}\nparent {parent}\nauthor A <a> 2 +0000\ncommitter A <a> 2 +0000\n\
         gpgsig -----BEGIN\n parent 0\n -----END\n\nsigned\n"
    );
    write(&path, "signed", signed.as_bytes());
    import(&sandbox, "repo");
    let event = events(&sandbox).pop().unwrap();
    assert_eq!(event["payload"]["parents"], json!([parent, parent]));
    assert_eq!(event["parents"].as_array().unwrap().len(), 1);
    assert_eq!(event["payload"]["message"], "signed\n");
}

#[test]
fn replacements_and_grafts_do_not_change_what_is_imported() {
    let sandbox = Sandbox::new();
    let path = repository(&sandbox, "repo");
    let one = commit(&path, "one", 1);
    let two = commit(&path, "two", 2);
    let three = commit(&path, "three", 3);
    import(&sandbox, "repo").assert(0, "3 new");
    std::fs::create_dir_all(path.join(".git/info")).unwrap();
    std::fs::write(path.join(".git/info/grafts"), format!("{three} {one}\n")).unwrap();
    import(&sandbox, "repo").assert(0, "read 3 commits: 0 new");
    std::fs::remove_file(path.join(".git/info/grafts")).unwrap();
    git(&path, &["replace", "--graft", &three, &one]);
    // The replacement is a commit that a ref reaches, and so an event of its own.
    import(&sandbox, "repo").assert(0, "read 4 commits: 1 new, 3 already there");
    let original = &events(&sandbox)[2];
    assert_eq!(original["payload"]["parents"], json!([two]));
}

#[test]
fn the_users_settings_and_surroundings_do_not_matter() {
    let sandbox = Sandbox::new();
    let path = repository(&sandbox, "repo");
    commit(&path, "ü", 1);
    for setting in
        ["log.showSignature=true", "i18n.logOutputEncoding=latin1", "log.date=relative", "color.ui=always"]
    {
        let (name, value) = setting.split_once('=').unwrap();
        git(&path, &["config", name, value]);
    }
    repository(&sandbox, "other");
    let mut command = sandbox.command(&["import", "git", "repo"]);
    let child =
        command.env("GIT_DIR", sandbox.path("other/.git")).env("LANG", "de_DE.ISO-8859-1").spawn().unwrap();
    end(child).assert(0, "read 1 commit: 1 new");
    assert_eq!(events(&sandbox)[0]["payload"]["message"], "ü");
}

#[test]
fn a_bare_repository_with_long_object_ids_is_imported() {
    let sandbox = Sandbox::new();
    let source = sandbox.path("source");
    std::fs::create_dir(&source).unwrap();
    git(&source, &["init", "--quiet", "--object-format=sha256", "--initial-branch=main"]);
    commit(&source, "one", 1);
    let oid = commit(&source, "two", 2);
    git(&sandbox.path(""), &["clone", "--quiet", "--bare", "source", "bare"]);
    import(&sandbox, "bare").assert(0, "read 2 commits: 2 new");
    let events = events(&sandbox);
    assert_eq!((oid.len(), &events[1]["payload"]["commit"]), (64, &json!(oid)));
    assert_eq!(events[1]["parents"], json!([events[0]["id"]]));
}
