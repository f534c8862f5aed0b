//! Has the disk lose sectors of full segments: each is told, hides no more than what lies in it, and keeps no
//! journal shut.

use toka_vault_core::{Error, Event, Position};
use toka_vault_engine::ReadBudget;
use toka_vault_testkit::sim::{Seed, SimDirectory, SimDisk};

use crate::crash_tests::{Acknowledge, CHANGES_MAX, History, open};
use crate::damage_tests::read_over_damage;
use crate::segment_header::PAGE_BYTES;

/// Bytes that a disk loses together.
const SECTOR_BYTES: usize = 512;

/// Returns a journal of several segments, and the events in it.
fn written() -> (SimDisk, Vec<Event>) {
    let history = History::run(&mut Seed::new(5), Acknowledge::AfterSync, CHANGES_MAX);
    let events = history.groups.iter().flat_map(|group| group.events.clone()).collect();
    (history.directory.disk(), events)
}

#[test]
fn a_lost_sector_of_a_full_segment_is_told_and_hides_only_what_lies_in_it() {
    let (disk, expected) = written();
    let names = disk.names();
    let (_, full) = names.split_last().unwrap();
    let (mut most, mut hidden) = (0, 0);
    for name in full {
        for sector in (PAGE_BYTES..disk.content(name).unwrap().len()).step_by(SECTOR_BYTES) {
            let directory = SimDirectory::on(disk.clone());
            directory.lose_sector(name, sector as u64);
            let (journal, end) = open(&directory, 0).unwrap();
            let (events, damaged) = read_over_damage(&journal, end.position());
            let whole = expected.iter().filter(|event| !damaged.contains(&event.position().get()));
            assert!(events.iter().eq(whole), "{name} {sector}: {damaged:?}");
            (most, hidden) = (most.max(damaged.len()), hidden + damaged.len());
            for position in damaged {
                let read = journal.read(Position::new(position), ReadBudget::ONE);
                let read = read.and_then(|mut chunk| chunk.next().transpose());
                assert!(matches!(read, Err(Error::Corrupt { .. })), "{name} {sector} {position}");
            }
        }
    }
    assert!(hidden > 0 && most <= 12, "{most} events of one sector, {hidden} in all");
}

#[test]
fn one_copy_of_a_header_is_enough_and_without_one_nothing_is_guessed() {
    let (disk, expected) = written();
    for (name, lost) in disk.names().iter().flat_map(|name| [(name, 0), (name, 2_048)]) {
        let directory = SimDirectory::on(disk.clone());
        directory.lose_sector(name, lost);
        let (journal, end) = open(&directory, 0).unwrap();
        assert_eq!(
            read_over_damage(&journal, end.position()),
            (expected.clone(), Vec::new()),
            "{name} {lost}"
        );
    }
    for name in disk.names() {
        let directory = SimDirectory::on(disk.clone());
        directory.lose_sector(&name, 0);
        directory.lose_sector(&name, 2_048);
        // The last one could be taken for one whose header was torn, and be removed.
        assert!(matches!(open(&directory, 0), Err(Error::Io { .. })), "{name}");
        assert_eq!(directory.change_count(), 0);
    }
}
