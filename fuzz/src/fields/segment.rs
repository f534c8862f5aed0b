//! The fields of a segment of the journal, and where its frames are.

use super::{Fields, block};
use crate::numbers::{number, size};
use crate::seal::frame_checksum;

/// Bytes of a compressed block that an edit may meet one by one.
const COMPRESSED_BYTES: usize = 600;

/// Entries of the index of frames that an edit may meet.
const ENTRIES: usize = 4;

/// Bytes of the index at the end of a segment.
const INDEX_BYTES: usize = 32 << 10;

/// Adds the fields of a segment.
pub(super) fn add(fields: &mut Fields, bytes: &[u8]) {
    for copy in [0, 2_048] {
        fields.add_row("header of a segment", copy, &[4, 4, 16, 8, 8, 8, 32, 16, 8, 16]);
    }
    for frame in frames(bytes) {
        fields.add("frame", frame, &[(4, 4), (12, 4), (16, 8), (24, 8)]);
        let (start, length) = (frame + 32, stored_bytes(bytes, frame).unwrap_or_default());
        let stored = bytes.get(start..start + length).unwrap_or_default();
        if stored.starts_with(b"TVB1") {
            block::add(fields, stored, start);
        } else {
            fields.add_row("compressed block", start, &vec![1; length.min(COMPRESSED_BYTES)]);
        }
    }
    let Some(index) = bytes.len().checked_sub(INDEX_BYTES) else { return };
    if size(bytes, index + 4, 4).is_some_and(|count| count > 0) {
        fields.add("length of the index of frames", index, &[(4, 4)]);
        for entry in 0..ENTRIES {
            fields.add("index of frames", index + 8 + 16 * entry, &[(0, 8), (8, 8)]);
        }
    }
}

/// Returns where the frames of a segment are that stand one behind the other and are whole.
pub fn frames(bytes: &[u8]) -> Vec<usize> {
    let (mut frames, mut at) = (Vec::new(), 4_096);
    let salt = number(bytes, 32, 8).unwrap_or_default();
    while let Some(length) = stored_bytes(bytes, at) {
        let end = at + 32 + length;
        if length == 0 || end > bytes.len() || size(bytes, at, 4) != frame_checksum(bytes, at, salt) {
            break;
        }
        frames.push(at);
        at = end.next_multiple_of(8);
    }
    frames
}

/// Returns the length of the block that is stored in a frame.
fn stored_bytes(bytes: &[u8], frame: usize) -> Option<usize> {
    size(bytes, frame + 4, 4).map(|length| length & 0x7fff_ffff)
}
