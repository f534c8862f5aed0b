//! A [`Vault`] as a store, for whoever takes any: the same calls as its own methods.
//!
//! Keeps the invariant that every method reaches the back-end's own, so that none falls back to what a store
//! without indexes does.

use async_trait::async_trait;
use toka_vault_core::verify::Finding;
use toka_vault_core::{
    Condition, Digest, Event, EventHeader, EventId, EventStore, Head, NewEvent, Payload, Replay,
    ReplayOptions, Result, SubscribeOptions, Subscription,
};

use super::Vault;

#[async_trait]
impl EventStore for Vault {
    async fn commit_batch(&self, batch: Vec<NewEvent>) -> Result<Vec<EventHeader>> {
        self.store().commit_batch(batch).await
    }

    async fn commit_batch_if(
        &self,
        batch: Vec<NewEvent>,
        conditions: &[Condition],
    ) -> Result<Vec<EventHeader>> {
        self.store().commit_batch_if(batch, conditions).await
    }

    fn replay(&self, options: ReplayOptions) -> Replay {
        self.store().replay(options)
    }

    fn subscribe_with(&self, options: SubscribeOptions) -> Subscription {
        self.store().subscribe_with(options)
    }

    async fn get(&self, id: EventId) -> Result<Option<Event>> {
        self.store().get(id).await
    }

    async fn header(&self, id: EventId) -> Result<Option<EventHeader>> {
        self.store().header(id).await
    }

    async fn get_many(&self, ids: &[EventId]) -> Result<Vec<Option<Event>>> {
        self.store().get_many(ids).await
    }

    async fn payload(&self, digest: Digest) -> Result<Option<Payload>> {
        self.store().payload(digest).await
    }

    async fn shared_bytes(&self) -> Result<u64> {
        self.store().shared_bytes().await
    }

    async fn verify_indexes(&self) -> Result<Vec<Finding>> {
        self.store().verify_indexes().await
    }

    fn children(&self, id: EventId) -> Replay {
        self.store().children(id)
    }

    async fn head(&self) -> Result<Head> {
        self.store().head().await
    }

    async fn close(&self) -> Result<()> {
        self.store().close().await
    }
}
