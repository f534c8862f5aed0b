//! [`Drawing`]: a graph beside what its events are, printed as it comes.
//!
//! Keeps the invariant that nothing is held: each event is printed with the lines to its parents.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::Paint;
use super::lanes::{Drawn, Row};
use super::table::{Column, GAP, LAST_WIDTH_MAX, LAST_WIDTH_MIN};
use super::text::{columns, shorten, visible};

/// The colours of lanes, one after the other.
const LANES: [AnsiColor; 6] = [
    AnsiColor::Red,
    AnsiColor::Green,
    AnsiColor::Yellow,
    AnsiColor::Blue,
    AnsiColor::Magenta,
    AnsiColor::Cyan,
];

/// Prints a graph with cells beside it. The last cell is cut to the width of the terminal.
pub(super) struct Drawing {
    columns: &'static [Column],
    width: Option<usize>,
    paint: Paint,
}

impl Drawing {
    /// Starts a drawing for a terminal of this width.
    pub(super) fn new(columns: &'static [Column], width: Option<usize>, paint: Paint) -> Self {
        Self { columns, width, paint }
    }

    /// Prints an event and the lines to its parents.
    pub(super) fn print(&self, out: &mut impl Write, drawn: &Drawn, cells: &[String]) -> io::Result<()> {
        if let Some(gap) = &drawn.gap {
            writeln!(out, "{}", self.shown(gap))?;
        }
        write!(out, "{}", self.shown(&drawn.event))?;
        self.cells(out, drawn.event.cells().len(), cells)?;
        drawn.lines.iter().try_for_each(|row| writeln!(out, "{}", self.shown(row)))
    }

    /// Prints the cells behind what takes so many columns.
    fn cells(&self, out: &mut impl Write, mut used: usize, cells: &[String]) -> io::Result<()> {
        let last = self.columns.len().saturating_sub(1);
        for (index, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            if !column.is_shown(self.width) {
                continue;
            }
            used += GAP.len();
            let left =
                self.width.map_or(LAST_WIDTH_MAX, |width| width.saturating_sub(used).max(LAST_WIDTH_MIN));
            let cell = visible(cell);
            let cell = if index == last { shorten(&cell, left) } else { cell };
            write!(out, "{GAP}{}", self.paint.show(column.style, &cell))?;
            used += columns(&cell);
        }
        writeln!(out)
    }

    /// Shows a row, each lane in its colour.
    fn shown(&self, row: &Row) -> String {
        let mut shown = String::new();
        for cell in row.cells() {
            if cell.character == ' ' {
                shown.push(' ');
                continue;
            }
            let color = LANES.get(cell.lane % LANES.len()).copied();
            let style = color.map_or(Style::new(), AnsiColor::on_default);
            shown += &self.paint.show(style, cell.character.encode_utf8(&mut [0; 4]));
        }
        shown
    }
}
