//! [`Table`]: rows in aligned columns, printed as they come.
//!
//! Keeps the invariant that it holds a bounded number of rows: the columns are as wide as the rows
//! so far need, and grow where later ones need more.

use std::io::{self, Write};

use anstyle::Style;

use super::Paint;
use super::text::{columns, shorten, visible};

/// Rows that are held back to find the width of the columns.
const ROWS_HELD_MAX: usize = 256;

/// Widest last column where the output is not a terminal, and so has no width of its own.
pub(super) const LAST_WIDTH_MAX: usize = 200;

/// Narrowest last column, even where the terminal is narrower.
pub(super) const LAST_WIDTH_MIN: usize = 10;

/// What stands between two columns.
pub(super) const GAP: &str = "  ";

/// Columns of the narrowest terminal that shows all of a table. In a narrower one, what takes the most room
/// would leave next to none to the last column.
const WIDE_MIN: usize = 100;

/// Says at which side a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Says where a column is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Everywhere.
    Always,
    /// Not on a narrow terminal: what stands there is long, and can be found by another column.
    WhereWide,
}

/// Describes a column.
#[derive(Debug)]
pub(crate) struct Column {
    /// What stands above it.
    pub(crate) title: &'static str,
    /// Where its cells are aligned.
    pub(crate) align: Align,
    /// How its cells are shown.
    pub(crate) style: Style,
    /// Where it is shown.
    pub(crate) shown: Shown,
}

impl Column {
    /// Tells whether it is shown on a terminal of this width, or where there is none.
    pub(super) fn is_shown(&self, width: Option<usize>) -> bool {
        self.shown == Shown::Always || width.is_none_or(|width| width >= WIDE_MIN)
    }
}

/// Prints rows in aligned columns. The last column is cut to the width of the terminal.
pub(crate) struct Table {
    columns: &'static [Column],
    widths: Vec<usize>,
    held: Vec<Vec<String>>,
    titled: bool,
    width: Option<usize>,
    paint: Paint,
}

impl Table {
    /// Starts a table for a terminal of this width.
    pub(super) fn new(columns: &'static [Column], width: Option<usize>, paint: Paint) -> Self {
        let widths = columns.iter().map(|column| column.title.len()).collect();
        Self { columns, widths, held: Vec::new(), titled: false, width, paint }
    }

    /// Cuts nothing, however wide it becomes.
    pub(super) fn in_full(mut self) -> Self {
        self.width = Some(usize::MAX);
        self
    }

    /// Adds a row.
    pub(super) fn row(&mut self, out: &mut impl Write, cells: Vec<String>) -> io::Result<()> {
        let cells: Vec<String> = cells.iter().map(|cell| visible(cell).into_owned()).collect();
        for (width, cell) in self.widths.iter_mut().zip(&cells) {
            *width = (*width).max(columns(cell));
        }
        self.held.push(cells);
        if self.held.len() >= ROWS_HELD_MAX { self.print(out) } else { Ok(()) }
    }

    /// Prints the rows that are held, below the titles if those are due.
    pub(super) fn print(&mut self, out: &mut impl Write) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        if !self.titled && !held.is_empty() {
            self.titled = true;
            let titles: Vec<String> = self.columns.iter().map(|column| column.title.to_owned()).collect();
            self.line(out, &titles, Some(Style::new().bold()))?;
        }
        held.iter().try_for_each(|cells| self.line(out, cells, None))
    }

    /// Prints one line, in the styles of the columns or in one style.
    fn line(&self, out: &mut impl Write, cells: &[String], style: Option<Style>) -> io::Result<()> {
        let last = self.columns.len().saturating_sub(1);
        for (index, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            if !column.is_shown(self.width) {
                continue;
            }
            let style = style.unwrap_or(column.style);
            if index == last {
                let cell = shorten(cell, self.last_width());
                return writeln!(out, "{}", self.paint.show(style, &cell));
            }
            let width = self.widths.get(index).copied().unwrap_or(0);
            let padding = " ".repeat(width.saturating_sub(columns(cell)));
            let cell = self.paint.show(style, cell);
            match column.align {
                Align::Left => write!(out, "{cell}{padding}{GAP}")?,
                Align::Right => write!(out, "{padding}{cell}{GAP}")?,
            }
        }
        Ok(())
    }

    /// Returns how wide the last column may be.
    fn last_width(&self) -> usize {
        let shown = self.columns.iter().zip(&self.widths).filter(|(column, _)| column.is_shown(self.width));
        let others: usize = shown.rev().skip(1).map(|(_, width)| width + GAP.len()).sum();
        match self.width {
            Some(width) => width.saturating_sub(others).max(LAST_WIDTH_MIN),
            None => LAST_WIDTH_MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        column("NO", Align::Right, Shown::Always),
        column("NAME", Align::Left, Shown::Always),
        column("TEXT", Align::Left, Shown::Always),
    ];

    const fn column(title: &'static str, align: Align, shown: Shown) -> Column {
        Column { title, align, style: Style::new(), shown }
    }

    /// What a table of these rows looks like.
    fn printed(rows: &[[&str; 3]], width: Option<usize>) -> String {
        print(Table::new(COLUMNS, width, Paint(false)), rows)
    }

    fn print(mut table: Table, rows: &[[&str; 3]]) -> String {
        let mut out = Vec::new();
        for row in rows {
            table.row(&mut out, row.map(str::to_owned).to_vec()).unwrap();
        }
        table.print(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_aligned_by_what_they_show() {
        let rows = [["1", "a", "x"], ["12", "漢字漢", "y\u{1b}"], ["100", "c", ""]];
        let expected = " NO  NAME    TEXT\n  1  a       x\n 12  漢字漢  y\\u{1b}\n100  c       \n";
        assert_eq!(printed(&rows, None), expected);
    }

    #[test]
    fn the_last_column_is_cut_to_the_terminal() {
        let long = "z".repeat(300);
        let width = |terminal| printed(&[["1", "a", &long]], terminal).lines().map(columns).max().unwrap();
        assert_eq!(width(Some(60)), 60);
        assert_eq!(width(Some(12)), 10 + LAST_WIDTH_MIN);
        assert_eq!(width(None), 10 + LAST_WIDTH_MAX);
        let whole = Table::new(COLUMNS, Some(60), Paint(false)).in_full();
        assert_eq!(print(whole, &[["1", "a", &long]]).lines().map(columns).max(), Some(310));
    }

    #[test]
    fn a_narrow_terminal_leaves_out_what_has_another_name() {
        const WITH_ID: &[Column] = &[
            column("NO", Align::Right, Shown::Always),
            column("ID", Align::Left, Shown::WhereWide),
            column("TEXT", Align::Left, Shown::Always),
        ];
        let row = [["1", "01ARZ3NDEKTSV4RRFFQ69G5FAV", &"z".repeat(300)]];
        let lines = |width| print(Table::new(WITH_ID, width, Paint(false)), &row);
        let narrow = lines(Some(WIDE_MIN - 1));
        assert!(narrow.starts_with("NO  TEXT\n 1  zzz"), "{narrow}");
        assert_eq!(narrow.lines().map(columns).max(), Some(WIDE_MIN - 1));
        for width in [Some(WIDE_MIN), None] {
            assert!(lines(width).contains(" 1  01ARZ3NDEKTSV4RRFFQ69G5FAV  zzz"), "{width:?}");
        }
    }

    #[test]
    fn a_table_without_rows_prints_nothing() {
        assert_eq!(printed(&[], None), "");
    }
}
