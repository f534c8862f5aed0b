//! The commands, a module each, and [`run`], which chooses one.

mod causes;
mod commit;
#[cfg(test)]
mod damage_tests;
mod events;
mod export;
mod find;
mod graph;
mod import_git;
mod import_jsonl;
mod log;
mod payload;
mod show;
mod stats;
mod tail;
mod verify;
mod walk;

use futures::executor::block_on;
use toka_vault::Vault;

use crate::args::{Cli, Command, Export, Import};
use crate::failure::{Failure, Result};
use crate::opening::Opening;
use crate::output::Output;

/// Runs the command that the command line asks for.
pub(crate) fn run(cli: Cli, output: &mut Output) -> Result<()> {
    let opening = Opening::new(cli.vault)?.with_tail_loss(cli.accept_tail_loss);
    match cli.command {
        Command::Import(Import::Git { path }) => import_git::run(&opening, &path, output),
        Command::Import(Import::Jsonl { file }) => import_jsonl::run(&opening, &file, output),
        Command::Export(Export::Jsonl { file, skip_damaged }) => {
            on(&opening.open_existing()?, |vault| export::run(vault, &file, skip_damaged, output))
        }
        Command::Commit(args) => commit::run(&opening, args, output),
        // First the filter, then the vault: a filter that makes no sense is told without one.
        Command::Log(args) => {
            log::check(&args, output)?;
            let filter = args.which.filter()?;
            on(&opening.open_existing()?, |vault| block_on(log::run(vault, &args, filter, output)))
        }
        Command::Graph(args) => {
            graph::check(output)?;
            let filter = args.which.filter()?;
            on(&opening.open_existing()?, |vault| block_on(graph::run(vault, &args, filter, output)))
        }
        Command::Tail(args) => {
            let filter = args.kinds.filter()?;
            on(&opening.open_existing()?, |vault| block_on(tail::run(vault, &args, filter, output)))
        }
        Command::Show { id } => {
            on(&opening.open_existing()?, |vault| block_on(show::run(vault, &id, output)))
        }
        Command::Payload { digest } => {
            on(&opening.open_existing()?, |vault| block_on(payload::run(vault, digest, output)))
        }
        Command::Ancestors(args) => {
            let filter = args.which.filter()?;
            on(&opening.open_existing()?, |vault| block_on(walk::ancestors(vault, &args, filter, output)))
        }
        Command::Descendants(args) => {
            let filter = args.which.filter()?;
            on(&opening.open_existing()?, |vault| block_on(walk::descendants(vault, &args, filter, output)))
        }
        Command::CommonAncestor { one, other } => on(&opening.open_existing()?, |vault| {
            block_on(walk::common_ancestors(vault, [&one, &other], output))
        }),
        Command::Leaves { limit } => {
            on(&opening.open_existing()?, |vault| block_on(walk::leaves(vault, limit, output)))
        }
        Command::Verify => on(&opening.open_existing()?, |vault| block_on(verify::run(vault, output))),
        Command::Stats => {
            on(&opening.open_existing()?, |vault| block_on(stats::run(vault, opening.path(), output)))
        }
    }
}

/// Works on a vault and closes it, whatever came of the work.
fn on(vault: &Vault, work: impl FnOnce(&Vault) -> Result<()>) -> Result<()> {
    let outcome = work(vault);
    let closed = block_on(vault.close()).map_err(Failure::from);
    outcome.and(closed)
}
