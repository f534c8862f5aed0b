//! The snippet "Using the Vault" of the document that this project implements, run as a program.
//!
//! Between the lines it is as printed but for a second commit: a subscription is live, so the snippet
//! by itself waits for an event that it never commits. The path of the vault is that of a folder that
//! is removed afterwards.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test fails by panicking")]

// --- as printed ---
#[rustfmt::skip]
use toka_vault::{Vault, SledVault};

/// The program, with `./` being the folder of the test.
// --- as printed ---
#[tokio::main]
async fn main_as_printed() -> anyhow::Result<()> {
    let vault = Vault::Sled(SledVault::open("./events.db")?);

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
        assert_eq!(format!("{} -> {:?}", evt.header.kind, evt.payload), "system.ready -> {\"pid\":1234}");
        // --- as printed ---
    }

    Ok(())
}

#[test]
fn the_basic_flow_runs() {
    let folder = tempfile::tempdir().unwrap();
    // The only test of this process, so nobody else minds where it is.
    std::env::set_current_dir(folder.path()).unwrap();
    main_as_printed().unwrap();
    assert!(folder.path().join("events.db").is_dir());
    // A second run goes on where the first ended.
    main_as_printed().unwrap();
}
