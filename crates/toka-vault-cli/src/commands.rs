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
mod import_lines;
mod log;
#[cfg(test)]
mod moving_tests;
mod payload;
#[cfg(test)]
mod printed;
mod show;
mod stats;
mod tail;
mod verify;
mod walk;

use futures::executor::block_on;
use toka_vault::Vault;

use crate::args::{Cli, Command, Export, FileFormat, Import, ImportFrom};
use crate::failure::{Failure, Result};
use crate::opening::Opening;
use crate::output::Output;

/// Runs the command that the command line asks for.
pub(crate) fn run(cli: Cli, output: &mut Output) -> Result<()> {
    let opening = Opening::new(cli.vault)?.with_tail_loss(cli.accept_tail_loss);
    match cli.command {
        Command::Import(args) => import(&opening, args, output),
        Command::Export(args) => export(&opening, args, output),
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

/// Imports what the command line names.
fn import(opening: &Opening, args: Import, output: &Output) -> Result<()> {
    match args.into_from()? {
        ImportFrom::Git { path } => import_git::run(opening, &path, output),
        ImportFrom::Jsonl(file) => import_lines::run(opening, FileFormat::Jsonl, file, output),
        ImportFrom::Cloudevents(file) => import_lines::run(opening, FileFormat::Cloudevents, file, output),
    }
}

/// Exports in the form that the command line names.
fn export(opening: &Opening, args: Export, output: &mut Output) -> Result<()> {
    let (format, to) = args.into_file()?;
    let form = export::Form::new(format, to.source.clone())?;
    on(&opening.open_existing()?, |vault| export::run(vault, &form, &to, output))
}

/// Works on a vault and closes it, whatever came of the work.
fn on(vault: &Vault, work: impl FnOnce(&Vault) -> Result<()>) -> Result<()> {
    let outcome = work(vault);
    let closed = block_on(vault.close()).map_err(Failure::from);
    outcome.and(closed)
}
