//! Has the next segment not be made, by whatever failure: the group is refused, nothing is changed, and later
//! groups go on in the same journal.

use std::sync::Arc;

use toka_vault_core::{Error, Event};
use toka_vault_engine::disk::Directory;
use toka_vault_engine::{LogEnd, Unappended};
use toka_vault_testkit::sim::{Seed, SimDirectory};

use crate::crash_tests::{SEGMENT_BYTES, group_of, open, read_all, salts};
use crate::journal::Journal;
use crate::spares::Spares;

/// What the system says to a process that has as many files open as it may.
const TOO_MANY_OPEN_FILES: i32 = 24;

/// How a disk is kept from having a new segment, and how it is mended.
type Obstacle = (fn(&SimDirectory), fn(&SimDirectory));

/// Fails before a segment is there, while it is filled, and when its name is synced.
const OBSTACLES: [Obstacle; 3] = [
    (|disk| disk.fail_creates(Some(TOO_MANY_OPEN_FILES)), |disk| disk.fail_creates(None)),
    (|disk| disk.fail_after(1), |disk| disk.fail_after(u64::MAX)),
    (|disk| disk.fail_after(3), |disk| disk.fail_after(u64::MAX)),
];

#[test]
fn a_segment_that_cannot_be_made_refuses_the_group_and_later_ones_go_on() {
    for (obstruct, mend) in OBSTACLES {
        let directory = SimDirectory::default();
        let shared: Arc<dyn Directory> = Arc::new(directory.clone());
        let spares = Spares::on_demand(shared.clone(), SEGMENT_BYTES);
        let journal = Journal::create(shared, spares, 7, salts(1)).unwrap();
        let (mut seed, mut end) = (Seed::new(1), LogEnd::EMPTY);
        let (mut events, mut refused): (Vec<Event>, _) = (Vec::new(), 0);
        // Each one is more than half of a segment: it needs the next one.
        for number in 0..4 {
            let group = group_of(&mut seed, end, &[9_000]);
            if number > 0 {
                let before = directory.disk();
                obstruct(&directory);
                let Err(Unappended::Refused(error)) = journal.append(&group) else {
                    panic!("it was appended")
                };
                mend(&directory);
                assert!(matches!(error, Error::Io { .. }), "{error:?}");
                let after = directory.disk();
                let in_use = &before.names()[..number];
                assert!(in_use.iter().all(|name| after.content(name) == before.content(name)));
                refused += 1;
            }
            journal.append(&group).map_err(Error::from).and_then(|()| journal.sync()).unwrap();
            end = group.end;
            events.extend(group.events);
        }
        assert_eq!((refused, directory.disk().names().len()), (3, 4));
        assert_eq!(read_all(&journal).unwrap(), events);
        let (journal, found) = open(&directory, 2).unwrap();
        assert_eq!((found, read_all(&journal).unwrap()), (end, events));
    }
}
