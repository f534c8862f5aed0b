//! A journal that is read while another process has it open, and followed without keeping others from
//! it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};

use futures::executor::block_on;
use serde_json::Value;
use toka_vault::{EventHeader, JournalVault, NewEvent, Vault};

use crate::sandbox::{Ended, PATIENCE, Sandbox, end};

/// The vault of these tests.
pub(crate) const JOURNAL: &str = "journal:main";

/// The same, to read only.
pub(crate) const READ_ONLY: &str = "journal-read-only:main";

/// Begins what is said of a journal that another process has open.
const BESIDE: &str = "note: the vault is open in another process; ";

/// Prepares to run the program on a vault.
pub(crate) fn program(sandbox: &Sandbox, url: &str, args: &[&str]) -> Command {
    let mut command = sandbox.command(args);
    command.env("TOKA_VAULT", url);
    command
}

/// Runs the program on a vault.
pub(crate) fn run(sandbox: &Sandbox, url: &str, args: &[&str]) -> Ended {
    end(program(sandbox, url, args).spawn().unwrap())
}

/// Commits an event in a process of its own, and checks that it succeeds.
#[track_caller]
pub(crate) fn commit(sandbox: &Sandbox, payload: u64) {
    let ended = run(sandbox, JOURNAL, &["commit", "a", &payload.to_string()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// Is the program while it follows a vault.
pub(crate) struct Tail {
    pub(crate) child: Child,
    pub(crate) lines: Receiver<String>,
}

impl Tail {
    /// Starts it, with arguments behind `tail`.
    pub(crate) fn start(sandbox: &Sandbox, url: &str, args: &[&str]) -> Self {
        Self::of(program(sandbox, url, &[&["tail", "-o", "jsonl"], args].concat()))
    }

    /// Starts a command that follows.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || stdout.lines().try_for_each(|line| tell.send(line.unwrap())));
        Self { child, lines }
    }

    /// Waits for the next event, and returns its payload.
    #[track_caller]
    pub(crate) fn next(&self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()["payload"].clone()
    }

    /// Waits for its end, and checks that it succeeded and said nothing.
    #[track_caller]
    fn finish(self) {
        let ended = end(self.child);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        assert!(self.lines.recv().is_err(), "more is shown");
    }
}

/// Opens the journal in this process, and commits a chain of events from 1 on. The first has an id of
/// its own.
fn write(sandbox: &Sandbox, count: u64) -> (Vault, Vec<EventHeader>) {
    let vault = Vault::Journal(JournalVault::open(sandbox.path("main")).unwrap());
    let mut headers: Vec<EventHeader> = Vec::new();
    for payload in 1..=count {
        let parents: Vec<_> = headers.last().map(|header| header.id).into_iter().collect();
        let mut event = NewEvent::new("a", payload).unwrap().with_parents(&parents);
        event.id = (payload == 1).then(|| "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap());
        headers.push(block_on(vault.commit(event)).unwrap());
    }
    (vault, headers)
}

/// Waits until the files of the journal prove that this many events are durable.
fn wait_until_shown(sandbox: &Sandbox, count: u64) {
    let tail = Tail::start(sandbox, JOURNAL, &["--from", "beginning", "-n", &count.to_string()]);
    (1..=count).for_each(|payload| assert_eq!(tail.next(), payload));
    tail.finish();
}

#[test]
fn a_journal_that_is_open_elsewhere_is_read_beside_its_writer() {
    let sandbox = Sandbox::new();
    let (_open, headers) = write(&sandbox, 3);
    wait_until_shown(&sandbox, 3);
    let [first, second, third] = [0, 1, 2].map(|at: usize| headers[at].id.to_string());
    let digest = headers[1].digest.to_string();
    let commands: [(&[&str], &[&String], &[&String]); 12] = [
        (&["log"], &[&first, &second, &third], &[]),
        (&["graph"], &[&first, &second, &third], &[]),
        (&["show", &second], &[&second], &[]),
        (&["show", &first[..6]], &[&first], &[]),
        (&["payload", &digest], &[], &[]),
        (&["ancestors", &third], &[&first, &second], &[&third]),
        (&["descendants", &first], &[&second, &third], &[&first]),
        (&["common-ancestor", &second, &third], &[&second], &[&first, &third]),
        (&["leaves"], &[&third], &[&first, &second]),
        (&["export", "jsonl"], &[&first, &second, &third], &[]),
        (&["verify"], &[], &[]),
        (&["stats"], &[], &[]),
    ];
    for (args, listed, others) in commands {
        let ended = run(&sandbox, JOURNAL, args);
        assert_eq!((ended.code, ended.stderr.matches(BESIDE).count()), (Some(0), 1), "{args:?}: {ended:?}");
        assert!(listed.iter().all(|id| ended.stdout.contains(*id)), "{args:?}: {ended:?}");
        // An event names its parents too.
        let of_itself = |id: &&&String| ended.stdout.contains(&format!("  {id}  "));
        assert_eq!(others.iter().find(of_itself), None, "{args:?}: {ended:?}");
        // Who asks to read only needs no note.
        let asked = run(&sandbox, READ_ONLY, args);
        assert_eq!((asked.code, asked.stderr.contains("note:")), (Some(0), false), "{args:?}: {asked:?}");
    }
}

#[test]
fn beside_a_writer_sums_and_proofs_are_of_the_events_alone() {
    let sandbox = Sandbox::new();
    let (_open, _) = write(&sandbox, 3);
    wait_until_shown(&sandbox, 3);
    let verified = run(&sandbox, JOURNAL, &["verify"]);
    assert!(verified.stderr.ends_with("\nverified 3 events: every digest, every hash and the chain fit\n"));
    verified.assert(0, "note: the index is not compared with the events\n");
    let stats = run(&sandbox, JOURNAL, &["stats", "-o", "json"]);
    let stats: Value = serde_json::from_str(&stats.stdout).unwrap();
    assert_eq!((&stats["events"], &stats["head_position"]), (&3.into(), &3.into()));
    assert!(stats["disk_bytes"].as_u64().unwrap() > 0);
}

#[test]
fn a_commit_waits_a_moment_for_a_vault_that_is_open_elsewhere() {
    let sandbox = Sandbox::new();
    let (vault, _) = write(&sandbox, 1);
    let mut child = program(&sandbox, JOURNAL, &["commit", "a", "2"]).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "note: the vault is open elsewhere; waiting for it\n");
    block_on(vault.close()).unwrap();
    drop(vault);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let again = JournalVault::open(sandbox.path("main")).unwrap();
    assert_eq!(block_on(again.head()).unwrap().position.get(), 2);
}

#[test]
fn what_writes_to_a_journal_that_is_open_elsewhere_is_5() {
    let sandbox = Sandbox::new();
    let (vault, _) = write(&sandbox, 1);
    let line = sandbox.file("line", "{\"kind\":\"a\",\"payload\":2}\n");
    for args in [&["commit", "a", "2"][..], &["import", "jsonl", &line]] {
        run(&sandbox, JOURNAL, args)
            .assert(5, "open in another process; one process at a time can open it: end");
    }
    assert_eq!(block_on(vault.head()).unwrap().position.get(), 1);
}

#[test]
fn a_tail_lets_others_commit_and_shows_it() {
    let sandbox = Sandbox::new();
    commit(&sandbox, 1);
    let tail = Tail::start(&sandbox, JOURNAL, &["-n", "4"]);
    // What it shows, it shows once it has let go of the vault.
    assert_eq!(tail.next(), 1);
    (2..=4).for_each(|payload| commit(&sandbox, payload));
    (2..=4).for_each(|payload| assert_eq!(tail.next(), payload));
    tail.finish();
}

#[test]
fn several_tails_go_along_with_commits() {
    let sandbox = Sandbox::new();
    commit(&sandbox, 1);
    let tails = [JOURNAL, JOURNAL, READ_ONLY].map(|url| Tail::start(&sandbox, url, &["-n", "3"]));
    tails.iter().for_each(|tail| assert_eq!(tail.next(), 1));
    for payload in [2, 3] {
        commit(&sandbox, payload);
        tails.iter().for_each(|tail| assert_eq!(tail.next(), payload));
    }
    tails.into_iter().for_each(Tail::finish);
}

#[test]
fn who_takes_events_slowly_keeps_nobody_from_the_vault() {
    let sandbox = Sandbox::new();
    let (vault, headers) = write(&sandbox, 2_000);
    block_on(vault.close()).unwrap();
    drop(vault);
    let first = headers[0].id.to_string();
    let commands: [&[&str]; 6] = [
        &["log"],
        &["log", "--reverse", "-o", "jsonl"],
        &["log", "--kind", ">", "--graph"],
        &["descendants", &first],
        &["export", "jsonl"],
        &["export", "cloudevents"],
    ];
    for args in commands {
        let mut reading = program(&sandbox, JOURNAL, args).spawn().unwrap();
        let mut taken = BufReader::new(reading.stdout.take().unwrap());
        taken.read_line(&mut String::new()).unwrap();
        commit(&sandbox, 0);
        assert!(reading.try_wait().unwrap().is_none(), "{args:?} has ended: it tells less than a pipe holds");
        drop(taken);
        assert_eq!(end(reading).code, Some(0), "{args:?}");
    }
}

#[test]
fn a_tail_follows_a_writer_that_has_the_vault_open() {
    let sandbox = Sandbox::new();
    let (vault, headers) = write(&sandbox, 2);
    let from = headers[1].id.to_string();
    wait_until_shown(&sandbox, 2);
    let tail = Tail::start(&sandbox, JOURNAL, &["--from", &from, "-n", "3"]);
    assert_eq!(tail.next(), 2);
    for payload in [3, 4] {
        block_on(vault.commit_json("a", payload, &[])).unwrap();
        assert_eq!(tail.next(), payload);
    }
    tail.finish();
}

#[test]
fn a_tail_shows_all_that_was_acknowledged_before_its_writer_was_killed() {
    let sandbox = Sandbox::new();
    let (_open, _) = write(&sandbox, 2);
    // What a kill leaves at this moment: its files do not say yet that the last event is durable.
    let copied = Command::new("cp").arg("-r").arg(sandbox.path("main")).arg(sandbox.path("killed")).status();
    assert!(copied.unwrap().success());
    let tail = Tail::start(&sandbox, "journal:killed", &["-n", "2"]);
    assert_eq!([tail.next(), tail.next()], [1, 2]);
    tail.finish();
}

#[test]
fn a_read_only_url_reads_and_follows_and_changes_nothing() {
    let sandbox = Sandbox::new();
    commit(&sandbox, 1);
    commit(&sandbox, 2);
    let before = files(&sandbox);
    for args in [&["leaves"][..], &["verify"], &["stats"], &["export", "jsonl"]] {
        let ended = run(&sandbox, READ_ONLY, args);
        assert!(ended.code == Some(0) && !ended.stderr.contains("note:"), "{args:?}: {ended:?}");
    }
    let log = run(&sandbox, READ_ONLY, &["log"]);
    assert_eq!((log.code, log.stdout.lines().count()), (Some(0), 3), "{log:?}");
    let tail = Tail::start(&sandbox, READ_ONLY, &["-n", "2"]);
    assert_eq!([tail.next(), tail.next()], [1, 2]);
    tail.finish();
    assert_eq!(files(&sandbox), before);
}

/// Returns every file of the journal with what is in it.
fn files(sandbox: &Sandbox) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![sandbox.path("main")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => drop(files.insert(path.clone(), std::fs::read(path).unwrap())),
            }
        }
    }
    files
}

#[test]
fn writing_by_a_read_only_url_is_2_before_anything_is_read() {
    let sandbox = Sandbox::new();
    commit(&sandbox, 1);
    for url in [READ_ONLY, "journal-read-only:none"] {
        let commands: [&[&str]; 6] = [
            &["commit", "a", "2"],
            &["commit", "a", "{"],
            &["import", "jsonl", "missing.jsonl"],
            &["import", "cloudevents", "missing.json"],
            &["import", "git", "missing"],
            // To accept a loss is to write.
            &["log", "--accept-tail-loss"],
        ];
        for args in commands {
            run(&sandbox, url, args)
                .assert(2, "is a vault to read only; to write to it, name it as `journal:");
        }
    }
    assert_eq!(sandbox.names(), ["main"]);
    assert_eq!(run(&sandbox, JOURNAL, &["log"]).stdout.lines().count(), 2);
}

#[test]
fn a_read_only_url_of_no_vault_is_5_and_creates_none() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("empty")).unwrap();
    sandbox.file("file", "a file");
    for command in ["log", "tail", "verify", "stats"] {
        run(&sandbox, "journal-read-only:none", &[command]).assert(5, "none; create one with");
        run(&sandbox, "journal-read-only:empty", &[command]).assert(5, "empty; create one with");
        run(&sandbox, "journal-read-only:file", &[command]).assert(5, "it is a file");
    }
    run(&sandbox, "journal-read-only:~/vault", &["log"]).assert(2, "write $HOME");
    assert_eq!(sandbox.names(), ["empty", "file"]);
    assert_eq!(std::fs::read_dir(sandbox.path("empty")).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn who_may_not_write_to_a_journal_reads_and_follows_it() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    let sandbox = Sandbox::new();
    std::fs::set_permissions(sandbox.path("."), std::fs::Permissions::from_mode(0o755)).unwrap();
    commit(&sandbox, 1);
    let nobody = |args: &[&str]| {
        let mut command = program(&sandbox, JOURNAL, args);
        command.uid(65_534).gid(65_534);
        command
    };
    if std::fs::metadata("/proc/self").map_or(1, |me| me.uid()) != 0 {
        eprintln!("skipped: only root can ask as somebody else");
        return;
    }
    let Ok(first) = nobody(&["log"]).spawn() else {
        eprintln!("skipped: nobody may not run {}", env!("CARGO_BIN_EXE_toka-vault"));
        return;
    };
    let log = end(first);
    assert_eq!((log.code, log.stdout.lines().count()), (Some(0), 2), "{log:?}");
    assert_eq!(log.stderr.matches("note: this user may not write to the vault; ").count(), 1, "{log:?}");
    end(nobody(&["commit", "a", "2"]).spawn().unwrap()).assert(5, "no permission to");
    let tail = Tail::of(nobody(&["tail", "-o", "jsonl", "-n", "2"]));
    assert_eq!(tail.next(), 1);
    commit(&sandbox, 2);
    assert_eq!(tail.next(), 2);
    // It could not bring back what a killed writer left, and says so.
    end(tail.child).assert(0, "note: this user may not write to the vault; ");
}

#[test]
fn what_a_stream_brings_is_committed_before_more_is_waited_for() {
    let sandbox = Sandbox::new();
    commit(&sandbox, 0);
    let tail = Tail::start(&sandbox, JOURNAL, &["--from", "beginning", "-n", "5"]);
    // Now it follows, and keeps nobody from the vault.
    assert_eq!(tail.next(), 0);
    let mut import = program(&sandbox, JOURNAL, &["import", "jsonl", "-"]);
    let mut import = import.stdin(Stdio::piped()).spawn().unwrap();
    let mut stream = import.stdin.take().unwrap();
    // Whole lines count, whatever stands behind them: nothing, an empty line, the beginning of another.
    let line = |payload| format!("{{\"kind\":\"a\",\"payload\":{payload}}}");
    let parts = [format!("{}\n", line(1)), format!("{}\n\n", line(2)), format!("{}\n{{\"kind\":", line(3))];
    for (part, payload) in parts.iter().zip(1..) {
        stream.write_all(part.as_bytes()).unwrap();
        assert_eq!(tail.next(), payload);
    }
    // The last one has no line feed.
    stream.write_all(b"\"a\",\"payload\":4}").unwrap();
    drop(stream);
    assert_eq!(tail.next(), 4);
    tail.finish();
    assert_eq!(end(import).code, Some(0));
}
