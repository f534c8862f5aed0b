//! What the facade itself promises: inherent methods, clones, the prelude, and a feature that changes
//! nothing.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use futures::executor::block_on;
use toka_vault::{InMemoryVault, Vault};

/// Makes a vault of each kind that needs no disk.
fn vaults() -> [Vault; 2] {
    let memory = || InMemoryVault::new(1024).unwrap();
    [Vault::Memory(memory()), Vault::Custom(Arc::new(memory()))]
}

/// This file imports no trait: the methods are the vault's own.
#[test]
fn every_method_is_inherent() {
    for vault in vaults() {
        block_on(async {
            let mut live = vault.subscribe();
            let one = vault.commit_json("test.one", [1, 2], &[]).await.unwrap();
            let event = toka_vault::NewEvent::new("test.two", &"two").unwrap().with_parents(&[one.id]);
            let two = vault.commit(event).await.unwrap();
            assert!(vault.commit_batch(Vec::new()).await.unwrap().is_empty());
            assert_eq!(vault.head().await.unwrap().position, two.position);
            assert_eq!(vault.get(two.id).await.unwrap().unwrap().header, two);
            assert_eq!(vault.header(two.id).await.unwrap().as_ref(), Some(&two));
            let both = vault.get_many(&[two.id, one.id]).await.unwrap();
            assert_eq!(
                both.into_iter().flatten().map(|event| event.header).collect::<Vec<_>>(),
                [two.clone(), one.clone()]
            );
            let mut all = vault.subscribe_from(toka_vault::StartFrom::Beginning);
            let mut replay = vault.replay(toka_vault::ReplayOptions::new());
            for header in [&one, &two] {
                assert_eq!(live.recv().await.unwrap().unwrap().header, *header);
                assert_eq!(all.recv().await.unwrap().unwrap().header, *header);
                assert_eq!(replay.try_next().await.unwrap().unwrap().header, *header);
            }
            assert!(replay.try_next().await.unwrap().is_none());
            vault.close().await.unwrap();
            assert!(live.recv().await.unwrap().is_none());
        });
    }
}

#[test]
fn a_future_of_a_commit_is_send_whatever_the_payload() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let [vault, _] = vaults();
    // An `Rc` cannot leave its thread, its encoding can.
    let payload = std::rc::Rc::<str>::from("here").to_string();
    let local = std::cell::RefCell::new(payload);
    block_on(assert_send(vault.commit_json("test.event", &*local.borrow(), &[]))).unwrap();
}

#[test]
fn clones_are_handles_to_one_vault() {
    for vault in vaults() {
        let other = vault.clone();
        block_on(vault.commit_json("test.event", 1, &[])).unwrap();
        assert_eq!(block_on(other.head()).unwrap(), block_on(vault.head()).unwrap());
        block_on(other.close()).unwrap();
        block_on(vault.commit_json("test.event", 2, &[])).unwrap_err();
    }
}

/// A service has one future for each commit that is under way. What few of them need, such as a search for a
/// condition, is not in it: with that it was 1,136 bytes.
#[test]
fn the_future_of_a_commit_is_small() {
    for vault in vaults() {
        let commit = vault.commit(toka_vault::NewEvent::new("test.event", 1).unwrap());
        assert!(size_of_val(&commit) <= 640, "{} bytes", size_of_val(&commit));
    }
}

#[test]
fn every_back_end_becomes_a_vault() {
    assert!(matches!(Vault::from(InMemoryVault::unbounded()), Vault::Memory(_)));
    let store: Arc<dyn toka_vault::EventStore> = Arc::new(InMemoryVault::unbounded());
    assert!(matches!(store.into(), Vault::Custom(_)));
}

#[test]
fn debug_names_the_back_end() {
    let [memory, custom] = vaults();
    assert!(format!("{memory:?}").starts_with("Memory("), "{memory:?}");
    assert!(format!("{custom:?}").starts_with("Custom("), "{custom:?}");
}

mod by_prelude {
    use toka_vault::prelude::*;

    /// The prelude alone is enough for most programs.
    #[test]
    fn the_prelude_is_enough() {
        futures::executor::block_on(async {
            let vault = Vault::Memory(InMemoryVault::unbounded());
            let header: EventHeader = vault.commit_json("test.event", &1, &[]).await.unwrap();
            let id: EventId = header.id;
            let options = ReplayOptions::new().with_start(StartFrom::After(Position::ZERO));
            let event: Event = vault.replay(options).try_next().await.unwrap().unwrap();
            assert_eq!((event.header.id, event.payload), (id, Payload::encode(&1).unwrap()));
            let newest = ReplayOptions::new()
                .with_direction(Direction::Backward)
                .with_filter(Filter::kind("test.*").unwrap());
            assert!(vault.replay(newest).try_next().await.unwrap().is_some());
            let free = [Condition::none_after(Position::ZERO, Filter::kind("test.*").unwrap())];
            assert!(vault.commit_if(NewEvent::new("test.event", 3).unwrap(), &free).await.is_err());
            let all = SubscribeOptions::new(StartFrom::Beginning).with_filter(Filter::new());
            assert!(vault.subscribe_from(all).recv().await.unwrap().is_some());
            let store: &dyn EventStore = &vault;
            let kind: Kind = "test.event".parse().unwrap();
            store.commit(NewEvent::new(kind, 2).unwrap()).await.unwrap();
        });
    }
}
