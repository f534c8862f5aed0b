//! [`RealDirectory`]: the file system of this machine.
//!
//! Keeps the invariant that each failure names its path and what was tried.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toka_vault_core::{Error, Result};

use super::files::{read_at, sync_dir, write_at};
use super::storage::{Directory, StoredFile};
use super::zeros;

/// Is a directory of this machine.
#[derive(Clone, Debug)]
pub struct RealDirectory {
    path: PathBuf,
    /// Whether nothing in it may be changed.
    read_only: bool,
}

/// Is an open file of this machine.
#[derive(Debug)]
struct RealFile {
    file: File,
    path: PathBuf,
}

impl RealDirectory {
    /// Uses the directory at `path`, and creates it where there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::PermissionDenied`].
    pub fn open(path: &Path) -> Result<Self> {
        super::files::create_dir(path)?;
        Ok(Self { path: path.to_path_buf(), read_only: false })
    }

    /// Uses the directory at `path` to read only: every change of it is refused, and files are opened so
    /// that the permission to read is enough.
    pub fn read_only(path: &Path) -> Self {
        Self { path: path.to_path_buf(), read_only: true }
    }

    /// Refuses a change of what may be read only.
    fn check_change(&self) -> Result<()> {
        if self.read_only { Err(Error::ReadOnly) } else { Ok(()) }
    }

    fn file(
        &self,
        name: &str,
        options: &OpenOptions,
        operation: &'static str,
    ) -> Result<Arc<dyn StoredFile>> {
        open(self.path(name), options, operation)
    }
}

/// Opens a file to read and write it, and creates it, empty, where there is none.
pub(super) fn open_or_create(path: &Path) -> Result<Arc<dyn StoredFile>> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    open(path.to_path_buf(), &options, "open")
}

/// Opens a file that is there to read only.
pub(super) fn open_to_read(path: &Path) -> Result<Arc<dyn StoredFile>> {
    open(path.to_path_buf(), OpenOptions::new().read(true), "open")
}

fn open(path: PathBuf, options: &OpenOptions, operation: &'static str) -> Result<Arc<dyn StoredFile>> {
    let file = options.open(&path).map_err(|error| Error::io(operation, &path, error))?;
    Ok(Arc::new(RealFile { file, path }))
}

impl Directory for RealDirectory {
    fn list(&self) -> Result<Vec<String>> {
        let failed = |error| Error::io("read the directory", &self.path, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            // A name that is not text is none of ours.
            names.extend(entry.map_err(failed)?.file_name().into_string());
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        self.check_change()?;
        self.file(name, OpenOptions::new().create(true).truncate(true).read(true).write(true), "create")
    }

    fn open(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        self.file(name, OpenOptions::new().read(true).write(!self.read_only), "open")
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.check_change()?;
        let path = self.path(from);
        fs::rename(&path, self.path(to)).map_err(|error| Error::io("rename", &path, error))
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.check_change()?;
        let path = self.path(name);
        fs::remove_file(&path).map_err(|error| Error::io("remove", &path, error))
    }

    fn inside(&self, name: &str) -> Result<Arc<dyn Directory>> {
        let path = self.path(name);
        Ok(Arc::new(if self.read_only { Self::read_only(&path) } else { Self::open(&path)? }))
    }

    fn sync(&self) -> Result<()> {
        self.check_change()?;
        sync_dir(&self.path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl StoredFile for RealFile {
    fn len(&self) -> Result<u64> {
        let meta = self.file.metadata().map_err(|error| Error::io("read", &self.path, error))?;
        Ok(meta.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        read_at(&self.file, buffer, offset).map_err(|error| Error::io("read", &self.path, error))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        write_at(&self.file, bytes, offset).map_err(|error| Error::io("write", &self.path, error))
    }

    fn fill(&self, bytes: u64, synced: u64) -> Result<()> {
        let filled = zeros::fill_directly(&self.path, bytes);
        match filled.map_err(|error| Error::io("write", &self.path, error))? {
            true => self.sync(),
            false => zeros::fill(self, bytes, synced),
        }
    }

    fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|error| Error::io("sync", &self.path, error))
    }

    fn path(&self) -> &Path {
        &self.path
    }
}
