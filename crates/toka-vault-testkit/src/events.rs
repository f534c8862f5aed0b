//! Makes events and reads them: the words that tests say often.

use futures::{FutureExt, StreamExt};
use serde_json::json;
use toka_vault_core::{
    Error, Event, EventHeader, EventId, EventStore, NewEvent, Payload, Replay, ReplayOptions, Result,
    Subscription,
};

/// The kind of the events that [`event`] makes.
pub const KIND: &str = "test.event";

/// Most events that [`fill`] commits at once.
const FILL_BATCH: u64 = 500;

/// Makes an event whose payload is a number, which [`number`] reads.
pub fn event(number: u64) -> NewEvent {
    NewEvent::new(KIND, json!({ "n": number })).unwrap()
}

/// Makes an event whose payload has `size` bytes.
pub fn sized(size: usize) -> NewEvent {
    NewEvent::new(KIND, payload_of(size)).unwrap()
}

/// Makes an event whose payload has `size` bytes and is another one for each number, as long as it has room
/// for the number: a store keeps equal payloads once, so that many equal ones take little of it.
pub fn distinct(number: u64, size: usize) -> NewEvent {
    let (mut text, number) = (text_of(size), number.to_string());
    if number.len() < text.len() {
        text.replace_range(..number.len(), &number);
    }
    NewEvent::new(KIND, text).unwrap()
}

/// Makes a payload of exactly `size` encoded bytes, whose content differs with the size.
///
/// # Panics
///
/// For a size that no text encodes to: 0, 33, 258, 65,539 and 65,540.
pub fn payload_of(size: usize) -> Payload {
    let payload = Payload::encode(&text_of(size)).unwrap();
    assert_eq!(payload.bytes().len(), size, "no text encodes to this size");
    payload
}

/// Makes a text that encodes to `size` bytes.
pub fn text_of(size: usize) -> String {
    let prefix = match size {
        0..=32 => 1,
        33..=257 => 2,
        258..=65_538 => 3,
        _ => 5,
    };
    let letter = char::from(b'a' + (size % 26) as u8);
    std::iter::repeat_n(letter, size.saturating_sub(prefix)).collect()
}

/// Makes an id to bring: the `number`-th of its millisecond.
pub fn id(number: u64) -> EventId {
    EventId::from_parts(1_600_000_000_000, u128::from(number))
}

/// Makes a batch of events with these numbers.
pub fn batch(numbers: std::ops::Range<u64>) -> Vec<NewEvent> {
    numbers.map(event).collect()
}

/// Commits events with the numbers from 1 to `count`, and returns their headers.
pub async fn fill(store: &impl EventStore, count: u64) -> Vec<EventHeader> {
    let mut headers = Vec::new();
    let mut next = 1;
    while next <= count {
        let end = (next + FILL_BATCH).min(count + 1);
        headers.extend(store.commit_batch(batch(next..end)).await.unwrap());
        next = end;
    }
    headers
}

/// Reads the number out of an event that [`event`] made.
pub fn number(event: &Event) -> u64 {
    event.payload.to_json().unwrap()["n"].as_u64().unwrap()
}

/// Reads the numbers out of events.
pub fn numbers(events: &[Event]) -> Vec<u64> {
    events.iter().map(number).collect()
}

/// Returns the ids of events.
pub fn ids(events: &[Event]) -> Vec<EventId> {
    events.iter().map(|event| event.header.id).collect()
}

/// Returns the positions of events.
pub fn positions(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.position().get()).collect()
}

/// Returns the headers of events.
pub fn headers(events: &[Event]) -> Vec<EventHeader> {
    events.iter().map(|event| event.header.clone()).collect()
}

/// Reads a replay to its end, which no error may come before.
pub async fn read(mut replay: Replay) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(event) = replay.try_next().await.unwrap() {
        events.push(event);
    }
    events
}

/// Reads the whole history.
pub async fn history(store: &impl EventStore) -> Vec<Event> {
    read(store.replay(ReplayOptions::new())).await
}

/// Reads the part of the history that `options` name, as numbers.
pub async fn replayed(store: &impl EventStore, options: ReplayOptions) -> Vec<u64> {
    numbers(&read(store.replay(options)).await)
}

/// Reads a replay to its end, errors included.
pub async fn items(replay: Replay) -> Vec<Result<Event>> {
    replay.collect().await
}

/// Receives `count` events.
pub async fn take(subscription: &mut Subscription, count: usize) -> Vec<Event> {
    let mut events = Vec::with_capacity(count);
    while events.len() < count {
        let event = subscription.recv().await.unwrap();
        events.push(event.expect("a subscription ended before its vault was closed"));
    }
    events
}

/// Asserts that a subscription has nothing to give now.
pub fn assert_waits(subscription: &mut Subscription) {
    let item = subscription.recv().now_or_never();
    assert!(item.is_none(), "expected a subscription that waits, it gave {item:?}");
}

/// Receives to the end of a subscription whose vault is closed. What a vault may no longer read
/// after closing ends it with [`Error::Closed`] instead.
pub async fn drain(mut subscription: Subscription) -> (Vec<Event>, bool) {
    let mut events = Vec::new();
    loop {
        match subscription.recv().await {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return (events, true),
            Err(Error::Closed) => return (events, false),
            Err(other) => panic!("a subscription of a closed vault failed: {other:?}"),
        }
    }
}
