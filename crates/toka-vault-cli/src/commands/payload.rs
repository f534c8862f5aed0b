//! `payload`: prints a payload by its digest.

use toka_vault::{Digest, Payload, Vault};

use crate::failure::{Failure, Result};
use crate::output::{Output, pretty_json};
use crate::record::{PayloadRecord, in_words, json_of};

/// Prints the payload of this digest.
pub(super) async fn run(vault: &Vault, digest: Digest, output: &mut Output) -> Result<()> {
    let payload = vault.payload(digest).await?.ok_or_else(|| not_found(digest))?;
    output.text(&PayloadRecord(&payload), &text(&payload))?;
    if json_of(&payload).is_none() && output.is_for_people() {
        output.notes().note(
            "JSON cannot tell this payload in full; `--output json` prints its MessagePack bytes in base64",
        );
    }
    Ok(())
}

/// Says that no event carries such a payload.
fn not_found(digest: Digest) -> Failure {
    Failure::NotFound(anyhow::anyhow!(
        "no event in this vault carries a payload with the digest {digest}; `show ID` prints the digest of an event's payload"
    ))
}

/// Writes a payload over several lines, as JSON or as near to it as can be.
pub(super) fn text(payload: &Payload) -> String {
    let pretty = json_of(payload).and_then(|json| pretty_json(&json).ok());
    pretty.unwrap_or_else(|| in_words(payload))
}
