//! [`operations`]: what the testkit's model is asked, from the bytes that the fuzzer brings.

use toka_vault::{Filter, Timestamp, WalkOptions, WalkOrder};
use toka_vault_testkit::model::ops::{Demand, Draft, Moment, Name, Op, Question, Start};

use crate::input::Input;

/// Most operations at once.
const OPERATIONS_MAX: usize = 60;

/// Makes operations until the bytes have ended.
pub fn operations(input: &mut Input<'_>) -> Vec<Op> {
    let mut operations = Vec::new();
    while !input.is_empty() && operations.len() < OPERATIONS_MAX {
        operations.push(operation(input));
    }
    operations
}

fn operation(input: &mut Input<'_>) -> Op {
    match input.byte() % 18 {
        0..=3 => Op::Commit(drafts(input)),
        4 => Op::Fill(1 + input.number(2) as u16 % 300),
        5 => {
            let drafts = drafts(input);
            Op::CommitIf(drafts, demand(input))
        }
        6 | 7 => replay(input),
        8 => Op::Get(name(input)),
        9 => Op::Grow(grown(input)),
        10 | 11 => Op::Ask(question(input), [name(input), name(input)]),
        12 => Op::Head,
        13 => Op::Subscribe(start(input)),
        14 => Op::Receive(input.byte(), input.byte()),
        15 => Op::Reopen,
        16 => Op::Drop,
        _ => Op::Close,
    }
}

fn name(input: &mut Input<'_>) -> Name {
    match input.byte() % 5 {
        0 | 1 => Name::Brought(input.byte() % 10),
        2 => Name::Existing(input.number(2) as u16),
        _ => Name::Newest(input.byte() % 12),
    }
}

fn option<T>(input: &mut Input<'_>, of: impl Fn(&mut Input<'_>) -> T) -> Option<T> {
    input.coin().then(|| of(input))
}

fn drafts(input: &mut Input<'_>) -> Vec<Draft> {
    let count = input.byte() % 5;
    (0..count).map(|_| draft(input)).collect()
}

fn draft(input: &mut Input<'_>) -> Draft {
    let (kind, content, parents) = (input.byte() % 2, input.byte() % 4, input.byte() % 4);
    let (id, timestamp) = (option(input, name), option(input, |input| input.byte() % 2));
    Draft { kind, content, id, timestamp, parents: (0..parents).map(|_| name(input)).collect() }
}

fn grown(input: &mut Input<'_>) -> Vec<Vec<u8>> {
    let events = 1 + input.byte() % 11;
    let parents = |input: &mut Input<'_>| {
        let count = input.byte() % 4;
        (0..count).map(|_| input.byte() % 6).collect()
    };
    (0..events).map(|_| parents(input)).collect()
}

fn demand(input: &mut Input<'_>) -> Demand {
    match input.byte() % 3 {
        0 => Demand::HeadAt(input.byte() % 2),
        1 => Demand::NoneAfter(input.number(2) as u16, input.byte()),
        _ => Demand::Leaf(name(input)),
    }
}

fn start(input: &mut Input<'_>) -> Start {
    match input.byte() % 6 {
        0 => Start::Beginning,
        1 => Start::After(input.number(2) as u16),
        2 => Start::AfterId(name(input)),
        3 => Start::Time(Moment::Fixed(input.byte() % 4)),
        4 => Start::Time(Moment::Of(name(input))),
        _ => Start::Head,
    }
}

fn replay(input: &mut Input<'_>) -> Op {
    let (start, end) = (start(input), option(input, |input| input.number(2) as u16));
    let (backward, limit) = (!input.coin(), option(input, |input| input.byte()));
    Op::Replay { start, end, backward, limit, filter: option(input, |input| input.byte()) }
}

fn question(input: &mut Input<'_>) -> Question {
    match input.byte() % 7 {
        0 => Question::Children,
        1 => Question::Ancestors(walk(input)),
        2 => Question::Descendants(walk(input)),
        3 => Question::IsAncestor,
        4 => Question::Common,
        5 => Question::Roots,
        _ => Question::Leaves,
    }
}

fn walk(input: &mut Input<'_>) -> WalkOptions {
    let order = if input.coin() { WalkOrder::NearestFirst } else { WalkOrder::Causal };
    let mut options = WalkOptions::new().with_order(order);
    options.depth = option(input, |input| u64::from(input.byte() % 4));
    options.limit = option(input, |input| u64::from(input.byte() % 6));
    match option(input, |input| input.byte()) {
        Some(number) => options.with_filter(filter(number)),
        None => options,
    }
}

/// Returns one of a few filters, as the model has them.
fn filter(number: u8) -> Filter {
    let kinds = ["model.one", "model.*", "test.>", "*.two", "none"];
    let filter = Filter::kind(kinds[usize::from(number) % kinds.len()]).unwrap();
    match number / 128 {
        0 => filter,
        _ => filter.with_since(Timestamp::from_micros(1_000_001).unwrap()).unwrap(),
    }
}
