//! [`run`]: a forged vault is opened, asked, written to and opened again.
//!
//! What has to hold, whatever is in the files:
//!
//! - nothing panics, hangs or takes memory without bound;
//! - who reads beside the writer changes nothing, and neither does an open that is refused, in the segments;
//! - where nothing was made to fit, an event that is shown is one that was written;
//! - answers agree, or `verify` says that something is wrong;
//! - what is acknowledged is there when the vault is opened again, behind all that was there before; where a frame
//!   with checksums that fit claims its position, it is told as damaged.

use std::sync::Arc;

use futures::executor::block_on;
use toka_vault::{
    Compression, Error, EventHeader, Indexing, JournalOptions, LocalVault, NewEvent, Payload, TailLoss,
};
use toka_vault_journal::fuzzing;
use toka_vault_testkit::sim::SimDirectory;

use crate::clock::Seeded;
use crate::files::{Files, load, store};
use crate::forge::{Forged, changed, forge};
use crate::input::Input;
use crate::probe::{Seen, Trust, probe};
use crate::samples::{Sample, options, samples};
use crate::seal::Sealing;

/// A head behind which a history is not read: a forged header can claim any.
const HEAD_MAX: u64 = 100_000;

/// What the paths of the indexes begin with.
pub const INDEX: &str = "index/";

/// A forged vault on its disk.
struct Campaign<'a> {
    sample: &'a Sample,
    forged: Forged,
    disk: SimDirectory,
    options: JournalOptions,
    /// Whether the log is as it was written, and only its indexes are not.
    is_log_whole: bool,
    /// Whether the disk cannot read all of it.
    unreadable: bool,
}

/// Forges the files whose paths begin so, as the input says, and goes through the life of that vault.
pub fn run(within: &str, data: &[u8]) {
    let mut input = Input::new(data);
    let Some(sample) = input.of(samples()) else { return };
    let (flags, lost) = (input.byte(), input.byte());
    let forged = forge(sample, within, &mut input);
    let compression = if flags & 1 == 0 { Compression::None } else { Compression::Lz4 };
    let indexing = if flags & 2 == 0 { Indexing::All } else { Indexing::Ids };
    let options = options().with_compression(compression).with_indexing(indexing);
    let disk = store(&forged.files);
    let unreadable = lost & 15 == 1;
    if unreadable {
        let names: Vec<_> = forged.files.keys().filter(|name| name.starts_with(within)).collect();
        disk.lose_sector(input.of(&names).map_or("", |name| name.as_str()), input.number(2));
    }
    let is_log_whole = within == INDEX;
    let campaign = Campaign { sample, forged, disk, options, is_log_whole, unreadable };
    if flags & 4 == 0 {
        campaign.beside(&mut input);
    }
    campaign.write(flags, &mut input);
}

impl Campaign<'_> {
    /// Tells how far answers can be trusted, for who verifies the indexes.
    fn trust(&self) -> Trust {
        let honest = self.forged.sealing == Sealing::Nothing && !self.forged.moved && !self.unreadable;
        if honest { Trust::Damaged } else { Trust::Forged }
    }

    /// Reads it as another process does.
    fn beside(&self, input: &mut Input<'_>) {
        let changes = self.disk.change_count();
        match fuzzing::open_read_only(&self.disk) {
            Ok(vault) => block_on(async {
                if vault.head().await.unwrap().position.get() <= HEAD_MAX {
                    let trust =
                        if self.trust() == Trust::Damaged { Trust::Damaged } else { Trust::ForgedBeside };
                    self.check_honest(&probe(&vault, input, trust).await);
                }
                vault.close().await.unwrap();
            }),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        assert_eq!(self.disk.change_count(), changes, "who only reads changed something");
    }

    /// Opens it to write, has it go on, and opens it again.
    fn write(&self, flags: u8, input: &mut Input<'_>) {
        let Some(vault) = self.open() else { return };
        block_on(async {
            if vault.head().await.unwrap().position.get() > HEAD_MAX {
                // Reading so much takes long, and is as good as what is shorter.
                vault.close().await.unwrap();
                return;
            }
            let seen = probe(&vault, input, self.trust()).await;
            self.check_honest(&seen);
            let event = new_event(&seen, flags, input);
            let payload = event.payload.clone();
            let committed = vault.commit(event).await;
            self.repeat(&vault, &seen).await;
            let closed = vault.close().await;
            drop(vault);
            let again = fuzzing::open(&self.disk, &self.options, Arc::new(Seeded::new(9)));
            let done = committed.is_ok() && closed.is_ok();
            let Ok(vault) = again else {
                assert!(
                    !done || self.unreadable,
                    "committed, closed and not opened again: {:?}",
                    again.err()
                );
                return;
            };
            let after = probe(&vault, input, self.trust()).await;
            if let Ok(header) = committed {
                self.check_kept(&seen, &after, (&header, &payload));
            }
            vault.close().await.unwrap();
        });
    }

    /// Opens it, with a loss accepted if need be; what is refused is left as it was.
    fn open(&self) -> Option<LocalVault> {
        let open = |options| fuzzing::open(&self.disk, &options, Arc::new(Seeded::new(8)));
        let error = match open(self.options) {
            Ok(vault) => return Some(vault),
            Err(error) => error,
        };
        assert!(!self.is_log_whole, "its indexes keep a vault shut: {error}");
        let now = load(&self.disk);
        for (name, bytes) in segments(&self.forged.files) {
            assert!(now.get(name) == Some(bytes), "an open that was refused changed {name}: {error}");
        }
        open(self.options.with_tail_loss(TailLoss::Accept)).ok()
    }

    /// Sees that what is shown was written, where nothing in the log was made to fit.
    fn check_honest(&self, seen: &Seen) {
        if self.forged.sealing != Sealing::Nothing && !self.is_log_whole {
            return;
        }
        for event in &seen.events {
            let written = self.sample.events.iter().any(|written| written == event);
            assert!(written, "{event} was never written; forged: {:?}", changed(self.sample, &self.forged));
        }
    }

    /// Commits the first event once more: it is there already, or something is damaged.
    async fn repeat(&self, vault: &LocalVault, seen: &Seen) {
        let Some(event) = seen.events.first() else { return };
        let (header, payload) = (&event.header, event.payload.clone());
        let again = NewEvent::new(header.kind.clone(), payload).unwrap().with_id(header.id);
        let again = again.with_timestamp(header.timestamp).with_parents(&header.parents);
        match vault.commit(again).await {
            Ok(again) => {
                let known = seen.events.iter().any(|event| event.header == again) || !seen.damaged.is_empty();
                assert!(known || self.trust() != Trust::Damaged, "{event} was stored again: {again:?}");
            }
            Err(error) => assert!(!matches!(error, Error::OutcomeUnknown { .. }), "{error}"),
        }
    }

    /// Sees that what was committed is there, behind all that was there before. A frame that was forged can claim
    /// the positions of events to come: then they are told as damaged.
    fn check_kept(&self, before: &Seen, after: &Seen, (header, payload): (&EventHeader, &Payload)) {
        if before.stopped || after.stopped || (self.unreadable && !self.is_log_whole) {
            return;
        }
        let told = || {
            let forged = changed(self.sample, &self.forged);
            format!("{} before, {} after; forged: {forged:?}", before.told(), after.told())
        };
        let is_forged = self.trust() == Trust::Forged && !self.is_log_whole;
        assert!(is_forged || after.events.starts_with(&before.events), "another history: {}", told());
        let found = after.events.iter().any(|event| event.header == *header && event.payload == *payload);
        let position = header.position.get();
        let is_told = after.damaged.iter().any(|(first, last)| (*first..=*last).contains(&position));
        assert!(found || is_forged && is_told, "{header:?} was acknowledged: {}", told());
    }
}

/// Makes an event to go on with: small, large, or with a payload that is there already.
fn new_event(seen: &Seen, flags: u8, input: &mut Input<'_>) -> NewEvent {
    let size = [10, 3_000, 9_000, 30_000][usize::from(flags >> 4 & 3)];
    let fresh = || Payload::encode(&"m".repeat(size)).unwrap();
    let known = seen.events.get(usize::from(input.byte())).filter(|_| flags & 8 == 0);
    let payload = known.map_or_else(fresh, |event| event.payload.clone());
    let parents: Vec<_> =
        seen.events.last().filter(|_| flags & 64 == 0).map(|event| event.header.id).into_iter().collect();
    NewEvent::new("fuzz.more", payload).unwrap().with_parents(&parents)
}

/// Returns the segments among files.
fn segments(files: &Files) -> impl Iterator<Item = (&String, &Vec<u8>)> {
    files.iter().filter(|(name, _)| name.starts_with("journal/"))
}
