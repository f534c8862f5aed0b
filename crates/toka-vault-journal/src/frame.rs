//! The frame: how a block lies in a segment, and how one that is whole is told from all else.
//!
//! ```text
//! checksum of the header  4    length of the block  4    checksum of the block  4    events  4
//! position of the first event  8    newest position that was synced when this was written  8
//! the block, then zeros up to a multiple of 8
//! ```
//!
//! Numbers have their most significant byte first. The highest bit of the length says that the block is
//! compressed; length and checksum are of what is stored. Both checksums are CRC-32, started with the salt
//! of the segment's use and, for the header, with the offset of the frame: so neither old bytes of a
//! segment that is used again nor bytes in the wrong place are taken for a frame.
//!
//! Keeps the invariant that a header that parses was written at this place, in this use of the
//! segment.

use toka_vault_core::Position;
use toka_vault_core::limits::BATCH_EVENTS_MAX;

use crate::compression::Compression;

/// Bytes of a frame's header.
pub(crate) const HEADER_BYTES: usize = 32;

/// Frames start at multiples of this.
pub(crate) const ALIGNMENT: usize = 8;

/// Largest block in a frame, in bytes: one event with the largest payload, the most parents and the
/// longest kind, and the block's own header.
pub(crate) const BLOCK_BYTES_MAX: usize = (16 << 20) + (32 << 10);

/// Most events in a frame: those of a group, or of a batch that is larger.
const EVENTS_MAX: u32 = if BATCH_EVENTS_MAX > GROUP { BATCH_EVENTS_MAX } else { GROUP } as u32;
const GROUP: usize = toka_vault_engine::limits::GROUP_EVENTS_MAX;

/// The bit of a length that says that the block is compressed. No block is so long.
const COMPRESSED: u32 = 1 << 31;

const _: () = assert!(BLOCK_BYTES_MAX < COMPRESSED as usize);

/// Starts the checksums of one use of a segment.
#[derive(Clone, Debug)]
pub(crate) struct Salted(crc32fast::Hasher);

/// Tells what a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// Bytes of the block as it is stored.
    pub(crate) length: u32,
    /// How it is stored.
    pub(crate) compression: Compression,
    /// The checksum of the block as it is stored.
    checksum: u32,
    /// How many events the block has.
    pub(crate) count: u32,
    /// The position of the first of them.
    pub(crate) first: Position,
    /// The newest position that was durable when the frame was written.
    pub(crate) synced: Position,
}

/// Is a frame that is to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewFrame<'a> {
    /// The block as it is stored.
    pub(crate) block: &'a [u8],
    pub(crate) compression: Compression,
    pub(crate) count: u32,
    pub(crate) first: Position,
    pub(crate) synced: Position,
}

impl Salted {
    /// Starts with a salt.
    pub(crate) fn new(salt: u64) -> Self {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&salt.to_be_bytes());
        Self(hasher)
    }

    /// Returns the checksum of bytes that belong to this use of the segment.
    pub(crate) fn of(&self, bytes: &[u8]) -> u32 {
        let mut hasher = self.0.clone();
        hasher.update(bytes);
        hasher.finalize()
    }

    fn of_header(&self, offset: u64, header: &[u8]) -> u32 {
        let mut hasher = self.0.clone();
        hasher.update(&offset.to_be_bytes());
        hasher.update(header);
        hasher.finalize()
    }
}

impl FrameHeader {
    /// Parses the header of a frame at `offset`, or returns `None` where none was written there.
    pub(crate) fn parse(salted: &Salted, offset: u64, bytes: &[u8]) -> Option<Self> {
        let (checksum, rest) = bytes.get(..HEADER_BYTES)?.split_first_chunk()?;
        let mut fields = rest.as_chunks::<4>().0.iter().map(|field| u32::from_be_bytes(*field));
        let (length, block, count) = (fields.next()?, fields.next()?, fields.next()?);
        let mut wide = || Some(Position::new(u64::from(fields.next()?) << 32 | u64::from(fields.next()?)));
        let compression = if length & COMPRESSED == 0 { Compression::None } else { Compression::Lz4 };
        let length = length & !COMPRESSED;
        let header = Self { length, compression, checksum: block, count, first: wide()?, synced: wide()? };
        let plausible = (1..=BLOCK_BYTES_MAX as u32).contains(&length)
            && (1..=EVENTS_MAX).contains(&count)
            && header.first > header.synced;
        // Last what takes the longest: a search looks at many places.
        (plausible && u32::from_be_bytes(*checksum) == salted.of_header(offset, rest)).then_some(header)
    }

    /// Tells whether `block` is what was written.
    pub(crate) fn fits(&self, salted: &Salted, block: &[u8]) -> bool {
        block.len() == self.length as usize && salted.of(block) == self.checksum
    }

    /// Returns the position of the last event.
    pub(crate) fn last(&self) -> Position {
        self.first.plus(u64::from(self.count)).minus(1)
    }

    /// Returns the bytes of the whole frame.
    pub(crate) fn frame_bytes(&self) -> u64 {
        frame_bytes(self.length as usize) as u64
    }
}

/// Returns the bytes of a frame with a block of so many bytes.
pub(crate) const fn frame_bytes(block: usize) -> usize {
    (HEADER_BYTES + block).next_multiple_of(ALIGNMENT)
}

/// Appends a frame to `out`; it will lie at `offset`.
pub(crate) fn write(out: &mut Vec<u8>, salted: &Salted, offset: u64, frame: NewFrame<'_>) {
    let NewFrame { block, compression, count, first, synced } = frame;
    let mut header = [0; HEADER_BYTES - 4];
    let compressed = if compression == Compression::None { 0 } else { COMPRESSED };
    let length = block.len() as u32 | compressed;
    let fields = [length.to_be_bytes(), salted.of(block).to_be_bytes(), count.to_be_bytes()];
    let (narrow, wide) = header.split_at_mut(12);
    narrow.copy_from_slice(fields.as_flattened());
    wide.copy_from_slice([first.get().to_be_bytes(), synced.get().to_be_bytes()].as_flattened());
    let end = out.len() + frame_bytes(block.len());
    out.extend_from_slice(&salted.of_header(offset, &header).to_be_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(block);
    out.resize(end, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(salt: u64, offset: u64) -> Vec<u8> {
        let mut out = Vec::new();
        let (compression, first, synced) = (Compression::None, Position::new(7), Position::new(6));
        let frame = NewFrame { block: b"block", compression, count: 2, first, synced };
        write(&mut out, &Salted::new(salt), offset, frame);
        out
    }

    #[test]
    fn a_frame_comes_back_as_it_was_written() {
        let (salted, bytes) = (Salted::new(1), frame(1, 64));
        let header = FrameHeader::parse(&salted, 64, &bytes).unwrap();
        assert_eq!((header.first, header.last()), (Position::new(7), Position::new(8)));
        assert_eq!((header.synced, header.frame_bytes()), (Position::new(6), bytes.len() as u64));
        assert!(header.fits(&salted, b"block"));
        assert!(!header.fits(&salted, b"blick"));
    }

    #[test]
    fn another_use_another_place_and_every_flipped_bit_are_no_frame() {
        let bytes = frame(1, 64);
        assert_eq!(FrameHeader::parse(&Salted::new(2), 64, &bytes), None);
        assert_eq!(FrameHeader::parse(&Salted::new(1), 72, &bytes), None);
        for bit in 0..HEADER_BYTES * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(FrameHeader::parse(&Salted::new(1), 64, &flipped), None, "bit {bit}");
        }
        assert_eq!(FrameHeader::parse(&Salted::new(1), 0, &[0; HEADER_BYTES]), None);
    }
}
