//! Feeds [`Block`] bytes: those of the input, with checksums that fit, or a block that was forged.
//!
//! Nothing panics. Events stand at consecutive positions of the block, and one that is read alone is the one that is
//! read with the others, or both are damaged.

#![no_main]

use bytes::Bytes;
use toka_vault::{Error, Event, Payload, Position, Result};
use toka_vault_engine::block::{Block, Elsewhere, record_range};
use toka_vault_engine::{Chunk, ReadBudget};
use toka_vault_fuzz::forge::forge_block;
use toka_vault_fuzz::input::Input;
use toka_vault_fuzz::samples::samples;
use toka_vault_fuzz::seal::{Seal, Sealing};

/// Most events that are read one by one.
const ALONE_MAX: usize = 64;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((mode, data)) = data.split_first() else { return };
    let mut bytes = data.to_vec();
    match mode % 3 {
        0 => {}
        1 => Seal::new(Sealing::Checksums, 0, false).block(&mut bytes),
        _ => {
            let mut input = Input::new(data);
            bytes = whole(&mut input);
            forge_block(&mut bytes, &mut input);
        }
    }
    for position in [0, 1, 5, u64::MAX] {
        if let Some(range) = record_range(&bytes, Position::new(position)) {
            assert!(range.start <= range.end);
        }
    }
    let bytes = Bytes::from(bytes);
    if let Ok(block) = Block::parse(bytes.clone()) {
        check(block, &|| Block::parse(bytes.clone()).unwrap());
    }
});

/// Chooses a block of a sample.
fn whole(input: &mut Input<'_>) -> Vec<u8> {
    let frames = samples().iter().flat_map(|sample| {
        let frame = |(name, at): (&String, usize)| {
            let bytes = &sample.files[name];
            let length = u32::from_be_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
            bytes.get(at + 32..at + 32 + length)
        };
        let all = sample.frames.iter().flat_map(|(name, frames)| frames.iter().map(move |at| (name, *at)));
        all.filter_map(frame)
    });
    let blocks: Vec<_> = frames.filter(|block| block.starts_with(b"TVB1")).collect();
    input.of(&blocks).map(|block| block.to_vec()).unwrap_or_default()
}

/// Reads all events of a block together and each alone; `another` parses the block once more.
fn check(block: Block, another: &dyn Fn() -> Block) {
    let (first, last) = (block.first(), block.last());
    assert!(Position::FIRST <= first && first <= last);
    let is_whole = block.is_whole();
    let together = read(block.with_checked_records(), first, usize::MAX);
    for (index, event) in together.iter().enumerate() {
        if let Ok(event) = event {
            assert_eq!(event.position(), first.plus(index as u64));
            assert!(!format!("{event} {event:?}").is_empty());
        }
    }
    for (index, event) in together.iter().enumerate().take(ALONE_MAX) {
        let alone = read(another(), first.plus(index as u64), 1);
        let alone = alone.first().and_then(|alone| alone.as_ref().ok());
        assert_eq!(alone, event.as_ref().ok(), "alone and together at {index}");
    }
    assert!(!is_whole || together.len() as u64 == last.get() - first.get() + 1);
}

/// Reads events of a block from one on.
fn read(block: Block, first: Position, events: usize) -> Vec<Result<Event>> {
    let elsewhere = |elsewhere: Elsewhere| -> Result<Payload> {
        Err(Error::corrupt(first, format!("nothing is elsewhere: {elsewhere:?}")))
    };
    let mut chunk = Chunk::default();
    let mut budget = ReadBudget::new(events, usize::MAX);
    match chunk.push_block(block, first, &mut budget, &elsewhere) {
        Ok(_) => chunk.collect(),
        Err(error) => vec![Err(error)],
    }
}
