//! The newest record is found again, torn ones are not. `tests/durability.rs` counts the syncs.

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
