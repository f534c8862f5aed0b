//! The newest record is found again, torn ones are not, and syncs are few.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use super::*;

fn head(position: u64) -> Head {
    Head { position: Position::new(position), chain: ChainHash::from_bytes([position as u8; 32]) }
}

#[test]
fn the_newest_record_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("head");
    let (file, none) = HeadFile::open(&path, Pace::AtOnce).unwrap();
    assert_eq!(none, None);
    for position in 1..=9 {
        file.record(head(position)).unwrap();
        if position % 2 == 0 {
            file.shared.sync().unwrap();
        }
        assert_eq!(HeadFile::open(&path, Pace::AtOnce).unwrap().1, Some(head(position)));
    }
    file.reset(head(3)).unwrap();
    assert_eq!(HeadFile::open(&path, Pace::AtOnce).unwrap().1, Some(head(3)));
}

#[test]
fn a_torn_record_leaves_the_newest_durable_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("head");
    for position in 1..=7 {
        let (file, _) = HeadFile::open(&path, Pace::AtOnce).unwrap();
        file.record(head(position)).unwrap();
        file.close().unwrap();
        file.record(head(position + 100)).unwrap();
        let slot = lock(&file.shared.state).slot * SLOT_BYTES;
        file.shared.file.write_at(&[0xff; 20], slot + 10).unwrap();
        assert_eq!(HeadFile::open(&path, Pace::AtOnce).unwrap().1, Some(head(position)));
    }
}

#[test]
fn a_file_that_was_cut_off_gets_its_length_and_keeps_its_record() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("head");
    for short in [0, 1, RECORD_BYTES as u64 - 1, SLOT_BYTES + 1] {
        std::fs::write(&path, vec![0; short as usize]).unwrap();
        assert_eq!(HeadFile::open(&path, Pace::AtOnce).unwrap().1, None, "{short}");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), SLOTS * SLOT_BYTES, "{short}");
    }
    std::fs::write(&path, encode(head(5))).unwrap();
    assert_eq!(HeadFile::open(&path, Pace::AtOnce).unwrap().1, Some(head(5)));
}

/// A file in memory that counts its syncs.
#[derive(Debug, Default)]
struct Counted {
    bytes: Mutex<Vec<u8>>,
    syncs: AtomicU32,
}

impl StoredFile for Counted {
    fn len(&self) -> Result<u64> {
        Ok(lock(&self.bytes).len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        buffer.copy_from_slice(&lock(&self.bytes)[offset as usize..][..buffer.len()]);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let mut all = lock(&self.bytes);
        let end = offset as usize + bytes.len();
        let length = all.len().max(end);
        all.resize(length, 0);
        all[offset as usize..end].copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn path(&self) -> &Path {
        Path::new("counted")
    }
}

#[test]
fn records_that_follow_each_other_are_synced_with_pauses() {
    let counted = Arc::<Counted>::default();
    let (file, _) = HeadFile::on(counted.clone(), Pace::AtOnce).unwrap();
    let started = Instant::now();
    let mut position = 0;
    // Long enough for the background to have had its turns, however busy the machine is.
    let done = || started.elapsed() > 3 * SYNC_PAUSE && counted.syncs.load(Ordering::Relaxed) > 2;
    while !done() && started.elapsed() < 500 * SYNC_PAUSE {
        position += 1;
        file.record(head(position)).unwrap();
        std::thread::yield_now();
    }
    let (syncs, pauses) =
        (counted.syncs.load(Ordering::Relaxed), started.elapsed().div_duration_f64(SYNC_PAUSE));
    // One of its creation, one at once, and one behind each pause.
    assert!(f64::from(syncs) <= 3.0 + pauses, "{syncs} syncs of {position} records in {pauses} pauses");
    assert!(syncs > 2, "{syncs} syncs");
    file.close().unwrap();
    assert_eq!(HeadFile::look_at(counted.as_ref()).unwrap(), Some(head(position)));
}

#[test]
fn a_record_becomes_durable_without_another_call() {
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = HeadFile::open(&dir.path().join("head"), Pace::AtOnce).unwrap();
    file.record(head(1)).unwrap();
    let mut state = lock(&file.shared.state);
    while state.dirty {
        drop(state);
        std::thread::yield_now();
        state = lock(&file.shared.state);
    }
}
