//! Headers that are looked up: the payload of such an event is not read.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::executor::block_on;
use toka_vault_core::{Digest, Error, EventStore, Head, Payload, Position, Result};
use toka_vault_engine::block::{Block, EncodedBlock, Layout, encode};
use toka_vault_engine::disk::Directory;
use toka_vault_engine::{
    Chunk, EngineOptions, Group, Index, LocalVault, Log, LogEnd, ReadBudget, Unappended, open_threaded,
};
use toka_vault_testkit::assert_error;
use toka_vault_testkit::events::sized;
use toka_vault_testkit::runner::watched;
use toka_vault_testkit::sim::SimDirectory;

const LAYOUT: Layout = Layout { block_bytes_max: 16 << 10, payload_inside_max: 100 };

/// Keeps blocks in memory, as if they were those of a file, and notes how many bytes of payloads are read that are
/// not in one. The last byte of each can be damaged, and the first can be given in the place of the others.
#[derive(Default)]
struct Blocks {
    stored: Mutex<Vec<EncodedBlock>>,
    payload_bytes: Arc<AtomicUsize>,
    is_damaged: Arc<AtomicBool>,
    gives_first: Arc<AtomicBool>,
}

impl Log for Blocks {
    fn append(&self, group: &mut Group) -> Result<(), Unappended> {
        self.stored.lock().unwrap().extend(encode(group, LAYOUT));
        Ok(())
    }

    fn sync(&self, _: Head) -> Result<()> {
        Ok(())
    }

    fn read(&self, from: Position, mut budget: ReadBudget) -> Result<Chunk> {
        let (stored, mut chunk) = (self.stored.lock().unwrap(), Chunk::default());
        let gives_first = self.gives_first.load(Ordering::Relaxed);
        let has_it =
            |encoded: &&EncodedBlock| encoded.first <= if gives_first { Position::FIRST } else { from };
        let Some(encoded) = stored.iter().rfind(has_it) else { return Ok(chunk) };
        let mut bytes = encoded.bytes.to_vec();
        *bytes.last_mut().unwrap() ^= u8::from(self.is_damaged.load(Ordering::Relaxed));
        let file = SimDirectory::default().create("1.segment")?;
        let block = Block::parse(Bytes::from(bytes)).unwrap().at(file, 4_096);
        if block.last() >= from || gives_first {
            let read = |bytes: &Bytes| {
                self.payload_bytes.fetch_add(bytes.len(), Ordering::Relaxed);
                Ok(Payload::from_stored(bytes.clone(), Digest::of(bytes)))
            };
            chunk.push_block(block, from, &mut budget, &|_| read(&encoded.outside[0].1))?;
        }
        Ok(chunk)
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

fn open(log: Blocks) -> LocalVault {
    let index = Index::in_memory(&log, Position::ZERO).unwrap();
    open_threaded(log, LogEnd::EMPTY, index, &EngineOptions::default()).unwrap()
}

#[test]
fn the_payload_of_an_event_whose_header_is_looked_up_is_not_read() {
    watched(|| {
        let log = Blocks::default();
        let read = log.payload_bytes.clone();
        let vault = open(log);
        let headers: Vec<_> = [10, 5_000].map(|size| block_on(vault.commit(sized(size))).unwrap()).into();
        for header in &headers {
            let store: &dyn EventStore = &vault;
            assert_eq!(block_on(store.header(header.id)).unwrap().as_ref(), Some(header));
        }
        assert_eq!(read.load(Ordering::Relaxed), 0);
        let event = block_on(vault.get(headers[1].id)).unwrap().unwrap();
        assert_eq!(read.load(Ordering::Relaxed), event.payload.bytes().len());
    });
}

#[test]
fn a_header_that_is_damaged_is_told_with_its_place_as_its_event_is() {
    watched(|| {
        let log = Blocks::default();
        let is_damaged = log.is_damaged.clone();
        let vault = open(log);
        let id = block_on(vault.commit(sized(10))).unwrap().id;
        is_damaged.store(true, Ordering::Relaxed);
        let place = "segment 1.segment at byte 4096: ";
        assert_error!(block_on(vault.header(id)), Error::Corrupt { reason, .. } if reason.starts_with(place));
        assert_error!(block_on(vault.get(id)), Error::Corrupt { reason, .. } if reason.starts_with(place));
    });
}

#[test]
fn an_event_that_the_block_in_its_place_does_not_have_is_damaged_and_so_is_its_header() {
    watched(|| {
        let log = Blocks::default();
        let gives_first = log.gives_first.clone();
        let vault = open(log);
        let headers = [10, 11].map(|size| block_on(vault.commit(sized(size))).unwrap());
        gives_first.store(true, Ordering::Relaxed);
        assert_eq!(block_on(vault.header(headers[0].id)).unwrap().as_ref(), Some(&headers[0]));
        let (id, at) = (headers[1].id, headers[1].position);
        let told = "segment 1.segment at byte 4096: its block does not have it";
        let is_told = |first, last, reason: &str| (first, last, reason) == (at, at, told);
        assert_error!(block_on(vault.header(id)), Error::Corrupt { first, last, reason } if is_told(first, last, &reason));
        assert_error!(block_on(vault.get(id)), Error::Corrupt { first, last, reason } if is_told(first, last, &reason));
    });
}
