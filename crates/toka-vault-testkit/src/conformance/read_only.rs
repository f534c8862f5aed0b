//! A vault that is opened to read only. A back-end that does not say how passes without a look.

use toka_vault_core::{
    Condition, Digest, Error, Event, EventHeader, EventStore, EventStoreExt, Filter, NewEvent, Position,
    ReplayOptions, StartFrom, WalkOptions,
};

use crate::assertions::assert_whole;
use crate::events::{assert_waits, batch, event, fill, headers, history, id, replayed, take};
use crate::{Backend, Store, assert_error};

/// Events of the vault that is read.
const EVENTS: u64 = 300;

/// Commits, closes, and opens to read only. Returns all events too. None where the back-end does not say how.
async fn opened(backend: &Backend) -> Option<(Vec<Event>, Store)> {
    let store = backend.open().await;
    fill(&store, EVENTS).await;
    let parent = headers(&history(&store).await)[7].id;
    store.commit(NewEvent::new("test.child", "child").unwrap().with_parents(&[parent])).await.unwrap();
    let events = history(&store).await;
    store.close().await.unwrap();
    drop(store);
    let reader = backend.open_read_only().await;
    if reader.is_none() {
        eprintln!("skipped: the back-end does not say how a vault is opened to read only");
    }
    Some((events, reader?))
}

/// All that was committed is shown, to the last byte and with its head, and a subscription has it too.
pub async fn it_shows_what_the_vault_has(backend: Backend) {
    let Some((events, reader)) = opened(&backend).await else { return };
    assert_eq!(assert_whole(&reader).await, events);
    let mut subscription = reader.subscribe_from(StartFrom::Beginning);
    assert_eq!(take(&mut subscription, events.len()).await, events);
    assert_waits(&mut subscription);
    reader.close().await.unwrap();
    assert!(subscription.recv().await.unwrap().is_none());
}

/// Lookups, filters and walks find the same as in the vault that can be written.
pub async fn it_answers_what_the_vault_answers(backend: Backend) {
    let Some((events, reader)) = opened(&backend).await else { return };
    for event in events.iter().step_by(31) {
        assert_eq!(reader.get(event.header.id).await.unwrap().as_ref(), Some(event));
        assert_eq!(reader.header(event.header.id).await.unwrap().as_ref(), Some(&event.header));
        assert_eq!(reader.payload(event.header.digest).await.unwrap().as_ref(), Some(&event.payload));
    }
    assert_eq!(reader.get(id(9)).await.unwrap(), None);
    assert_eq!(reader.payload(Digest::of(b"nothing")).await.unwrap(), None);
    let (parent, child) = (&events[7].header, events.last().unwrap());
    let filter = Filter::kind("test.child").unwrap();
    let mut found = reader.replay(ReplayOptions::new().with_filter(filter));
    assert_eq!(found.try_next().await.unwrap().as_ref(), Some(child));
    assert_eq!(found.try_next().await.unwrap(), None);
    assert_eq!(reader.children(parent.id).try_next().await.unwrap().as_ref(), Some(child));
    let mut led = reader.ancestors(child.header.id, WalkOptions::new());
    assert_eq!(led.try_next().await.unwrap().map(|event| event.header).as_ref(), Some(parent));
}

/// Each commit is refused as such, whatever it brings, and stores nothing.
pub async fn it_refuses_every_commit(backend: Backend) {
    let Some((events, reader)) = opened(&backend).await else { return };
    assert_error!(reader.commit(event(1)).await, Error::ReadOnly);
    assert_error!(reader.commit(event(1).with_id(id(1))).await, Error::ReadOnly);
    assert_error!(reader.commit_batch(batch(0..10)).await, Error::ReadOnly);
    let holds = [Condition::HeadAt(Position::new(events.len() as u64))];
    assert_error!(reader.commit_if(event(1), &holds).await, Error::ReadOnly);
    assert_eq!(assert_whole(&reader).await, events);
}

/// The vault is opened to write again afterwards, and goes on where it was.
pub async fn the_vault_goes_on_as_if_nobody_had_looked(backend: Backend) {
    let Some((events, reader)) = opened(&backend).await else { return };
    assert_eq!(history(&reader).await, events);
    reader.close().await.unwrap();
    drop(reader);
    let store = backend.open().await;
    let next: Vec<EventHeader> = fill(&store, 1).await;
    assert_eq!(next[0].position.get(), events.len() as u64 + 1);
    let behind = ReplayOptions::new().with_start(StartFrom::After(next[0].position.minus(1)));
    assert_eq!(replayed(&store, behind).await, [1]);
}
