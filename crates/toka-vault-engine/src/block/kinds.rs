//! [`Kinds`]: the dictionary of a block, decoded as far as it is needed.
//!
//! A block can have as many kinds as events, and who reads one event needs one of them (measured: to
//! decode all of 43 kinds was half of the cost of reading an event).

use std::cell::OnceCell;

use toka_vault_core::Kind;

use crate::fields::Fields;

/// Finds kinds by their index.
#[derive(Debug)]
pub(super) struct Kinds(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    /// Where it starts in the block.
    start: usize,
    length: u8,
    kind: OnceCell<Kind>,
}

impl Kinds {
    /// Finds where the kinds lie, of which there are so many. The fields are those of a whole header,
    /// and start `at` bytes into the block.
    pub(super) fn parse(fields: &mut Fields<'_>, count: u16, at: usize) -> Option<Self> {
        let mut entries = Vec::with_capacity(usize::from(count));
        let mut start = at;
        for _ in 0..count {
            let length = fields.u8()?;
            fields.bytes(usize::from(length))?;
            entries.push(Entry { start: start + 1, length, kind: OnceCell::new() });
            start += 1 + usize::from(length);
        }
        Some(Self(entries))
    }

    /// Returns a kind of the block with these bytes, or `None` where there is none of that index.
    #[inline]
    pub(super) fn kind(&self, index: usize, block: &[u8]) -> Option<Kind> {
        let entry = self.0.get(index)?;
        if let Some(kind) = entry.kind.get() {
            return Some(kind.clone());
        }
        let kind = entry.decode(block)?;
        Some(entry.kind.get_or_init(|| kind).clone())
    }

    /// Decodes all kinds of the block with these bytes.
    pub(super) fn decode(&self, block: &[u8]) {
        for entry in &self.0 {
            if let Some(kind) = entry.decode(block) {
                entry.kind.get_or_init(|| kind);
            }
        }
    }
}

impl Entry {
    fn decode(&self, block: &[u8]) -> Option<Kind> {
        let bytes = block.get(self.start..self.start + usize::from(self.length))?;
        Kind::new(std::str::from_utf8(bytes).ok()?).ok()
    }
}
