//! What a vault takes where it has many events: disk, memory, and what it reads when it is opened after a kill.
//! Each is measured in a process of its own, in bytes, which do not depend on how fast the machine is.
#![cfg(all(target_os = "linux", feature = "journal"))]
#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use futures::executor::block_on;
use toka_vault::{EventId, JournalOptions, JournalVault, ReplayOptions, SledOptions, SledVault, Vault};
use toka_vault_scenarios::size_of;
use toka_vault_testkit::child::{self, say, wait_for_parent};
use toka_vault_testkit::events::{KIND, distinct};
use toka_vault_testkit::runner::watched;

/// Bytes of an event besides kind and payload: id, timestamp, one parent, digest and event hash.
const HEADER_BYTES: u64 = 16 + 8 + 16 + 32 + 32;

/// Small, so that what is ahead does not matter.
const SEGMENT_BYTES: u64 = 1 << 20;

/// What sled's file grows by.
const SLED_SEGMENT_BYTES: u64 = 2 << 20;

/// The cache that sled is given here.
const SLED_CACHE_BYTES: u64 = 16 << 20;

/// The buffers that a journal keeps for reuse, which are all the cache that it has.
const JOURNAL_CACHE_BYTES: u64 = 4 << 20;

/// Is a history: how many events, and the bytes of each payload.
#[derive(Clone, Copy)]
struct Size {
    events: u64,
    payload: usize,
}

/// So many ids are gathered before a file is made of them.
const INDEXED_EVENTS: u64 = 1 << 16;

/// Of so many bytes of payloads either index makes a file, however few the events are.
const INDEXED_BYTES: u64 = 32 << 20;

/// More events than either index gathers.
const MANY: Size = Size { events: 70_000, payload: 256 };

/// So many that what they are on disk does not fit the memory that a process may take.
const MOST: Size = Size { events: 200_000, payload: 256 };

/// More bytes than a process may have in memory.
const LARGE: Size = Size { events: 7_500, payload: 20_000 };

/// Holds what two processes have measured: one that wrote and was killed, and one that read.
#[derive(Debug)]
struct Measured {
    disk: u64,
    write_peak: u64,
    open_bytes: u64,
    read_peak: u64,
}

/// Does what a test asks for, in a process of its own. Without one it does nothing.
#[test]
fn child() {
    child::run(|role, path, size| {
        let (events, payload) = size.split_once(' ').unwrap();
        let size = Size { events: events.parse().unwrap(), payload: payload.parse().unwrap() };
        match role.split_once(' ').unwrap() {
            ("write", back_end) => write(back_end, path, size),
            (_, back_end) => read(back_end, path, size),
        }
    });
}

fn open(back_end: &str, path: &Path) -> Vault {
    if back_end == "sled" {
        let options = SledOptions::new().with_cache_bytes(SLED_CACHE_BYTES);
        return Vault::Sled(SledVault::open_with(path, options).unwrap());
    }
    let options = JournalOptions::new().with_segment_bytes(SEGMENT_BYTES);
    Vault::Journal(JournalVault::open_with(path, options).unwrap())
}

/// Commits in batches of up to a MiB, tells the peak, and waits to be killed.
fn write(back_end: &str, path: &Path, Size { events, payload }: Size) {
    let vault = open(back_end, path);
    let each = ((1 << 20) / payload as u64).min(200);
    let mut parent: Option<EventId> = None;
    for first in (0..events).step_by(each as usize) {
        let batch = (first..events.min(first + each))
            .map(|number| distinct(number, payload).with_parents(parent.as_slice()));
        let headers = block_on(vault.commit_batch(batch.collect())).unwrap();
        parent = headers.last().map(|header| header.id);
    }
    let index = path.join("index");
    let is_left = move |name| {
        let left = events - covered(&index.join(name));
        left >= INDEXED_EVENTS || left * payload as u64 >= INDEXED_BYTES
    };
    watched(move || {
        while ["ids", "postings"].into_iter().any(&is_left) {
            std::thread::yield_now();
        }
    });
    say(&peak_bytes().to_string());
    wait_for_parent();
}

/// Returns up to where the files of an index go, which a thread of its own writes, by their names.
fn covered(index: &Path) -> u64 {
    let names = std::fs::read_dir(index).unwrap().map(|entry| entry.unwrap().file_name());
    let last = |name: std::ffi::OsString| name.to_str()?.split_once('-')?.1.get(..20)?.parse().ok();
    names.filter_map(last).max().unwrap_or(0)
}

/// Opens, replays everything, and tells how much was read until it was open, and the peak.
fn read(back_end: &str, path: &Path, size: Size) {
    let before = read_bytes();
    let vault = open(back_end, path);
    let open_bytes = read_bytes() - before;
    let mut replay = vault.replay(ReplayOptions::new());
    let mut events = 0;
    while let Some(event) = block_on(replay.try_next()).unwrap() {
        assert_eq!(event.payload.bytes().len(), size.payload);
        events += 1;
    }
    assert_eq!(events, size.events);
    say(&format!("{open_bytes} {}", peak_bytes()));
}

/// Lets one process write and be killed, and another one read.
fn measure(back_end: &str, size: Size) -> Measured {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let argument = format!("{} {}", size.events, size.payload);
    let start = |role| child::start(child::command(&format!("{role} {back_end}"), &path, &argument));
    let mut writer = start("write");
    let write_peak = writer.hear().unwrap().parse().unwrap();
    writer.kill();
    let disk = size_of(&path).unwrap();
    let told = start("read").finish().concat();
    let (open_bytes, read_peak) = told.split_once(' ').unwrap();
    let (open_bytes, read_peak) = (open_bytes.parse().unwrap(), read_peak.parse().unwrap());
    Measured { disk, write_peak, open_bytes, read_peak }
}

/// Asserts that the files of a vault take no more than so many hundredths of what its events are, besides what is
/// ahead of them.
fn assert_disk(measured: &Measured, size: Size, hundredths: u64, ahead: u64) {
    let logical = size.events * (size.payload as u64 + KIND.len() as u64 + HEADER_BYTES);
    let most = logical * hundredths / 100 + ahead;
    assert!(measured.disk <= most, "{measured:?} of {logical} bytes, at most {most}");
}

/// Asserts that both processes kept to a cache and so much besides, though there is more to hold.
fn assert_memory(measured: &Measured, cache: u64, besides: u64) {
    assert!(measured.write_peak.max(measured.read_peak) <= cache + besides, "{measured:?}");
}

#[test]
fn many_events_on_sled_take_at_most_twice_their_size_and_bounded_memory() {
    let measured = measure("sled", MOST);
    assert_disk(&measured, MOST, 200, 2 * SLED_SEGMENT_BYTES);
    assert_memory(&measured, SLED_CACHE_BYTES, 128 << 20);
}

#[test]
fn many_events_on_a_journal_take_little_more_than_their_size_and_little_is_read_to_open_it() {
    let measured = measure("journal", MANY);
    // It has a segment in use and one ahead.
    assert_disk(&measured, MANY, 115, 2 * SEGMENT_BYTES);
    assert!(measured.open_bytes < measured.disk / 4, "{measured:?}");
}

#[test]
fn memory_on_a_journal_is_bounded_and_so_is_what_is_read_to_open_it_whatever_it_stores() {
    let measured = measure("journal", LARGE);
    // What is in no file of the two indexes, and the segment that was written to, which is read twice.
    assert!(measured.open_bytes < 2 * INDEXED_BYTES + 4 * SEGMENT_BYTES, "{measured:?}");
    assert!(measured.disk > 2 * (JOURNAL_CACHE_BYTES + (64 << 20)));
    assert_memory(&measured, JOURNAL_CACHE_BYTES, 64 << 20);
}

/// Returns the most bytes that this process had in memory.
fn peak_bytes() -> u64 {
    field("/proc/self/status", "VmHWM:").trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// Returns how many bytes this process has read from files.
fn read_bytes() -> u64 {
    field("/proc/self/io", "rchar:").parse().unwrap()
}

/// Reads what a file of the system says under a name.
fn field(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
}
