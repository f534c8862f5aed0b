//! `ancestors`, `descendants`, `common-ancestor` and `leaves`: list events by what led to what.

use futures::{Stream, StreamExt, stream};
use toka_vault::{Error, Event, EventId, Vault, WalkOptions, WalkOrder};

use super::events;
use crate::args::Walk;
use crate::failure::Result;
use crate::output::Output;

/// Lists what led to an event.
pub(super) async fn ancestors(vault: &Vault, args: &Walk, output: &mut Output) -> Result<()> {
    list(vault.ancestors(args.id, options(args)), args.limit, "nothing led to this event", output).await
}

/// Lists what an event led to.
pub(super) async fn descendants(vault: &Vault, args: &Walk, output: &mut Output) -> Result<()> {
    list(vault.descendants(args.id, options(args)), args.limit, "nothing follows this event yet", output)
        .await
}

/// Lists the nearest events that led to both of two.
pub(super) async fn common_ancestors(
    vault: &Vault,
    one: EventId,
    other: EventId,
    output: &mut Output,
) -> Result<()> {
    let found = vault.common_ancestors(one, other).await?;
    list(stream::iter(found).map(Ok), None, "the events have no common ancestor", output).await
}

/// Lists the newest `limit` of the events that nothing follows.
pub(super) async fn leaves(vault: &Vault, limit: Option<u64>, output: &mut Output) -> Result<()> {
    list(vault.leaves(), limit, "the vault has no events yet", output).await
}

/// Makes the options of a walk.
fn options(args: &Walk) -> WalkOptions {
    let order = if args.nearest { WalkOrder::NearestFirst } else { WalkOrder::Causal };
    let options = WalkOptions::new().with_order(order);
    let options = args.depth.map_or(options.clone(), |depth| options.with_depth(depth));
    args.limit.map_or(options.clone(), |limit| options.with_limit(limit))
}

/// Lists at most `limit` events, or notes that there are none.
async fn list(
    walk: impl Stream<Item = Result<Event, Error>>,
    limit: Option<u64>,
    nothing: &str,
    output: &mut Output,
) -> Result<()> {
    let mut left = limit.unwrap_or(u64::MAX);
    let mut damaged = false;
    let mut list = output.list(events::COLUMNS);
    let mut walk = std::pin::pin!(walk);
    while left > 0 {
        match walk.next().await {
            Some(Ok(event)) => {
                events::print(&mut list, &event)?;
                left -= 1;
            }
            Some(Err(error)) => damaged |= events::step_over(&mut list, error)?,
            None => break,
        }
    }
    let none = list.is_empty() && limit != Some(0) && !damaged;
    list.end()?;
    if none {
        output.notes().note(nothing);
    }
    events::outcome(damaged)
}
