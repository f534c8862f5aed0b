//! What the library warns of reaches the user, on stderr.

use std::fs;
use std::path::{Path, PathBuf};

use futures::executor::block_on;
use toka_vault::{EventHeader, NewEvent, Vault};

use crate::sandbox::Sandbox;

/// The back-ends on disk.
const BACK_ENDS: [&str; 2] = ["journal", "sled"];

/// Is the text in the one event that is damaged.
const DAMAGED: &str = "an event that will be damaged";

/// Makes a vault in the folder `main`, in one commit for each text, and closes it.
fn vault(sandbox: &Sandbox, back_end: &str, batches: &[(&str, u64)]) -> Vec<EventHeader> {
    let vault = Vault::open(&format!("{back_end}:{}", sandbox.path("main").display())).unwrap();
    let batch =
        |(text, count): &(&str, u64)| (0..*count).map(|_| NewEvent::new("a", *text).unwrap()).collect();
    let headers = batches.iter().flat_map(|texts| block_on(vault.commit_batch(batch(texts))).unwrap());
    let headers = headers.collect();
    block_on(vault.close()).unwrap();
    headers
}

/// Makes a vault with a file of its index of ids, and returns its first event and that file.
fn with_index(sandbox: &Sandbox, back_end: &str) -> (EventHeader, PathBuf) {
    let headers = vault(sandbox, back_end, &[("x", 5_000)]);
    let [file] = &entries(&sandbox.path("main/index/ids"))[..] else { panic!("no file, or several") };
    (headers[0].clone(), file.clone())
}

/// Returns what is in a folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Changes a byte of a file.
fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}

/// Runs the program on the vault `main`, and returns what it says on stderr.
fn said(sandbox: &Sandbox, back_end: &str, args: &[&str]) -> String {
    let url = format!("{back_end}:main");
    let ended = sandbox.ok(&[&["--vault", &url], args].concat());
    assert!(!ended.stdout.contains("warning"), "{ended:?}");
    ended.stderr
}

#[test]
fn a_damaged_segment_is_told_once_where_nobody_reads_what_is_damaged() {
    let sandbox = Sandbox::new();
    vault(&sandbox, "journal", &[("a", 1), (DAMAGED, 1), ("b", 1), ("c", 1)]);
    let [segment] = &entries(&sandbox.path("main/journal"))[..] else { panic!("no segment, or several") };
    let bytes = fs::read(segment).unwrap();
    let at = bytes.windows(DAMAGED.len()).position(|window| window == DAMAGED.as_bytes()).unwrap();
    flip(segment, at);
    // To be read, it is opened as a writer would and then once more.
    let told = said(&sandbox, "journal", &["show", "1"]);
    let warning = "warning: a frame is damaged (segment: 0000000000000000.segment, at: ";
    assert!(told.starts_with(warning), "{told}");
    assert!(told.ends_with(", first: 2)\n") && told.lines().count() == 1, "{told}");
    let coloured = said(&sandbox, "journal", &["--color", "always", "commit", "a", "1"]);
    assert!(coloured.starts_with('\u{1b}') && coloured.contains("warning:"), "{coloured}");
}

#[test]
fn a_damaged_index_file_is_told_by_who_owns_it() {
    for back_end in BACK_ENDS {
        let sandbox = Sandbox::new();
        let (first, file) = with_index(&sandbox, back_end);
        // In the first page of entries.
        flip(&file, 4_096 + 100);
        let name = file.file_name().unwrap().to_str().unwrap();
        let id = first.id.to_string();
        let path = sandbox.path("main").canonicalize().unwrap().join("index/ids").join(name);
        let path = format!("(path: {})\n", path.display());
        if back_end == "journal" {
            let told = said(&sandbox, "journal-read-only", &["show", &id]);
            let beside = "warning: an index file is damaged; the log is read where it is of no use ";
            assert_eq!(told, format!("{beside}{path}"));
        }
        let told = said(&sandbox, back_end, &["commit", "a", "1", "--parent", &id]);
        let ours = "warning: an index file is damaged; the next open builds the index anew from there on ";
        assert!(told.contains(&format!("{ours}{path}")), "{told}");
        // And so it does.
        assert_eq!(said(&sandbox, back_end, &["commit", "a", "1", "--parent", &id]), "");
    }
}

#[test]
fn what_is_removed_from_an_index_is_told_with_its_name_made_visible() {
    for back_end in BACK_ENDS {
        let sandbox = Sandbox::new();
        vault(&sandbox, back_end, &[("x", 1)]);
        fs::write(sandbox.path("main/index/ids/red\u{1b}[31m"), "").unwrap();
        let folder = sandbox.path("main/index/ids").canonicalize().unwrap();
        let told = format!(
            "warning: removed a file that is not part of this index (path: {}/red\\u{{1b}}[31m)\n",
            folder.display()
        );
        assert_eq!(said(&sandbox, back_end, &["show", "1"]), told);
        assert_eq!(said(&sandbox, back_end, &["show", "1"]), "");
    }
}

#[test]
fn a_healthy_vault_is_worth_no_warning() {
    for back_end in BACK_ENDS {
        let sandbox = Sandbox::new();
        let (first, _) = with_index(&sandbox, back_end);
        let id = first.id.to_string();
        for args in [&["log"][..], &["show", &id], &["commit", "a", "1"], &["leaves"], &["stats"]] {
            assert_eq!(said(&sandbox, back_end, args), "", "{args:?}");
        }
        assert!(!said(&sandbox, back_end, &["verify"]).contains("warning"));
        assert!(!said(&sandbox, back_end, &["export", "jsonl", "file"]).contains("warning"));
    }
    assert_eq!(Sandbox::new().ok(&["--vault", "memory:", "commit", "a", "1"]).stderr, "");
}
