//! The snippet "Migration Guide" of the document that this project implements: the lines that replace
//! the legacy ones, as printed, in a function that has what they need around them.

// --- as printed ---
#[rustfmt::skip]
use toka_vault::{Vault, InMemoryVault};

#[tokio::test]
async fn the_migrated_lines_run() -> anyhow::Result<()> {
    let payload = serde_json::json!({ "what": "a domain event" });
    // --- as printed ---
    let vault = Vault::Memory(InMemoryVault::new(1024)?);
    vault.commit_json("my.event", &payload, &[]).await?;
    // --- added ---
    assert_eq!(vault.head().await?.position.get(), 1);
    Ok(())
}

/// The back-end swaps by one constructor, and nothing else.
#[tokio::test]
async fn one_constructor_swaps_the_back_end() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let constructors: [&dyn Fn() -> toka_vault::Result<Vault>; 3] = [
        &|| Ok(Vault::Memory(InMemoryVault::new(1024)?)),
        &|| Ok(Vault::Sled(toka_vault::SledVault::open(folder.path().join("events.db"))?)),
        &|| Ok(Vault::Journal(toka_vault::JournalVault::open(folder.path().join("events.vault"))?)),
    ];
    for open in constructors {
        let vault = open()?;
        let header = vault.commit_json("my.event", "payload", &[]).await?;
        let child = vault.commit_json("my.event", &"payload", &[header.id]).await?;
        let mut rx = vault.subscribe_from(toka_vault::StartFrom::Beginning);
        assert_eq!(rx.recv().await?.map(|event| event.header), Some(header));
        assert_eq!(rx.recv().await?.map(|event| event.header), Some(child));
    }
    Ok(())
}
