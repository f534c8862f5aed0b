//! The keys of the tree: one byte that tells what it is, then numbers with their most significant
//! byte first, so that keys sort like positions.

use toka_vault_core::Position;

/// Starts the key of a block, which the position of its first event follows.
const BLOCK: u8 = b'b';

/// Starts the key of a chunk of a large payload, which the position of its event and the number of
/// the chunk follow.
const CHUNK: u8 = b'c';

/// Returns the key of the block that starts at a position.
pub(crate) fn block(first: Position) -> [u8; 9] {
    let mut key = [BLOCK; 9];
    let (_, number) = key.split_at_mut(1);
    number.copy_from_slice(&first.get().to_be_bytes());
    key
}

/// Reads the position out of a block's key; `None` for other keys.
pub(crate) fn block_position(key: &[u8]) -> Option<Position> {
    match key.split_first() {
        Some((&BLOCK, number)) => number.try_into().ok().map(u64::from_be_bytes).map(Position::new),
        _ => None,
    }
}

/// Returns the key of a chunk of the payload of the event at a position.
pub(crate) fn chunk(position: Position, number: u32) -> [u8; 13] {
    let mut key = [CHUNK; 13];
    let (_, numbers) = key.split_at_mut(1);
    let (at, nth) = numbers.split_at_mut(8);
    at.copy_from_slice(&position.get().to_be_bytes());
    nth.copy_from_slice(&number.to_be_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_like_positions_and_chunks_behind_blocks() {
        let at = Position::new;
        assert!(block(at(255)) < block(at(256)));
        assert!(block(at(u64::MAX)).as_slice() < chunk(at(0), 0).as_slice());
        assert!(chunk(at(1), 256) < chunk(at(2), 0));
        assert_eq!(block_position(&block(at(77))), Some(at(77)));
        assert_eq!(block_position(&chunk(at(77), 0)), None);
    }
}
