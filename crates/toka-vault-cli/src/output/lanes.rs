//! [`Lanes`]: a graph drawn line by line in plain characters, as `git log --graph` does.
//!
//! Events come newest first. A lane is a column that waits for one event: the parent that the events
//! above have in common. An event stands in the lane that waits for it. Its first parent that no lane
//! waits for goes on in that lane, others get lanes to the right, and where a lane waits for a parent
//! already, a line leads there; where that lane is to the right and nothing else is to be drawn, it
//! comes over instead, so that a graph does not drift to the right. A line to the next lane takes one
//! row, a farther one two, along the bottom of the first.
//!
//! Keeps the invariants that what is held are the lanes that are open; and that two events which have nothing to
//! do with each other never stand as if one led to the other.

use std::collections::HashMap;
use std::hash::Hash;

/// Most lanes that are drawn. Those to the right of them are kept, and shown by a `>` at the edge.
const LANES_DRAWN_MAX: usize = 100;

/// Is a character of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// The character.
    pub(crate) character: char,
    /// The lane that it belongs to.
    pub(crate) lane: usize,
}

/// Is a row of a drawing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row(Vec<Cell>);

/// Is the part of a drawing that an event brings.
#[derive(Debug)]
pub(crate) struct Drawn {
    /// What keeps the event apart from the one above, where it would seem to follow it.
    pub(crate) gap: Option<Row>,
    /// The row of the event.
    pub(crate) event: Row,
    /// The lines to its parents.
    pub(crate) lines: Vec<Row>,
}

/// Draws a graph, and holds the lanes that are open.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    /// What each lane waits for; a free one waits for nothing.
    open: Vec<Option<T>>,
    /// The lane that waits for an event.
    places: HashMap<T, usize>,
    /// The lane of the event above, where that has no parents.
    ended: Option<usize>,
}

/// Says where the lines from an event lead.
struct Lines {
    /// The lane of the event.
    from: usize,
    /// Which lanes were open beside it.
    beside: Vec<bool>,
    /// Whether a parent goes on in the same lane.
    straight: bool,
    /// Lanes next to it that were open before: a line to them could be taken for one that crosses them.
    joins: Vec<usize>,
    /// Other lanes.
    others: Vec<usize>,
}

impl<T: Copy + Eq + Hash> Lanes<T> {
    /// Starts a drawing.
    pub(crate) fn new() -> Self {
        Self { open: Vec::new(), places: HashMap::new(), ended: None }
    }

    /// Draws an event; its children came before. Parents stand once each.
    pub(crate) fn draw(&mut self, event: T, parents: &[T]) -> Drawn {
        let ended = self.ended.take();
        let waited_for = self.places.remove(&event);
        let at = waited_for.unwrap_or_else(|| self.free(0));
        let gap = (waited_for.is_none() && ended == Some(at)).then(|| self.row());
        self.wait(at, Some(event));
        let mut row = self.row();
        row.put(2 * at, '*', at);

        let lines = self.lead(at, parents);
        if !lines.straight && lines.joins.is_empty() && lines.others.is_empty() {
            self.ended = Some(at);
        }
        let lines = self.rows(&lines);
        while self.open.last().is_some_and(Option::is_none) {
            self.open.pop();
        }
        Drawn { gap, event: row, lines }
    }

    /// Lets lanes wait for the parents of an event in place of it.
    fn lead(&mut self, from: usize, parents: &[T]) -> Lines {
        self.wait(from, None);
        let beside: Vec<bool> = self.open.iter().map(Option::is_some).collect();
        let mut lines = Lines { from, beside, straight: false, joins: Vec::new(), others: Vec::new() };
        for parent in parents {
            let to = match self.places.get(parent) {
                Some(to) => *to,
                None if !lines.straight => {
                    lines.straight = true;
                    self.assign(from, *parent);
                    continue;
                }
                None => {
                    let to = self.free(from);
                    self.assign(to, *parent);
                    to
                }
            };
            let is_join = to.abs_diff(from) == 1 && lines.is_beside(to);
            if is_join { lines.joins.push(to) } else { lines.others.push(to) }
        }
        self.turned(lines)
    }

    /// Lets the lane of the only parent come over from the right, where the event has nothing else.
    fn turned(&mut self, mut lines: Lines) -> Lines {
        let mut ends = lines.joins.iter().chain(&lines.others);
        let (Some(from), None, false) = (ends.next().copied(), ends.next(), lines.straight) else {
            return lines;
        };
        let to = lines.from;
        if from < to {
            return lines;
        }
        if let Some(parent) = self.open.get_mut(from).and_then(Option::take) {
            self.assign(to, parent);
        }
        for (lane, is_open) in [(to, true), (from, false)] {
            if let Some(place) = lines.beside.get_mut(lane) {
                *place = is_open;
            }
        }
        let lane = vec![to];
        let (joins, others) = if from - to == 1 { (lane, Vec::new()) } else { (Vec::new(), lane) };
        Lines { from, joins, others, ..lines }
    }

    /// Draws the lines from an event.
    fn rows(&self, lines: &Lines) -> Vec<Row> {
        let is_far = |to: &&usize| to.abs_diff(lines.from) > 1;
        let mut rows = Vec::new();
        if lines.others.iter().any(|to| is_far(&to)) {
            let stays = lines.straight || !lines.joins.is_empty();
            rows.push(lines.departures(stays));
            rows.push(lines.arrivals(stays));
            if !lines.joins.is_empty() {
                let mut row = self.row();
                if !lines.straight {
                    row.put(2 * lines.from, ' ', lines.from);
                }
                lines.joins.iter().for_each(|to| row.line(lines.from, *to));
                rows.push(row);
            }
        } else if !lines.others.is_empty() || !lines.joins.is_empty() {
            let mut row = lines.base(lines.straight);
            lines.others.iter().chain(&lines.joins).for_each(|to| row.line(lines.from, *to));
            rows.push(row);
        }
        rows
    }

    /// Returns a row of the lanes that are open.
    fn row(&self) -> Row {
        Row::of(self.open.iter().map(Option::is_some))
    }

    /// Finds the first lane from `start` on that is free, or adds one.
    fn free(&self, start: usize) -> usize {
        let found = self.open.iter().skip(start).position(Option::is_none);
        found.map_or(self.open.len(), |offset| start + offset)
    }

    /// Lets a lane wait for an event that no other waits for.
    fn assign(&mut self, lane: usize, event: T) {
        self.wait(lane, Some(event));
        self.places.insert(event, lane);
    }

    fn wait(&mut self, lane: usize, event: Option<T>) {
        if lane >= self.open.len() {
            self.open.resize(lane + 1, None);
        }
        if let Some(place) = self.open.get_mut(lane) {
            *place = event;
        }
    }
}

impl Lines {
    fn is_beside(&self, lane: usize) -> bool {
        self.beside.get(lane).copied().unwrap_or(false)
    }

    /// Returns a row of the lanes beside the event, and of its own where that stays.
    fn base(&self, stays: bool) -> Row {
        let mut row = Row::of(self.beside.iter().copied());
        if stays {
            row.put(2 * self.from, '|', self.from);
        }
        row
    }

    /// Draws the first row of lines that lead far: they leave the event and run along the bottom.
    fn departures(&self, stays: bool) -> Row {
        let mut row = self.base(stays);
        let (from, others) = (self.from, &self.others);
        if let Some(to) = others.iter().copied().filter(|to| *to > from).max() {
            self.run(&mut row, 2 * from + 2, 2 * to.saturating_sub(1), to);
            row.line(from, from + 1);
        }
        if let Some(to) = others.iter().copied().filter(|to| *to < from).min() {
            self.run(&mut row, 2 * to + 3, (2 * from).saturating_sub(2), from);
            row.line(from, from.saturating_sub(1));
        }
        row
    }

    /// Draws along the bottom of a row, from a character up to another, where no lane is in the way.
    fn run(&self, row: &mut Row, first: usize, end: usize, lane: usize) {
        for at in first..end.min(2 * LANES_DRAWN_MAX + 1) {
            if !at.is_multiple_of(2) || !self.is_beside(at / 2) {
                row.put(at, '_', lane);
            }
        }
    }

    /// Draws the second row of lines that lead far: they arrive at their lanes.
    fn arrivals(&self, stays: bool) -> Row {
        let mut row = self.base(stays);
        for to in self.others.iter().copied() {
            match to.cmp(&self.from) {
                _ if to == self.from + 1 => row.put(2 * to, '|', to),
                std::cmp::Ordering::Greater => row.line(to - 1, to),
                _ => row.line(to + 1, to),
            }
        }
        row
    }
}

impl Row {
    /// Returns its characters, without blanks at the end.
    pub(crate) fn cells(&self) -> &[Cell] {
        let end = self.0.iter().rposition(|cell| cell.character != ' ').map_or(0, |last| last + 1);
        self.0.get(..end).unwrap_or_default()
    }

    /// Draws the lanes that are open.
    fn of(open: impl Iterator<Item = bool>) -> Self {
        let mut row = Self::default();
        for (lane, _) in
            open.enumerate().filter(|(_, open)| *open).take_while(|(lane, _)| *lane <= LANES_DRAWN_MAX)
        {
            row.put(2 * lane, '|', lane);
        }
        row
    }

    /// Draws a line between two lanes that are next to each other, downwards.
    fn line(&mut self, from: usize, to: usize) {
        if to > from {
            self.put(2 * from + 1, '\\', to);
        } else {
            self.put(2 * to + 1, '/', from);
        }
    }

    /// Draws a character. At the edge stands what is cut off, and an event in any case.
    fn put(&mut self, at: usize, character: char, lane: usize) {
        let edge = 2 * LANES_DRAWN_MAX;
        let (at, character) = match character {
            _ if at < edge => (at, character),
            '*' => (edge + 1, '*'),
            ' ' => return,
            _ => (edge, '>'),
        };
        if at >= self.0.len() {
            self.0.resize(at + 1, Cell { character: ' ', lane });
        }
        if let Some(cell) = self.0.get_mut(at) {
            *cell = Cell { character, lane };
        }
    }
}

#[cfg(test)]
mod tests;
