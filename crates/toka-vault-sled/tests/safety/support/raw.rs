//! The sled database under a vault, past the vault: to leave there what a crash or a fault leaves.

use std::path::Path;

/// Opens the database of a closed vault as the vault does, changes it, and makes that durable.
pub(crate) fn change(vault: &Path, change: impl FnOnce(&sled::Db)) {
    let config = sled::Config::new().path(vault.join("sled")).segment_size(2 << 20).flush_every_ms(None);
    let db = loop {
        match config.open() {
            // Its lock lingers for a moment after the vault was closed.
            Err(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                std::thread::yield_now();
            }
            opened => break opened.unwrap(),
        }
    };
    change(&db);
    db.flush().unwrap();
}

/// Returns the key of the block that starts at a position.
pub(crate) fn block_key(first: u64) -> Vec<u8> {
    [b"b".as_slice(), &first.to_be_bytes()].concat()
}

/// Returns the key of a chunk of the payload of the event at a position.
pub(crate) fn chunk_key(position: u64, chunk: u32) -> Vec<u8> {
    [b"c".as_slice(), &position.to_be_bytes(), &chunk.to_be_bytes()].concat()
}

/// Returns the first positions of all blocks.
pub(crate) fn blocks(db: &sled::Db) -> Vec<u64> {
    let keys = db.scan_prefix(b"b").keys().map(|key| key.unwrap()[1..].try_into().unwrap());
    keys.map(u64::from_be_bytes).collect()
}

/// Counts the chunks.
pub(crate) fn chunks(db: &sled::Db) -> usize {
    db.scan_prefix(b"c").count()
}
