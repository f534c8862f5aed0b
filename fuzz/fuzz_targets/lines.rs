//! Feeds the import of JSON lines and CloudEvents a file.
//!
//! Nothing panics. What was imported is exported in both forms, and imported from there with the same hashes to a
//! vault with the same head. The program is no library, so its modules are compiled in here, from where they are.

#![no_main]
#![allow(dead_code, unused_imports, reason = "the program uses more of its modules")]

use futures::executor::block_on;
use toka_vault::{EventStore, EventStoreExt, InMemoryVault, ReplayOptions};

use args::{FileFormat, Foreign};
use lines::{Lines, Reading};
use program::{cloudevents, lines, record};

#[path = "../../crates/toka-vault-cli/src"]
mod program {
    pub(crate) mod cloudevents;
    pub(crate) mod lines;
    pub(crate) mod record;
}

/// What of the command line these modules see.
mod args {
    /// The form of a file.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum FileFormat {
        /// JSON lines.
        Jsonl,
        /// CloudEvents.
        Cloudevents,
    }

    /// How lines of another system are understood.
    #[derive(Default)]
    pub(crate) struct Foreign {
        /// Whose ids they are.
        pub(crate) source: Option<String>,
        /// The field of the parents.
        pub(crate) parents: Option<String>,
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((mode, data)) = data.split_first() else { return };
    let form = if mode & 1 == 0 { FileFormat::Jsonl } else { FileFormat::Cloudevents };
    let named = Foreign { source: Some("src".to_owned()), parents: Some("up".to_owned()) };
    let foreign = if mode & 2 == 0 { Foreign::default() } else { named };
    let vault = InMemoryVault::unbounded();
    import(Lines::new(data, Reading::new(form, foreign)).with_stream(mode & 4 != 0), &vault);
    for form in [FileFormat::Jsonl, FileFormat::Cloudevents] {
        back(&vault, form);
    }
});

/// Commits what lines tell, up to the first that cannot be understood.
fn import(mut lines: Lines<&[u8]>, vault: &InMemoryVault) {
    loop {
        lines.is_waiting();
        match lines.next_line() {
            Ok(Some(line)) => {
                assert!(!format!("{line:?}").is_empty());
                if let Err(error) = block_on(vault.commit(line.event)) {
                    assert!(!format!("{error} {error:?}").is_empty());
                }
            }
            Ok(None) => return,
            Err(error) => {
                let mut source: Option<&dyn std::error::Error> = Some(&error);
                while let Some(error) = source {
                    assert!(!error.to_string().is_empty());
                    source = error.source();
                }
                return;
            }
        }
    }
}

/// Exports a vault in a form, and imports that to another one.
fn back(vault: &InMemoryVault, form: FileFormat) {
    let text = export(vault, form);
    let again = InMemoryVault::unbounded();
    let mut lines = Lines::new(text.as_slice(), Reading::new(form, Foreign::default()));
    let told = |error| format!("{error:?} of {}", String::from_utf8_lossy(&text));
    while let Some(line) = lines.next_line().map_err(told).unwrap() {
        assert!(line.foreign.is_empty() && line.unknown.is_none());
        let header = block_on(again.commit(line.event)).unwrap();
        assert_eq!(Some(header.hash), line.hash);
    }
    assert_eq!(block_on(again.head()).unwrap(), block_on(vault.head()).unwrap());
}

fn export(vault: &InMemoryVault, form: FileFormat) -> Vec<u8> {
    let mut text = Vec::new();
    let mut replay = vault.replay(ReplayOptions::new());
    while let Some(event) = block_on(replay.try_next()).unwrap() {
        record::in_words(&event.payload);
        match form {
            FileFormat::Jsonl => serde_json::to_writer(&mut text, &record::Record::portable(&event)),
            FileFormat::Cloudevents => {
                serde_json::to_writer(&mut text, &record::CloudEvent::new(&event, "x"))
            }
        }
        .unwrap();
        text.push(b'\n');
    }
    text
}
