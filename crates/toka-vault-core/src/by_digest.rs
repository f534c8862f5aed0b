//! [`find_payload`]: payloads by their content.
//!
//! Keeps the invariant that bytes are given out only where they hash to the digest that was asked for.

use crate::{Digest, Error, Payload, Replay, Result};

/// Takes the payload of this digest out of a replay. For back-ends, which know best where to look.
///
/// # Errors
///
/// [`Error::Corrupt`] where no whole event carries it and a damaged one could; and what else keeps the
/// replay from going on.
pub async fn find_payload(mut replay: Replay, digest: Digest) -> Result<Option<Payload>> {
    let mut damage = None;
    loop {
        match replay.try_next().await {
            Ok(Some(event)) if event.header.digest != digest => {}
            Ok(Some(event)) if event.payload.is_intact() => return Ok(Some(event.payload)),
            Ok(Some(event)) => {
                let reason = "its payload does not have the digest of its header";
                damage.get_or_insert_with(|| Error::corrupt(event.position(), reason));
            }
            // History begins with the oldest event there is.
            Err(Error::Evicted { .. }) => {}
            Err(error @ Error::Corrupt { .. }) => {
                damage.get_or_insert(error);
            }
            Err(error) => return Err(error),
            Ok(None) => return damage.map_or(Ok(None), Err),
        }
    }
}
