//! [`Cli`]: the command line, with the help that it prints.
//!
//! Keeps the invariant that ids, kinds, positions and numbers are read here, so that a malformed one
//! is a complaint about the command line before any vault is opened.

mod event_name;
mod graph;
mod log;
mod moving;
mod tail;
mod walk;
mod which;

use std::ffi::{OsStr, OsString};

use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};
use toka_vault::{Digest, EventId, Kind, KindPattern, Position};

pub(crate) use event_name::{EventName, Prefix};
pub(crate) use graph::{Graph, Language};
pub(crate) use log::Log;
pub(crate) use moving::{
    Export, ExportFile, FileFormat, Foreign, Import, ImportFile, ImportFrom, MissingParents,
};
pub(crate) use tail::{Tail, TailStart};
pub(crate) use walk::Walk;
pub(crate) use which::{Kinds, Moment, Which};

/// What stands below every `--help`.
const AFTER_HELP: &str = "\
Exit codes:
  0  done, or the reader of stdout has gone
  1  the vault or an import failed: I/O, a conflict, a bad line
  2  the command line makes no sense
  3  damaged events were found, or an import went on without parents that are missing
  4  an event was not found: an unknown id, an unknown parent, a digest that no payload has, the
     beginning of several ids
  5  the vault cannot be opened: there is none, it is open elsewhere, it is something else, it is
     damaged, events at its end are missing; or `tail` finds that it is gone
  6  a condition of a commit did not hold; nothing was stored

Data goes to stdout, notes, warnings and progress to stderr. One process at a time can write to a vault on \
disk. Others can read a journal meanwhile: commands that only read keep nobody from it while they run, \
and say in a note where another process has it open. `verify` alone keeps it to itself if it can. On \
sled, no other process can read.";

/// Heads the options that every command takes, apart from its own.
const GLOBAL: &str = "Options of every command";

/// Records what happened as immutable events in a causal graph, and reads it back in order.
#[derive(Debug, Parser)]
#[command(name = "toka-vault", version, after_help = AFTER_HELP, propagate_version = true)]
pub(crate) struct Cli {
    /// The vault to work on, by its URL: `journal:PATH` and `sled:PATH` are durable vaults in the folder PATH.
    ///
    /// `journal-read-only:PATH` reads a journal without writing anything, also while another process has
    /// it open; `commit` and `import` refuse it.
    ///
    /// `memory:` is an empty vault that is gone when the command ends; it serves to try things out.
    #[arg(long, global = true, env = "TOKA_VAULT", value_name = "URL", help_heading = GLOBAL)]
    pub(crate) vault: Option<OsString>,

    /// Open a vault that lost acknowledged events at its end, and go on from the last whole one.
    ///
    /// What is missing then is gone for good; try it on a copy of the folder first.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) accept_tail_loss: bool,

    /// How data is printed on stdout.
    #[arg(long, short, global = true, value_enum, default_value_t = Format::Table, value_name = "FORMAT", help_heading = GLOBAL)]
    pub(crate) output: Format,

    /// When to use colours; `auto` means on a terminal, unless NO_COLOR is set.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN", help_heading = GLOBAL)]
    pub(crate) color: Color,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Says in which form data is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns to read, with payloads cut to the width of the terminal; ids are left out where that has
    /// less than 100 columns, for a position names an event as well.
    Table,
    /// JSON: one array for a list, one object for a single thing.
    Json,
    /// JSON lines: one object a line.
    Jsonl,
}

/// Says when to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Even into a pipe or a file.
    Always,
    /// Never.
    Never,
}

/// Says what to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Import events from elsewhere; repeating an import adds only what is new.
    Import(Import),

    /// Export all events, in a form that `import` takes back without loss.
    Export(Export),

    /// Commit one event and print its header; creates the vault if there is none.
    ///
    /// A condition that does not hold ends with code 6; a vault that is not there yet counts as empty, and
    /// is not created by a commit that is refused. Where an event with the id of --id and the
    /// same content is in the vault already, its header is printed before conditions are looked at.
    Commit(Commit),

    /// List events, the newest first.
    Log(Log),

    /// Write a part of the graph for Graphviz or Mermaid: events, and lines from parents to children.
    ///
    /// Where --kind, --since or --until leave events out, a dashed line leads through them from the
    /// nearest that are written; up to 1,000 are looked at for each event.
    Graph(Graph),

    /// Follow the vault: first history from a start point, then each event as it is committed.
    ///
    /// On a journal it opens the vault as a writer would, closes it again at once, and then follows it
    /// read only: so any number of `tail`s go along with the process that commits. An event is shown once
    /// it is known to be durable, about a second after its commit at most. On sled nobody else can open
    /// the vault meanwhile, so that no new event can come: there it ends with the history.
    ///
    /// Where the vault is gone meanwhile, or another one is in its place, it ends with code 5.
    Tail(Tail),

    /// Show one event in full.
    Show {
        /// The event's id, 26 letters and digits, or its first 6 or more where no other id begins so, or
        /// its position.
        ///
        /// An id is looked up in an index; for less than an id, the history is read to its beginning.
        id: EventName,
    },

    /// Print the payload of a digest, whichever event carries it, as JSON.
    ///
    /// As a table, it is the payload alone. As JSON or JSON lines, it is an object with the
    /// digest and the payload, or where JSON cannot tell that, such as bytes or NaN, with
    /// `payload_msgpack`: its MessagePack bytes in base64.
    Payload {
        /// The digest, 64 hexadecimal digits, as `show` and `log --output json` print it.
        digest: Digest,
    },

    /// List what led to an event: its parents, their parents, and so on, as it happened.
    Ancestors(Walk),

    /// List what an event led to: its children, their children, and so on, as it happened.
    Descendants(Walk),

    /// List the nearest events that led to both of two, the newest first.
    ///
    /// As in `git merge-base --all`, an event counts as leading to itself: where one led to the
    /// other, it alone is listed. Events without a common past list nothing.
    CommonAncestor {
        /// An event's id, 26 letters and digits, or its first 6 or more where no other id begins so, or its
        /// position.
        ///
        /// An id is looked up in an index; for less than an id, the history is read to its beginning.
        one: EventName,
        /// The other event's id, likewise.
        other: EventName,
    },

    /// List the events that nothing follows yet, the newest first.
    Leaves {
        /// List at most N events: the newest N.
        #[arg(long, short = 'n', value_name = "N", value_parser = whole_number)]
        limit: Option<u64>,
    },

    /// Prove that the vault holds what it was given: computes every digest, every event hash and the
    /// chain anew, and checks that every parent exists.
    ///
    /// It reads all there is, compares the indexes with it, and ends with code 3 where something does not fit.
    /// On a journal it has the vault to itself meanwhile, if it can; where another process has it open, or
    /// nothing may be written, indexes are left out.
    Verify,

    /// Sum the vault up: events, kinds, payloads, time range, size, head.
    Stats,
}

/// Says what to commit.
#[derive(Debug, Args)]
pub(crate) struct Commit {
    /// What happened: tokens of visible ASCII set apart by dots, such as `agent.tool.invoked`.
    pub(crate) kind: Kind,

    /// The payload, as JSON text; `-` reads it from stdin.
    #[arg(allow_negative_numbers = true)]
    pub(crate) json: String,

    /// An event that led to this one, by its id, by its first 6 characters or more where no other id begins
    /// so, or by its position; can be repeated.
    ///
    /// An id is looked up in an index; for less than an id, the history is read to its beginning. Where
    /// events in it cannot be read, an id has to be whole.
    #[arg(long = "parent", value_name = "ID")]
    pub(crate) parents: Vec<EventName>,

    /// The id of the new event, which makes the commit safe to repeat; by default the vault gives
    /// one.
    #[arg(long)]
    pub(crate) id: Option<EventId>,

    /// Commit only if the newest event is at this position; 0 is: if there is none.
    #[arg(long, value_name = "POSITION")]
    pub(crate) if_head: Option<Position>,

    /// Commit only if no event is of this kind; `*` and `>` as in `log --kind`.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) if_none: Option<KindPattern>,

    /// Let --if-none look only at the events after this position; by default it looks at all.
    #[arg(long, value_name = "POSITION", requires = "if_none")]
    pub(crate) after: Option<Position>,
}

/// Reads how many things are meant.
fn whole_number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("expected a whole number up to {}", u64::MAX))
}

/// Reads `--color` ahead of everything else, so that help and complaints keep to it too.
pub(crate) fn color_of(args: impl Iterator<Item = OsString>) -> ColorChoice {
    let args: Vec<OsString> = args.collect();
    let joined = args.iter().filter_map(|arg| arg.to_str()?.strip_prefix("--color="));
    let apart = args.windows(2).filter_map(|pair| match pair {
        [name, value] if name == OsStr::new("--color") => value.to_str(),
        _ => None,
    });
    match joined.chain(apart).last() {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn colour_is_read_ahead_in_both_spellings() {
        let read = |args: &[&str]| color_of(args.iter().map(OsString::from));
        assert_eq!(read(&["x", "--color=never", "log"]), ColorChoice::Never);
        assert_eq!(read(&["x", "log", "--color", "always"]), ColorChoice::Always);
        assert_eq!(read(&["x", "log"]), ColorChoice::Auto);
    }
}
