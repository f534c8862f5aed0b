//! The newest record is found again, torn ones are not. `tests/engine/durability.rs` counts the syncs.

use super::*;
use crate::disk::{Acknowledged, Format, IfMissing, Tail, check_tail};
use crate::log::LogEnd;

fn head(position: u64) -> Head {
    Head { position: Position::new(position), chain: ChainHash::from_bytes([position as u8; 32]) }
}

fn open(path: &Path) -> Result<(HeadFile, Option<Head>)> {
    HeadFile::on(real::open_or_create(path)?, Pace::AtOnce)
}

#[test]
fn the_newest_record_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("head");
    let (file, none) = open(&path).unwrap();
    assert_eq!(none, None);
    for position in 1..=9 {
        file.record(head(position)).unwrap();
        if position % 2 == 0 {
            file.shared.sync().unwrap();
        }
        assert_eq!(open(&path).unwrap().1, Some(head(position)));
    }
    file.reset(head(3)).unwrap();
    assert_eq!(open(&path).unwrap().1, Some(head(3)));
}

#[test]
fn a_torn_record_leaves_the_newest_durable_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("head");
    for position in 1..=7 {
        let (file, _) = open(&path).unwrap();
        file.record(head(position)).unwrap();
        file.close().unwrap();
        file.record(head(position + 100)).unwrap();
        let slot = lock(&file.shared.state).slot * SLOT_BYTES;
        file.shared.file.write_at(&[0xff; 20], slot + 10).unwrap();
        assert_eq!(open(&path).unwrap().1, Some(head(position)));
    }
}

#[test]
fn a_file_that_was_cut_off_gets_its_length_and_keeps_its_record() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("head");
    for short in [0, 1, RECORD_BYTES as u64 - 1, SLOT_BYTES + 1] {
        std::fs::write(&path, vec![0; short as usize]).unwrap();
        assert_eq!(open(&path).unwrap().1, None, "{short}");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), SLOTS * SLOT_BYTES, "{short}");
    }
    std::fs::write(&path, encode(head(5))).unwrap();
    assert_eq!(open(&path).unwrap().1, Some(head(5)));
}

#[test]
fn a_vault_that_has_lost_its_record_is_told_and_gets_one_where_the_loss_is_accepted() {
    let temporary = tempfile::tempdir().unwrap();
    let format = Format { backend: "test", version: 1, parts: &["head"] };
    let mut dir = VaultDir::open(temporary.path(), format, IfMissing::Create).unwrap();
    let open = |dir: &VaultDir, tail_loss| HeadFile::open(dir, "head", Pace::Relaxed, tail_loss);
    drop(open(&dir, TailLoss::Refuse).unwrap());
    let path = dir.part("head");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), SLOTS * SLOT_BYTES, "before the vault counts as one");
    dir.finish().unwrap();
    assert_eq!(open(&dir, TailLoss::Refuse).unwrap().1, None, "it has not acknowledged anything");
    let damages: [fn(&Path); 3] = [
        |path| std::fs::remove_file(path).unwrap(),
        |path| std::fs::write(path, b"").unwrap(),
        |path| std::fs::write(path, encode(head(5))).unwrap(),
    ];
    for damage in damages {
        damage(&path);
        let before = std::fs::read(&path).ok();
        assert!(matches!(open(&dir, TailLoss::Refuse), Err(Error::Damaged { .. })));
        assert!(matches!(HeadFile::open_to_look(&path), Err(Error::Damaged { .. })));
        assert_eq!(std::fs::read(&path).ok(), before);
        // Whoever accepts a loss and then does not open the vault after all has not accepted it.
        drop(open(&dir, TailLoss::Accept).unwrap());
        assert!(matches!(open(&dir, TailLoss::Refuse), Err(Error::Damaged { .. })));
        let (file, found) = open(&dir, TailLoss::Accept).unwrap();
        let end = LogEnd { head: head(7), ..LogEnd::EMPTY };
        let acknowledged = Acknowledged { head: found, durable: Position::ZERO };
        let tail = check_tail(temporary.path(), &end, acknowledged, TailLoss::Accept, &file).unwrap();
        assert_eq!(tail, Tail::Short);
        file.reset(end.head).unwrap();
        drop(file);
        assert_eq!(open(&dir, TailLoss::Refuse).unwrap().1, Some(head(7)));
    }
}

#[test]
fn a_record_becomes_durable_without_another_call() {
    let dir = tempfile::tempdir().unwrap();
    let (file, _) = open(&dir.path().join("head")).unwrap();
    file.record(head(1)).unwrap();
    let mut state = lock(&file.shared.state);
    while state.dirty {
        drop(state);
        std::thread::yield_now();
        state = lock(&file.shared.state);
    }
}
