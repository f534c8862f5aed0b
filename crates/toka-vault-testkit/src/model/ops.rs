//! Random operations, as data that proptest can make smaller.
//!
//! Events are named by number, so that an operation means something after others were left out.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use toka_vault_core::{Filter, Timestamp, WalkOptions, WalkOrder};

/// Names an event.
#[derive(Clone, Copy, Debug)]
pub enum Name {
    /// The id that callers bring under this number; it may be unknown.
    Brought(u8),
    /// The id of one of all the events so far, counted round; unknown where there are none.
    Existing(u16),
    /// The id of the event that stands this far before the newest; unknown where there is none.
    Newest(u8),
}

/// Says where reading starts.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// At the oldest event.
    Beginning,
    /// Behind a position up to some beyond the head, counted round.
    After(u16),
    /// Behind an event.
    AfterId(Name),
    /// At the first event of a moment or later.
    Time(Moment),
    /// At the head.
    Head,
}

/// Names a moment.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// Before all, after all, or in between: one of a few.
    Fixed(u8),
    /// The time of an event; where that is unknown, before all.
    Of(Name),
}

/// Describes an event to commit. Few contents and ids, so that they repeat and conflict.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Which of a few kinds.
    pub kind: u8,
    /// Which of a few contents.
    pub content: u8,
    /// The id to bring.
    pub id: Option<Name>,
    /// Which of a few timestamps to bring.
    pub timestamp: Option<u8>,
    /// The parents.
    pub parents: Vec<Name>,
}

/// Describes a condition.
#[derive(Clone, Copy, Debug)]
pub enum Demand {
    /// The head is as many events before its place as this says.
    HeadAt(u8),
    /// Nothing that one of a few filters means came after a position, counted round.
    NoneAfter(u16, u8),
    /// Nothing follows an event.
    Leaf(Name),
}

/// Asks about the graph.
#[derive(Clone, Debug)]
pub enum Question {
    /// What names the first event.
    Children,
    /// What led to the first event.
    Ancestors(WalkOptions),
    /// What the first event led to.
    Descendants(WalkOptions),
    /// Whether the first event led to the second.
    IsAncestor,
    /// What led to both.
    Common,
    /// What names nothing.
    Roots,
    /// What nothing names.
    Leaves,
}

/// Does something with a vault.
#[derive(Clone, Debug)]
pub enum Op {
    /// Commit a batch.
    Commit(Vec<Draft>),
    /// Commit a batch under a condition.
    CommitIf(Vec<Draft>, Demand),
    /// Commit this many events without a name, to make the history long.
    Fill(u16),
    /// Commit events one by one, each with parents that stand so far before the newest: a part of
    /// the graph that is woven closely.
    Grow(Vec<Vec<u8>>),
    /// Replay a part of the history.
    Replay {
        /// Where to start.
        start: Start,
        /// Where to end, counted round.
        end: Option<u16>,
        /// Whether to go from new to old.
        backward: bool,
        /// How far.
        limit: Option<u8>,
        /// Which of a few filters.
        filter: Option<u8>,
    },
    /// Look an event up.
    Get(Name),
    /// Ask how events are related: one, or two.
    Ask(Question, [Name; 2]),
    /// Ask for the head.
    Head,
    /// Start a subscription.
    Subscribe(Start),
    /// Receive from a subscription, counted round, up to this many events.
    Receive(u8, u8),
    /// Close the vault and open it again, where it is durable.
    Reopen,
    /// Drop the vault and open it again, where it is durable.
    Drop,
    /// Close the vault, see that it is closed, and open it again: with what it held, where it is
    /// durable, else empty.
    Close,
}

/// Makes up to `count` random operations.
pub fn operations(count: usize) -> impl Strategy<Value = Vec<Op>> {
    vec(operation(), 1..=count)
}

fn operation() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => vec(draft(), 0..5).prop_map(Op::Commit),
        1 => (1..700_u16).prop_map(Op::Fill),
        4 => (vec(draft(), 0..3), demand()).prop_map(|(drafts, demand)| Op::CommitIf(drafts, demand)),
        7 => (start(), option::of(any::<u16>()), any::<bool>(), option::of(any::<u8>()), option::of(any::<u8>()))
            .prop_map(|(start, end, backward, limit, filter)| Op::Replay { start, end, backward, limit, filter }),
        2 => name().prop_map(Op::Get),
        3 => vec(vec(0..6_u8, 0..4), 1..12).prop_map(Op::Grow),
        8 => (question(), near(), near()).prop_map(|(ask, one, other)| Op::Ask(ask, [one, other])),
        1 => Just(Op::Head),
        2 => start().prop_map(Op::Subscribe),
        5 => any::<(u8, u8)>().prop_map(|(which, count)| Op::Receive(which, count)),
        1 => Just(Op::Reopen),
        1 => Just(Op::Drop),
        1 => Just(Op::Close),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    prop_oneof![
        1 => Just(Question::Children),
        3 => walk().prop_map(Question::Ancestors),
        3 => walk().prop_map(Question::Descendants),
        2 => Just(Question::IsAncestor),
        3 => Just(Question::Common),
        1 => Just(Question::Roots),
        1 => Just(Question::Leaves),
    ]
}

fn walk() -> impl Strategy<Value = WalkOptions> {
    let order = prop_oneof![Just(WalkOrder::Causal), Just(WalkOrder::NearestFirst)];
    (order, option::of(0..4_u64), option::of(0..6_u64), option::of(any::<u8>())).prop_map(
        |(order, depth, limit, filter)| {
            let mut options = WalkOptions::new().with_order(order);
            (options.depth, options.limit) = (depth, limit);
            options.with_filter(filter.map_or_else(Filter::new, any_filter))
        },
    )
}

/// Returns one of a few filters.
pub(super) fn any_filter(number: u8) -> Filter {
    let kinds = ["model.one", "model.*", "test.>", "*.two", "none"];
    let filter = Filter::kind(kinds[usize::from(number) % kinds.len()]).unwrap();
    match number / 128 {
        0 => filter,
        _ => filter.with_since(any_time(1)).unwrap(),
    }
}

/// Returns one of a few times, of which 0 is the first.
pub(super) fn any_time(number: u8) -> Timestamp {
    Timestamp::from_micros(i64::from(number) * 1_000_001).unwrap()
}

fn draft() -> impl Strategy<Value = Draft> {
    let parts = (0..2_u8, 0..4_u8, option::of(name()), option::weighted(0.3, 0..2_u8), vec(name(), 0..4));
    parts.prop_map(|(kind, content, id, timestamp, parents)| Draft { kind, content, id, timestamp, parents })
}

fn demand() -> impl Strategy<Value = Demand> {
    prop_oneof![
        (0..2_u8).prop_map(Demand::HeadAt),
        any::<(u16, u8)>().prop_map(|(position, filter)| Demand::NoneAfter(position, filter)),
        name().prop_map(Demand::Leaf),
    ]
}

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![(0..10_u8).prop_map(Name::Brought), any::<u16>().prop_map(Name::Existing)]
}

/// Names an event in the part of the graph that grew last, mostly.
fn near() -> impl Strategy<Value = Name> {
    prop_oneof![6 => (0..12_u8).prop_map(Name::Newest), 1 => name()]
}

fn start() -> impl Strategy<Value = Start> {
    prop_oneof![
        Just(Start::Beginning),
        any::<u16>().prop_map(Start::After),
        name().prop_map(Start::AfterId),
        (0..4_u8).prop_map(|which| Start::Time(Moment::Fixed(which))),
        name().prop_map(|name| Start::Time(Moment::Of(name))),
        Just(Start::Head),
    ]
}
