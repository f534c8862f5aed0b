//! [`Journal`]: the segments as one log that is appended to, synced and read.
//!
//! A commit is one write and one sync because of two things. A segment was filled with zeros before ([`Spares`]), so
//! that to write into it changes neither its length nor its place on the disk, and a sync has nothing else to write.
//! And what tells after a crash how far the log goes stands in the frames themselves (`groups`), not in a number
//! that a second write would have to move.
//!
//! Keeps these invariants:
//!
//! - A group is written by one write, behind everything before it, and is durable after one sync.
//! - A segment is begun only after all segments before it are durable.
//! - A reader never looks behind what was written in full.
//!
//! Invariants 19b and 19d of `docs/architecture.md`, which names the tests that show them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use toka_vault_core::limits::PAYLOAD_BYTES_MAX;
use toka_vault_core::{Error, Position, Result};
use toka_vault_engine::block::{EncodedBlock, Layout, encode};
use toka_vault_engine::disk::Directory;
use toka_vault_engine::sync::{Mutex, RwLock, lock, read, write};
use toka_vault_engine::{Group, LogEnd, Unappended};

use crate::compression::{Compression, compressed};
use crate::frame::{self, NewFrame, frame_bytes};
use crate::frame_index::{FrameIndex, INDEX_BYTES};
use crate::pool::Pool;
use crate::segment::Segment;
use crate::segment_header::{PAGE_BYTES, SegmentHeader, file_name};
use crate::segments::Segments;
use crate::spares::Spares;

/// How events lie in blocks: with their payloads, and so few in a block that one event can be read
/// without many others; fewer in tests, so that groups have several frames.
const LAYOUT: Layout = Layout {
    block_bytes_max: if cfg!(test) { 2 << 10 } else { 16 << 10 },
    payload_inside_max: PAYLOAD_BYTES_MAX,
};

/// Capacity above which the buffer of a group is given back.
const BUFFER_KEPT_MAX: usize = 4 << 20;

/// Gives the salts of segments.
pub(crate) type Salts = Box<dyn Fn() -> u64 + Send + Sync>;

/// Keeps a vault's events in segments.
pub(crate) struct Journal {
    pub(crate) pool: Pool,
    pub(crate) segments: Segments,
    active: RwLock<Arc<Active>>,
    writer: Mutex<Writer>,
    spares: Mutex<Spares>,
    salts: Salts,
    compression: Compression,
}

/// Is the segment that is written to.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) segment: Segment,
    index: RwLock<FrameIndex>,
    /// Where its frames end.
    pub(crate) written: AtomicU64,
    /// The position of the last event that is known to be written.
    last: AtomicU64,
    /// Bytes that frames may take, and the header before them.
    capacity: u64,
}

/// Is a block as it is stored.
struct StoredBlock {
    /// The position of its first event.
    first: Position,
    bytes: Vec<u8>,
    compression: Compression,
}

/// Says where writing goes on.
#[derive(Debug)]
struct Writer {
    end: LogEnd,
    /// The newest position that is durable.
    synced: Position,
    /// The bytes of a group, used again and again.
    buffer: Vec<u8>,
}

impl Active {
    /// Goes on writing to a segment at `written`, behind the event at `last`.
    pub(crate) fn new(segment: Segment, index: FrameIndex, written: u64, last: Position) -> Result<Self> {
        let capacity = segment.file.len()?.saturating_sub(INDEX_BYTES as u64);
        let (written, last) = (AtomicU64::new(written), AtomicU64::new(last.get()));
        Ok(Self { segment, index: RwLock::new(index), written, last, capacity })
    }

    /// Takes a segment with a fresh header that is still to be written.
    fn begun(segment: Segment) -> Result<Self> {
        let bytes = segment.file.len()?;
        segment.file.write_at(&segment.header.page(), 0)?;
        let before = segment.header.before.position();
        Self::new(segment, FrameIndex::new(bytes), PAGE_BYTES as u64, before)
    }

    pub(crate) fn index(&self) -> FrameIndex {
        read(&self.index).clone()
    }

    /// Adds frames that were written, and which end at `written`, with the event at `last`.
    pub(crate) fn extend(&self, frames: impl Iterator<Item = (Position, u64)>, written: u64, last: Position) {
        let mut index = write(&self.index);
        frames.for_each(|(first, offset)| index.add(first, offset));
        drop(index);
        self.written.store(written, Ordering::Release);
        self.last.store(last.get(), Ordering::Release);
    }

    /// Returns the position of the last event that is known to be written, and where the frames end: that one's,
    /// or later ones.
    pub(crate) fn extent(&self) -> (Position, u64) {
        // In the other order than they are noted in.
        let last = Position::new(self.last.load(Ordering::Acquire));
        (last, self.written.load(Ordering::Acquire))
    }

    /// Writes the index behind the frames, at the end. Where a file was cut short there is no room for it, and
    /// whoever reads the segment builds it from the frames.
    fn write_index(&self) -> Result<()> {
        if self.written.load(Ordering::Relaxed) > self.capacity {
            return Ok(());
        }
        self.segment.file.write_at(&self.index().pages(&self.segment.salted), self.capacity)
    }

    /// Returns where to look for events, as [`FrameIndex::find`].
    pub(crate) fn find(&self, first: Position, last: Position) -> (u64, Option<u64>) {
        read(&self.index).find(first, last)
    }
}

impl Journal {
    /// Begins the journal of a new vault.
    pub(crate) fn create(
        directory: Arc<dyn Directory>,
        spares: Spares,
        vault: u128,
        salts: Salts,
    ) -> Result<Self> {
        let header = SegmentHeader { vault, number: 0, salt: salts(), before: LogEnd::EMPTY };
        let active = Active::begun(Segment::new(spares.take(0, 0)?, header))?;
        active.segment.file.sync()?;
        let segments = Segments::new(directory, vec![header]);
        Ok(Self::open(segments, active, LogEnd::EMPTY, spares, salts))
    }

    /// Goes on where the log ends, which is durable.
    pub(crate) fn open(
        segments: Segments,
        active: Active,
        end: LogEnd,
        spares: Spares,
        salts: Salts,
    ) -> Self {
        Self {
            pool: Pool::default(),
            segments,
            active: RwLock::new(Arc::new(active)),
            writer: Mutex::new(Writer { end, synced: end.position(), buffer: Vec::new() }),
            spares: Mutex::new(spares),
            salts,
            compression: Compression::None,
        }
    }

    /// Stores the blocks of new groups in this way.
    pub(crate) fn with_compression(self, compression: Compression) -> Self {
        Self { compression, ..self }
    }

    /// Appends a group.
    ///
    /// # Errors
    ///
    /// [`Unappended::Refused`] where it needs a new segment that cannot be made, on a full disk or for whatever
    /// reason: then nothing was touched, and the same positions can be appended later. Any other error leaves
    /// the end unknown.
    pub(crate) fn append(&self, group: &Group) -> Result<(), Unappended> {
        let mut writer = lock(&self.writer);
        let blocks: Vec<_> = encode(group, LAYOUT).into_iter().map(|block| self.stored(block)).collect();
        let bytes: usize = blocks.iter().map(|block| frame_bytes(block.bytes.len())).sum();
        let mut active = self.active();
        if active.written.load(Ordering::Relaxed) + bytes as u64 > active.capacity {
            active = self.roll(&mut writer, bytes as u64)?;
        }
        let at = active.written.load(Ordering::Relaxed);
        let offsets = writer.frames(&blocks, group.end.position(), &active.segment, at);
        writer.pad(at, active.capacity);
        active.segment.file.write_at(&writer.buffer, at)?;
        active.extend(offsets.into_iter(), at + bytes as u64, group.end.position());
        if at < active.capacity / 2 && at + bytes as u64 >= active.capacity / 2 {
            // Not before: a vault that is opened for a few events makes no segment that it never uses.
            lock(&self.spares).want(active.segment.header.number + 1);
        }
        writer.end = group.end;
        if writer.buffer.capacity() > BUFFER_KEPT_MAX {
            writer.buffer = Vec::new();
        }
        Ok(())
    }

    /// Brings a block into the form in which it is stored.
    fn stored(&self, EncodedBlock { first, bytes, .. }: EncodedBlock) -> StoredBlock {
        let compressed = if self.compression == Compression::Lz4 { compressed(&bytes) } else { None };
        match compressed {
            Some(bytes) => StoredBlock { first, bytes, compression: Compression::Lz4 },
            None => StoredBlock { first, bytes, compression: Compression::None },
        }
    }

    /// Makes what was appended durable.
    pub(crate) fn sync(&self) -> Result<()> {
        let mut writer = lock(&self.writer);
        self.active().segment.file.sync()?;
        writer.synced = writer.end.position();
        Ok(())
    }

    /// Goes on in a segment that somebody else has begun.
    pub(crate) fn go_on(&self, next: Active) {
        // First the header, as where it is begun here.
        self.segments.go_on(next.segment.header);
        *write(&self.active) = Arc::new(next);
    }

    /// Returns the segment that is written to.
    pub(crate) fn active(&self) -> Arc<Active> {
        read(&self.active).clone()
    }

    /// Ends all use.
    pub(crate) fn close(&self) -> Result<()> {
        lock(&self.spares).close()
    }

    /// Begins the next segment, with room for so many bytes of frames.
    fn roll(&self, writer: &mut Writer, bytes: u64) -> Result<Arc<Active>, Unappended> {
        let full = self.active();
        let SegmentHeader { vault, number, .. } = full.segment.header;
        let spares = lock(&self.spares);
        // First the room: where it cannot be had, nothing was touched.
        let file = spares.take(number + 1, PAGE_BYTES as u64 + bytes + INDEX_BYTES as u64);
        let file = file.map_err(Unappended::Refused)?;
        full.write_index()?;
        // Then what is before it, so that its header proves that all of that is durable.
        full.segment.file.sync()?;
        writer.synced = writer.end.position();
        let header = SegmentHeader { vault, number: number + 1, salt: (self.salts)(), before: writer.end };
        let next = Arc::new(Active::begun(Segment::new(file, header))?);
        // Readers find the full one among the others before it stops being the active one.
        self.segments.add(header, &full);
        *write(&self.active) = next.clone();
        Ok(next)
    }
}

impl Writer {
    /// Writes the frames of a group, which will lie at `at`, to the buffer. Returns where each starts.
    fn frames(
        &mut self,
        blocks: &[StoredBlock],
        end: Position,
        segment: &Segment,
        at: u64,
    ) -> Vec<(Position, u64)> {
        self.buffer.clear();
        let behind = blocks.iter().skip(1).map(|block| block.first).chain([end.next()]);
        let write_one = |(block, behind): (&StoredBlock, Position)| {
            let offset = at + self.buffer.len() as u64;
            let count = behind.get().saturating_sub(block.first.get()) as u32;
            let frame = NewFrame {
                block: &block.bytes,
                compression: block.compression,
                count,
                first: block.first,
                synced: self.synced,
            };
            frame::write(&mut self.buffer, &segment.salted, offset, frame);
            (block.first, offset)
        };
        blocks.iter().zip(behind).map(write_one).collect()
    }

    /// Adds the zeros behind the frames, which will lie at `at`, up to the end of a page: of a page that is
    /// written in part, and which the file system does not have in memory, it would have to read the rest.
    fn pad(&mut self, at: u64, capacity: u64) {
        let end = at + self.buffer.len() as u64;
        let page_end = end.next_multiple_of(PAGE_BYTES as u64).min(capacity);
        self.buffer.resize(self.buffer.len() + page_end.saturating_sub(end) as usize, 0);
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("active", &file_name(self.active().segment.header.number))
            .finish_non_exhaustive()
    }
}

/// Says that what should have `from` up to `last` is damaged, and where.
pub(crate) fn corrupt(segment: &Segment, from: Position, last: Position, offset: u64, reason: &str) -> Error {
    let reason = format!("segment {} at byte {offset}: {reason}", segment.name());
    Error::Corrupt { first: from, last: last.max(from), reason }
}
