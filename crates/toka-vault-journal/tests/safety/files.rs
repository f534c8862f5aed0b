//! Files that are not as they should be: each is told by an error of its own, and nothing is changed.

use std::fs;
use std::path::{Path, PathBuf};

use futures::StreamExt;
use futures::executor::block_on;
use toka_vault_core::{Error, Event, EventStore, Remedy, ReplayOptions};
use toka_vault_journal::{IfMissing, JournalOptions, JournalVault, TailLoss};
use toka_vault_testkit::events::{batch, event, fill, history, number, numbers};

/// Makes a closed vault with the events 1 to `count` in small segments.
pub(crate) fn filled(path: &Path, count: u64) -> Vec<PathBuf> {
    let vault = open(path).unwrap();
    block_on(fill(&vault, count));
    block_on(vault.close()).unwrap();
    drop(vault);
    segments(path)
}

pub(crate) fn open(path: &Path) -> Result<JournalVault, Error> {
    JournalVault::open_with(path, JournalOptions::new().with_segment_bytes(64 << 10))
}

pub(crate) fn segments(path: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(path.join("journal")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Returns all that is in the vault's journal.
fn content(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    segments(path).into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

#[test]
fn where_creation_is_refused_nothing_is_made_and_a_vault_that_is_there_is_opened() {
    let open =
        |path: &Path| JournalVault::open_with(path, JournalOptions::new().with_if_missing(IfMissing::Refuse));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    for none in [dir.path(), &path] {
        assert!(matches!(open(none), Err(Error::NoVault { .. })));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    drop(JournalVault::open(&path).unwrap());
    drop(open(&path).unwrap());
}

#[test]
fn a_segment_that_is_missing_or_empty_in_the_middle_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let files = filled(&path, 2_000);
    assert!(files.len() > 3, "{files:?}");
    let kept = fs::read(&files[1]).unwrap();
    for damage in [|file: &Path| fs::remove_file(file).unwrap(), |file: &Path| fs::write(file, b"").unwrap()]
    {
        damage(&files[1]);
        let before = content(&path);
        match open(&path) {
            Err(Error::Damaged { path: named, .. }) => assert_eq!(named, files[1]),
            other => panic!("{other:?}"),
        }
        assert_eq!(content(&path), before);
        fs::write(&files[1], &kept).unwrap();
    }
    let vault = open(&path).unwrap();
    assert_eq!(numbers(&block_on(history(&vault))).len(), 2_000);
}

#[test]
fn a_lost_tail_is_told_and_can_be_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let files = filled(&path, 2_000);
    fs::remove_file(files.last().unwrap()).unwrap();
    let before = content(&path);
    // However the vault is named, an error names it as it names the files in it.
    for opened in
        [open(&path), open(&path.join("../vault")), JournalVault::open_read_only(path.join("../vault"))]
    {
        let Err(Error::TailLost { path: named, .. }) = opened else { panic!("{opened:?}") };
        assert_eq!(named, path.canonicalize().unwrap());
    }
    assert_eq!(content(&path), before);
    let accepting = JournalOptions::new().with_tail_loss(TailLoss::Accept);
    let vault = JournalVault::open_with(&path, accepting).unwrap();
    let left = numbers(&block_on(history(&vault)));
    assert!(!left.is_empty() && left.len() < 2_000, "{}", left.len());
    assert!(left.iter().zip(1..).all(|(number, due)| *number == due));
    block_on(vault.close()).unwrap();
    drop(vault);
    assert_eq!(numbers(&block_on(history(&open(&path).unwrap()))), left);
}

/// Holds what can be read of a vault against its numbers; returns how many events cannot be read, all of which
/// are told.
fn unreadable(vault: &JournalVault, numbers: &[u64]) -> u64 {
    assert_eq!(block_on(vault.head()).unwrap().position.get(), numbers.len() as u64);
    let replayed = block_on(vault.replay(ReplayOptions::new()).collect::<Vec<Result<Event, Error>>>());
    let (mut next, mut hidden) = (1, 0);
    for item in replayed {
        match item {
            Ok(event) => {
                assert_eq!((event.position().get(), number(&event)), (next, numbers[next as usize - 1]));
                next += 1;
            }
            Err(Error::Corrupt { first, last, .. }) => {
                assert_eq!(first.get(), next);
                hidden += last.get() + 1 - first.get();
                next = last.get() + 1;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(next, numbers.len() as u64 + 1, "nothing is told of the rest");
    hidden
}

#[test]
fn a_flipped_bit_in_the_last_batch_of_a_closed_vault_hides_no_more_than_a_frame() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let vault = JournalVault::open(&path).unwrap();
    block_on(vault.commit(event(1))).unwrap();
    block_on(vault.commit_batch(batch(10..4_010))).unwrap();
    block_on(vault.close()).unwrap();
    drop(vault);
    let numbers: Vec<u64> = std::iter::once(1).chain(10..4_010).collect();
    let file = segments(&path).remove(0);
    let bytes = fs::read(&file).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    assert!(used > 20 * 16_384, "the batch has many frames");
    let mut most = 0;
    for at in (4_096..used).step_by(9_973).chain([used - 100]) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        fs::write(&file, flipped).unwrap();
        let hidden = unreadable(&JournalVault::open_read_only(&path).unwrap(), &numbers);
        assert_eq!(unreadable(&JournalVault::open(&path).unwrap(), &numbers), hidden, "byte {at}");
        most = most.max(hidden);
    }
    assert!((1..200).contains(&most), "{most} events");
}

#[test]
fn a_vault_without_its_head_record_is_not_taken_for_one_that_acknowledged_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let files = filled(&path, 2_000);
    // The record could have told of this.
    fs::remove_file(files.last().unwrap()).unwrap();
    let head = path.join("head");
    let damages: [fn(&Path); 2] = [
        |head| fs::write(head, &fs::read(head).unwrap()[..5_000]).unwrap(),
        |head| fs::remove_file(head).unwrap(),
    ];
    for damage in damages {
        damage(&head);
        let before = (content(&path), fs::read(&head).ok());
        for opened in [open(&path), JournalVault::open_read_only(&path)] {
            let Err(Error::Damaged { path: named, remedy, .. }) = opened else { panic!("{opened:?}") };
            assert_eq!((named, remedy), (head.clone(), Remedy::AcceptTailLoss));
        }
        assert_eq!((content(&path), fs::read(&head).ok()), before);
    }
    let accepting = JournalOptions::new().with_tail_loss(TailLoss::Accept);
    let left = block_on(history(&JournalVault::open_with(&path, accepting).unwrap())).len();
    assert!(left < 2_000);
    for vault in [open(&path).unwrap(), JournalVault::open_read_only(&path).unwrap()] {
        assert_eq!(block_on(history(&vault)).len(), left);
    }
}

#[test]
fn a_folder_of_others_a_file_and_a_vault_of_another_back_end_stay_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"mine").unwrap();
    let folder = dir.path().join("folder");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("letter"), b"dear").unwrap();
    for path in [&file, &folder] {
        assert!(matches!(open(path), Err(Error::NotAVault { .. })), "{path:?}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    let vault = dir.path().join("vault");
    filled(&vault, 1);
    fs::write(vault.join("format"), "toka-vault\nbackend sled\nformat 1\n").unwrap();
    assert!(matches!(open(&vault), Err(Error::NotAVault { .. })));
    fs::write(vault.join("format"), "toka-vault\nbackend journal\nformat 2\n").unwrap();
    assert!(matches!(open(&vault), Err(Error::NewerFormat { found: 2, supported: 1, .. })));
}

#[test]
fn a_vault_is_open_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let vault = open(&path).unwrap();
    assert!(matches!(open(&path), Err(Error::Locked { .. })));
    drop(vault);
    assert!(open(&path).is_ok());
}

#[test]
fn the_segment_ahead_goes_with_the_vault() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    assert_eq!(filled(&path, 1).len(), 1);
}
