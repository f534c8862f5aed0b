//! `show`: prints one event in full.

use toka_vault::{Error, Event, Vault};

use super::commit::header_rows;
use super::find::{InDoubt, find};
use super::payload;
use crate::args::EventName;
use crate::failure::Result;
use crate::output::{Output, amount};
use crate::record::Record;

/// Prints the event of this name.
pub(super) async fn run(vault: &Vault, name: &EventName, output: &mut Output) -> Result<()> {
    let id = find(vault, name, InDoubt::Note(output.notes())).await?;
    let event = vault.get(id).await?.ok_or(Error::UnknownEvent { id })?;
    output.thing(&Record::new(&event), &rows(&event))
}

/// Describes an event line by line.
fn rows(event: &Event) -> Vec<(&'static str, String)> {
    let mut rows = header_rows(&event.header);
    rows.push(("size", amount(event.payload.bytes().len() as u64)));
    rows.push(("payload", payload::text(&event.payload)));
    rows
}
