//! [`Sample`]: small vaults on a journal, whose files the targets forge.
//!
//! Keeps the invariant that a sample is the same in each process: its ids, times and salts come from a
//! [`Seeded`] clock, and nothing of it depends on which thread is first.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use futures::TryStreamExt;
use futures::executor::block_on;
use toka_vault::{
    Compression, Event, EventId, JournalOptions, LocalVault, NewEvent, ReplayOptions, Timestamp,
};
use toka_vault_journal::fuzzing;
use toka_vault_testkit::sim::SimDirectory;

use crate::clock::Seeded;
use crate::fields::{Fields, frames};
use crate::files::{Files, load};
use crate::numbers::{number, put};

/// Bytes of a segment, so that a sample has several.
const SEGMENT_BYTES: u64 = 64 << 10;

/// The id that an event of each sample brings.
const BROUGHT: EventId = EventId::from_u128(77);

/// A vault that is closed.
pub struct Sample {
    /// Its files.
    pub files: Files,
    /// Where their fields are, by their paths.
    pub fields: Vec<(String, Fields)>,
    /// Where the frames of its segments are.
    pub frames: BTreeMap<String, Vec<usize>>,
    /// Its events.
    pub events: Vec<Event>,
}

/// Returns the samples: a few events in one segment, and many in several with files in their indexes, each as it
/// is and compressed; and none. What is compressed is less, for it takes longest.
pub fn samples() -> &'static [Sample] {
    static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| {
        let plain = Compression::None;
        let made =
            [(1, plain, 1), (2, plain, 4), (3, Compression::Lz4, 1), (4, Compression::Lz4, 2), (5, plain, 0)];
        made.into_iter().map(|(seed, compression, lives)| Sample::new(seed, compression, lives)).collect()
    });
    &SAMPLES
}

/// Returns options for segments as small as can be.
pub fn options() -> JournalOptions {
    JournalOptions::new().with_segment_bytes(SEGMENT_BYTES)
}

impl Sample {
    /// Opens a vault so many times, and commits something each time.
    fn new(seed: u64, compression: Compression, lives: u32) -> Self {
        let directory = SimDirectory::default();
        let options = options().with_compression(compression);
        let mut events = Vec::new();
        // A vault that never had an event was opened all the same.
        for life in 0..lives.max(1) {
            let clock = Arc::new(Seeded::new(seed << 4 | u64::from(life)));
            let vault = fuzzing::open(&directory, &options, clock).unwrap();
            events = block_on(async {
                match life {
                    _ if lives == 0 => {}
                    0 => few(&vault).await,
                    _ => many(&vault, life).await,
                }
                let events = vault.replay(ReplayOptions::new()).try_collect().await.unwrap();
                vault.close().await.unwrap();
                events
            });
        }
        let mut files = load(&directory);
        files.entry("head".to_owned()).and_modify(|head| *head = newest_record(head));
        Self::of(files, events)
    }

    fn of(files: Files, events: Vec<Event>) -> Self {
        let fields = files.iter().map(|(name, bytes)| (name.clone(), Fields::of(name, bytes)));
        let segments = files.iter().filter(|(name, _)| name.ends_with(".segment"));
        let frames = segments.map(|(name, bytes)| (name.clone(), frames(bytes))).collect();
        Self { fields: fields.collect(), frames, events, files }
    }
}

/// Returns the record of the head that counts, alone and in the first slot: how many there are depends on how fast
/// the machine is.
fn newest_record(head: &[u8]) -> Vec<u8> {
    let slots = head.chunks(4_096).filter(|slot| slot.starts_with(b"TVH1"));
    let newest = slots.max_by_key(|slot| number(slot, 8, 8));
    let mut alone = vec![0; head.len()];
    put(&mut alone, 0, newest.and_then(|slot| slot.get(..48)).unwrap_or_default());
    alone
}

/// Commits events of each kind that a record can be.
async fn few(vault: &LocalVault) {
    let asked = vault.commit_json("user.asked", "When?", &[]).await.unwrap();
    let content = ("At nine.", 1.5, [Some(1), None], true);
    let said = vault.commit_json("agent.said", content, &[asked.id]).await.unwrap();
    let batch = (0..4_u32).map(|tool| event(&format!("agent.tool.k{tool}"), "i", &[asked.id, said.id]));
    let tools = vault.commit_batch(batch.collect()).await.unwrap();
    // One payload for two events.
    let long = "p".repeat(600);
    vault.commit(event("x", &long, &[tools[1].id])).await.unwrap();
    let brought = event("x", &long, &[]).with_id(BROUGHT);
    vault.commit(brought.with_timestamp(Timestamp::from_micros(-5).unwrap())).await.unwrap();
    vault.commit(NewEvent::new("y.z", ()).unwrap().with_parents(&[BROUGHT])).await.unwrap();
}

/// Commits so many events that indexes get files, and so large ones that segments get full.
async fn many(vault: &LocalVault, life: u32) {
    let mut last = vec![BROUGHT];
    for round in 0..2 {
        let text = |number: u32| -> String {
            let letter = |at: u32| char::from(b'a' + ((at * (number + 3) + round + 5 * life) % 23) as u8);
            if number.is_multiple_of(3) { "shared".repeat(200) } else { (0..1_500).map(letter).collect() }
        };
        let batch = (0..12).map(|number| event(&format!("batch.k{}", number % 5), &text(number), &last));
        let headers = vault.commit_batch(batch.collect()).await.unwrap();
        last = vec![headers[0].id, headers[11].id];
    }
}

fn event(kind: &str, payload: &str, parents: &[EventId]) -> NewEvent {
    NewEvent::new(kind, payload).unwrap().with_parents(parents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_all_that_can_be_forged() {
        let events: Vec<_> = samples().iter().map(|sample| sample.events.len()).collect();
        assert_eq!(events, [9, 81, 9, 33, 0]);
        for sample in &samples()[1..4] {
            assert!(sample.files.contains_key("head"));
        }
        let names: Vec<_> = samples()[1].files.keys().filter(|name| name.starts_with("index/")).collect();
        assert!(names.iter().any(|name| name.ends_with(".ids")), "{names:?}");
        assert!(names.iter().any(|name| name.ends_with(".postings")), "{names:?}");
        assert!(samples()[1].frames.len() >= 3);
    }

    #[test]
    fn a_sample_is_the_same_again() {
        let again = Sample::new(2, Compression::None, 4);
        for (name, bytes) in &samples()[1].files {
            let differs =
                again.files.get(name).into_iter().flatten().zip(bytes).position(|(one, other)| one != other);
            assert_eq!(differs, None, "another process forges another {name}");
        }
        assert!(again.files == samples()[1].files, "another process forges something else");
    }
}
