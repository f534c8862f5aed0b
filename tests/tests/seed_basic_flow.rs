//! The snippet "Using the Vault" of the document that this project implements, run as a program: with
//! the constructor that it prints, and with that of the journal in its place.
//!
//! Between the lines it is as printed but for a second commit: a subscription is live, so the snippet
//! by itself waits for an event that it never commits. The path of the vault is that of a folder that
//! is removed afterwards.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test fails by panicking")]

// --- as printed ---
#[rustfmt::skip]
use toka_vault::{Vault, SledVault};
// --- added ---
use std::path::Path;

use toka_vault::JournalVault;

/// Makes the program, with `./` being the folder of the test. Its first line comes from below.
macro_rules! program {
    ($main_as_printed:ident, let vault = $constructor:expr;) => {
        // --- as printed ---
        #[tokio::main]
        async fn $main_as_printed() -> anyhow::Result<()> {
            let vault = $constructor;

            // commit an event (no parents)
            let header = vault.commit_json("system.start", serde_json::json!({ "pid": 1234 }), &[]).await?;

            // later… subscribe to a live stream
            let mut rx = vault.subscribe();
            // --- added ---
            vault.commit_json("system.ready", serde_json::json!({ "pid": 1234 }), &[header.id]).await?;
            // --- as printed ---
            if let Some(evt) = rx.recv().await? {
                println!("{} -> {:?}", evt.header.kind, evt.payload);
                // --- added ---
                let line = format!("{} -> {:?}", evt.header.kind, evt.payload);
                assert_eq!(line, "system.ready -> {\"pid\":1234}");
                // --- as printed ---
            }

            Ok(())
        }
    };
}

program! {
    main_as_printed,
    // --- as printed ---
    let vault = Vault::Sled(SledVault::open("./events.db")?);
}

program! {
    main_on_a_journal,
    // --- swapped ---
    let vault = Vault::Journal(JournalVault::open("./events.vault")?);
}

#[test]
fn the_basic_flow_runs() {
    let folder = tempfile::tempdir().unwrap();
    // The only test of this process, so nobody else minds where it is.
    std::env::set_current_dir(folder.path()).unwrap();
    runs_twice(main_as_printed, &folder.path().join("events.db"));
    runs_twice(main_on_a_journal, &folder.path().join("events.vault"));
}

/// Runs a program, and again: the second run goes on where the first ended.
fn runs_twice(main: fn() -> anyhow::Result<()>, vault: &Path) {
    main().unwrap();
    assert!(vault.is_dir());
    main().unwrap();
}
