//! [`List`]: many things of a sort, in the format that was asked for, printed as they come.

use std::io::{self, Write};

use serde::Serialize;

use super::drawing::Drawing;
use super::lanes::Drawn;
use super::table::{Column, Table};
use super::{Notes, Output, write_json};
use crate::args::Format;
use crate::failure::{Failure, Result};

/// Prints things one after another.
pub(crate) struct List<'a> {
    output: &'a mut Output,
    form: Form,
    is_empty: bool,
}

/// Says in which form a list is printed.
enum Form {
    Table(Table),
    Drawing(Drawing),
    Array,
    Lines,
}

impl<'a> List<'a> {
    /// Starts a list.
    pub(super) fn new(output: &'a mut Output, columns: &'static [Column]) -> Self {
        let form = match output.format {
            Format::Table => Form::Table(Table::new(columns, output.width, output.paint)),
            Format::Json => Form::Array,
            Format::Jsonl => Form::Lines,
        };
        Self { output, form, is_empty: true }
    }

    /// Starts a list of what is drawn beside a graph.
    pub(super) fn drawing(output: &'a mut Output, columns: &'static [Column]) -> Self {
        let form = Form::Drawing(Drawing::new(columns, output.width, output.paint));
        Self { output, form, is_empty: true }
    }

    /// Cuts nothing of a table to the width of the terminal.
    pub(crate) fn in_full(mut self) -> Self {
        if let Form::Table(table) = self.form {
            self.form = Form::Table(table.in_full());
        }
        self
    }

    /// Prints cells beside their part of a graph; in a list that is not drawn, nothing.
    pub(crate) fn drawn(&mut self, drawn: &Drawn, cells: &[String]) -> Result<()> {
        self.is_empty = false;
        match &self.form {
            Form::Drawing(drawing) => {
                drawing.print(&mut self.output.out, drawn, cells).map_err(Failure::stdout)
            }
            _ => Ok(()),
        }
    }

    /// Prints a thing, or the cells that stand for it in a table.
    pub(crate) fn item(&mut self, thing: &impl Serialize, cells: impl FnOnce() -> Vec<String>) -> Result<()> {
        self.write(thing, cells).map_err(Failure::stdout)
    }

    fn write(&mut self, thing: &impl Serialize, cells: impl FnOnce() -> Vec<String>) -> io::Result<()> {
        let first = std::mem::replace(&mut self.is_empty, false);
        let out = &mut self.output.out;
        match &mut self.form {
            Form::Table(table) => table.row(out, cells()),
            // What is drawn comes with its part of the graph.
            Form::Drawing(_) => Ok(()),
            Form::Array => {
                out.write_all(if first { b"[\n" } else { b",\n" })?;
                write_json(&mut *out, thing)
            }
            Form::Lines => {
                write_json(&mut *out, thing)?;
                out.write_all(b"\n")
            }
        }
    }

    /// Hands over all that was printed so far, for readers who wait for it.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.write_held().and_then(|()| self.output.out.flush()).map_err(Failure::stdout)
    }

    fn write_held(&mut self) -> io::Result<()> {
        match &mut self.form {
            Form::Table(table) => table.print(&mut self.output.out),
            Form::Drawing(_) | Form::Array | Form::Lines => Ok(()),
        }
    }

    /// Returns the way to stderr, for what has its place behind all that was listed so far.
    pub(crate) fn notes(&mut self) -> Result<Notes> {
        self.flush()?;
        Ok(self.output.notes)
    }

    /// Tells whether nothing was printed yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Ends the list, and returns what prints on stderr, behind all of it.
    pub(crate) fn end(mut self) -> Result<Notes> {
        let end: &[u8] = match (&self.form, self.is_empty) {
            (Form::Array, true) => b"[]\n",
            (Form::Array, false) => b"\n]\n",
            _ => b"",
        };
        self.write_held().and_then(|()| self.output.out.write_all(end)).map_err(Failure::stdout)?;
        self.notes()
    }
}
