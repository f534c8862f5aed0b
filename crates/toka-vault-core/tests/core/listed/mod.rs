//! [`Listed`]: the smallest store that reads as the contract says, and can be made to lie.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::stream;
use toka_vault_core::hashing::{EventContent, chain_hash, event_hash};
use toka_vault_core::{
    Condition, Error, Event, EventHash, EventHeader, EventId, EventStore, Head, NewEvent, Replay,
    ReplayOptions, Result, SubscribeOptions, Subscription, Timestamp,
};

/// Keeps events in a list, as a third party's store might; it is not live.
#[derive(Default)]
pub(crate) struct Listed(Mutex<State>);

/// What the store returns: nothing here is computed at the time of reading, so a test can change it.
#[derive(Default)]
pub(crate) struct State {
    /// The items of a replay.
    pub(crate) items: Vec<Result<Event>>,
    /// What `get` finds.
    pub(crate) found: Vec<Event>,
    /// What `get` fails with, for one id.
    pub(crate) unreadable: Option<(EventId, Error)>,
    /// What `head` returns.
    pub(crate) head: Option<Head>,
}

impl State {
    /// Returns the event at an index of the replay, to change it.
    pub(crate) fn event(&mut self, index: usize) -> &mut Event {
        self.items[index].as_mut().unwrap()
    }

    /// Adds an event at the next position.
    fn append(&mut self, new: NewEvent) -> Result<EventHeader> {
        new.check()?;
        let parents = new.parents.iter().map(|parent| Ok((*parent, self.hash_of(*parent)?)));
        let parents: Vec<(EventId, EventHash)> = parents.collect::<Result<_>>()?;
        let head = self.head();
        let position = head.position.next();
        let id = new.id.unwrap_or(EventId::from_u128(position.get().into()));
        let timestamp = new.timestamp.unwrap_or(Timestamp::EPOCH);
        let content = EventContent { id, kind: &new.kind, timestamp, digest: new.payload.digest() };
        let hash = event_hash(content, parents.into_iter());
        let digest = new.payload.digest();
        let header = EventHeader::new(id, new.kind, timestamp, new.parents, digest, hash, position);
        let event = Event::new(header.clone(), new.payload);
        self.items.push(Ok(event.clone()));
        self.found.push(event);
        self.head = Some(Head { position, chain: chain_hash(head.chain, hash) });
        Ok(header)
    }

    /// Returns the head, which is empty at first.
    fn head(&self) -> Head {
        self.head.unwrap_or(Head::EMPTY)
    }

    fn hash_of(&self, id: EventId) -> Result<EventHash> {
        let found = self.found.iter().find(|event| event.header.id == id);
        found.map(|event| event.header.hash).ok_or(Error::UnknownParent { parent: id })
    }
}

impl Listed {
    /// Changes what the store returns from now on.
    pub(crate) fn lie(self: &Arc<Self>, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap());
    }
}

#[async_trait]
impl EventStore for Listed {
    async fn commit_batch_if(
        &self,
        batch: Vec<NewEvent>,
        _conditions: &[Condition],
    ) -> Result<Vec<EventHeader>> {
        let mut state = self.0.lock().unwrap();
        batch.into_iter().map(|new| state.append(new)).collect()
    }

    fn replay(&self, _options: ReplayOptions) -> Replay {
        Replay::new(stream::iter(self.0.lock().unwrap().items.clone()))
    }

    fn subscribe_with(&self, _options: SubscribeOptions) -> Subscription {
        Subscription::new(stream::iter(self.0.lock().unwrap().items.clone()))
    }

    async fn get(&self, id: EventId) -> Result<Option<Event>> {
        let state = self.0.lock().unwrap();
        match &state.unreadable {
            Some((unreadable, error)) if *unreadable == id => Err(error.clone()),
            _ => Ok(state.found.iter().find(|event| event.header.id == id).cloned()),
        }
    }

    async fn head(&self) -> Result<Head> {
        Ok(self.0.lock().unwrap().head())
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}
