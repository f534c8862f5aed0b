//! Blocks in less room: LZ4, where it pays.
//!
//! Keeps the invariant that what is read takes no more memory than a block may, whatever its bytes say.

use crate::frame::BLOCK_BYTES_MAX;

/// Says how blocks of new commits are stored. What is stored already stays as it is, and is read with any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Compression {
    /// As they are.
    #[default]
    None,
    /// Compressed by LZ4, block by block, each of some 16 KiB; one that would get less than an eighth
    /// smaller is stored as it is. For payloads that are text, and disks that are dearer than processors.
    Lz4,
}

/// Bytes of the length of a block, in front of what LZ4 made of it.
const LENGTH_BYTES: usize = 4;

/// Compresses a block; `None` where that saves too little to be worth the work of each reader.
pub(crate) fn compressed(block: &[u8]) -> Option<Vec<u8>> {
    let mut stored = (block.len() as u32).to_be_bytes().to_vec();
    stored.extend(lz4_flex::block::compress(block));
    (stored.len() <= block.len() / 8 * 7).then_some(stored)
}

/// Gives back a block that was compressed; `None` where the bytes are not what was stored.
pub(crate) fn decompressed(stored: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = stored.split_first_chunk::<LENGTH_BYTES>()?;
    let length =
        usize::try_from(u32::from_be_bytes(*length)).ok().filter(|length| *length <= BLOCK_BYTES_MAX)?;
    let block = lz4_flex::block::decompress(rest, length).ok()?;
    (block.len() == length).then_some(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_comes_back_and_every_flipped_bit_is_told_or_bounded() {
        let block: Vec<u8> = (0..3_000u32).flat_map(|number| (number / 40).to_be_bytes()).collect();
        let stored = compressed(&block).unwrap();
        assert_eq!(decompressed(&stored).unwrap(), block);
        for bit in 0..stored.len() * 8 {
            let mut flipped = stored.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Some(other) = decompressed(&flipped) {
                assert!(other.len() <= BLOCK_BYTES_MAX);
            }
        }
        assert_eq!(decompressed(&stored[..3]), None);
        assert_eq!(decompressed(&[0xff; 40]), None);
    }

    #[test]
    fn what_does_not_get_smaller_is_left_as_it_is() {
        let mut state = 1u64;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        });
        assert_eq!(compressed(&noise.take(5_000).collect::<Vec<_>>()), None);
        assert_eq!(compressed(b""), None);
    }
}
