//! [`Graph`]: which part of the graph to write, and in which language.

use clap::{Args, ValueEnum};

use super::{EventName, Which};

/// Says which part of the graph to write.
#[derive(Debug, Args)]
pub(crate) struct Graph {
    /// Write these events and what led to them; without any, the newest events of the vault.
    ///
    /// An event is named by its id, 26 letters and digits, by its first 6 or more where no other id
    /// begins so, or by its position. Those that are named are written whatever --kind, --since and --until say.
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<EventName>,

    /// The language to write.
    #[arg(long, value_enum, default_value_t = Language::Dot, value_name = "FORMAT")]
    pub(crate) format: Language,

    #[command(flatten)]
    pub(crate) which: Which,

    /// Write at most N events, the newest of them. More than 500 are more than Mermaid draws where it is
    /// not told otherwise.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 500, value_parser = super::whole_number)]
    pub(crate) limit: u64,
}

/// Names a language for graphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Graphviz, for `dot -Tsvg`.
    Dot,
    /// A flowchart of Mermaid, as Markdown pages show it.
    Mermaid,
}
