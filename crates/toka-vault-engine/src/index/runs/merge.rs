//! [`merge`]: several files of entries to one.
//!
//! The files go on being used meanwhile, and the new one takes their place once it is durable under its name. A
//! crash in between leaves all of them: then the one that covers most is taken when the vault is opened, and
//! the others are removed.
//!
//! Keeps the invariant that it holds one page of each file in memory, whatever their size.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use toka_vault_core::Result;

use super::Layout;
use super::frame::Notes;
use super::page::Entry;
use super::run::{Cover, Damaged, Run, UNFINISHED_MERGE};
use crate::disk::Directory;

/// Merges files that cover consecutive events, or returns `None` where one is damaged or `stop` says
/// so.
pub(super) fn merge(
    dir: &Arc<dyn Directory>,
    layout: Layout,
    inputs: &[Arc<Run>],
    stop: &dyn Fn() -> bool,
) -> Result<Option<Run>> {
    let Some((oldest, newest)) = inputs.first().zip(inputs.last()) else { return Ok(None) };
    let (oldest, newest) = (oldest.cover(), newest.cover());
    let cover = Cover { first: oldest.first, last: newest.last, hash: newest.hash };
    let filtered = inputs.iter().map(|run| run.filtered()).sum();
    let mut notes = Notes::default();
    for run in inputs {
        notes.zones.append(&run.notes().zones, run.cover().last);
        notes.gaps.extend(run.notes().gaps.spans());
    }
    Run::write(dir, UNFINISHED_MERGE, layout, cover, notes, filtered, Merged::new(inputs, stop))
}

/// Gives the entries of several files in their order.
struct Merged<'a> {
    inputs: Vec<Input<'a>>,
    /// The next entry of each file, the least on top, with the number of the file.
    next: BinaryHeap<Reverse<(Entry, usize)>>,
    stop: &'a dyn Fn() -> bool,
    failed: bool,
}

/// Reads a file from its start to its end.
struct Input<'a> {
    run: &'a Run,
    /// The next page to read.
    page: usize,
    entries: std::vec::IntoIter<Entry>,
}

impl<'a> Merged<'a> {
    fn new(inputs: &'a [Arc<Run>], stop: &'a dyn Fn() -> bool) -> Self {
        let inputs = inputs.iter().map(|run| Input { run, page: 0, entries: Vec::new().into_iter() });
        let mut merged = Self { inputs: inputs.collect(), next: BinaryHeap::new(), stop, failed: false };
        for number in 0..merged.inputs.len() {
            merged.refill(number);
        }
        merged
    }

    /// Puts the next entry of a file among the next ones.
    fn refill(&mut self, number: usize) {
        match self.inputs.get_mut(number).map(|input| input.next(self.stop)) {
            Some(Ok(Some(entry))) => self.next.push(Reverse((entry, number))),
            Some(Err(Damaged)) => self.failed = true,
            Some(Ok(None)) | None => {}
        }
    }
}

impl Iterator for Merged<'_> {
    type Item = Result<Entry, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return Some(Err(Damaged));
        }
        let Reverse((entry, number)) = self.next.pop()?;
        self.refill(number);
        Some(Ok(entry))
    }
}

impl Input<'_> {
    /// Returns the next entry; gives up as if the file were damaged where `stop` says so.
    fn next(&mut self, stop: &dyn Fn() -> bool) -> Result<Option<Entry>, Damaged> {
        loop {
            if let Some(entry) = self.entries.next() {
                return Ok(Some(entry));
            }
            if self.page >= self.run.pages() {
                return Ok(None);
            }
            if stop() {
                return Err(Damaged);
            }
            self.entries = self.run.page(self.page)?.into_iter();
            self.page += 1;
        }
    }
}
