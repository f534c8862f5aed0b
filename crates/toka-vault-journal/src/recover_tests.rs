//! Damages and tears the last groups of a journal, in every way in which a record of the head or a frame
//! can still tell what was durable; counts what recovery writes and reads.

use std::ops::Range;
use std::sync::Arc;

use toka_vault_core::{Error, Head, Position, Result};
use toka_vault_engine::disk::Directory;
use toka_vault_engine::{Group, LogEnd};
use toka_vault_testkit::sim::{Change, Seed, SimDirectory, SimDisk};

use crate::crash_tests::{SEGMENT_BYTES, group_of, open, open_acknowledged, read_all, salts};
use crate::damage_tests::read_over_damage;
use crate::follow::Follower;
use crate::frame::HEADER_BYTES;
use crate::journal::Journal;
use crate::pool::{BUFFER_BYTES, Pool};
use crate::recover::read_page;
use crate::segment::Segment;
use crate::segment_header::{PAGE_BYTES, Page, file_name};
use crate::spares::Spares;

/// A part of a frame whose damage has a meaning of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// Only the block says what the frame has.
    Header,
    /// Only the header of the frame says what it has.
    BlockHeader,
    /// One event cannot be read.
    Record,
}

const PARTS: [Part; 3] = [Part::Header, Part::BlockHeader, Part::Record];

/// A frame: where it lies, and its events.
#[derive(Clone, Debug)]
struct Place {
    bytes: Range<u64>,
    events: Range<u64>,
}

/// A journal with one segment.
struct Written {
    directory: SimDirectory,
    groups: Vec<Group>,
    frames: Vec<Place>,
}

impl Written {
    /// Writes groups with payloads of these sizes: some that are synced, and some that are not.
    fn of(synced: &[&[u64]], torn: &[&[u64]]) -> Self {
        Self::in_segment(SEGMENT_BYTES, synced, torn)
    }

    fn in_segment(bytes: u64, synced: &[&[u64]], torn: &[&[u64]]) -> Self {
        let (mut seed, directory) = (Seed::new(3), SimDirectory::default());
        let shared: Arc<dyn Directory> = Arc::new(directory.clone());
        let spares = Spares::on_demand(shared.clone(), bytes);
        let journal = Journal::create(shared, spares, 7, salts(1)).unwrap();
        let (mut groups, mut end) = (Vec::new(), LogEnd::EMPTY);
        for (number, sizes) in synced.iter().chain(torn).enumerate() {
            let group = group_of(&mut seed, end, sizes);
            journal.append(&group).unwrap();
            if number < synced.len() {
                journal.sync().unwrap();
            }
            end = group.end;
            groups.push(group);
        }
        let frames = frames(&directory);
        Self { directory, groups, frames }
    }

    /// Returns its disk with a bit flipped in a part of a frame.
    fn damaged(&self, frame: usize, part: Part) -> SimDisk {
        let Place { bytes, .. } = &self.frames[frame];
        let byte = match part {
            Part::Header => bytes.start + 20,
            Part::BlockHeader => bytes.start + HEADER_BYTES as u64 + 20,
            // In the payload of the last event.
            Part::Record => bytes.end - 50,
        };
        let mut disk = self.directory.disk();
        disk.flip(&file_name(0), byte as usize * 8);
        disk
    }

    /// Returns the head behind a group.
    fn head(&self, group: usize) -> Head {
        self.groups[group].end.head
    }

    /// Asserts that all events can be read but for some, which are told.
    fn assert_readable_but(&self, journal: &Journal, end: Position, damaged: Range<u64>) {
        let (events, told) = read_over_damage(journal, end);
        assert_eq!(told, damaged.collect::<Vec<_>>());
        let all = self.groups.iter().flat_map(|group| &group.events);
        let whole = all.filter(|event| event.position() <= end && !told.contains(&event.position().get()));
        assert!(events.iter().eq(whole));
    }
}

/// Returns the frames of the first segment, none of which is damaged.
fn frames(directory: &SimDirectory) -> Vec<Place> {
    let Page::Header(header) = read_page(directory, 0).unwrap() else { panic!("it has no header") };
    let segment = Segment::new(directory.open(&file_name(0)).unwrap(), header);
    let pool = Pool::default();
    let mut walk = segment.walk(&pool, 0, segment.file.len().unwrap(), BUFFER_BYTES);
    std::iter::from_fn(|| walk.next().unwrap())
        .map(|frame| Place {
            bytes: frame.offset..frame.offset + frame.header.frame_bytes(),
            events: frame.header.first.get()..frame.header.last().get() + 1,
        })
        .collect()
}

/// Overwrites a part of the first segment by zeros, as if it had never reached the disk.
fn lose(disk: SimDisk, part: &Range<u64>) -> SimDisk {
    let directory = SimDirectory::on(disk);
    let zeros = vec![0; (part.end - part.start) as usize];
    directory.open(&file_name(0)).unwrap().write_at(&zeros, part.start).unwrap();
    directory.disk()
}

/// Opens a journal to read only, with a record of its head.
fn follow(disk: SimDisk, head: Option<Head>) -> Result<(Follower, LogEnd)> {
    let path = std::path::Path::new("/simulated");
    crate::open::follow_at(path, Arc::new(SimDirectory::on(disk)), Box::new(move || Ok(head)))
}

/// Returns the bytes of the writes that were made.
fn written(directory: &SimDirectory) -> Vec<Range<u64>> {
    let write = |change| match change {
        Change::Write(_, offset, bytes) => Some(offset..offset + bytes.len() as u64),
        _ => None,
    };
    directory.changes().into_iter().filter_map(write).collect()
}

#[test]
fn damage_in_the_last_group_that_was_recorded_hides_no_more_than_its_frame() {
    let journal = Written::of(&[&[100], &[900; 8]], &[]);
    assert!(journal.frames.len() > 3);
    let (head, end) = (journal.head(1), journal.groups[1].end);
    for (number, frame) in journal.frames.iter().enumerate() {
        for part in PARTS {
            let disk = journal.damaged(number, part);
            let hidden = match part {
                Part::Record => frame.events.end - 1..frame.events.end,
                _ => frame.events.clone(),
            };
            let (beside, found) = follow(disk.clone(), Some(head)).unwrap();
            assert_eq!(found, end, "beside, {part:?} of {number}");
            journal.assert_readable_but(&beside.journal, end.position(), hidden.clone());
            let directory = SimDirectory::on(disk);
            let (opened, found) = open_acknowledged(&directory, head.position, 2).unwrap();
            assert_eq!(found, end, "{part:?} of {number}");
            journal.assert_readable_but(&opened, end.position(), hidden.clone());
            // What is written behind it is found beside what is damaged, now and when it is opened again.
            let more = group_of(&mut Seed::new(4), end, &[300; 4]);
            opened.append(&more).map_err(Error::from).and_then(|()| opened.sync()).unwrap();
            let (again, found) = open(&directory, 3).unwrap();
            assert_eq!(found, more.end);
            for opened in [opened, again] {
                let (events, told) = read_over_damage(&opened, found.position());
                assert_eq!(told, hidden.clone().collect::<Vec<_>>());
                assert_eq!(events[events.len() - 4..], more.events);
            }
        }
    }
}

#[test]
fn what_tells_the_end_of_the_log_may_be_damaged_itself_and_is_told_then() {
    let journal = Written::of(&[&[100], &[200]], &[]);
    let (head, end) = (journal.head(1), journal.groups[1].end);
    for part in PARTS {
        let disk = journal.damaged(1, part);
        let opened = open_acknowledged(&SimDirectory::on(disk.clone()), head.position, 2);
        let beside = follow(disk, Some(head));
        if part == Part::BlockHeader {
            // Nothing else knows the newest id and time.
            assert!(matches!(opened, Err(Error::TailLost { .. })), "{opened:?}");
            assert!(matches!(beside, Err(Error::TailLost { .. })));
            continue;
        }
        let ((opened, found), (beside, found_beside)) = (opened.unwrap(), beside.unwrap());
        assert_eq!((found, found_beside), (end, end));
        journal.assert_readable_but(&opened, end.position(), 2..3);
        journal.assert_readable_but(&beside.journal, end.position(), 2..3);
    }
}

#[test]
fn what_is_missing_at_the_end_is_told_though_a_block_says_where_that_was() {
    let journal = Written::of(&[&[100], &[900; 8]], &[]);
    let head = journal.head(1);
    let last = journal.frames.last().unwrap();
    let disk = lose(journal.directory.disk(), &last.bytes);
    let told = |lost: Error| {
        let Error::TailLost { acknowledged, found, .. } = lost else { panic!("{lost:?}") };
        assert_eq!((acknowledged, found), (head.position, Position::FIRST));
    };
    told(open_acknowledged(&SimDirectory::on(disk.clone()), head.position, 2).unwrap_err());
    told(follow(disk, Some(head)).map(drop).unwrap_err());
}

#[test]
fn what_is_wiped_behind_a_damaged_end_is_all_that_could_be_taken_for_what_comes() {
    // A group that was recorded, the last frame of which is damaged, and one that was torn behind it.
    let journal = Written::of(&[&[100], &[900; 4]], &[&[1_800, 1_800, 1_800]]);
    let last = journal.frames.iter().rposition(|frame| frame.events.contains(&5)).unwrap();
    for part in PARTS {
        for torn in last + 1..journal.frames.len() {
            let disk = lose(journal.damaged(last, part), &journal.frames[torn].bytes);
            let directory = SimDirectory::on(disk);
            let (opened, end) = open_acknowledged(&directory, Position::new(5), 2).unwrap();
            assert_eq!(end, journal.groups[1].end, "{part:?} {torn}");
            assert!(frames_behind(&directory, end.position()).is_empty());
            let more = group_of(&mut Seed::new(4), end, &[200, 300]);
            opened.append(&more).map_err(Error::from).and_then(|()| opened.sync()).unwrap();
            let (again, found) = open(&directory, 3).unwrap();
            assert_eq!(found, more.end);
            let (events, told) = read_over_damage(&again, found.position());
            assert_eq!(events[events.len() - 2..], more.events);
            assert!(told.iter().all(|told| journal.frames[last].events.contains(told)), "{told:?}");
        }
    }
}

/// Returns the offsets of all headers of frames with events behind a position.
fn frames_behind(directory: &SimDirectory, position: Position) -> Vec<u64> {
    let Page::Header(header) = read_page(directory, 0).unwrap() else { panic!("it has no header") };
    let segment = Segment::new(directory.open(&file_name(0)).unwrap(), header);
    let pool = Pool::default();
    let mut walk = segment.walk(&pool, 0, segment.file.len().unwrap(), BUFFER_BYTES);
    std::iter::from_fn(|| walk.search(position.next()).unwrap().then(|| walk.offset())).collect()
}

#[test]
fn neither_half_of_a_batch_is_shown_nor_what_was_durable_forgotten_where_damage_meets_a_torn_group() {
    // Two events that were acknowledged, of which the second is damaged, and a batch that never was.
    let journal = Written::of(&[&[100], &[100]], &[&[1_800, 1_800, 1_800]]);
    assert_eq!(journal.frames.len(), 5);
    for part in PARTS {
        for lost in 2..5 {
            let disk = lose(journal.damaged(1, part), &journal.frames[lost].bytes);
            // The frames alone say that the second event was durable.
            match open(&SimDirectory::on(disk), 2) {
                Ok((opened, end)) => {
                    assert_ne!(part, Part::BlockHeader);
                    assert_eq!(end, journal.groups[1].end, "{part:?} {lost}");
                    journal.assert_readable_but(&opened, end.position(), 2..3);
                }
                Err(Error::TailLost { acknowledged, found, .. }) => {
                    assert_eq!((part, acknowledged.get(), found.get()), (Part::BlockHeader, 2, 1), "{lost}");
                }
                Err(error) => panic!("{part:?} {lost}: {error:?}"),
            }
        }
    }
}

#[test]
fn what_was_found_after_a_failed_sync_is_durable_once_it_was_opened() {
    for number in 0..40 {
        let mut seed = Seed::new(number);
        let journal = Written::in_segment(64 << 10, &[&[100], &[5_000, 200]], &[&[1_000, 9_000], &[50]]);
        journal.directory.fail_after(0);
        let file = journal.directory.open(&file_name(0)).unwrap();
        assert!(file.sync().is_err());
        let directory = SimDirectory::on(journal.directory.disk());
        let (_, end) = open(&directory, 2).unwrap();
        assert_eq!(end, journal.groups[3].end);
        let (after, found) = open(&SimDirectory::on(directory.disk().crashed(&mut seed)), 3).unwrap();
        assert_eq!(found, end, "seed {number}");
        assert_eq!(read_all(&after).unwrap().len(), 6);
    }
}

#[test]
fn what_was_wiped_is_gone_though_the_sync_of_that_has_failed_once() {
    let journal = Written::of(&[&[100], &[200]], &[&[1_800, 1_800, 1_800]]);
    // All of it has reached the disk, but for one frame of the group that was never acknowledged.
    journal.directory.open(&file_name(0)).unwrap().sync().unwrap();
    let torn = SimDirectory::on(lose(journal.directory.disk(), &journal.frames[2].bytes));
    torn.open(&file_name(0)).unwrap().sync().unwrap();
    for number in 0..60 {
        let (mut seed, directory) = (Seed::new(number), SimDirectory::on(torn.disk()));
        directory.fail_after(number % 6);
        drop(open(&directory, 2));
        directory.fail_after(u64::MAX);
        let (_, end) = open(&directory, 3).unwrap();
        assert_eq!(end, journal.groups[1].end);
        let crashed = SimDirectory::on(directory.disk().crashed(&mut seed));
        assert!(frames_behind(&crashed, end.position()).is_empty(), "seed {number}");
    }
}

#[test]
fn a_vault_that_was_closed_is_not_written_to_when_it_is_opened() {
    let journal = Written::of(&[&[100], &[900; 8]], &[]);
    let directory = SimDirectory::on(journal.directory.disk());
    open_acknowledged(&directory, journal.head(1).position, 2).unwrap();
    assert_eq!(written(&directory), []);
    // One that was killed is written again from the first frame on that no other says was durable.
    let directory = SimDirectory::on(journal.directory.disk());
    open(&directory, 2).unwrap();
    let (first, last) = (journal.frames[1].bytes.start, journal.frames.last().unwrap().bytes.end);
    let steps = written(&directory);
    assert_eq!((steps.first().unwrap().start, steps.last().unwrap().end), (first, last));
    assert!(steps.is_sorted_by_key(|step| step.start));
}

#[test]
fn a_long_tail_is_read_a_few_times_where_it_is_wiped() {
    const SEGMENT: u64 = 1 << 20;
    // A batch of some hundred frames whose end is lost, in a segment of 128 buffers.
    let journal = Written::in_segment(SEGMENT, &[&[100]], &[&[1_500; 400]]);
    let disk = lose(journal.directory.disk(), &journal.frames.last().unwrap().bytes);
    let directory = SimDirectory::on(disk);
    let (_, end) = open(&directory, 2).unwrap();
    assert_eq!(end.position(), Position::FIRST);
    assert!(frames_behind(&directory, end.position()).is_empty());
    let buffers = (SEGMENT / BUFFER_BYTES as u64) as usize;
    let reads = directory.read_count();
    assert!(reads < 5 * buffers, "{reads} reads of a segment of {buffers} buffers");
    let content = directory.disk().content(&file_name(0)).unwrap()[PAGE_BYTES..].to_vec();
    let kept = (journal.frames[0].bytes.end as usize) - PAGE_BYTES;
    assert!(content[kept..].iter().all(|byte| *byte == 0));
}
