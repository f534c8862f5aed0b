//! [`RunWriter`] and [`Unfinished`]: a file of entries from its first page to its name.
//!
//! Keeps the invariant that what is not finished does not stay: it would take room on a disk that is full.

use std::io::ErrorKind;
use std::sync::Arc;

use toka_vault_core::Result;

use super::filter::Filter;
use super::frame::{Frame, Notes};
use super::page::{Entry, PAGE_BYTES, PageWriter};
use super::run::Cover;
use crate::disk::{Directory, StoredFile, failed_with};
use crate::index::runs::{Key, Layout};
use crate::told::told;

/// Is a file that is being written; dropping it removes what is there of it.
pub(super) struct Unfinished<'a> {
    pub(super) dir: &'a dyn Directory,
    pub(super) name: &'a str,
}

impl Unfinished<'_> {
    /// Gives it its name.
    pub(super) fn finish_as(self, name: &str) -> Result<()> {
        self.dir.rename(self.name, name)?;
        // There is nothing left to remove.
        std::mem::forget(self);
        Ok(())
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        match self.dir.remove(self.name) {
            Err(error) if !failed_with(&error, ErrorKind::NotFound) => {
                tracing::warn!(
                    error = told(&error),
                    "an index file that is not finished stays until the vault is opened again"
                );
            }
            _ => {}
        }
    }
}

/// Bytes that are gathered for one write.
const STEP_BYTES: usize = 16 * PAGE_BYTES;

/// Writes a file page by page.
pub(super) struct RunWriter {
    file: Arc<dyn StoredFile>,
    /// Where the next step goes.
    offset: u64,
    /// What is gathered for it.
    step: Vec<u8>,
    page: PageWriter,
    frame: Frame,
    layout: Layout,
}

impl RunWriter {
    /// Writes to a file that is empty.
    pub(super) fn new(
        file: Arc<dyn StoredFile>,
        layout: Layout,
        cover: Cover,
        notes: Notes,
        filtered: u64,
    ) -> Self {
        let filter = Filter::with_room(filtered);
        let frame = Frame { cover, notes, fences: Vec::new(), greatest: Key::LEAST, filter };
        // The header is written last, in front of the first page.
        let (offset, step) = (PAGE_BYTES as u64, Vec::with_capacity(STEP_BYTES));
        Self { file, offset, step, page: PageWriter::default(), frame, layout }
    }

    /// Adds an entry behind all others.
    pub(super) fn add(&mut self, entry: Entry) -> Result<()> {
        if (self.layout.is_filtered)(entry.0) {
            self.frame.filter.add(entry.0);
        }
        if !self.page.has_room() {
            self.end_page()?;
        }
        if self.page.is_empty() {
            self.frame.fences.push(entry.0);
        }
        self.frame.greatest = entry.0;
        self.page.add(entry);
        Ok(())
    }

    fn end_page(&mut self) -> Result<()> {
        let Some(page) = self.page.finish() else { return Ok(()) };
        self.step.extend_from_slice(&page);
        if self.step.len() >= STEP_BYTES { self.write() } else { Ok(()) }
    }

    /// Writes what is gathered.
    fn write(&mut self) -> Result<()> {
        self.file.write_at(&self.step, self.offset)?;
        self.offset += self.step.len() as u64;
        self.step.clear();
        Ok(())
    }

    /// Writes the frame, and makes all of it durable.
    pub(super) fn finish(mut self) -> Result<()> {
        self.end_page()?;
        let (header, tail) = self.frame.encode();
        self.step.extend_from_slice(&tail);
        self.write()?;
        self.file.write_at(&header, 0)?;
        self.file.sync()
    }
}
