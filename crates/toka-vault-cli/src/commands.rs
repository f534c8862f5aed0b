//! The commands, a module each, and [`run`], which chooses one.
//!
//! How a command opens its vault follows from what it does. One that writes has it to itself (`open_or_create`). One
//! that reads opens it for a moment as a writer would, which brings back what a killed process left, and reads it
//! read only then, where it is on a journal: so nobody is kept from the vault while a pager waits. `verify` alone
//! keeps it, since it compares the index too.

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
use crate::opening::{Opened, Opening};
use crate::output::Output;
use crate::vault_watch::VaultWatch;

/// Runs the command that the command line asks for.
pub(crate) fn run(cli: Cli, output: &mut Output) -> Result<()> {
    let mut opening = Opening::new(cli.vault)?;
    if cli.accept_tail_loss {
        opening = opening.with_tail_loss_accepted(output.notes())?;
    }
    match cli.command {
        Command::Import(args) => import(&opening, args, output),
        Command::Export(args) => export(&opening, args, output),
        Command::Commit(args) => commit::run(&opening, args, output),
        // First the filter, then the vault: a filter that makes no sense is told without one.
        Command::Log(args) => {
            log::check(&args, output)?;
            let filter = args.which.filter()?;
            read(&opening, output, async |vault, output| log::run(vault, &args, filter, output).await)
        }
        Command::Graph(args) => {
            graph::check(output)?;
            let filter = args.which.filter()?;
            read(&opening, output, async |vault, output| graph::run(vault, &args, filter, output).await)
        }
        Command::Tail(args) => {
            let filter = args.kinds.filter()?;
            // First what is there, then the vault: so another one in its place is told from it.
            let watch = opening.path().map(VaultWatch::new);
            let opened = opening.open_to_follow()?;
            read_opened(opened, output, async |vault, output| {
                tail::run(vault, &args, filter, watch, output).await
            })
        }
        Command::Show { id } => {
            read(&opening, output, async |vault, output| show::run(vault, &id, output).await)
        }
        Command::Payload { digest } => {
            read(&opening, output, async |vault, output| payload::run(vault, digest, output).await)
        }
        Command::Ancestors(args) => {
            let filter = args.which.filter()?;
            read(&opening, output, async |vault, output| walk::ancestors(vault, &args, filter, output).await)
        }
        Command::Descendants(args) => {
            let filter = args.which.filter()?;
            read(&opening, output, async |vault, output| {
                walk::descendants(vault, &args, filter, output).await
            })
        }
        Command::CommonAncestor { one, other } => read(&opening, output, async |vault, output| {
            walk::common_ancestors(vault, [&one, &other], output).await
        }),
        Command::Leaves { limit } => {
            read(&opening, output, async |vault, output| walk::leaves(vault, limit, output).await)
        }
        Command::Verify => {
            // As who writes it: nobody else compares the index.
            let opened = opening.open_existing()?;
            if opened.why.is_some() {
                output.notes().note("the index is not compared with the events");
            }
            read_opened(opened, output, async |vault, output| verify::run(vault, output).await)
        }
        Command::Stats => {
            read(&opening, output, async |vault, output| stats::run(vault, opening.path(), output).await)
        }
    }
}

/// Imports what the command line names.
fn import(opening: &Opening, args: Import, output: &mut Output) -> Result<()> {
    opening.check_writable()?;
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
    read(opening, output, async |vault, output| export::run(vault, &form, &to, output).await)
}

/// Opens the vault to read it, works on it and closes it.
fn read(
    opening: &Opening,
    output: &mut Output,
    work: impl AsyncFnOnce(&Vault, &mut Output) -> Result<()>,
) -> Result<()> {
    read_opened(opening.open_to_read()?, output, work)
}

/// Works on a vault that is open to be read and closes it, after a note where it is read in another way
/// than the usual one.
fn read_opened(
    opened: Opened,
    output: &mut Output,
    work: impl AsyncFnOnce(&Vault, &mut Output) -> Result<()>,
) -> Result<()> {
    if let Some(why) = opened.why {
        output.notes().note(&why.to_string());
    }
    on(&opened.vault, |vault| block_on(work(vault, output)))
}

/// Works on a vault and closes it, whatever came of the work.
fn on(vault: &Vault, work: impl FnOnce(&Vault) -> Result<()>) -> Result<()> {
    let outcome = work(vault);
    let closed = block_on(vault.close()).map_err(Failure::from);
    outcome.and(closed)
}
