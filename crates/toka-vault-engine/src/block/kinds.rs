//! [`Kinds`]: the dictionary of a block, decoded as far as it is needed.
//!
//! A block can have as many kinds as events, and who reads one event needs one of them (measured: to
//! decode all of 43 kinds was half of the cost of reading an event, and to make room for them a twentieth).

use std::cell::OnceCell;

use toka_vault_core::Kind;

use crate::fields::Fields;

/// Finds kinds by their index.
#[derive(Debug)]
pub(super) struct Kinds {
    /// Where each lies in the block, its length first.
    starts: Vec<usize>,
    /// Those that were decoded, where they are kept for the next event that has them.
    kept: Vec<OnceCell<Kind>>,
}

impl Kinds {
    /// Finds where the kinds lie, of which there are so many. The fields are those of a whole header,
    /// and start `at` bytes into the block.
    pub(super) fn parse(fields: &mut Fields<'_>, count: u16, at: usize) -> Option<Self> {
        let mut starts = Vec::with_capacity(usize::from(count));
        let mut start = at;
        for _ in 0..count {
            let length = usize::from(fields.u8()?);
            fields.bytes(length)?;
            starts.push(start);
            start += 1 + length;
        }
        Some(Self { starts, kept: Vec::new() })
    }

    /// Keeps what is decoded from now on: for whoever takes several events.
    pub(super) fn keep(&mut self) {
        self.kept.resize_with(self.starts.len(), OnceCell::new);
    }

    /// Returns a kind that is kept. By reference: a copy that is handed through an `Option` is taken apart and
    /// put together again, which took a tenth of the time of whoever takes all events (measured).
    #[inline]
    pub(super) fn kept(&self, index: usize) -> Option<&Kind> {
        self.kept.get(index)?.get()
    }

    /// Decodes a kind of the block with these bytes, or returns `None` where there is none of that index.
    pub(super) fn decode(&self, index: usize, block: &[u8]) -> Option<Kind> {
        let kind = decode(*self.starts.get(index)?, block)?;
        if let Some(kept) = self.kept.get(index) {
            kept.get_or_init(|| kind.clone());
        }
        Some(kind)
    }

    /// Decodes all kinds of the block with these bytes, and keeps them.
    pub(super) fn decode_all(&mut self, block: &[u8]) {
        self.keep();
        for index in 0..self.starts.len() {
            self.decode(index, block);
        }
    }
}

/// Decodes the kind whose length lies at `start`.
fn decode(start: usize, block: &[u8]) -> Option<Kind> {
    let (length, behind) = block.get(start..)?.split_first()?;
    let bytes = behind.get(..usize::from(*length))?;
    Kind::new(std::str::from_utf8(bytes).ok()?).ok()
}
