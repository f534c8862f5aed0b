//! What `verify` says of a vault, against everything else.

use std::collections::HashMap;

use toka_vault::hashing::{EventContent, event_hash};
use toka_vault::{EventHash, EventId, verify};

use super::{Probe, Trust};

impl Probe<'_> {
    /// Sees that a vault which verifies has told no contradiction and has the hashes of its events.
    pub(super) async fn verified(&mut self) {
        let shared = self.vault.shared_bytes().await;
        let Ok(report) = verify::verify(self.vault, |_| ()).await else { return };
        for finding in &report.findings {
            assert!(!format!("{finding} {finding:?}").is_empty());
        }
        if !report.is_clean() {
            return;
        }
        assert!(shared.is_ok() || self.trust != Trust::Damaged, "{shared:?}");
        if let Some(contradiction) = self.contradiction.as_ref().filter(|_| self.trust != Trust::ForgedBeside)
        {
            assert_eq!(contradiction, "", "it verifies all the same");
        }
        if report.unproven == 0 {
            self.check_hashes();
        }
    }

    fn check_hashes(&self) {
        assert!(self.seen.damaged.is_empty(), "damaged, and it verifies");
        let hashes = self.seen.events.iter().map(|event| (event.header.id, event.header.hash));
        let hashes: HashMap<EventId, EventHash> = hashes.collect();
        for event in &self.seen.events {
            let header = &event.header;
            assert!(event.payload.is_intact(), "another payload, and it verifies: {event}");
            assert!(self.is_unique(header.id), "two of one id, and it verifies: {event}");
            let (id, timestamp, digest) = (header.id, header.timestamp, header.digest);
            let content = EventContent { id, kind: &header.kind, timestamp, digest };
            let parents: Vec<_> = header.parents.iter().map(|parent| (*parent, hashes[parent])).collect();
            let hash = event_hash(content, parents.into_iter());
            assert_eq!(hash, header.hash, "another hash, and it verifies: {event}");
        }
    }
}
