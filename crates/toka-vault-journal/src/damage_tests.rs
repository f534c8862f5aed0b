//! Flips bits of a journal, with a record of its head and without: each is told, hides no more than its frame,
//! and is never taken for something else.

use std::sync::Arc;

use toka_vault_core::{ChainHash, Error, Event, Head, Position};
use toka_vault_engine::block::{Layout, encode};
use toka_vault_engine::disk::Directory;
use toka_vault_engine::{LogEnd, ReadBudget};
use toka_vault_testkit::sim::{Seed, SimDirectory};

use crate::compression::Compression;
use crate::crash_tests::{Acknowledge, History, SEGMENT_BYTES, group_of, open, open_acknowledged, salts};
use crate::frame::{self, FrameHeader, NewFrame};
use crate::frame_index::{FrameIndex, INDEX_BYTES};
use crate::journal::Journal;
use crate::pool::{BUFFER_BYTES, Pool};
use crate::segment::{Frame, Segment};
use crate::segment_header::{PAGE_BYTES, Page, SegmentHeader, file_name};
use crate::spares::Spares;

/// Reads all, over what is damaged. Returns the events, and the positions that are damaged.
pub(crate) fn read_over_damage(journal: &Journal, end: Position) -> (Vec<Event>, Vec<u64>) {
    let (mut events, mut damaged, mut next) = (Vec::new(), Vec::new(), Position::FIRST);
    while next <= end {
        let read: Vec<_> = match journal.read(next, ReadBudget::new(64, 1 << 20)) {
            Ok(chunk) => chunk.collect(),
            Err(error) => vec![Err(error)],
        };
        assert!(!read.is_empty(), "nothing is told of {next}");
        for item in read {
            match item {
                Ok(event) => {
                    assert_eq!(event.position(), next);
                    next = next.next();
                    events.push(event);
                }
                Err(Error::Corrupt { first, last, reason }) => {
                    assert_eq!(first, next);
                    assert!(reason.contains(".segment at byte "), "no place is named: {reason}");
                    damaged.extend(first.get()..=last.get());
                    next = last.next();
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    (events, damaged)
}

#[test]
fn a_flipped_bit_anywhere_is_told_and_hides_no_more_than_its_frame() {
    assert_flips_are_told(Compression::None, 1);
}

#[test]
fn a_flipped_bit_of_a_compressed_block_is_told_too() {
    // The bytes are the same but for those of blocks, of which there are fewer.
    assert_flips_are_told(Compression::Lz4, 3);
}

/// Flips a bit of each byte, or of one out of some.
fn assert_flips_are_told(compression: Compression, step: usize) {
    let mut seed = Seed::new(5);
    let history = History::run_with(&mut seed, Acknowledge::AfterSync, 36, compression);
    let expected: Vec<Event> = history.groups.iter().flat_map(|group| group.events.clone()).collect();
    let (disk, acknowledged) = (history.directory.disk(), history.acknowledged.last().unwrap().1);
    let most = history.groups.iter().map(|group| group.events.len()).max().unwrap();
    // How often the last group is gone, without a record of the head and with one.
    let (mut lost, mut lost_though_recorded) = (0, 0);
    for name in disk.names() {
        for byte in (0..disk.content(&name).unwrap().len()).step_by(step) {
            let mut flipped = disk.clone();
            flipped.flip(&name, byte * 8 + seed.below(8) as usize);
            let directory = SimDirectory::on(flipped);
            let recorded = seed.coin();
            let known = if recorded { acknowledged } else { Position::ZERO };
            let (journal, end) = match open_acknowledged(&directory, known, 0) {
                Ok((journal, end)) if end.position() >= acknowledged => (journal, end),
                Ok((_, end)) if !recorded => {
                    // Nothing behind the last group proves that it was there, and no record tells of it.
                    assert_loses_one_group(&expected, end.position(), most);
                    lost += 1;
                    continue;
                }
                Err(Error::TailLost { found, .. }) if recorded => {
                    assert_loses_one_group(&expected, found, most);
                    lost_though_recorded += 1;
                    continue;
                }
                other => panic!("{name} {byte}: {other:?}"),
            };
            let (events, damaged) = read_over_damage(&journal, end.position());
            assert!(damaged.len() <= most, "{name} {byte}: {damaged:?}");
            let whole = expected.iter().filter(|event| !damaged.contains(&event.position().get()));
            assert!(events.iter().eq(whole), "{name} {byte}: {damaged:?}");
            // One by one the same is told: often enough for every part of a frame.
            for event in expected.iter().take(end.position().get() as usize).filter(|_| byte % 7 == 0) {
                let read = journal
                    .read(event.position(), ReadBudget::ONE)
                    .and_then(|mut chunk| chunk.next().transpose());
                match read {
                    Ok(read) => assert_eq!(read.as_ref(), Some(event), "{name} {byte}"),
                    Err(error) => {
                        assert!(damaged.contains(&event.position().get()), "{name} {byte}: {error}");
                    }
                }
            }
        }
    }
    // A record leaves the one place that alone knows where the log ends: the header of the last group's block.
    assert!(lost > 0 && 10 * lost_though_recorded < lost, "{lost} and {lost_though_recorded} times");
}

/// Asserts that no more than the last group is gone.
fn assert_loses_one_group(expected: &[Event], end: Position, most: usize) {
    assert!(expected.len() - end.get() as usize <= most, "{end}");
}

#[test]
fn the_frame_that_proves_a_loss_may_follow_one_that_does_not() {
    let mut seed = Seed::new(3);
    let directory = SimDirectory::default();
    let shared: Arc<dyn Directory> = Arc::new(directory.clone());
    let spares = Spares::on_demand(shared.clone(), SEGMENT_BYTES);
    let journal = Journal::create(shared, spares, 7, salts(1)).unwrap();
    // Two frames that are durable together, and a third one that says so.
    let mut end = LogEnd::EMPTY;
    for synced in [false, true, true] {
        let group = group_of(&mut seed, end, &[100]);
        journal
            .append(&group)
            .map_err(Error::from)
            .and_then(|()| if synced { journal.sync() } else { Ok(()) })
            .unwrap();
        end = group.end;
    }
    let mut disk = directory.disk();
    disk.flip(&disk.names()[0], (PAGE_BYTES + 20) * 8);
    let (journal, found) = open(&SimDirectory::on(disk), 2).unwrap();
    assert_eq!(found, end);
    let (events, damaged) = read_over_damage(&journal, end.position());
    assert_eq!((events.len(), damaged), (2, vec![1]));
}

#[test]
fn damage_at_the_end_of_what_is_written_is_told_in_one_piece() {
    let mut seed = Seed::new(4);
    let shared: Arc<dyn Directory> = Arc::new(SimDirectory::default());
    let spares = Spares::on_demand(shared.clone(), SEGMENT_BYTES);
    let journal = Journal::create(shared.clone(), spares, 7, salts(1)).unwrap();
    let mut append = |end, sizes: &[u64]| {
        let group = group_of(&mut seed, end, sizes);
        journal.append(&group).map_err(Error::from).unwrap();
        (group.end, journal.active().extent().1)
    };
    let (end, from) = append(LogEnd::EMPTY, &[100; 3]);
    let (end, _) = append(end, &[100; 5]);
    let (end, behind) = append(end, &[1_500; 4]);
    let lost = vec![0; (behind - from) as usize];
    shared.open(&file_name(0)).unwrap().write_at(&lost, from).unwrap();
    let told = |next| match journal.read(Position::new(next), ReadBudget::CHUNK) {
        Err(Error::Corrupt { first, last, .. }) => (first.get(), last.get()),
        read => panic!("{read:?}"),
    };
    assert_eq!((4..=12).map(told).collect::<Vec<_>>(), (4..=12).map(|next| (next, 12)).collect::<Vec<_>>());
    assert_eq!(journal.read(Position::new(13), ReadBudget::CHUNK).unwrap().last_position(), None);
    // What is written behind it is there.
    let (end, _) = append(end, &[10]);
    assert_eq!(told(4), (4, 12));
    assert_eq!(read_over_damage(&journal, end.position()).0.len(), 4);
}

#[test]
fn a_frame_that_says_it_has_more_events_hides_none_behind_its_segment() {
    let (mut seed, mut end) = (Seed::new(6), LogEnd::EMPTY);
    let shared: Arc<dyn Directory> = Arc::new(SimDirectory::default());
    let spares = Spares::on_demand(shared.clone(), SEGMENT_BYTES);
    let journal = Journal::create(shared.clone(), spares, 7, salts(1)).unwrap();
    while journal.active().segment.header.number == 0 {
        let group = group_of(&mut seed, end, &[100; 3]);
        journal.append(&group).map_err(Error::from).unwrap();
        end = group.end;
    }
    let behind = journal.active().segment.header.first();
    for (number, last) in [(0, behind.minus(1)), (1, end.position())] {
        // With checksums that fit, as no accident leaves them.
        let file = shared.open(&file_name(number)).unwrap();
        let Page::Header(header) = SegmentHeader::read_from(file.as_ref()).unwrap() else { panic!() };
        let (segment, pool) = (Segment::new(file, header), Pool::default());
        let mut walk = segment.walk(&pool, 0, segment.file.len().unwrap(), BUFFER_BYTES);
        let Frame { offset, header, stored } = std::iter::from_fn(|| walk.next().unwrap()).last().unwrap();
        let FrameHeader { compression, first, synced, .. } = header;
        let (mut bytes, block) = (Vec::new(), &*stored);
        let frame = NewFrame { block, compression, count: 8_000, first, synced };
        frame::write(&mut bytes, &segment.salted, offset, frame);
        segment.file.write_at(&bytes, offset).unwrap();
        match journal.read(first, ReadBudget::CHUNK) {
            Err(Error::Corrupt { first: from, last: to, .. }) => assert_eq!((from, to), (first, last)),
            read => panic!("{read:?}"),
        }
    }
}

/// Writes a frame over what stands at `at`, with checksums that fit, as no accident leaves it: with an event at a
/// position far behind all others, which it says is the next.
fn forge(segment: &Segment, at: u64, position: Position) {
    let head = Head { position: position.minus(1), chain: ChainHash::EMPTY };
    let group = group_of(&mut Seed::new(1), LogEnd { head, ..LogEnd::EMPTY }, &[100]);
    let layout = Layout { block_bytes_max: 2 << 10, payload_inside_max: 1 << 10 };
    let (mut bytes, block) = (Vec::new(), encode(&group, layout).remove(0));
    let (first, synced) = (position, position.minus(1));
    let frame = NewFrame { block: &block.bytes, compression: Compression::None, count: 1, first, synced };
    frame::write(&mut bytes, &segment.salted, at, frame);
    segment.file.write_at(&bytes, at).unwrap();
}

#[test]
fn a_frame_far_behind_all_that_there_is_room_for_is_damage_in_its_place_and_moves_no_end() {
    for position in [u64::MAX - 10, 1 << 40, 100_000].map(Position::new) {
        for forged in 0..4 {
            let (mut seed, mut end, mut places) = (Seed::new(8), LogEnd::EMPTY, Vec::new());
            let directory = SimDirectory::default();
            let shared: Arc<dyn Directory> = Arc::new(directory.clone());
            let journal =
                Journal::create(shared.clone(), Spares::on_demand(shared, SEGMENT_BYTES), 7, salts(1))
                    .unwrap();
            for _ in 0..3 {
                places.push((journal.active().extent().1, end.position().next()));
                let group = group_of(&mut seed, end, &[100; 3]);
                journal.append(&group).map_err(Error::from).and_then(|()| journal.sync()).unwrap();
                end = group.end;
            }
            places.push((journal.active().extent().1, end.position().next()));
            let (at, first) = places[forged];
            forge(&journal.active().segment, at, position);
            let lost = if forged < 3 { (first.get()..first.get() + 3).collect() } else { Vec::new() };
            assert_eq!(read_over_damage(&journal, end.position()).1, lost, "{position} in {forged}");
            let opened = open_acknowledged(&directory, end.position(), 2);
            if forged == 2 {
                // The last one alone tells where the log ends.
                assert!(matches!(opened, Err(Error::TailLost { found, .. }) if found.next() == first));
                continue;
            }
            let (journal, found) = opened.unwrap();
            assert_eq!(found, end, "{position} in {forged}");
            assert_eq!(read_over_damage(&journal, end.position()).1, lost, "{position} in {forged}");
        }
    }
}

#[test]
fn an_index_of_frames_that_leads_elsewhere_is_built_anew() {
    let (mut seed, mut groups, mut end) = (Seed::new(7), Vec::new(), LogEnd::EMPTY);
    let directory = SimDirectory::default();
    let shared: Arc<dyn Directory> = Arc::new(directory.clone());
    let spares = Spares::on_demand(shared.clone(), SEGMENT_BYTES);
    let journal = Journal::create(shared.clone(), spares, 7, salts(1)).unwrap();
    while journal.active().segment.header.number == 0 {
        let group = group_of(&mut seed, end, &[100; 3]);
        journal.append(&group).map_err(Error::from).and_then(|()| journal.sync()).unwrap();
        end = group.end;
        groups.push(group);
    }
    let file = shared.open(&file_name(0)).unwrap();
    let Page::Header(header) = SegmentHeader::read_from(file.as_ref()).unwrap() else { panic!() };
    let segment = Segment::new(file, header);
    // Behind the end of the segment and of all numbers, in front of the frames, between two of them.
    for offset in [SEGMENT_BYTES, u64::MAX - 7, 0, PAGE_BYTES as u64 + 4] {
        let mut index = FrameIndex::new(SEGMENT_BYTES);
        index.add(Position::FIRST, offset);
        // With a checksum that fits, as no accident leaves it.
        segment.file.write_at(&index.pages(&segment.salted), SEGMENT_BYTES - INDEX_BYTES as u64).unwrap();
        let (journal, found) = open(&directory, 2).unwrap();
        let (events, damaged) = read_over_damage(&journal, found.position());
        assert_eq!((found, damaged), (end, Vec::new()), "at {offset}");
        assert!(events.iter().eq(groups.iter().flat_map(|group| &group.events)), "at {offset}");
    }
}

#[test]
fn a_first_segment_that_does_not_begin_with_the_first_event_is_told() {
    let directory = SimDirectory::default();
    let head = Head { position: Position::new(5), chain: ChainHash::EMPTY };
    let header = SegmentHeader { vault: 1, number: 0, salt: 3, before: LogEnd { head, ..LogEnd::EMPTY } };
    let mut bytes = header.page();
    bytes.resize(SEGMENT_BYTES as usize, 0);
    directory.create(&file_name(0)).unwrap().write_at(&bytes, 0).unwrap();
    assert!(matches!(open(&directory, 1), Err(Error::Damaged { .. })));
}
