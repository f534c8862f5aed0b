//! Blocks come back as they were written, and damaged ones never as something else.

use bytes::Bytes;
use toka_vault_core::{
    ChainHash, Digest, Event, EventHash, EventHeader, EventId, Head, Kind, Parents, Payload, Position,
    Timestamp,
};

use super::decode::Record;
use super::{Block, Damage, EncodedBlock, Layout, Place, encode, record_range};
use crate::log::{Group, LogEnd};

const LAYOUT: Layout = Layout { block_bytes_max: 4_096, payload_inside_max: 1_024 };

fn event(number: u64, payload_bytes: usize) -> Event {
    let parents: Parents = (0..number % 3).map(|at| EventId::from_u128(u128::from(at))).collect();
    let kind = Kind::new(&format!("kind.{}", number % 4)).unwrap();
    let payload = Payload::encode(&"p".repeat(payload_bytes)).unwrap();
    let hash = EventHash::from_bytes(*Digest::of(&number.to_be_bytes()).as_bytes());
    let (id, time) = (EventId::from_u128(u128::from(number)), Timestamp::from_micros(-5).unwrap());
    Event::new(
        EventHeader::new(id, kind, time, parents, payload.digest(), hash, Position::new(number)),
        payload,
    )
}

fn group(payloads: &[usize]) -> Group {
    let events: Vec<Event> = (10..).zip(payloads).map(|(number, bytes)| event(number, *bytes)).collect();
    let head = Head { position: events.last().unwrap().position(), chain: ChainHash::EMPTY };
    Group { events, end: LogEnd { head, ..LogEnd::EMPTY }, owners: Vec::new() }
}

fn decode(blocks: &[EncodedBlock]) -> Vec<Event> {
    let mut events = Vec::new();
    for encoded in blocks {
        let block = Block::parse(Bytes::copy_from_slice(&encoded.bytes)).unwrap();
        assert_eq!(block.first(), encoded.first);
        let (mut next, mut outlined) = (block.cursor(block.first()), block.cursor(block.first()));
        for number in block.first().get()..=block.last().get() {
            let at = Position::new(number);
            assert_eq!(block.position(next), at);
            let record = block.next_record(&mut next).unwrap().unwrap();
            let (_, elsewhere) = block.next_outline(&mut outlined).unwrap();
            assert_eq!(elsewhere, block.payload(&record).err());
            let payload = block.payload(&record).unwrap_or_else(|elsewhere| {
                let bytes = match elsewhere.place {
                    Place::Outside(position) => {
                        assert_eq!(position, at);
                        encoded.outside.iter().find(|(outside, _)| *outside == at).unwrap().1.clone()
                    }
                    Place::With(owner) => payload_of(&events, owner),
                };
                assert_eq!(bytes.len(), elsewhere.length);
                Payload::from_stored(bytes, record.digest())
            });
            let event = record.into_event(payload);
            events.push(event);
        }
    }
    events
}

fn record(block: &Block, at: Position) -> Result<Record, Damage> {
    block.next_record(&mut block.cursor(at)).unwrap()
}

fn payload_of(events: &[Event], position: Position) -> Bytes {
    events.iter().find(|event| event.position() == position).unwrap().payload.bytes().clone()
}

#[test]
fn a_payload_that_an_earlier_event_has_takes_no_room() {
    let mut group = group(&[500, 2_000, 500, 2_000, 30]);
    let with = |number| Some(Position::new(number));
    group.owners = vec![None, None, with(10), with(11), None];
    let blocks = encode(&group, LAYOUT);
    assert_eq!(decode(&blocks), group.events);
    let bytes: usize = blocks.iter().map(|block| block.bytes.len()).sum();
    assert!(bytes < 1_400, "{bytes}");
    let outside = blocks.iter().flat_map(|block| &block.outside);
    assert_eq!(outside.map(|(position, _)| position.get()).collect::<Vec<_>>(), [11]);
}

#[test]
fn a_group_comes_back_as_it_was_written() {
    for payloads in [vec![0], vec![100; 50], vec![5_000], vec![10, 2_000, 10, 1_024, 1_000, 9_000, 1]] {
        let group = group(&payloads);
        let blocks = encode(&group, LAYOUT);
        assert_eq!(decode(&blocks), group.events, "{payloads:?}");
    }
}

#[test]
fn blocks_keep_to_their_size_and_only_the_last_ends_the_group() {
    let blocks = encode(&group(&[300; 100]), LAYOUT);
    assert!(blocks.len() > 1);
    let ends: Vec<bool> = blocks
        .iter()
        .map(|block| {
            assert!(block.bytes.len() <= LAYOUT.block_bytes_max);
            Block::parse(Bytes::copy_from_slice(&block.bytes)).unwrap().ends_group()
        })
        .collect();
    assert_eq!(ends.iter().filter(|ends| **ends).count(), 1);
    assert_eq!(ends.last(), Some(&true));
}

#[test]
fn every_flipped_bit_is_found_and_hides_no_more_than_its_record() {
    let group = group(&[40, 50, 60]);
    let encoded = encode(&group, LAYOUT).remove(0);
    for at in 0..encoded.bytes.len() * 8 {
        let mut bytes = encoded.bytes.clone();
        bytes[at / 8] ^= 1 << (at % 8);
        let Ok(mut block) = Block::parse(Bytes::from(bytes)) else { continue };
        // Looked at ahead or not, the same is found.
        if at % 2 == 0 {
            block = block.with_checked_records();
            block.decode_kinds();
        }
        let damaged = group.events.iter().filter(|event| match record(&block, event.position()) {
            Err(_) => true,
            Ok(record) => {
                let payload = block.payload(&record).unwrap();
                assert_eq!(record.into_event(payload), **event);
                false
            }
        });
        assert_eq!(damaged.count(), 1, "bit {at}");
    }
}

#[test]
fn every_cut_is_found() {
    let encoded = encode(&group(&[40, 50]), LAYOUT).remove(0);
    for length in 0..encoded.bytes.len() {
        let cut = Bytes::copy_from_slice(&encoded.bytes[..length]);
        let Ok(block) = Block::parse(cut) else { continue };
        assert!(record(&block, block.last()).is_err(), "{length}");
    }
}

#[test]
fn a_block_is_read_from_any_event_on_and_ends_behind_its_last() {
    let group = group(&[40, 50, 60, 70]);
    let encoded = encode(&group, LAYOUT).remove(0);
    let block = Block::parse(Bytes::from(encoded.bytes.clone())).unwrap();
    for event in &group.events {
        let at = event.position();
        assert_eq!(record(&block, at).unwrap().digest(), event.payload.digest());
        let range = record_range(&encoded.bytes, at).unwrap();
        assert_eq!(range.len(), block.next_outline(&mut block.cursor(at)).unwrap().0);
    }
    for at in [block.first().minus(1), block.last().next(), Position::new(u64::MAX)] {
        assert!(block.next_record(&mut block.cursor(at)).is_none(), "{at}");
        assert_eq!(record_range(&encoded.bytes, at), None, "{at}");
    }
}

#[test]
fn a_block_of_positions_that_there_are_not_is_malformed() {
    let parse = |numbers: &[u64]| {
        let events: Vec<Event> = numbers.iter().map(|number| event(*number, 1)).collect();
        let blocks = encode(&Group { events, end: LogEnd::EMPTY, owners: Vec::new() }, LAYOUT);
        Block::parse(Bytes::copy_from_slice(&blocks[0].bytes)).map(|block| (block.first(), block.last()))
    };
    let malformed = Err(Damage("its header is malformed"));
    assert_eq!(parse(&[0]), malformed);
    assert_eq!(parse(&[u64::MAX - 1, u64::MAX]), malformed);
    assert_eq!(parse(&[u64::MAX]), malformed);
    let newest = [u64::MAX - 2, u64::MAX - 1].map(Position::new);
    assert_eq!(parse(&newest.map(Position::get)), Ok((newest[0], newest[1])));
}
