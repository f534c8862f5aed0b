//! [`Follower`]: a subscription beside what the model says that it should give.

use futures::FutureExt;
use toka_vault_core::{Error, Event, Position, Result, StartFrom, Subscription, Timestamp};

use super::vault::Model;

/// Holds a subscription and how far it is.
pub(super) struct Follower {
    subscription: Subscription,
    /// The position that comes next; none where that is found when it is read.
    next: Option<Position>,
    /// The moment of the first event, until that is found.
    since: Option<Timestamp>,
    /// Whether it names an event, which a bounded vault can evict before it is looked up.
    by_id: bool,
}

impl Follower {
    /// Notes where a subscription starts. None where its id is unknown, which it has to tell.
    pub(super) async fn start(
        mut subscription: Subscription,
        start: StartFrom,
        model: &Model,
    ) -> Option<Self> {
        match model.first(start) {
            Ok(first) => {
                let (next, since) = match start {
                    StartFrom::Beginning => (None, None),
                    StartFrom::Time(time) => (None, Some(time)),
                    _ => (Some(first), None),
                };
                Some(Self { subscription, next, since, by_id: matches!(start, StartFrom::AfterId(_)) })
            }
            Err(unknown) => {
                let told = subscription.recv().await;
                assert!(matches!(told, Err(Error::UnknownEvent { id }) if id == unknown), "{told:?}");
                assert!(subscription.recv().await.unwrap().is_none());
                None
            }
        }
    }

    /// Receives up to `count` events. Where there are no more, the subscription has to wait. Returns
    /// whether it goes on.
    pub(super) async fn receive(&mut self, count: usize, model: &Model) -> bool {
        for _ in 0..count {
            let next = self.find_next(model);
            if next > model.head().position {
                let item = self.subscription.recv().now_or_never();
                assert!(item.is_none(), "a subscription at the head gave {item:?}");
                break;
            }
            match self.subscription.recv().await {
                Err(Error::UnknownEvent { .. }) if self.by_id && next <= model.oldest() => return false,
                item => self.next = Some(followed(item, next, model)),
            }
        }
        true
    }

    /// Receives to the end, which comes once the vault is closed.
    pub(super) async fn end(mut self, model: &Model) {
        loop {
            let next = self.find_next(model);
            match self.subscription.recv().await {
                Ok(None) => {
                    let head = model.head().position;
                    assert!(next > head, "a subscription ended at {next} of {head:?}");
                    return;
                }
                Err(Error::Closed) => return,
                Err(Error::UnknownEvent { .. }) if self.by_id && next <= model.oldest() => return,
                item => self.next = Some(followed(item, next, model)),
            }
        }
    }

    /// Finds the position of what comes next, now that it is read.
    fn find_next(&mut self, model: &Model) -> Position {
        let mut next = self.next.unwrap_or(model.oldest());
        // What was evicted before it was searched is told, and then the search goes on.
        if let Some(time) = self.since.filter(|_| next >= model.oldest()) {
            next = model.first_since(time, next);
            if next <= model.head().position {
                self.since = None;
            }
        }
        self.next = Some(next);
        next
    }
}

/// Compares what was received with what comes next, and returns what comes after.
///
/// A subscription may have read an event ahead before the vault evicted it, or tell that it is gone.
fn followed(item: Result<Option<Event>>, next: Position, model: &Model) -> Position {
    match item {
        Ok(Some(event)) => {
            assert_eq!(Some(&event), model.at(next), "a subscription gave another event");
            next.next()
        }
        Err(Error::Evicted { oldest }) => {
            assert_eq!(oldest, model.oldest());
            assert!(next < oldest, "an event that is kept was said to be evicted");
            oldest
        }
        other => panic!("a subscription that should give the event at {next} gave {other:?}"),
    }
}
