//! `log`: lists events, the newest or the oldest first.

use toka_vault::{Direction, Filter, ReplayOptions, Vault};

use super::events;
use crate::args::Log;
use crate::failure::Result;
use crate::output::Output;

/// Lists the events that the filter means.
pub(super) async fn run(vault: &Vault, args: &Log, filter: Filter, output: &mut Output) -> Result<()> {
    let direction = if args.reverse { Direction::Forward } else { Direction::Backward };
    let nothing = if filter.is_all() {
        "the vault has no events yet"
    } else {
        "no event in the vault matches; without --kind, --since and --until, `log` lists all"
    };
    let options = ReplayOptions::new().with_direction(direction).with_filter(filter);
    let options = match args.limit {
        Some(limit) => options.with_limit(limit),
        None => options,
    };
    events::list(vault.replay(options), args.limit, nothing, output).await
}
