//! `ancestors`, `descendants`, `common-ancestor` and `leaves`: list events by what led to what.

use futures::{StreamExt, stream};
use toka_vault::{Filter, Vault, WalkOptions, WalkOrder};

use super::events;
use super::find::{InDoubt, find};
use crate::args::{EventName, Walk};
use crate::failure::Result;
use crate::output::Output;

/// Lists what led to an event, of what the filter means.
pub(super) async fn ancestors(vault: &Vault, args: &Walk, filter: Filter, output: &mut Output) -> Result<()> {
    let id = find(vault, &args.id, InDoubt::Note(output.notes())).await?;
    let nothing = if filter.is_all() {
        "nothing led to this event"
    } else {
        "nothing that led to this event matches; without --kind, --since and --until, `ancestors` lists all of it"
    };
    events::list(vault.ancestors(id, options(args, filter)), most(args), nothing, output).await
}

/// Lists what an event led to, of what the filter means.
pub(super) async fn descendants(
    vault: &Vault,
    args: &Walk,
    filter: Filter,
    output: &mut Output,
) -> Result<()> {
    let id = find(vault, &args.id, InDoubt::Note(output.notes())).await?;
    let nothing = if filter.is_all() {
        "nothing follows this event yet"
    } else {
        "nothing that follows this event matches; without --kind, --since and --until, `descendants` lists all of it"
    };
    events::list(vault.descendants(id, options(args, filter)), most(args), nothing, output).await
}

/// Lists the nearest events that led to both of two.
pub(super) async fn common_ancestors(
    vault: &Vault,
    [one, other]: [&EventName; 2],
    output: &mut Output,
) -> Result<()> {
    let one = find(vault, one, InDoubt::Note(output.notes())).await?;
    let other = find(vault, other, InDoubt::Note(output.notes())).await?;
    let found = vault.common_ancestors(one, other).await?;
    events::list(stream::iter(found).map(Ok), None, "the events have no common ancestor", output).await
}

/// Lists the newest `limit` of the events that nothing follows.
pub(super) async fn leaves(vault: &Vault, limit: Option<u64>, output: &mut Output) -> Result<()> {
    events::list(vault.leaves(), limit, "the vault has no events yet", output).await
}

/// Makes the options of a walk.
fn options(args: &Walk, filter: Filter) -> WalkOptions {
    let mut options = WalkOptions::new().with_filter(filter);
    options.order = if args.nearest { WalkOrder::NearestFirst } else { WalkOrder::Causal };
    (options.depth, options.limit) = (args.depth, args.limit);
    options
}

/// Returns how many events may be listed, as far as that can be told beforehand.
fn most(args: &Walk) -> Option<u64> {
    if args.depth == Some(0) { Some(0) } else { args.limit }
}
