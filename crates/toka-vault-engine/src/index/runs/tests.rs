//! What is found wrong in a file does not live on in the one that it is merged to; what cannot be removed or read
//! stands in nobody's way.

mod stubborn;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use toka_vault_core::{Event, Position};

use super::{Cover, Entry, Layout, Lookup, MERGE_RUNS, Notes, Run, Runs};
use crate::index::given::{directory, files, given, id, read_only};
use crate::index::ids;
use stubborn::Stubborn;

/// Events of each file.
const EVENTS: usize = 10;

const LAYOUT: Layout = Layout { batch_events: EVENTS, ..ids::LAYOUT };

/// Makes as many files as are merged at once.
fn mergeable(dir: &Path) -> (Runs, Vec<Arc<Run>>) {
    let log = given((MERGE_RUNS * EVENTS) as u64, 0);
    let runs = Runs::open(directory(dir), LAYOUT, &log, Position::ZERO).unwrap();
    log.events.chunks(EVENTS).for_each(|events| add(&runs, events));
    let made = runs.snapshot();
    (runs, made)
}

/// Adds a file of some events.
fn add(runs: &Runs, events: &[Event]) {
    let (entries, cover) = file_of(events);
    runs.add(entries, Notes::default(), cover).unwrap();
}

/// Returns what a file of some events has.
fn file_of(events: &[Event]) -> (Vec<Entry>, Cover) {
    let entry = |event: &Event| (event.header.id.into(), event.position());
    let mut entries: Vec<_> = events.iter().map(entry).collect();
    entries.sort_unstable();
    let last = events.last().unwrap();
    (entries, Cover { first: events[0].position(), last: last.position(), hash: last.header.hash })
}

#[test]
fn a_merged_file_is_discarded_with_a_part_that_is_found_wrong_later() {
    let dir = tempfile::tempdir().unwrap();
    let (runs, parts) = mergeable(dir.path());
    runs.merge(&|| false).unwrap();
    assert_eq!((runs.snapshot().len(), files(dir.path()).len()), (1, 1));
    runs.discard(&parts[3]);
    assert!(files(dir.path()).is_empty(), "the next open would use it");
    assert!(runs.snapshot()[0].is_discarded());
    assert_eq!(runs.find(id(35, 0).into()), Lookup::At(Position::new(35)), "it serves until then");
}

#[test]
fn what_is_found_wrong_while_it_is_merged_does_not_live_on() {
    let dir = tempfile::tempdir().unwrap();
    let (runs, parts) = mergeable(dir.path());
    let found_wrong = || {
        runs.discard(&parts[3]);
        false
    };
    runs.merge(&found_wrong).unwrap();
    assert_eq!(runs.snapshot().len(), MERGE_RUNS, "it was merged all the same");
    assert_eq!(files(dir.path()).len(), MERGE_RUNS - 1);
    // Nor is it tried for ever.
    runs.merge(&|| panic!("there is nothing to merge")).unwrap();
}

#[test]
fn files_that_another_process_merges_can_be_read_on_and_are_found_merged() {
    let dir = tempfile::tempdir().unwrap();
    let (runs, _) = mergeable(dir.path());
    let log = given((MERGE_RUNS * EVENTS) as u64, 0);
    let (part, head) = (Position::new(25), Position::new((MERGE_RUNS * EVENTS) as u64));
    let beside = Runs::beside(read_only(dir.path()), LAYOUT, &log, part);
    assert_eq!(beside.last().get(), 20, "no more than what is known to be durable");
    let read = log.read.load(Ordering::Relaxed);
    beside.look(&log, part);
    assert_eq!(log.read.load(Ordering::Relaxed), read, "what is in use is not compared anew");
    runs.merge(&|| false).unwrap();
    let find = |number: u64| beside.find(id(number, 0).into());
    assert_eq!((find(15), find(35)), (Lookup::At(Position::new(15)), Lookup::Absent));
    beside.look(&log, part);
    assert_eq!((find(15), beside.last().get()), (Lookup::At(Position::new(15)), 20), "what it has stays");
    beside.look(&log, head);
    assert_eq!((find(15), find(35)), (Lookup::At(Position::new(15)), Lookup::At(Position::new(35))));
}

#[test]
fn files_that_are_added_while_others_are_merged_follow_them() {
    let dir = tempfile::tempdir().unwrap();
    let (runs, _) = mergeable(dir.path());
    let more = given((MERGE_RUNS * EVENTS + EVENTS) as u64, 0).events.split_off(MERGE_RUNS * EVENTS);
    let added = std::cell::Cell::new(false);
    let stops = || {
        if !added.replace(true) {
            add(&runs, &more);
        }
        false
    };
    runs.merge(&stops).unwrap();
    let covers: Vec<_> = runs.snapshot().iter().map(|run| run.cover().span()).collect();
    let span = |first, last| (Position::new(first), Position::new(last));
    assert_eq!(covers, [span(1, 80), span(81, 90)]);
    for number in [1, 80, 81, 90] {
        assert_eq!(runs.find(id(number, 0).into()), Lookup::At(Position::new(number)));
    }
    assert_eq!(files(dir.path()).len(), 2);
}

#[test]
fn a_file_that_cannot_be_finished_takes_no_room() {
    let dir = tempfile::tempdir().unwrap();
    let (runs, _) = mergeable(dir.path());
    runs.merge(&|| true).unwrap();
    assert_eq!(files(dir.path()).len(), MERGE_RUNS, "it is stopped at the first page");
    std::fs::create_dir(dir.path().join("00000000000000000081-00000000000000000090.ids")).unwrap();
    let more = given((MERGE_RUNS * EVENTS + EVENTS) as u64, 0).events.split_off(MERGE_RUNS * EVENTS);
    let (entries, cover) = file_of(&more);
    assert!(runs.add(entries, Notes::default(), cover).is_err(), "its name is taken");
    assert!(!dir.path().join(super::UNFINISHED).exists());
}

#[test]
fn a_file_under_the_name_of_another_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let (_, parts) = mergeable(dir.path());
    let (log, head) = (given((MERGE_RUNS * EVENTS) as u64, 0), Position::new((MERGE_RUNS * EVENTS) as u64));
    // That of what all of them would be merged to, and which is removed then as one of them.
    let name = |run: &Run| dir.path().join(run.name());
    std::fs::rename(name(&parts[3]), dir.path().join(format!("{:020}-{:020}.ids", 1, head.get()))).unwrap();
    assert_eq!(Runs::beside(read_only(dir.path()), LAYOUT, &log, head).last().get(), 30);
    let runs = Runs::open(directory(dir.path()), LAYOUT, &log, head).unwrap();
    assert_eq!((runs.last().get(), files(dir.path()).len()), (30, 3));
    log.events.chunks(EVENTS).skip(3).for_each(|events| add(&runs, events));
    runs.merge(&|| false).unwrap();
    assert_eq!(Runs::open(directory(dir.path()), LAYOUT, &log, head).unwrap().last(), head);
}

/// Writes a number over the header of a file, with a checksum that fits.
fn say(path: &Path, at: usize, number: &[u8]) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at..at + number.len()].copy_from_slice(number);
    let pages = u32::from_be_bytes(bytes[56..60].try_into().unwrap()) as usize;
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&bytes[8..96]);
    checksum.update(bytes.get((pages + 1) * 4_096..).unwrap_or_default());
    bytes[4..8].copy_from_slice(&checksum.finalize().to_be_bytes());
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_file_that_says_what_cannot_be_is_not_used_though_its_checksum_fits() {
    let head = Position::new((MERGE_RUNS * EVENTS) as u64);
    let log = given(head.get(), 0);
    let (whole, greatest) = ([0_u8; 0], [0xff; 8]);
    // Nothing, for comparison; the first and the last position; how many pages, filtered keys, lines, zones, gaps.
    let changes: [(usize, &[u8]); 9] = [
        (8, &whole),
        (8, &greatest),
        (16, &[0; 8]),
        (16, &greatest),
        (56, &greatest[..4]),
        (80, &greatest),
        (80, &[0, 0, 0, 0, 0, 0, 0, 1]),
        (88, &greatest[..4]),
        (92, &greatest[..4]),
    ];
    for (at, number) in changes {
        let dir = tempfile::tempdir().unwrap();
        let (_, parts) = mergeable(dir.path());
        say(&dir.path().join(parts[1].name()), at, number);
        let runs = Runs::open(directory(dir.path()), LAYOUT, &log, head).unwrap();
        runs.merge(&|| false).unwrap();
        let last = if number.is_empty() { head.get() } else { 10 };
        assert_eq!(runs.last().get(), last, "{number:?} at {at}");
    }
}

#[test]
fn a_file_that_tells_of_events_which_it_does_not_cover_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let (runs, _) = mergeable(dir.path());
    let more = given((MERGE_RUNS * EVENTS + EVENTS) as u64, 0).events.split_off(MERGE_RUNS * EVENTS);
    let gap = |first, last| [(Position::new(first), Position::new(last))].into_iter().collect();
    for (gaps, is_used) in [(gap(80, 85), false), (gap(85, u64::MAX), false), (gap(81, 85), true)] {
        let (entries, cover) = file_of(&more);
        let added = runs.add(entries, Notes { gaps, ..Notes::default() }, cover);
        assert_eq!(added.is_ok(), is_used, "{added:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_of_another_process_that_is_gone_before_it_is_open_hides_no_other_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let (_runs, _) = mergeable(dir.path());
    let (log, head) = (given(80, 0), Position::new(80));
    let gone = dir.path().join("gone.ids");
    std::os::unix::fs::symlink("nowhere", &gone).unwrap();
    let beside = Runs::beside(read_only(dir.path()), LAYOUT, &log, head);
    assert_eq!(beside.last(), Position::ZERO, "it waits for the next look");
    std::fs::remove_file(gone).unwrap();
    beside.look(&log, head);
    assert_eq!(beside.last(), head);
}

#[test]
fn what_cannot_be_removed_keeps_no_index_shut_and_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let (log, end) = (given(30, 0), Position::new(30));
    let open = |dir| Runs::open(dir, LAYOUT, &log, end).unwrap();
    let runs = open(directory(dir.path()));
    log.events.chunks(EVENTS).for_each(|events| add(&runs, events));
    let kept = files(dir.path());
    // One of another log, one that is damaged, and one that is none.
    let (entries, cover) = file_of(&log.events[..EVENTS]);
    runs.add(entries, Notes::default(), Cover { last: Position::new(9), ..cover }).unwrap();
    for name in ["00000000000000000021-00000000000000000040.ids", ".nfs0001"] {
        std::fs::write(dir.path().join(name), b"none").unwrap();
    }
    let stubborn = || Arc::new(Stubborn { dir: directory(dir.path()), unreadable: None });
    let opened = open(stubborn());
    assert_eq!((opened.snapshot().len(), opened.last()), (3, end));
    assert_eq!(files(dir.path()).len(), 6, "they stay");
    // What is found wrong is not used again, though it cannot be removed either.
    opened.snapshot()[1].discard();
    assert_eq!(open(stubborn()).last(), Position::new(10));
    assert_eq!(open(directory(dir.path())).last(), Position::new(10));
    assert_eq!(files(dir.path()), kept[..1]);
}

#[test]
fn a_directory_in_that_of_an_index_keeps_it_from_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (runs, log) = (mergeable(dir.path()).0, given(80, 0));
    for name in ["sub", "00000000000000000001-00000000000000000099.ids"] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
    }
    let opened = Runs::open(directory(dir.path()), LAYOUT, &log, Position::new(80)).unwrap();
    assert_eq!(opened.last(), runs.last());
}

#[test]
fn a_file_that_cannot_be_read_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let (log, end) = (given(30, 0), Position::new(30));
    let runs = Runs::open(directory(dir.path()), LAYOUT, &log, end).unwrap();
    log.events.chunks(EVENTS).for_each(|events| add(&runs, events));
    let unreadable = runs.snapshot()[1].name().to_owned();
    let dir = Arc::new(Stubborn { dir: directory(dir.path()), unreadable: Some(unreadable) });
    assert_eq!(Runs::beside(dir.clone(), LAYOUT, &log, end).last(), Position::new(10));
    assert_eq!(Runs::open(dir, LAYOUT, &log, end).unwrap().last(), Position::new(10));
}
