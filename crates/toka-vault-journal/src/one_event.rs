//! [`Segment::read_event`]: as much of a frame as one of its events needs.
//!
//! A frame has many events, and to copy all of them out of the system's cache was a quarter of the cost of
//! reading one (measured). Its front says where the record of each lies.
//!
//! Keeps the invariant that something is left out only where the header of a frame is proven to stand there
//! and says that the frame has the event: then nobody looks behind it. Whoever looks for damage, or for the
//! next frame, reads everything.

use std::ops::Range;

use toka_vault_core::{Position, Result};
use toka_vault_engine::block::record_range;

use crate::compression::Compression;
use crate::frame::HEADER_BYTES;
use crate::segment::Segment;

/// Bytes of a frame's front that are read at once. Few blocks have a longer header.
const FRONT_BYTES: usize = if cfg!(test) { 512 } else { 2 << 10 };

impl Segment {
    /// Fills a buffer from `at` on, where a frame should start, with what the event at `position` needs. Where
    /// that frame has the event, all else may be left out of it and of those behind it, and the bytes there
    /// mean nothing.
    pub(crate) fn read_event(&self, buffer: &mut [u8], at: u64, position: Position) -> Result<()> {
        // To read twice pays where that leaves out more than is read.
        if buffer.len() <= 2 * FRONT_BYTES {
            return self.file.read_at(buffer, at);
        }
        let (front, behind) = buffer.split_at_mut(FRONT_BYTES);
        self.file.read_at(front, at)?;
        let told = self.behind_front(front, at, position);
        let needed = told.filter(|needed| needed.end <= behind.len()).unwrap_or(0..behind.len());
        let start = at + (FRONT_BYTES + needed.start) as u64;
        match behind.get_mut(needed) {
            None | Some([]) => Ok(()),
            Some(needed) => self.file.read_at(needed, start),
        }
    }

    /// Returns where the record of an event lies behind the front of its frame, as far as it does; `None`
    /// where the front does not tell.
    fn behind_front(&self, front: &[u8], at: u64, position: Position) -> Option<Range<usize>> {
        let frame = self.frame_header(at, front)?;
        // What the block says is not proven yet, so whether it has the event is asked of the frame: else a
        // damaged block could claim it, and the frame behind that has it would be left out.
        if frame.compression != Compression::None || !(frame.first..=frame.last()).contains(&position) {
            return None;
        }
        let record = record_range(front.get(HEADER_BYTES..)?, position)?;
        let behind = |place: usize| place.saturating_add(HEADER_BYTES).saturating_sub(FRONT_BYTES);
        Some(behind(record.start)..behind(record.end))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use toka_vault_core::{
        ChainHash, Error, Event, EventHash, EventHeader, EventId, Head, Payload, Timestamp,
    };
    use toka_vault_engine::block::{Block, Layout, encode};
    use toka_vault_engine::disk::StoredFile;
    use toka_vault_engine::{Chunk, Group, LogEnd, ReadBudget};

    use super::*;
    use crate::frame::{self, NewFrame};
    use crate::frame_index::FrameIndex;
    use crate::pool::{BUFFER_BYTES, Pool};
    use crate::segment_header::{PAGE_BYTES, SegmentHeader};

    /// Notes how many bytes are read of it.
    #[derive(Debug)]
    struct Noting(Vec<u8>, Mutex<usize>);

    impl StoredFile for Noting {
        fn len(&self) -> Result<u64> {
            Ok(self.0.len() as u64)
        }

        fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
            *self.1.lock().unwrap() += buffer.len();
            buffer.copy_from_slice(&self.0[offset as usize..][..buffer.len()]);
            Ok(())
        }

        fn write_at(&self, _: &[u8], _: u64) -> Result<()> {
            Ok(())
        }

        fn sync(&self) -> Result<()> {
            Ok(())
        }

        fn path(&self) -> &Path {
            Path::new("noting")
        }
    }

    fn event(number: u64) -> Event {
        let payload = Payload::encode(&"p".repeat(100 + number as usize)).unwrap();
        let hash = EventHash::from_bytes([number as u8; 32]);
        let (id, kind) = (EventId::from_u128(number.into()), "one.event".parse().unwrap());
        let (digest, at) = (payload.digest(), Position::new(number));
        Event::new(EventHeader::new(id, kind, Timestamp::EPOCH, [].into(), digest, hash, at), payload)
    }

    /// Returns a segment with a frame for each of these runs of events, and the file.
    fn segment(runs: &[&[Event]], compression: Compression) -> (Segment, Arc<Noting>) {
        let header = SegmentHeader { vault: 1, number: 0, salt: 7, before: LogEnd::EMPTY };
        let mut bytes = header.page();
        for events in runs {
            let head = Head { position: events.last().unwrap().position(), chain: ChainHash::EMPTY };
            let end = LogEnd { head, ..LogEnd::EMPTY };
            let group = Group { events: events.to_vec(), end, owners: Vec::new() };
            let layout = Layout { block_bytes_max: 16 << 10, payload_inside_max: 1 << 10 };
            let block = encode(&group, layout).remove(0);
            let frame = NewFrame {
                block: &block.bytes,
                compression,
                count: events.len() as u32,
                first: block.first,
                synced: Position::ZERO,
            };
            let offset = bytes.len() as u64;
            frame::write(&mut bytes, &frame::Salted::new(7), offset, frame);
        }
        on(bytes)
    }

    /// Returns a segment of these bytes, and the file.
    fn on(bytes: Vec<u8>) -> (Segment, Arc<Noting>) {
        let header = SegmentHeader { vault: 1, number: 0, salt: 7, before: LogEnd::EMPTY };
        let file = Arc::new(Noting(bytes, Mutex::default()));
        (Segment::new(file.clone(), header), file)
    }

    /// Reads an event, as far as it can be read, and returns how many bytes that took.
    fn read(segment: &Segment, file: &Noting, at: Position) -> (Option<Event>, usize) {
        let pool = Pool::default();
        let (from, limit) = (PAGE_BYTES as u64, file.0.len() as u64);
        // What a buffer has from an earlier use must not count.
        let fill = |buffer: &mut [u8]| {
            buffer.fill(0xEE);
            Ok(())
        };
        drop(pool.filled(BUFFER_BYTES, fill).unwrap());
        let before = *file.1.lock().unwrap();
        let mut walk = segment.walk(&pool, from, limit, limit as usize).for_event(at);
        let frame = std::iter::from_fn(|| walk.next().unwrap()).find(|frame| frame.header.last() >= at);
        let event = frame.and_then(|frame| {
            let mut chunk = Chunk::default();
            let block = Block::parse(frame.stored).ok()?;
            let mut one = ReadBudget::ONE;
            chunk.push_block(block, at, &mut one, &|_| Err(Error::Closed)).unwrap();
            chunk.next()?.ok()
        });
        (event, *file.1.lock().unwrap() - before)
    }

    #[test]
    fn one_event_of_a_frame_takes_its_front_and_itself() {
        let events: Vec<Event> = (1..=20).map(event).collect();
        let (segment, file) = segment(&[&events], Compression::None);
        for event in &events {
            let (found, bytes) = read(&segment, &file, event.position());
            assert_eq!(found.as_ref(), Some(event));
            assert!(bytes < FRONT_BYTES + 400, "{bytes} bytes");
        }
    }

    #[test]
    fn what_is_compressed_or_not_in_the_frame_takes_all_of_it() {
        let events: Vec<Event> = (1..=20).map(event).collect();
        let (packed, file) = segment(&[&events], Compression::Lz4);
        assert_eq!(read(&packed, &file, Position::new(1)).1, file.0.len() - PAGE_BYTES);
        let (other, file) = segment(&[&events], Compression::None);
        assert_eq!(read(&other, &file, Position::new(21)).1, file.0.len() - PAGE_BYTES);
    }

    #[test]
    fn a_damaged_front_is_told_wherever_it_leads() {
        let events: Vec<Event> = (1..=20).map(event).collect();
        let (_, whole) = segment(&[&events], Compression::None);
        for byte in PAGE_BYTES..PAGE_BYTES + FRONT_BYTES {
            let mut bytes = whole.0.clone();
            bytes[byte] ^= 0xFF;
            let (segment, file) = on(bytes);
            for event in [&events[0], &events[19]] {
                let (found, _) = read(&segment, &file, event.position());
                assert!(found.is_none_or(|found| found == *event), "byte {byte}");
            }
        }
    }

    #[test]
    fn damage_to_a_frame_hides_no_event_of_those_behind_it() {
        let events: Vec<Event> = (1..=15).map(event).collect();
        let runs: Vec<&[Event]> = events.chunks(5).collect();
        let (_, whole) = segment(&runs, Compression::None);
        // The header of the first frame stays: without it, the frames behind are searched for.
        let block = PAGE_BYTES + HEADER_BYTES;
        for bit in block * 8..(block + 32) * 8 {
            let mut bytes = whole.0.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let (segment, file) = on(bytes);
            for event in &events[5..] {
                let (found, _) = read(&segment, &file, event.position());
                assert_eq!(found.as_ref(), Some(event), "bit {bit}");
            }
        }
    }

    #[test]
    fn a_walk_reads_nothing_ahead_that_is_not_needed_and_goes_on_all_the_same() {
        let events: Vec<Event> = (1..=40).map(event).collect();
        let runs: Vec<&[Event]> = events.chunks(5).collect();
        let (segment, file) = segment(&runs, Compression::None);
        let (pool, limit) = (Pool::default(), file.0.len() as u64);
        let mut walk = segment.walk(&pool, 0, limit, BUFFER_BYTES);
        let frames: Vec<_> = std::iter::from_fn(|| walk.next().unwrap()).collect();
        let mut index = FrameIndex::new(0);
        frames.iter().for_each(|frame| index.add(frame.header.first, frame.offset));
        let (from, behind) = index.find(Position::new(3), Position::new(20));
        assert!(from == PAGE_BYTES as u64 && behind.unwrap() >= frames[4].offset, "{from} {behind:?}");
        assert_eq!(index.find(Position::new(3), Position::new(40)).1, None);

        let (before, needed) = (*file.1.lock().unwrap(), frames[2].offset);
        let mut walk = segment.walk(&pool, from, limit, BUFFER_BYTES).needed_up_to(needed);
        for due in &frames[..2] {
            assert_eq!(walk.next().unwrap().unwrap().offset, due.offset);
        }
        assert_eq!(from + (*file.1.lock().unwrap() - before) as u64, needed);
        // What is behind it is read frame by frame, header first.
        let rest = std::iter::from_fn(|| walk.next().unwrap()).map(|frame| frame.header.last());
        assert_eq!(rest.last(), Some(Position::new(40)));
    }

    #[test]
    fn a_hole_is_searched_in_large_steps_though_nothing_behind_it_was_needed() {
        let events: Vec<Event> = (1..=10).map(event).collect();
        let (_, whole) = segment(&[&events[..5]], Compression::None);
        let mut bytes = whole.0.clone();
        let hole = 8 * BUFFER_BYTES;
        bytes.resize(bytes.len() + hole, 0);
        let (segment, file) = on(bytes);
        let (pool, limit, needed) = (Pool::default(), file.0.len() as u64, whole.0.len() as u64);
        let mut walk = segment.walk(&pool, 0, limit, BUFFER_BYTES).needed_up_to(needed);
        assert!(walk.next().unwrap().is_some() && walk.next().unwrap().is_none());
        let before = *file.1.lock().unwrap();
        assert!(!walk.search(Position::new(6)).unwrap());
        let bytes = *file.1.lock().unwrap() - before;
        assert!(bytes < hole + hole / 2, "{bytes} bytes of a hole of {hole} were read");
    }
}
