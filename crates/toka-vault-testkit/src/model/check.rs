//! [`check_against_model`]: random operations on a back-end, each answer compared.

use serde_json::json;
use toka_vault_core::{
    Condition, Direction, Error, Event, EventId, EventStore, EventStoreExt, Filter, Kind, NewEvent, Position,
    ReplayOptions, Result, StartFrom, Timestamp,
};

use super::follower::Follower;
use super::ops::{Demand, Draft, Moment, Name, Op, Start, any_filter, any_time};
use super::questions::ask;
use super::vault::Model;
use crate::events::{batch, event, id, items};
use crate::{Backend, Store};

/// Most subscriptions that are open at once.
const FOLLOWERS_MAX: usize = 8;

/// Carries out operations on a back-end and on a [`Model`], and compares every answer.
///
/// # Panics
///
/// Where an answer differs.
pub async fn check_against_model(backend: &Backend, ops: &[Op]) {
    let mut run = Run {
        backend,
        store: backend.open().await,
        model: Model::new(backend.capacity()),
        followers: Vec::new(),
    };
    for op in ops {
        run = run.step(op).await;
    }
    run.replay(ReplayOptions::new()).await;
    run.verify().await;
}

/// Carries a check from operation to operation.
struct Run<'a> {
    backend: &'a Backend,
    store: Store,
    model: Model,
    followers: Vec<Follower>,
}

impl Run<'_> {
    async fn step(mut self, op: &Op) -> Self {
        match op {
            Op::Commit(drafts) => self.commit(self.new_events(drafts), &[]).await,
            Op::CommitIf(drafts, demand) => {
                self.commit(self.new_events(drafts), &[self.condition(*demand)]).await
            }
            Op::Fill(count) => self.commit(batch(0..u64::from(*count)), &[]).await,
            Op::Grow(events) => {
                for before in events {
                    self.grow(before).await;
                }
            }
            Op::Replay { start, end, backward, limit, filter } => {
                let mut options = self.options(*start, *backward, *limit);
                options.end = end.map(|end| self.position(end));
                self.replay(options.with_filter(filter.map_or_else(Filter::new, any_filter))).await;
            }
            Op::Get(name) => self.get(self.id(*name)).await,
            Op::Ask(question, names) => {
                ask(&self.store, &self.model, question, names.map(|name| self.id(name))).await;
            }
            Op::Head => assert_eq!(self.store.head().await.unwrap(), self.model.head()),
            Op::Subscribe(start) => self.subscribe(self.start(*start)).await,
            Op::Receive(which, count) => self.receive(usize::from(*which), usize::from(*count)).await,
            Op::Reopen if self.backend.is_durable() => return self.close().await.open(true).await,
            Op::Drop if self.backend.is_durable() => return self.open(true).await,
            Op::Reopen | Op::Drop => {}
            Op::Close => {
                let durable = self.backend.is_durable();
                return self.close().await.open(durable).await;
            }
        }
        self
    }

    async fn commit(&mut self, batch: Vec<NewEvent>, conditions: &[Condition]) {
        let answer = self.store.commit_batch_if(batch.clone(), conditions).await;
        self.model.commit(&batch, conditions, &answer);
        assert_eq!(self.store.head().await.unwrap(), self.model.head(), "after {answer:?}");
    }

    /// Commits an event with parents that stand so far before the newest, where there are any.
    async fn grow(&mut self, before: &[u8]) {
        let mut parents: Vec<_> = before.iter().map(|before| self.id(Name::Newest(*before))).collect();
        parents.retain(|parent| self.model.get(*parent).is_some());
        parents.sort_unstable();
        parents.dedup();
        let mut event = event(before.len() as u64).with_parents(&parents);
        if before.len().is_multiple_of(2) {
            event.kind = Kind::new("model.two").unwrap();
        }
        self.commit(vec![event], &[]).await;
    }

    async fn replay(&self, options: ReplayOptions) {
        let got = items(self.store.replay(options.clone())).await;
        match self.model.replay(&options) {
            // Whether nothing is read from an unknown start on is a matter of taste.
            Err(_) if options.limit == Some(0) => assert!(got.len() <= 1, "{got:?}"),
            Err(Error::UnknownEvent { id: unknown }) => {
                assert!(matches!(got[..], [Err(Error::UnknownEvent { id })] if id == unknown), "{got:?}");
            }
            Err(other) => panic!("{other:?}"),
            Ok(expected) => {
                let told = got.len() - got.iter().filter(|item| item.is_ok()).count();
                assert!(told <= usize::from(expected.evicted), "{got:?}");
                assert!(options.limit.is_some() || told == usize::from(expected.evicted), "{got:?}");
                assert_eq!(self.read(got), expected.events, "{options:?}");
            }
        }
    }

    /// Takes the events out of what a replay gave, and checks what else it told.
    fn read(&self, got: Vec<Result<Event>>) -> Vec<Event> {
        let tells = |error| match error {
            Error::Evicted { oldest } => assert_eq!(oldest, self.model.oldest()),
            other => panic!("{other:?}"),
        };
        got.into_iter().filter_map(|item| item.map_err(tells).ok()).collect()
    }

    async fn get(&self, id: EventId) {
        let known = self.model.get(id);
        assert_eq!(self.store.get(id).await.unwrap().as_ref(), known, "{id}");
        assert_eq!(self.store.header(id).await.unwrap().as_ref(), known.map(|event| &event.header), "{id}");
        let asked = [self.id(Name::Newest(1)), id, self.id(Name::Existing(7)), id];
        let found = self.store.get_many(&asked).await.unwrap();
        assert_eq!(found, asked.map(|id| self.model.get(id).cloned()), "{asked:?}");
    }

    async fn subscribe(&mut self, start: StartFrom) {
        if self.followers.len() < FOLLOWERS_MAX {
            let subscription = self.store.subscribe_from(start);
            self.followers.extend(Follower::start(subscription, start, &self.model).await);
        }
    }

    async fn receive(&mut self, which: usize, count: usize) {
        let Some(at) = which.checked_rem(self.followers.len()) else { return };
        if !self.followers[at].receive(count, &self.model).await {
            self.followers.remove(at);
        }
    }

    /// Closes the vault and checks that it is, for writers and for readers.
    async fn close(mut self) -> Self {
        self.store.close().await.unwrap();
        let refused = self.store.commit(event(1)).await;
        assert!(matches!(refused, Err(Error::Closed)), "{refused:?}");
        for follower in self.followers.drain(..) {
            follower.end(&self.model).await;
        }
        self.store.close().await.unwrap();
        self
    }

    /// Drops the vault and opens one, which is the same where `again`.
    async fn open(self, again: bool) -> Self {
        let Self { backend, store, model, followers } = self;
        drop((store, followers));
        let model = if again { model } else { Model::new(backend.capacity()) };
        let store = backend.open().await;
        assert_eq!(store.head().await.unwrap(), model.head(), "after it was opened again");
        Self { backend, store, model, followers: Vec::new() }
    }

    async fn verify(&self) {
        let report = toka_vault_core::verify::verify(&self.store, |_| ()).await.unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
    }

    fn id(&self, name: Name) -> EventId {
        let mut ids = self.model.ids();
        match name {
            Name::Brought(number) => id(number.into()),
            Name::Newest(before) => ids.rev().nth(before.into()).unwrap_or(id(before.into())),
            Name::Existing(number) => match usize::from(number).checked_rem(ids.len()) {
                Some(at) => ids.nth(at).unwrap(),
                None => id(number.into()),
            },
        }
    }

    fn new_events(&self, drafts: &[Draft]) -> Vec<NewEvent> {
        drafts.iter().map(|draft| self.new_event(draft)).collect()
    }

    fn condition(&self, demand: Demand) -> Condition {
        let head = self.model.head().position;
        match demand {
            Demand::HeadAt(before) => Condition::HeadAt(head.minus(before.into())),
            Demand::NoneAfter(position, filter) => {
                let position = Position::new(u64::from(position) % (head.get() + 2));
                Condition::none_after(position, any_filter(filter))
            }
            Demand::Leaf(name) => Condition::Leaf(self.id(name)),
        }
    }

    fn new_event(&self, draft: &Draft) -> NewEvent {
        let kind = ["model.one", "model.two"][usize::from(draft.kind)];
        let content = "x".repeat(usize::from(draft.content) * 700);
        let parents: Vec<_> = draft.parents.iter().map(|parent| self.id(*parent)).collect();
        let mut event = NewEvent::new(kind, json!({ "content": content })).unwrap().with_parents(&parents);
        event.id = draft.id.map(|name| self.id(name));
        event.timestamp = draft.timestamp.map(any_time);
        event
    }

    fn start(&self, start: Start) -> StartFrom {
        match start {
            Start::Beginning => StartFrom::Beginning,
            Start::After(number) => StartFrom::After(self.position(number)),
            Start::AfterId(name) => StartFrom::AfterId(self.id(name)),
            Start::Time(moment) => StartFrom::Time(self.moment(moment)),
            Start::Head => StartFrom::Head,
        }
    }

    /// Counts a position round, up to a bit behind the head.
    fn position(&self, number: u16) -> Position {
        Position::new(u64::from(number) % (self.model.head().position.get() + 3))
    }

    fn moment(&self, moment: Moment) -> Timestamp {
        let few = [Timestamp::MIN, Timestamp::EPOCH, any_time(1), Timestamp::MAX];
        match moment {
            Moment::Fixed(which) => few[usize::from(which) % few.len()],
            Moment::Of(name) => {
                self.model.get(self.id(name)).map_or(Timestamp::MIN, |event| event.header.timestamp)
            }
        }
    }

    fn options(&self, start: Start, backward: bool, limit: Option<u8>) -> ReplayOptions {
        let direction = if backward { Direction::Backward } else { Direction::Forward };
        let options = ReplayOptions::new().with_start(self.start(start)).with_direction(direction);
        match limit {
            Some(limit) => options.with_limit(limit.into()),
            None => options,
        }
    }
}
