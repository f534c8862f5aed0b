//! `log`: lists events, the newest or the oldest first, or draws how they are related.

use futures::StreamExt;
use toka_vault::{Direction, Event, Filter, Replay, ReplayOptions, Vault};

use super::causes::{Causes, Missing, causes};
use super::events;
use crate::args::Log;
use crate::failure::{Failure, Result};
use crate::output::{Lanes, List, Output};

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
    draw(vault, replay, args.limit, &filter, nothing, output).await
}

/// Lists events with a drawing of how they are related.
async fn draw(
    vault: &Vault,
    replay: Replay,
    limit: Option<u64>,
    filter: &Filter,
    nothing: &str,
    output: &mut Output,
) -> Result<()> {
    let notes = output.notes();
    let with_causes = replay.then(async |item| {
        let event = item?;
        let causes = causes(vault, &event, filter).await?;
        Ok((event, causes))
    });
    let (mut lanes, mut missing) = (Lanes::new(), Missing::default());
    let print = |list: &mut List<'_>, (event, causes): (Event, Causes)| {
        missing.look(&causes);
        list.drawn(&lanes.draw(event.header.id, &causes.all()), &events::cells(&event))
    };
    let listed = events::list_each(output.drawing(events::COLUMNS), with_causes, limit, nothing, print).await;
    missing.tell(notes);
    listed
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
