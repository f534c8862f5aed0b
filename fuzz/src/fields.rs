//! [`Fields`]: where the fields of a file are, as `docs/format.md` has them, so that an edit meets a whole one.
//!
//! Fields are grouped by what they are: an edit chooses a group first, so that the many fields of records are not
//! met more often than the few of a header.

mod block;
mod index;
mod segment;

use std::collections::BTreeMap;

pub use segment::frames;

/// A field of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Where it starts.
    pub at: usize,
    /// How many bytes it has.
    pub length: usize,
}

/// The fields of a file.
#[derive(Clone, Debug, Default)]
pub struct Fields(BTreeMap<&'static str, Vec<Field>>);

impl Fields {
    /// Finds the fields of a file by its path and its content.
    pub fn of(path: &str, bytes: &[u8]) -> Self {
        let mut fields = Self::default();
        if path.ends_with(".segment") {
            segment::add(&mut fields, bytes);
        } else if path.starts_with("index/") {
            index::add(&mut fields, bytes);
        } else if path == "head" {
            for slot in [0, 4_096, 8_192] {
                fields.add("record of the head", slot, &[(0, 4), (8, 8), (16, 32)]);
            }
        }
        fields
    }

    /// Finds the fields of a block.
    pub fn of_block(bytes: &[u8]) -> Self {
        let mut fields = Self::default();
        block::add(&mut fields, bytes, 0);
        fields
    }

    /// Returns the groups of fields.
    pub fn groups(&self) -> Vec<&[Field]> {
        self.0.values().map(Vec::as_slice).collect()
    }

    /// Adds fields of one kind, by their offsets from `start` and their lengths.
    fn add(&mut self, what: &'static str, start: usize, fields: &[(usize, usize)]) {
        let fields = fields.iter().map(|(offset, length)| Field { at: start + offset, length: *length });
        self.0.entry(what).or_default().extend(fields);
    }

    /// Adds fields that stand one behind the other, and returns where they end.
    fn add_row(&mut self, what: &'static str, start: usize, lengths: &[usize]) -> usize {
        let mut at = start;
        for length in lengths {
            self.add(what, at, &[(0, *length)]);
            at += length;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::samples;

    #[test]
    fn every_file_of_a_sample_has_fields_within_it() {
        for sample in samples() {
            for (name, fields) in &sample.fields {
                let bytes = &sample.files[name];
                let groups = fields.groups();
                assert!(!groups.is_empty() || bytes.iter().all(|byte| *byte == 0), "{name}");
                let ends = groups.concat().into_iter().map(|field| field.at + field.length);
                assert!(ends.max().unwrap_or_default() <= bytes.len(), "{name}");
            }
        }
    }
}
