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
    events::list(vault.replay(options), args.limit, "the vault has no events yet", output).await
}
