//! A loss at the end of a journal that is accepted: the end that was found is durable before it is recorded, so that
//! a crash on the way leaves the loss to be told again, or a vault that is as whole as it was accepted.

use std::path::Path;
use std::sync::Arc;

use toka_vault_core::{Error, Position, Result};
use toka_vault_engine::disk::{Directory, HeadFile, Pace, TailLoss};
use toka_vault_engine::{LogEnd, SystemClock};
use toka_vault_testkit::sim::{Change, Seed, SimDirectory, SimDisk};

use crate::crash_tests::{SEGMENT_BYTES, asked, group_of, salts};
use crate::damage_tests::read_over_damage;
use crate::journal::Journal;
use crate::log::JournalLog;
use crate::open::{HEAD, Place, open_at};
use crate::options::JournalOptions;
use crate::segment_header::file_name;
use crate::spares::Spares;

/// Bytes of the damage: the header of a frame and of its block.
const DAMAGED_BYTES: usize = 200;

/// A disk on which events are missing that a record says were acknowledged.
struct Lossy {
    disk: SimDisk,
    /// The end that there is. What is before it can be read, and not all of that is durable.
    found: LogEnd,
    acknowledged: Position,
}

impl Lossy {
    fn new() -> Self {
        let (directory, mut seed, mut ends) = (SimDirectory::default(), Seed::new(5), vec![LogEnd::EMPTY]);
        let shared: Arc<dyn Directory> = Arc::new(directory.clone());
        let spares = Spares::on_demand(shared.clone(), SEGMENT_BYTES);
        let journal = Journal::create(shared.clone(), spares, 7, salts(1)).unwrap();
        let mut at = 0;
        // The last one has one frame: another would tell where it ends.
        for (sizes, synced) in
            [(&[300; 3][..], true), (&[300; 3], true), (&[300; 3], false), (&[1_500], false)]
        {
            at = journal.active().extent().1;
            let group = group_of(&mut seed, *ends.last().unwrap(), sizes);
            journal.append(&group).map_err(Error::from).unwrap();
            if synced {
                journal.sync().unwrap();
            }
            ends.push(group.end);
        }
        let (head, _) = HeadFile::on(directory.create(HEAD).unwrap(), Pace::AtOnce).unwrap();
        head.record(ends[4].head).and_then(|()| head.close()).unwrap();
        directory.open(&file_name(0)).unwrap().write_at(&[0xEE; DAMAGED_BYTES], at).unwrap();
        shared.sync().unwrap();
        Self { disk: directory.disk(), found: ends[3], acknowledged: ends[4].position() }
    }

    /// Asserts that a log which was opened is the one that was accepted.
    fn assert_accepted(&self, (log, end): &(JournalLog, LogEnd), what: &str) {
        assert_eq!(*end, self.found, "{what}");
        let (events, damaged) = read_over_damage(&log.journal, end.position());
        assert_eq!((events.len() as u64, damaged), (end.position().get(), Vec::new()), "{what}");
    }
}

/// Opens the journal on a disk.
fn open(directory: &SimDirectory, tail_loss: TailLoss) -> Result<(JournalLog, LogEnd)> {
    let (head, acknowledged) = HeadFile::on(directory.open(HEAD)?, Pace::Relaxed)?;
    let (clock, path) = (Arc::new(SystemClock), Path::new("/simulated"));
    let directory = Arc::new(directory.clone());
    let place = Place { path, directory, head, acknowledged, is_new: false, clock };
    open_at(place, &JournalOptions::new().with_tail_loss(tail_loss))
}

#[test]
fn what_is_missing_is_wiped_and_the_end_synced_before_it_is_recorded() {
    let lossy = Lossy::new();
    let directory = SimDirectory::on(lossy.disk.clone());
    lossy.assert_accepted(&open(&directory, TailLoss::Accept).unwrap(), "accepted");
    let (changes, segment) = (directory.changes(), file_name(0));
    let emptied = |change: &Change| matches!(change, Change::Write(name, 0, bytes) if name == HEAD && bytes.iter().all(|byte| *byte == 0));
    let emptied = changes.iter().position(emptied).expect("the record is replaced");
    let (before, behind) = changes.split_at(emptied);
    let synced = before.iter().rposition(|change| *change == Change::Sync(segment.clone()));
    let (wiped, marked) = before.split_at(synced.expect("the end is synced before it is recorded"));
    let written = |changes: &[Change]| {
        let bytes = changes.iter().filter_map(|change| match change {
            Change::Write(name, _, bytes) if *name == segment => Some(bytes.len()),
            _ => None,
        });
        bytes.sum::<usize>()
    };
    assert!(written(wiped) > DAMAGED_BYTES, "what is missing is wiped before");
    assert!(written(marked) <= 8, "but for the last bytes, which are no frame");
    assert_eq!(written(behind), 0, "nothing is wiped later");
    assert_eq!(behind.last(), Some(&Change::Sync(HEAD.into())));
}

#[test]
fn a_crash_while_a_loss_is_accepted_leaves_it_to_be_told_again_or_accepted_in_full() {
    let lossy = Lossy::new();
    let whole = SimDirectory::on(lossy.disk.clone());
    drop(open(&whole, TailLoss::Accept).unwrap());
    let (mut told, mut accepted) = (0, 0);
    for seed in 0..asked("CRASH_SEEDS", 10) {
        let mut seed = Seed::new(seed);
        for changes in 0..=whole.change_count() as u64 {
            let directory = SimDirectory::on(lossy.disk.clone());
            directory.fail_after(changes);
            drop(open(&directory, TailLoss::Accept));
            let what = format!("crashed after {changes} changes");
            let crashed = SimDirectory::on(directory.disk().crashed(&mut seed));
            match open(&crashed, TailLoss::Refuse) {
                Ok(opened) => {
                    lossy.assert_accepted(&opened, &what);
                    accepted += 1;
                }
                Err(Error::TailLost { acknowledged, .. }) => {
                    assert_eq!(acknowledged, lossy.acknowledged, "{what}");
                    drop(open(&crashed, TailLoss::Accept).unwrap());
                    // What was accepted is told no more.
                    drop(open(&crashed, TailLoss::Refuse).unwrap());
                    told += 1;
                }
                Err(error) => panic!("{what}: {error}"),
            }
        }
    }
    assert!(told > 0 && accepted > 0, "{told} and {accepted} times");
}
