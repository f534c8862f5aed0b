//! [`Output`]: the one place that prints.
//!
//! Keeps the invariants that data goes to stdout and everything else to stderr; that text from a
//! vault, a file or another program is printed with its control characters made visible; and that
//! colours stand only where they were asked for.

mod diagram;
mod drawing;
mod json;
mod lanes;
mod list;
mod notes;
mod table;
mod text;
mod warnings;

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;
use serde::Serialize;

use crate::args::{Color, Format};
use crate::failure::{Failure, Result};

pub(crate) use diagram::{Diagram, Node};
pub(crate) use json::{pretty_json, write_json};
pub(crate) use lanes::Lanes;
pub(crate) use list::List;
pub(crate) use notes::Notes;
pub(crate) use table::{Align, Column, Shown};
use text::visible;
pub(crate) use text::{amount, count, things};
pub(crate) use warnings::print_warnings;

/// The exit code where the command line makes no sense.
const USAGE: u8 = 2;

/// How a label is shown.
const LABEL: Style = Style::new().bold();

/// Prints data on stdout, and notes and errors on stderr.
pub(crate) struct Output {
    out: BufWriter<Box<dyn Write>>,
    /// How many columns the terminal has that stdout goes to, if it goes to one.
    width: Option<usize>,
    on_terminal: bool,
    format: Format,
    paint: Paint,
    notes: Notes,
}

/// Says whether a stream shows colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(bool);

impl Paint {
    /// Decides for a stream.
    fn of(color: Color, stream: &impl anstream::stream::RawStream) -> Self {
        Self(match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => AutoStream::choice(stream) != ColorChoice::Never,
        })
    }

    /// Shows `text` in a style.
    pub(crate) fn show(self, style: Style, text: &str) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

impl Output {
    /// Prints in this format.
    pub(crate) fn new(format: Format, color: Color) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let (paint, notes) = (Paint::of(color, &out), Notes(Paint::of(color, &err)));
        let (width, on_terminal) = (terminal_width(&out), out.is_terminal());
        Self { out: BufWriter::new(Box::new(out)), width, on_terminal, format, paint, notes }
    }

    /// Prints into memory, for tests.
    #[cfg(test)]
    pub(crate) fn captured(format: Format, data: impl Write + 'static) -> Self {
        let out = BufWriter::new(Box::new(data) as Box<dyn Write>);
        Self { out, width: None, on_terminal: false, format, paint: Paint(false), notes: Notes(Paint(false)) }
    }

    /// Starts a list with these columns.
    pub(crate) fn list(&mut self, columns: &'static [Column]) -> List<'_> {
        List::new(self, columns)
    }

    /// Starts a list of things that are drawn beside a graph, with these columns.
    pub(crate) fn drawing(&mut self, columns: &'static [Column]) -> List<'_> {
        List::drawing(self, columns)
    }

    /// Prints a single thing: as JSON, or as lines with a label and a text each.
    pub(crate) fn thing(&mut self, thing: &impl Serialize, rows: &[(&str, String)]) -> Result<()> {
        let written = if self.is_for_people() { self.rows(rows) } else { self.json(thing) };
        written.map_err(Failure::stdout)
    }

    /// Prints a single thing: as JSON, or as a text of one line or more.
    pub(crate) fn text(&mut self, thing: &impl Serialize, text: &str) -> Result<()> {
        let written = if self.is_for_people() { self.lines(text) } else { self.json(thing) };
        written.map_err(Failure::stdout)
    }

    /// Tells whether data is printed for people to read, and not as JSON.
    pub(crate) fn is_for_people(&self) -> bool {
        self.format == Format::Table
    }

    /// Prints a thing as JSON on a line.
    fn json(&mut self, thing: &impl Serialize) -> io::Result<()> {
        write_json(&mut self.out, thing).and_then(|()| self.out.write_all(b"\n"))
    }

    /// Prints the lines of a text.
    fn lines(&mut self, text: &str) -> io::Result<()> {
        text.lines().try_for_each(|line| writeln!(self.out, "{}", visible(line)))
    }

    /// Prints lines with a label and a text each; further lines of a text are indented.
    fn rows(&mut self, rows: &[(&str, String)]) -> io::Result<()> {
        let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
        let indent = format!("\n{:width$}", "");
        for (label, text) in rows {
            let lines: Vec<_> = text.lines().map(visible).collect();
            let label = self.paint.show(LABEL, &format!("{label:width$}"));
            writeln!(self.out, "{label}  {}", lines.join(&format!("{indent}  ")))?;
        }
        Ok(())
    }

    /// Gives access to stdout for data in a format of its own.
    pub(crate) fn data(&mut self) -> &mut impl Write {
        &mut self.out
    }

    /// Tells whether stdout and stderr are the same terminal, as far as can be known.
    pub(crate) fn shares_terminal(&self) -> bool {
        self.on_terminal && self.notes.on_terminal()
    }

    /// Returns what prints on stderr.
    pub(crate) fn notes(&self) -> Notes {
        self.notes
    }

    /// Ends the program: prints what is left of its data, says how it failed, returns its exit code.
    pub(crate) fn end(mut self, outcome: Result<()>) -> ExitCode {
        let flushed = self.out.flush().map_err(Failure::stdout);
        let Err(failure) = outcome.and(flushed) else {
            return ExitCode::SUCCESS;
        };
        if let Some(error) = failure.error() {
            self.notes.error(error);
        }
        ExitCode::from(failure.code())
    }
}

/// Prints the help or the version that was asked for, or a complaint about the command line.
pub(crate) fn refuse(refusal: &clap::Error) -> ExitCode {
    // As it is printed, a part can wait to be written.
    let printed = refusal.print().and_then(|()| io::stdout().flush());
    if refusal.use_stderr() {
        // Nothing can be said where stderr fails.
        return ExitCode::from(USAGE);
    }
    let Err(failure) = printed.map_err(Failure::stdout) else { return ExitCode::SUCCESS };
    if let Some(error) = failure.error() {
        Notes(Paint::of(Color::Auto, &io::stderr())).error(error);
    }
    ExitCode::from(failure.code())
}

/// Returns how many columns the terminal has that stdout goes to, if it goes to one.
fn terminal_width(stdout: &Stdout) -> Option<usize> {
    if !stdout.is_terminal() {
        return None;
    }
    #[cfg(unix)]
    let size = terminal_size::terminal_size_of(stdout);
    #[cfg(not(unix))]
    let size = terminal_size::terminal_size();
    size.map(|(width, _)| usize::from(width.0))
}
