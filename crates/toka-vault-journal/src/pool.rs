//! [`Pool`]: buffers that files are read into, used again and again.
//!
//! A fresh buffer costs the system more to hand out, page by page, than the file costs to read
//! (measured). A buffer goes back when the last event that shares it is dropped.
//!
//! Keeps the invariant that what waits to be used again is bounded.

use std::sync::Arc;

use bytes::Bytes;
use toka_vault_core::Result;
use toka_vault_engine::sync::{Mutex, lock};

/// Bytes of a buffer that is kept; few in tests, so that they see many steps.
pub(crate) const BUFFER_BYTES: usize = if cfg!(test) { 8 << 10 } else { 256 << 10 };

/// Buffers that are kept while nobody uses them: 4 MiB.
const KEPT_MAX: usize = 16;

/// Hands out buffers and takes them back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool(Arc<Mutex<Vec<Vec<u8>>>>);

/// A buffer that goes back when it is dropped.
struct Lent {
    buffer: Vec<u8>,
    used: usize,
    pool: Pool,
}

impl Pool {
    /// Has `read` fill `length` bytes, and returns them.
    pub(crate) fn filled(&self, length: usize, read: impl FnOnce(&mut [u8]) -> Result<()>) -> Result<Bytes> {
        let kept = || lock(&self.0).pop();
        // What is larger than usual is not kept.
        let mut buffer = match length {
            ..=BUFFER_BYTES => kept().unwrap_or_else(|| vec![0; BUFFER_BYTES]),
            _ => vec![0; length],
        };
        read(buffer.get_mut(..length).unwrap_or_default())?;
        Ok(Bytes::from_owner(Lent { buffer, used: length, pool: self.clone() }))
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.buffer.get(..self.used).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut kept = lock(&self.pool.0);
        if self.buffer.len() == BUFFER_BYTES && kept.len() < KEPT_MAX {
            kept.push(std::mem::take(&mut self.buffer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_when_its_last_piece_is_dropped() {
        let pool = Pool::default();
        let kept = || pool.0.lock().unwrap().len();
        let filled_with = |length, byte| {
            let fill = |buffer: &mut [u8]| {
                buffer.fill(byte);
                Ok(())
            };
            pool.filled(length, fill).unwrap()
        };
        let bytes = filled_with(10, 7);
        let piece = bytes.slice(2..4);
        drop(bytes);
        assert_eq!((&piece[..], kept()), ([7, 7].as_slice(), 0));
        drop(piece);
        assert_eq!(kept(), 1);
        let again = filled_with(20, 8);
        assert_eq!((again.len(), kept()), (20, 0));
        drop(filled_with(BUFFER_BYTES + 1, 9));
        assert_eq!(kept(), 0);
    }
}
