//! [`RealDirectory`]: the file system of this machine.
//!
//! Keeps the invariants that each failure names its path and what was tried; and that no name is touched in
//! another directory that has come in the place of the one that was opened.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use toka_vault_core::{Error, Result};

use super::files::{read_at, sync_dir, write_at};
use super::identity::Identity;
use super::storage::{Directory, StoredFile};
use super::zeros;
use crate::told::told;

/// Is a directory of this machine.
#[derive(Clone, Debug)]
pub struct RealDirectory {
    path: PathBuf,
    /// Whether nothing in it may be changed.
    read_only: bool,
    /// Itself, open, so that no other directory can be taken for it; nothing where the system opens none, or there
    /// was no room for it yet.
    opened: Arc<OnceLock<File>>,
    /// Whether it need not be there before it has a file.
    comes_later: bool,
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
        let dir =
            Self { path: path.to_path_buf(), read_only: false, opened: Arc::default(), comes_later: false };
        dir.make()?;
        Ok(dir)
    }

    /// Does the same; where there is no room for it, it is created with its first file.
    fn open_once_there_is_room(path: &Path) -> Result<Self> {
        match Self::open(path).map_err(Error::or_no_room) {
            Err(error @ Error::NoRoom { .. }) => {
                tracing::warn!(
                    error = told(&error),
                    "a directory is created as soon as there is room for it"
                );
                let path = path.to_path_buf();
                Ok(Self { path, read_only: false, opened: Arc::default(), comes_later: true })
            }
            opened => opened,
        }
    }

    /// Creates it where it is not there, and opens it.
    fn make(&self) -> Result<()> {
        if self.opened.get().is_some() {
            return Ok(());
        }
        super::files::create_dir(&self.path)?;
        if !cfg!(windows) {
            let opened = File::open(&self.path);
            let opened = opened.map_err(|error| Error::io("open the directory", &self.path, error))?;
            // Another thread may have been first.
            let _ = self.opened.set(opened);
        }
        Ok(())
    }

    /// Uses the directory at `path` to read only: every change of it is refused, and files are opened so
    /// that the permission to read is enough.
    pub fn read_only(path: &Path) -> Self {
        let opened = if cfg!(windows) { None } else { File::open(path).ok() };
        let opened = Arc::new(opened.map_or_else(OnceLock::new, OnceLock::from));
        Self { path: path.to_path_buf(), read_only: true, opened, comes_later: false }
    }

    /// Refuses a change of what may be read only, or of what is another directory.
    fn check_change(&self) -> Result<()> {
        if self.read_only { Err(Error::ReadOnly) } else { self.check_place() }
    }

    /// Checks that its path still leads to it: whoever moves a vault away while it is open, or puts a copy in its
    /// place, would else find the files of one in the other.
    fn check_place(&self) -> Result<()> {
        let Some(opened) = self.opened.get() else { return Ok(()) };
        let failed = |error| Error::io("use the directory", &self.path, error);
        match Identity::is_at(opened, &self.path).map_err(failed)? {
            true => Ok(()),
            false => Err(failed(std::io::Error::other("another one is in its place since it was opened"))),
        }
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
        self.check_place()?;
        let failed = |error| Error::io("read the directory", &self.path, error);
        let mut names = Vec::new();
        let entries = match fs::read_dir(&self.path) {
            Err(error) if self.comes_later && error.kind() == ErrorKind::NotFound => return Ok(names),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            // A name that is not text is none of ours.
            names.extend(entry.map_err(failed)?.file_name().into_string());
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        self.check_change()?;
        if self.comes_later {
            self.make()?;
        }
        self.file(name, OpenOptions::new().create(true).truncate(true).read(true).write(true), "create")
    }

    fn open(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        self.check_place()?;
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
        Ok(Arc::new(if self.read_only {
            Self::read_only(&path)
        } else {
            Self::open_once_there_is_room(&path)?
        }))
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
