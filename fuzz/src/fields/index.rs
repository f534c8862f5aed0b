//! The fields of a file of the indexes.

use super::Fields;
use crate::numbers::size;

/// Bytes of a page.
const PAGE: usize = 4_096;

/// Bytes of entries in a page that an edit may meet one by one.
const ENTRY_BYTES: usize = 200;

/// Adds the fields of a file.
pub(super) fn add(fields: &mut Fields, bytes: &[u8]) {
    fields.add_row("header of an index", 8, &[8, 8, 32, 4, 16, 4, 8, 4, 4]);
    let count = |at| size(bytes, at, 4).unwrap_or_default();
    let (pages, lines, zones, gaps) = (count(56), count(76), count(88), count(92));
    for page in 1..=pages {
        fields.add("page of an index", PAGE * page, &[(4, 4), (PAGE - 27, 1)]);
        fields.add_row("entries", PAGE * page + 8, &[1; ENTRY_BYTES]);
    }
    let at = fields.add_row("fence", PAGE * (pages + 1), &vec![16; pages]);
    let at = fields.add_row("filter", at, &vec![8; 8 * lines]);
    let at = fields.add_row("zone", at, &vec![8; 3 * zones]);
    fields.add_row("gap", at, &vec![8; 2 * gaps]);
}
