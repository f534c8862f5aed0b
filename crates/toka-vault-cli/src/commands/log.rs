//! `log`: lists events, the newest or the oldest first.

use toka_vault::{Direction, ReplayOptions, Vault};

use super::events;
use crate::args::Log;
use crate::failure::Result;
use crate::output::Output;

/// Lists events.
pub(super) async fn run(vault: &Vault, args: &Log, output: &mut Output) -> Result<()> {
    let direction = if args.reverse { Direction::Forward } else { Direction::Backward };
    let options = ReplayOptions::new().with_direction(direction);
    let options = match args.limit {
        Some(limit) => options.with_limit(limit),
        None => options,
    };
    let mut damaged = false;
    let mut list = output.list(events::COLUMNS);
    let mut history = vault.replay(options);
    loop {
        match history.try_next().await {
            Ok(Some(event)) => events::print(&mut list, &event)?,
            Ok(None) => break,
            Err(error) => damaged |= events::step_over(&mut list, error)?,
        }
    }
    let nothing = list.is_empty() && args.limit != Some(0) && !damaged;
    list.end()?;
    if nothing {
        output.notes().note("the vault has no events yet");
    }
    events::outcome(damaged)
}
