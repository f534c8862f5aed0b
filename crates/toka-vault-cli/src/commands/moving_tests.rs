//! From sled to memory to sled, through a file each time: the files are the same, byte for byte.
//!
//! In one process, since a vault in memory ends with it.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use futures::executor::block_on;
use serde_json::json;
use tempfile::TempDir;
use toka_vault::{EventId, Head, NewEvent, Payload, SledVault, Timestamp, Vault};

use super::printed::Printed;
use super::{export, import_lines};
use crate::args::{ExportFile, FileFormat, Foreign, Format, MissingParents};
use crate::git::{Events, History};
use crate::lines::{Lines, Reading};
use crate::output::Output;

/// How many events a random graph has, by the form in which it goes.
const EVENTS: [(u64, FileFormat); 2] = [(100_000, FileFormat::Jsonl), (10_000, FileFormat::Cloudevents)];

/// How many commits the git history has.
const COMMITS: u64 = 10_000;

/// Most events of one commit to a vault.
const BATCH: usize = 500;

/// Gives numbers that look random and are the same each time: splitmix64.
struct Chance(u64);

impl Chance {
    /// Returns a number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Makes an event of a random graph: up to four parents, near or far, a payload of any shape, and an
/// id or a time of its own now and then.
fn event(number: u64, before: &[EventId], chance: &mut Chance) -> NewEvent {
    let payload = match chance.below(5) {
        0 => Payload::encode(&json!({ "n": number, "f": number as f64 / 7.0 })),
        1 => Payload::encode(&"ü\u{0}\"\n".repeat(chance.below(50) as usize)),
        2 => Payload::encode(&f64::NAN),
        3 => Payload::encode(&(number, ["a"; 3], json!({ "": null }))),
        _ => Payload::encode(&()),
    };
    let mut parents: Vec<EventId> = Vec::new();
    for _ in 0..chance.below(5) {
        let span = if chance.below(4) == 0 { before.len() } else { before.len().min(50) };
        if let Some(back) = (span as u64).checked_sub(1).map(|span| chance.below(span + 1) as usize) {
            parents.push(before[before.len() - 1 - back]);
        }
    }
    parents.sort();
    parents.dedup();
    let kind = format!("kind.k{}", chance.below(40));
    let mut event = NewEvent::new(kind.as_str(), payload.unwrap()).unwrap().with_parents(&parents);
    if chance.below(3) == 0 {
        event = event.with_id(EventId::from_parts(chance.below(1 << 40), number.into()));
    }
    if chance.below(3) == 0 {
        let micros = chance.below(1 << 52) as i64 - (1 << 51);
        event = event.with_timestamp(Timestamp::from_micros(micros).unwrap());
    }
    event
}

/// Fills a vault with a random graph.
fn random_graph(vault: &Vault, events: u64) {
    let (mut chance, mut ids) = (Chance(1), Vec::new());
    while (ids.len() as u64) < events {
        let batch = (0..BATCH as u64).map(|at| event(ids.len() as u64 + at, &ids, &mut chance)).collect();
        let headers = block_on(vault.commit_batch(batch)).unwrap();
        ids.extend(headers.iter().map(|header| header.id));
    }
}

/// Writes a history with three branches that are merged into each other, for `git fast-import`.
fn fast_import() -> String {
    let (mut chance, mut text) = (Chance(2), String::new());
    for number in 1..=COMMITS {
        let branch = number % 3;
        let seconds = 1_500_000_000 + number * 60 - chance.below(3_600);
        let message = format!("Commit {number}\n\n{}\n", "Words. ".repeat(chance.below(20) as usize));
        text += &format!(
            "commit refs/heads/b{branch}\nmark :{number}\ncommitter C <c@example.org> {seconds} +0200\n"
        );
        text += &format!("data {}\n{message}\n", message.len());
        if let Some(parent) = number.checked_sub(3).filter(|parent| *parent > 0) {
            text += &format!("from :{parent}\n");
            if chance.below(5) == 0 {
                text += &format!("merge :{}\n", number - 1 - chance.below(2));
            }
        }
        text += &format!("M 100644 inline f{}\ndata 2\n{}\n\n", chance.below(9), number % 10);
    }
    text
}

/// Fills a vault with the events of a git history.
fn git_history(vault: &Vault) {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--initial-branch", "b1"], "");
    git(folder.path(), &["fast-import", "--quiet"], &fast_import());
    let mut events = Events::new(History::open(folder.path()).unwrap());
    let mut batch = Vec::new();
    while let Some(found) = events.next_event().unwrap() {
        assert_eq!(found.parents_dropped, 0);
        batch.push(found.event);
        if batch.len() == BATCH {
            block_on(vault.commit_batch(std::mem::take(&mut batch))).unwrap();
        }
    }
    block_on(vault.commit_batch(batch)).unwrap();
    assert_eq!(block_on(vault.head()).unwrap().position.get(), COMMITS);
}

/// Runs git with text on stdin.
fn git(folder: &Path, args: &[&str], stdin: &str) {
    let mut command = Command::new("git");
    command.current_dir(folder).args(args).env("GIT_CONFIG_GLOBAL", "/dev/null").stdin(Stdio::piped());
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "git {args:?}");
}

/// Opens a vault of sled in a folder of its own.
fn sled() -> (TempDir, Vault) {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::Sled(SledVault::open(folder.path().join("vault")).unwrap());
    (folder, vault)
}

/// Writes all events of a vault in a form.
fn exported(vault: &Vault, form: FileFormat) -> Vec<u8> {
    let form = export::Form::new(form, None).unwrap();
    let export = |output: &mut Output| block_on(export::run(vault, &form, &ExportFile::default(), output));
    let (outcome, written) = Printed::by(Format::Table, export);
    outcome.unwrap();
    written
}

/// Reads events in a form into a vault.
fn import(vault: &Vault, form: FileFormat, bytes: &[u8]) -> Head {
    let mut output = Output::captured(Format::Table, io::sink());
    let lines = Lines::new(bytes, Reading::new(form, Foreign::default()));
    import_lines::into_vault(vault, lines, MissingParents::Refuse, &mut output).unwrap();
    block_on(vault.head()).unwrap()
}

/// Moves the events of a vault to memory and back to sled, and compares files and heads.
fn assert_moves(vault: &Vault, forms: &[FileFormat]) {
    let head = block_on(vault.head()).unwrap();
    for form in forms.iter().copied() {
        let first = exported(vault, form);
        assert_eq!(first.iter().filter(|byte| **byte == b'\n').count() as u64, head.position.get());
        let memory = Vault::open("memory:").unwrap();
        assert_eq!(import(&memory, form, &first), head);
        let second = exported(&memory, form);
        assert!(second == first, "{form:?} from memory is another file");
        let (_folder, copy) = sled();
        assert_eq!(import(&copy, form, &second), head);
        assert!(exported(&copy, form) == first, "{form:?} from the copy is another file");
        block_on(copy.close()).unwrap();
    }
}

#[test]
fn a_random_graph_goes_from_sled_to_memory_to_sled() {
    for (events, form) in EVENTS {
        let (_folder, vault) = sled();
        random_graph(&vault, events);
        assert_moves(&vault, &[form]);
    }
}

#[test]
fn a_git_history_goes_from_sled_to_memory_to_sled() {
    let (_folder, vault) = sled();
    git_history(&vault);
    assert_moves(&vault, &[FileFormat::Jsonl, FileFormat::Cloudevents]);
}
