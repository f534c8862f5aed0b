//! One event of a vault that cannot be read any more: it is told, and hides no other. A back-end that does not say
//! how an event is damaged passes without a look.

use futures::StreamExt;
use serde_json::json;
use toka_vault_core::verify::{Finding, verify};
use toka_vault_core::{
    Direction, Error, Event, EventHeader, EventStore, EventStoreExt, NewEvent, Position, ReplayOptions,
    Result, StartFrom,
};

use crate::assert_error;
use crate::events::{KIND, fill, items, number};
use crate::{Backend, Store};

/// Events before the damaged one, and behind it.
const BESIDE: u64 = 40;

/// The position of the damaged one.
const DAMAGED: Position = Position::new(BESIDE + 1);

/// Makes the event that is damaged, with a text that no other has.
fn doomed() -> NewEvent {
    NewEvent::new(KIND, json!({ "n": DAMAGED, "text": "what will be damaged, and nothing else" })).unwrap()
}

/// Opens a vault of which one event is damaged, and returns the headers of all. None where the back-end does not
/// say how.
async fn damaged(backend: &Backend) -> Option<(Vec<EventHeader>, Store)> {
    let Some(damage) = backend.damage() else {
        eprintln!("skipped: the back-end does not say how an event is damaged");
        return None;
    };
    let store = backend.open().await;
    let mut headers = fill(&store, BESIDE).await;
    headers.push(store.commit(doomed()).await.unwrap());
    headers.extend(fill(&store, BESIDE).await);
    let event = store.get(headers[BESIDE as usize].id).await.unwrap().unwrap();
    store.close().await.unwrap();
    drop(store);
    damage(&event);
    Some((headers, backend.open().await))
}

/// Asserts that items are the events of these headers, the damaged one told in its place.
fn assert_told<'a>(items: &[Result<Event>], headers: impl ExactSizeIterator<Item = &'a EventHeader>) {
    assert_eq!(items.len(), headers.len(), "{items:?}");
    for (item, header) in items.iter().zip(headers) {
        if header.position == DAMAGED {
            assert_error!(item, Error::Corrupt { first, last, .. } if (*first, *last) == (DAMAGED, DAMAGED));
        } else {
            assert_eq!(item.as_ref().unwrap().header, *header);
        }
    }
}

/// A replay tells of a damaged event in its place, either way, and gives all others.
pub async fn it_is_told_in_its_place_and_all_others_are_read(backend: Backend) {
    let Some((headers, store)) = damaged(&backend).await else { return };
    assert_told(&items(store.replay(ReplayOptions::new())).await, headers.iter());
    let backward = ReplayOptions::new().with_direction(Direction::Backward);
    assert_told(&items(store.replay(backward)).await, headers.iter().rev());
    let behind = ReplayOptions::new().with_start(StartFrom::After(DAMAGED));
    assert_told(&items(store.replay(behind)).await, headers[BESIDE as usize + 1..].iter());
    assert_eq!(store.head().await.unwrap().position.get(), 2 * BESIDE + 1);
}

/// A subscription tells of a damaged event and goes on behind it, to what is committed later.
pub async fn a_subscription_goes_on_behind_it(backend: Backend) {
    let Some((headers, store)) = damaged(&backend).await else { return };
    let mut subscription = store.subscribe_from(StartFrom::Beginning);
    let received: Vec<_> = (&mut subscription).take(headers.len()).collect().await;
    assert_told(&received, headers.iter());
    let next = fill(&store, 1).await;
    assert_eq!(subscription.recv().await.unwrap().unwrap().header, next[0]);
}

/// A lookup of a damaged event is an error and not an absence; those of others find them.
pub async fn it_is_told_by_a_lookup_and_the_others_are_found(backend: Backend) {
    let Some((headers, store)) = damaged(&backend).await else { return };
    for header in &headers {
        let found = store.get(header.id).await;
        if header.position == DAMAGED {
            assert_error!(found, Error::Corrupt { .. });
            // And so is a payload that it alone has, never other bytes than those that were asked for.
            assert_error!(store.payload(header.digest).await, Error::Corrupt { .. });
        } else {
            assert_eq!(found.unwrap().unwrap().header, *header);
            assert_eq!(store.header(header.id).await.unwrap().as_ref(), Some(header));
            let payload = store.payload(header.digest).await.unwrap().unwrap();
            assert!(payload.is_intact() && payload.digest() == header.digest);
        }
    }
}

/// The id of a damaged event is not given to an event with other content.
pub async fn its_id_is_given_to_no_other_event(backend: Backend) {
    let Some((headers, store)) = damaged(&backend).await else { return };
    let other = NewEvent::new(KIND, "other").unwrap().with_id(headers[BESIDE as usize].id);
    assert_error!(store.commit(other).await, Error::Corrupt { .. } | Error::Conflict { .. });
    assert_eq!(store.head().await.unwrap().position.get(), 2 * BESIDE + 1);
}

/// Commits go on behind damage, also those that name events beside it as parents.
pub async fn commits_go_on_behind_it(backend: Backend) {
    let Some((headers, store)) = damaged(&backend).await else { return };
    let parents = [headers[0].id, headers[headers.len() - 1].id];
    let child = NewEvent::new(KIND, json!({ "n": 1_000 })).unwrap().with_parents(&parents);
    let header = store.commit(child).await.unwrap();
    assert_eq!(header.position.get(), 2 * BESIDE + 2);
    store.close().await.unwrap();
    drop(store);
    let store = backend.open().await;
    assert_eq!(number(&store.get(header.id).await.unwrap().unwrap()), 1_000);
    let all: Vec<EventHeader> = headers.into_iter().chain([header]).collect();
    assert_told(&items(store.replay(ReplayOptions::new())).await, all.iter());
}

/// Verifying names the damaged event, and finds nothing else.
pub async fn verifying_names_it(backend: Backend) {
    let Some((_, store)) = damaged(&backend).await else { return };
    let report = verify(&store, |_| ()).await.unwrap();
    let [Finding::Unreadable(Error::Corrupt { first, last, .. })] = &report.findings[..] else {
        panic!("one event is damaged: {:?}", report.findings)
    };
    assert_eq!((*first, *last), (DAMAGED, DAMAGED));
}
