//! [`Kinds`]: the dictionary of a block, decoded as far as it is needed.
//!
//! A block can have as many kinds as events, and who reads one event needs one of them (measured: to
//! decode all of 43 kinds was half of the cost of reading an event, and to make room for them a twentieth).

use toka_vault_core::Kind;

use crate::fields::Fields;

/// Finds kinds by their index.
#[derive(Debug)]
pub(super) struct Kinds {
    /// Where in the block they lie, one behind the other.
    at: usize,
    count: u16,
    /// All of them, once they are decoded; `None` where one is no kind.
    decoded: Vec<Option<Kind>>,
}

impl Kinds {
    /// Finds where the kinds end, of which there are so many. The fields are those of a whole header,
    /// and start `at` bytes into the block.
    pub(super) fn parse(fields: &mut Fields<'_>, count: u16, at: usize) -> Option<Self> {
        for _ in 0..count {
            next_text(fields)?;
        }
        Some(Self { at, count, decoded: Vec::new() })
    }

    /// Decodes all kinds of the block with these bytes, and keeps them: for whoever takes several events.
    pub(super) fn decode_all(&mut self, block: &[u8]) {
        let mut fields = Fields(block.get(self.at..).unwrap_or_default());
        self.decoded = (0..self.count).map(|_| kind(next_text(&mut fields)?)).collect();
    }

    /// Returns a kind that was decoded. By reference: a copy that is handed through an `Option` is taken apart
    /// and put together again, which took a tenth of the time of whoever takes all events (measured).
    #[inline]
    pub(super) fn decoded(&self, index: usize) -> Option<&Kind> {
        self.decoded.get(index)?.as_ref()
    }

    /// Decodes a kind of the block with these bytes, or returns `None` where there is none of that index.
    pub(super) fn decode(&self, index: usize, block: &[u8]) -> Option<Kind> {
        if index >= usize::from(self.count) {
            return None;
        }
        let mut fields = Fields(block.get(self.at..)?);
        for _ in 0..index {
            next_text(&mut fields)?;
        }
        kind(next_text(&mut fields)?)
    }
}

/// Takes the bytes of a kind, whose length stands before it.
fn next_text<'a>(fields: &mut Fields<'a>) -> Option<&'a [u8]> {
    let length = usize::from(fields.u8()?);
    fields.bytes(length)
}

fn kind(text: &[u8]) -> Option<Kind> {
    Kind::new(std::str::from_utf8(text).ok()?).ok()
}
