//! `log`: lists events, the newest or the oldest first, or draws how they are related.

use futures::StreamExt;
use toka_vault::{Direction, Error, Event, EventId, Filter, ReplayOptions, Vault};

use super::events;
use crate::args::Log;
use crate::failure::{Failure, Result};
use crate::output::{Lanes, Output};

/// Lists the events that the filter means.
pub(super) async fn run(vault: &Vault, args: &Log, filter: Filter, output: &mut Output) -> Result<()> {
    let direction = if args.reverse { Direction::Forward } else { Direction::Backward };
    let nothing = if filter.is_all() {
        "the vault has no events yet"
    } else {
        "no event in the vault matches; without --kind, --since and --until, `log` lists all"
    };
    let options = ReplayOptions::new().with_direction(direction).with_filter(filter.clone());
    let options = match args.limit {
        Some(limit) => options.with_limit(limit),
        None => options,
    };
    let replay = vault.replay(options);
    if !args.graph {
        return events::list(replay, args.limit, nothing, output).await;
    }
    let related = replay.then(async |item| {
        let event = item?;
        let parents = listed(vault, &event, &filter).await?;
        Ok((event, parents))
    });
    let mut lanes = Lanes::new();
    events::list_each(
        output.drawing(events::COLUMNS),
        related,
        args.limit,
        nothing,
        |list, (event, parents)| list.drawn(&lanes.draw(event.header.id, &parents), &events::cells(&event)),
    )
    .await
}

/// Refuses to draw in a form that is not for people.
pub(super) fn check(args: &Log, output: &Output) -> Result<()> {
    if args.graph && !output.is_for_people() {
        return Err(Failure::usage(
            "`--graph` draws with characters, and JSON has no place for that; leave out `--graph`, for each event names its parents in JSON, or `--output`",
        ));
    }
    Ok(())
}

/// Returns those parents of an event that are listed too: all where all events are, else those that the
/// filter means and that can be read.
pub(super) async fn listed(vault: &Vault, event: &Event, filter: &Filter) -> Result<Vec<EventId>, Error> {
    let parents = event.header.parents.iter().copied();
    if filter.is_all() {
        return Ok(parents.collect());
    }
    let mut listed = Vec::new();
    for parent in parents {
        match vault.header(parent).await {
            Ok(Some(header)) if filter.matches(&header) => listed.push(parent),
            Ok(_) | Err(Error::Corrupt { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(listed)
}
