//! `subscribe_from(Beginning)` while writers run: no gap and no duplicate at the seam between
//! history and live, with the moment varied a thousand times.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use toka_vault::{NewEvent, Result, StartFrom, Vault};
use toka_vault_scenarios::{journal, memory, sled};
use toka_vault_testkit::runner::run;

const ROUNDS: u64 = 1_000;

/// Events that each of two writers commits in a round.
const EACH: u64 = 6;

#[test]
fn there_is_no_seam_in_memory() {
    run(|| there_is_no_seam(memory));
}

#[test]
fn there_is_no_seam_on_sled() {
    run(|| there_is_no_seam_on_disk(sled));
}

#[test]
fn there_is_no_seam_on_a_journal() {
    run(|| there_is_no_seam_on_disk(journal));
}

async fn there_is_no_seam_on_disk(open: fn(&Path) -> Result<Vault>) {
    let folder = tempfile::tempdir().unwrap();
    let vaults = std::cell::Cell::new(0);
    there_is_no_seam(|| {
        vaults.set(vaults.get() + 1);
        open(&folder.path().join(vaults.get().to_string())).unwrap()
    })
    .await;
}

/// Opens a new vault every 50 rounds, so that the history before the seam is short and long.
async fn there_is_no_seam(open: impl Fn() -> Vault) {
    let (mut vault, mut before) = (open(), 0);
    for round in 0..ROUNDS {
        if round % 50 == 0 {
            vault.close().await.unwrap();
            (vault, before) = (open(), 0);
        }
        let writers = [tokio::spawn(write(vault.clone())), tokio::spawn(write(vault.clone()))];
        // Where in the writing the subscription starts: after some turns, or once some are committed.
        for _ in 0..round % 7 {
            tokio::task::yield_now().await;
        }
        if round % 3 == 0 {
            vault.commit_json("seam.marker", round, &[]).await.unwrap();
        }
        let mut subscription = vault.subscribe_from(StartFrom::Beginning);
        let all = before + 2 * EACH + u64::from(round % 3 == 0);
        for expected in 1..=all {
            let event = subscription.recv().await.unwrap().unwrap();
            assert_eq!(event.position().get(), expected, "round {round}");
        }
        toka_vault_testkit::events::assert_waits(&mut subscription);
        for writer in writers {
            writer.await.unwrap();
        }
        before = all;
    }
}

/// Commits by ones and by a batch.
async fn write(vault: Vault) {
    for number in 0..EACH / 2 {
        vault.commit_json("seam.test", number, &[]).await.unwrap();
    }
    let batch = (0..EACH - EACH / 2).map(|number| NewEvent::new("seam.test", number).unwrap());
    vault.commit_batch(batch.collect()).await.unwrap();
}
