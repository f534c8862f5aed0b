//! Files that are written again: in steps, and over sectors that the disk has lost.

use toka_vault_engine::disk::{Directory, write_again};
use toka_vault_testkit::sim::{Change, SimDirectory};

/// Most bytes that may be in memory.
const STEP_BYTES: usize = 1 << 20;

/// Bytes that a disk loses together.
const SECTOR_BYTES: usize = 512;

#[test]
fn each_byte_is_written_again_in_steps_but_for_those_that_cannot_be_read() {
    let bytes: Vec<u8> = (0..STEP_BYTES * 5 / 2).map(|at| (at % 251) as u8).collect();
    let directory = SimDirectory::default();
    let file = directory.create("file").unwrap();
    file.write_at(&bytes, 0).unwrap();
    let lost = STEP_BYTES + 3 * SECTOR_BYTES;
    directory.lose_sector("file", lost as u64);
    let before = directory.change_count();
    let from = 100;
    write_again(file.as_ref(), from as u64..bytes.len() as u64).unwrap();

    let (mut at, mut gaps) = (from, Vec::new());
    for change in &directory.changes()[before..] {
        let Change::Write(_, offset, written) = change else { panic!("{change:?}") };
        let offset = *offset as usize;
        assert!(written.len() <= STEP_BYTES);
        assert!(written[..] == bytes[offset..offset + written.len()], "other bytes at {offset}");
        if offset != at {
            gaps.push((at, offset));
        }
        at = offset + written.len();
    }
    assert_eq!(at, bytes.len());
    assert_eq!(gaps, [(lost, lost + SECTOR_BYTES)]);
}
