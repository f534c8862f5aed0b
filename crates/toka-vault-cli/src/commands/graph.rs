//! `graph`: writes a part of the graph for Graphviz or Mermaid.
//!
//! Keeps the invariant that what is held is bounded by the limit: the events that are awaited as
//! causes of those that were written, and one event for each that was named.

use std::collections::HashMap;

use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use toka_vault::{
    Direction, Error, Event, EventId, Filter, Position, ReplayOptions, Vault, WalkOptions, WalkOrder,
};

use super::causes::{Causes, Missing, causes};
use super::events;
use super::find::{InDoubt, find};
use crate::args::Graph;
use crate::failure::{Failure, Result};
use crate::output::{Diagram, Node, Output, things};

/// Writes the events that are named and what led to them, or the newest.
pub(super) async fn run(vault: &Vault, args: &Graph, filter: Filter, output: &mut Output) -> Result<()> {
    let notes = output.notes();
    let mut ids = Vec::new();
    for name in &args.ids {
        ids.push(find(vault, name, InDoubt::Note(notes)).await?);
    }
    let mut events = events_of(vault, ids, filter.clone()).await?;
    let mut diagram = Diagram::new(output, args.format)?;
    let (mut awaited, mut missing) = (Awaited::default(), Missing::default());
    let (mut written, mut damaged) = (0, false);
    let is_cut = loop {
        match events.next().await {
            Some(Ok(_)) if written == args.limit => break true,
            Some(Ok(event)) => {
                let causes = causes(vault, &event, &filter).await?;
                missing.look(&causes);
                write(&mut diagram, &mut awaited, &event, &causes)?;
                written += 1;
            }
            Some(Err(error)) => damaged |= events::step_over(error, || Ok(notes))?,
            None => break false,
        }
    };
    diagram.end()?;
    missing.tell(notes);
    if let Some(note) = note(args, &filter, written, is_cut).filter(|_| !damaged || is_cut) {
        notes.note(&note);
    }
    events::outcome(damaged)
}

/// Says what there is to note about a graph: that it is cut off, or that there is nothing to write.
fn note(args: &Graph, filter: &Filter, written: u64, is_cut: bool) -> Option<String> {
    match written {
        _ if args.limit == 0 => None,
        0 if filter.is_all() => Some("the vault has no events yet".to_owned()),
        0 => Some(
            "no event in the vault matches; without --kind, --since and --until, `graph` writes all"
                .to_owned(),
        ),
        _ if is_cut => {
            Some(format!("the graph is cut off after {}; `-n N` writes more of it", things(written, "event")))
        }
        _ => None,
    }
}

/// Refuses a form of output that the command does not have.
pub(super) fn check(output: &Output) -> Result<()> {
    if output.is_for_people() {
        return Ok(());
    }
    Err(Failure::usage(
        "`graph` writes what `--format` says, and not JSON; leave out `--output`, or use `log`, whose events name their parents in JSON",
    ))
}

/// Holds the events that were written, by what led to them and was not yet; with whether that is a parent.
#[derive(Default)]
struct Awaited(HashMap<EventId, Vec<(Position, bool)>>);

/// Writes an event, and the lines to what it led to.
fn write(diagram: &mut Diagram<'_>, awaited: &mut Awaited, event: &Event, causes: &Causes) -> Result<()> {
    let node = |position: Position| Node(position.get());
    diagram.node(node(event.position()), event.header.id, &label(event))?;
    for (child, is_direct) in awaited.0.remove(&event.header.id).unwrap_or_default() {
        diagram.edge(node(event.position()), node(child), is_direct)?;
    }
    for (ids, is_direct) in [(&causes.parents, true), (&causes.others, false)] {
        for id in ids {
            awaited.0.entry(*id).or_default().push((event.position(), is_direct));
        }
    }
    Ok(())
}

/// Returns the lines of an event's label.
fn label(event: &Event) -> Vec<String> {
    let [position, time, _, kind, payload] = events::cells(event);
    vec![kind, format!("{position}, {time}"), payload]
}

/// Returns the events to write, the newest first.
async fn events_of(
    vault: &Vault,
    ids: Vec<EventId>,
    filter: Filter,
) -> Result<BoxStream<'_, Result<Event, Error>>> {
    if ids.is_empty() {
        let newest = ReplayOptions::new().with_direction(Direction::Backward).with_filter(filter);
        return Ok(vault.replay(newest).boxed());
    }
    let mut ways = Vec::new();
    for id in ids {
        let start = vault.get(id).await?.ok_or(Error::UnknownEvent { id })?;
        let options = WalkOptions::new().with_order(WalkOrder::NearestFirst).with_filter(filter.clone());
        ways.push(Way { next: Some(start), rest: vault.ancestors(id, options).boxed() });
    }
    Ok(joined(ways).boxed())
}

/// Is an event and what led to it, the newest first.
struct Way<'a> {
    next: Option<Event>,
    rest: BoxStream<'a, Result<Event, Error>>,
}

/// Joins ways that may meet: the newest event of all comes next, and each once.
fn joined(ways: Vec<Way<'_>>) -> impl Stream<Item = Result<Event, Error>> {
    stream::unfold((ways, Vec::new()), |(mut ways, mut errors)| async move {
        if let Some(error) = errors.pop() {
            return Some((Err(error), (ways, errors)));
        }
        let newest =
            ways.iter().filter_map(|way| way.next.as_ref()).max_by_key(|event| event.position())?.clone();
        for way in &mut ways {
            if way.next.as_ref().map(Event::position) == Some(newest.position()) {
                way.next = None;
                while way.next.is_none() {
                    match way.rest.next().await {
                        Some(Ok(event)) => way.next = Some(event),
                        Some(Err(error)) => errors.push(error),
                        None => break,
                    }
                }
            }
        }
        Some((Ok(newest), (ways, errors)))
    })
}
