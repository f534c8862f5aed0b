//! [`Run`]: a sorted file of keys and positions, which never changes. `docs/format.md` writes it down.
//!
//! Keeps the invariant that a damaged page is found out when it is read: its checksum covers all of
//! it. The file is removed then, so that the next open builds the index anew from there on.
//!
//! The first key of each page is kept in memory, so that a lookup reads one page, and of those keys
//! that are looked up for every commit a filter, so that it reads none where there is none.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use toka_vault_core::{Event, EventHash, Position, Result};

use super::frame::{Frame, Notes};
use super::page::{self, Entry, PAGE_BYTES};
use super::writing::{RunWriter, Unfinished};
use crate::disk::{Directory, StoredFile, failed_with, is_unreadable};
use crate::index::Span;
use crate::index::runs::{Key, Layout};
use crate::told::told;

/// Says that a file is not as it was written.
#[derive(Debug)]
pub(crate) struct Damaged;

/// Holds a file of entries open.
#[derive(Debug)]
pub(crate) struct Run {
    dir: Arc<dyn Directory>,
    name: String,
    file: Arc<dyn StoredFile>,
    frame: Frame,
    layout: Layout,
    owner: Owner,
    /// Whether the file is not as it should be. Its owner has removed it then.
    discarded: AtomicBool,
}

/// Remembers the page that the last of several keys was looked for in: they are mostly close to each other. It is
/// decoded as a whole only for a second one.
#[derive(Debug, Default)]
pub(crate) struct LastPage {
    /// What the file covers, and the number of the page.
    place: Option<(Span, usize)>,
    entries: Vec<Entry>,
}

/// Says who writes and removes the files of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// This vault.
    Us,
    /// One that another process has open. A file that is open here can be read though it is removed there.
    Other,
}

/// Says which events a file covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cover {
    /// The first position.
    pub(crate) first: Position,
    /// The last position.
    pub(crate) last: Position,
    /// The hash of the event at the last position, which tells files of another log.
    pub(crate) hash: EventHash,
}

impl Cover {
    /// Returns the first and the last position.
    pub(crate) const fn span(&self) -> Span {
        (self.first, self.last)
    }
}

impl Run {
    /// Writes entries, which come sorted, and notes, and opens the file. At most `filtered` entries have keys
    /// that are filtered.
    ///
    /// The file has its name only once it is whole and durable, and that of `unfinished` until then, which
    /// nobody else uses. Where it cannot be finished, it is removed, so that it takes no room.
    ///
    /// # Errors
    ///
    /// A failure to write to the directory.
    pub(crate) fn write(
        dir: &Arc<dyn Directory>,
        unfinished: &str,
        layout: Layout,
        cover: Cover,
        notes: Notes,
        filtered: u64,
        entries: impl Iterator<Item = Result<Entry, Damaged>>,
    ) -> Result<Option<Self>> {
        let unfinished = Unfinished { dir: dir.as_ref(), name: unfinished };
        let mut writer = RunWriter::new(dir.create(unfinished.name)?, layout, cover, notes, filtered);
        for entry in entries {
            match entry {
                Ok(entry) => writer.add(entry)?,
                Err(Damaged) => return Ok(None),
            }
        }
        writer.finish()?;
        let name = file_name(cover, layout.extension);
        unfinished.finish_as(&name)?;
        dir.sync()?;
        Ok(Self::open(dir, &name, layout, Owner::Us)?.ok())
    }

    /// Opens a file.
    pub(crate) fn open(
        dir: &Arc<dyn Directory>,
        name: &str,
        layout: Layout,
        owner: Owner,
    ) -> Result<Result<Self, Damaged>> {
        let file = dir.open(name)?;
        match Frame::read(file.as_ref()) {
            // Events that no zone tells of would not be found by their time. One that was given another's name would
            // be removed or replaced in that one's place.
            Ok(Some(frame)) if !frame.fits(layout) || name != file_name(frame.cover, layout.extension) => {
                Ok(Err(Damaged))
            }
            Ok(Some(frame)) => {
                let (dir, name, discarded) = (dir.clone(), name.to_owned(), AtomicBool::default());
                Ok(Ok(Self { dir, name, file, frame, layout, owner, discarded }))
            }
            Ok(None) => Ok(Err(Damaged)),
            Err(error) if failed_with(&error, ErrorKind::UnexpectedEof) => Ok(Err(Damaged)),
            Err(error) => Err(error),
        }
    }

    /// Returns what the file is called, or was.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns what the file covers.
    pub(crate) fn cover(&self) -> Cover {
        self.frame.cover
    }

    /// Returns what the file tells besides its entries.
    pub(crate) fn notes(&self) -> &Notes {
        &self.frame.notes
    }

    /// Returns how many of its keys are filtered, each once for each event.
    pub(crate) fn filtered(&self) -> u64 {
        self.frame.filter.keys()
    }

    /// Tells without reading whether the file could have a key: by the least and the greatest, and by
    /// the filter.
    pub(crate) fn could_have(&self, key: Key) -> bool {
        self.frame.fences.first().is_some_and(|first| *first <= key)
            && key <= self.frame.greatest
            && (!(self.layout.is_filtered)(key) || self.frame.filter.could_have(key))
    }

    /// Finds a key that one event has; reads one page.
    pub(crate) fn find(&self, key: Key) -> Result<Option<Position>, Damaged> {
        self.find_near(key, &mut LastPage::default())
    }

    /// Does the same as one of several, and reads no page where the last key was in the same.
    pub(crate) fn find_near(&self, key: Key, last: &mut LastPage) -> Result<Option<Position>, Damaged> {
        if !self.could_have(key) {
            return Ok(None);
        }
        let number = self.last_page_of(key);
        if last.place != Some((self.cover().span(), number)) {
            *last = LastPage { place: Some((self.cover().span(), number)), entries: Vec::new() };
            let found = self.read(number, |page| page::find(page, key))?;
            return Ok(found.map(|entry| entry.1));
        }
        if last.entries.is_empty() {
            last.entries = self.page(number)?;
        }
        let found = last.entries.binary_search_by_key(&key, |entry| entry.0);
        Ok(found.ok().and_then(|at| last.entries.get(at)).map(|entry| entry.1))
    }

    /// Tells whether an event is one that the file covers, by the key that no other event has.
    pub(super) fn knows(&self, event: &Event) -> bool {
        let own = (self.layout.own_key)(event);
        own.is_some_and(|key| self.find(key).is_ok_and(|found| found == Some(event.position())))
    }

    /// Returns up to `max` positions of a key from `from` on, the lowest first.
    pub(crate) fn ascending(&self, key: Key, from: Position, max: usize) -> Result<Vec<Position>, Damaged> {
        let mut found = Vec::new();
        if !self.could_have(key) {
            return Ok(found);
        }
        let mut page = self.page_before((key, from))?;
        while found.len() < max && self.frame.fences.get(page).is_some_and(|first| *first <= key) {
            let entries = self.page(page)?;
            let start = entries.partition_point(|entry| *entry < (key, from));
            let those = entries.iter().skip(start).take_while(|entry| entry.0 == key);
            found.extend(those.map(|entry| entry.1).take(max - found.len()));
            page += 1;
        }
        Ok(found)
    }

    /// Returns up to `max` positions of a key up to `to`, the highest first.
    pub(crate) fn descending(&self, key: Key, to: Position, max: usize) -> Result<Vec<Position>, Damaged> {
        let mut found = Vec::new();
        if !self.could_have(key) {
            return Ok(found);
        }
        let mut page = Some(self.page_before((key, to))?);
        while let Some(number) = page.filter(|_| found.len() < max) {
            let entries = self.page(number)?;
            let end = entries.partition_point(|entry| *entry <= (key, to));
            let those = entries.iter().take(end).rev().take_while(|entry| entry.0 == key);
            found.extend(those.map(|entry| entry.1).take(max - found.len()));
            // A page that starts with a lower key is the first that can have this one.
            page = number.checked_sub(1).filter(|_| self.frame.fences.get(number) == Some(&key));
        }
        Ok(found)
    }

    /// Returns the keys from `low` to `high`, each once. Pages that hold nothing but one key are passed
    /// over.
    pub(crate) fn keys(&self, low: Key, high: Key) -> Result<Vec<Key>, Damaged> {
        let mut keys: Vec<Key> = Vec::new();
        let mut page = self.frame.fences.partition_point(|first| *first < low).saturating_sub(1);
        while self.frame.fences.get(page).is_some_and(|first| *first <= high) {
            let entries = self.page(page)?;
            for (key, _) in &entries {
                if (low..=high).contains(key) && keys.last() != Some(key) {
                    keys.push(*key);
                }
            }
            let end = entries.last().map_or(page, |(key, _)| self.last_page_of(*key));
            page = end.max(page + 1);
        }
        Ok(keys)
    }

    /// Returns the last page that can have a key.
    fn last_page_of(&self, key: Key) -> usize {
        self.frame.fences.partition_point(|first| *first <= key).saturating_sub(1)
    }

    /// Returns the last page whose first entry is not behind `entry`, or the first page that can have
    /// its key.
    fn page_before(&self, entry: Entry) -> Result<usize, Damaged> {
        let mut low = self.frame.fences.partition_point(|first| *first < entry.0).saturating_sub(1);
        let mut high = self.last_page_of(entry.0);
        while low < high {
            let middle = high - (high - low) / 2;
            let first = self.read(middle, page::first)?;
            if first.is_some_and(|first| first <= entry) { low = middle } else { high = middle - 1 }
        }
        Ok(low)
    }

    /// Returns the key that a page is found by.
    pub(crate) fn first_of(&self, page: usize) -> Option<Key> {
        self.frame.fences.get(page).copied()
    }

    /// Returns the number of pages.
    pub(crate) fn pages(&self) -> usize {
        self.frame.fences.len()
    }

    /// Reads the entries of a page. A file that is not as it was written is discarded.
    pub(crate) fn page(&self, number: usize) -> Result<Vec<Entry>, Damaged> {
        self.read(number, page::decode)
    }

    /// Reads what is wanted of a page.
    fn read<T>(
        &self,
        number: usize,
        decode: impl FnOnce(&[u8; PAGE_BYTES]) -> Option<T>,
    ) -> Result<T, Damaged> {
        let mut page = [0; PAGE_BYTES];
        let decoded = match self.file.read_at(&mut page, ((number + 1) * PAGE_BYTES) as u64) {
            Ok(()) => decode(&page),
            Err(error) if failed_with(&error, ErrorKind::UnexpectedEof) || is_unreadable(&error) => None,
            Err(error) => {
                // It may go well the next time. Until then the log is searched.
                tracing::warn!(error = told(&error), "cannot read an index file");
                return Err(Damaged);
            }
        };
        if decoded.is_none() {
            self.discard();
        }
        decoded.ok_or(Damaged)
    }

    /// Returns the number of events that the file covers.
    pub(crate) fn events(&self) -> u64 {
        self.frame.cover.last.get().saturating_sub(self.frame.cover.first.get()).saturating_add(1)
    }

    /// Removes a file that is not as it should be, so that the next open builds the index anew from there on.
    /// What can be read of it is used until then. That of another owner is left to that one.
    pub(crate) fn discard(&self) {
        if self.discarded.swap(true, Ordering::Relaxed) {
            return;
        }
        let path = self.file.path().display();
        if self.owner == Owner::Other {
            tracing::warn!(%path, "an index file is damaged; the log is read where it is of no use");
            return;
        }
        match self.remove() {
            Ok(()) => {
                tracing::warn!(%path, "an index file is damaged; the next open builds the index anew from there on")
            }
            // The next open could not tell that it is wrong, and would use it.
            Err(error) => match self.blank() {
                Ok(()) => {
                    tracing::warn!(
                        error = told(&error),
                        "an index file is damaged, and is made unusable, for it stays"
                    )
                }
                Err(_) => {
                    tracing::error!(error = told(&error), "an index file is damaged, and stays; remove it")
                }
            },
        }
    }

    /// Makes the header of the file none, so that nobody opens it again.
    fn blank(&self) -> Result<()> {
        self.file.write_at(&[0; PAGE_BYTES], 0)?;
        self.file.sync()
    }

    /// Tells whether the file was discarded.
    pub(crate) fn is_discarded(&self) -> bool {
        self.discarded.load(Ordering::Relaxed)
    }

    /// Removes the file, if it is there; whoever still reads it can go on.
    pub(crate) fn remove(&self) -> Result<()> {
        match self.dir.remove(&self.name) {
            Err(error) if failed_with(&error, ErrorKind::NotFound) => Ok(()),
            removed => removed,
        }
    }
}

/// The name of a file that is being written.
pub(super) const UNFINISHED: &str = "unfinished";

/// The name of a file that others are being merged to.
pub(super) const UNFINISHED_MERGE: &str = "unfinished-merge";

/// Returns the name of a file.
pub(super) fn file_name(cover: Cover, extension: &str) -> String {
    format!("{:020}-{:020}.{extension}", cover.first.get(), cover.last.get())
}
