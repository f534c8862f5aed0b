//! The fields of a block.

use super::Fields;
use crate::numbers::size;

/// Bytes of a payload that an edit may meet one by one.
const PAYLOAD_BYTES: usize = 24;

/// Parents of a record that an edit may meet.
const PARENTS: usize = 4;

/// Adds the fields of a block that starts at `start` of its file, as far as it has them.
pub(super) fn add(fields: &mut Fields, block: &[u8], start: usize) {
    let head = [(0, 4), (8, 4), (12, 8), (20, 4), (24, 8), (32, 32), (64, 16), (80, 8), (88, 16), (104, 2)];
    fields.add("header of a block", start, &head);
    let table = add_kinds(fields, block, start);
    let (Some(mut record), Some(count)) = (size(block, 8, 4), size(block, 20, 4)) else { return };
    for entry in (table..).step_by(8).take(count) {
        let Some(length) = size(block, entry, 4) else { return };
        fields.add("table of a block", start + entry, &[(0, 4)]);
        add_record(fields, block, start, (record, length));
        record += length;
    }
}

/// Adds the kinds of a block, and returns where its table is.
fn add_kinds(fields: &mut Fields, block: &[u8], start: usize) -> usize {
    let mut at = 106;
    for _ in 0..size(block, 104, 2).unwrap_or_default() {
        let Some(length) = size(block, at, 1) else { break };
        fields.add("length of a kind", start + at, &[(0, 1)]);
        fields.add("kind", start + at + 1, &[(0, length)]);
        fields.add("end of a kind", start + at + length, &[(0, 1)]);
        at += 1 + length;
    }
    at
}

fn add_record(fields: &mut Fields, block: &[u8], start: usize, (record, length): (usize, usize)) {
    let row = [(0, 2), (2, 1), (3, 2), (5, 16), (21, 8), (29, 32), (61, 32), (93, 4)];
    fields.add("record", start + record, &row);
    let parents = size(block, record + 3, 2).unwrap_or_default();
    for parent in 0..parents.min(PARENTS) {
        fields.add("parent", start + record + 97 + 16 * parent, &[(0, 16)]);
    }
    let payload = record + 97 + 16 * parents;
    for at in (payload..record + length).take(PAYLOAD_BYTES) {
        fields.add("byte of a payload", start + at, &[(0, 1)]);
    }
    if record + length >= payload + 8 {
        fields.add("end of a record", start + record + length - 8, &[(0, 8)]);
    }
}
