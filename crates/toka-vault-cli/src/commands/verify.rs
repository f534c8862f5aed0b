//! `verify`: proves that a vault holds what it was given, and names what it does not.

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use toka_vault::verify::{Finding, Report, verify};
use toka_vault::{EventId, Position, Vault};

use super::events;
use crate::failure::{Failure, Result};
use crate::output::{Align, Column, Output, Shown, things};
use crate::progress::Progress;

/// The columns of a table of findings.
const COLUMNS: &[Column] = &[
    Column { title: "POS", align: Align::Right, style: Style::new().dimmed(), shown: Shown::Always },
    Column { title: "ID", align: Align::Left, style: AnsiColor::Yellow.on_default(), shown: Shown::Always },
    Column { title: "FINDING", align: Align::Left, style: AnsiColor::Red.on_default(), shown: Shown::Always },
];

/// Checks the vault and prints the findings.
pub(super) async fn run(vault: &Vault, output: &mut Output) -> Result<()> {
    let total = vault.head().await?.position.get();
    let progress = Progress::new("verifying", Some(total));
    let report = verify(vault, |read| progress.at(read)).await?;
    drop(progress);
    // Damage is known by now, and told by the exit code though nobody reads the findings.
    match list(&report, output) {
        Err(Failure::PipeClosed) => {}
        listed => listed?,
    }
    summarise(&report, output);
    events::outcome(!report.is_clean())
}

/// Prints the findings.
fn list(report: &Report, output: &mut Output) -> Result<()> {
    // What a finding says to do stands at its end.
    let mut list = output.list(COLUMNS).in_full();
    for finding in &report.findings {
        let row = Row::new(finding);
        list.item(&row, || row.cells())?;
    }
    list.flush()?;
    list.end().map(|_| ())
}

/// Says on stderr what was checked and what came of it.
fn summarise(report: &Report, output: &Output) {
    let events = things(report.events, "event");
    if report.is_clean() {
        let chain = if report.chain_checked { " and the chain" } else { "" };
        output.notes().summary(&format!("verified {events}: every digest, every hash{chain} fit"));
    } else {
        let findings = things(report.findings.len() as u64 + report.more, "finding");
        output.notes().summary(&format!("verified {events}: {findings}"));
    }
    if report.more > 0 {
        output.notes().note(&format!("{} more are not listed", things(report.more, "finding")));
    }
    if report.unproven > 0 {
        output.notes().note(&format!(
            "{} could not be proven, since a parent is damaged or was evicted",
            things(report.unproven, "event")
        ));
    }
    if !report.chain_checked {
        output
            .notes()
            .note("the chain could not be checked, since not all events up to the head could be read");
    }
}

/// Says how a finding is printed.
#[derive(Serialize)]
struct Row {
    finding: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    message: String,
}

impl Row {
    /// Describes a finding.
    fn new(finding: &Finding) -> Self {
        let (name, position, id) = parts(finding);
        Self {
            finding: name,
            position: position.map(Position::get),
            id: id.map(|id| id.to_string()),
            message: finding.to_string(),
        }
    }

    /// Returns the cells of its row in a table.
    fn cells(&self) -> Vec<String> {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let position = self.position.map(|position| position.to_string());
        vec![or_none(position), or_none(self.id.clone()), self.message.clone()]
    }
}

/// Returns the name of a finding and where it was made.
fn parts(finding: &Finding) -> (&'static str, Option<Position>, Option<EventId>) {
    match finding {
        Finding::Unreadable(toka_vault::Error::Corrupt { first, .. }) => ("unreadable", Some(*first), None),
        Finding::Unreadable(_) => ("unreadable", None, None),
        Finding::WrongDigest { id, position } => ("wrong_digest", Some(*position), Some(*id)),
        Finding::WrongHash { id, position } => ("wrong_hash", Some(*position), Some(*id)),
        Finding::MissingParent { id, position, .. } => ("missing_parent", Some(*position), Some(*id)),
        Finding::RepeatedId { id, position } => ("repeated_id", Some(*position), Some(*id)),
        Finding::WrongPosition { id, position, .. } => ("wrong_position", Some(*position), Some(*id)),
        Finding::WrongIndex { first, .. } => ("wrong_index", Some(*first), None),
        Finding::WrongChain { head } => ("wrong_chain", Some(*head), None),
        _ => ("other", None, None),
    }
}
