//! [`RealDirectory`]: the file system of this machine.
//!
//! Keeps the invariant that each failure names its path and what was tried.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toka_vault_core::{Error, Result};

use super::files::{read_at, sync_dir, write_at};
use super::storage::{Directory, StoredFile};

/// Is a directory of this machine.
#[derive(Clone, Debug)]
pub struct RealDirectory(PathBuf);

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
        Ok(Self(path.to_path_buf()))
    }

    fn file(
        &self,
        name: &str,
        options: &OpenOptions,
        operation: &'static str,
    ) -> Result<Arc<dyn StoredFile>> {
        let path = self.path(name);
        let file = options.open(&path).map_err(|error| Error::io(operation, &path, error))?;
        Ok(Arc::new(RealFile { file, path }))
    }
}

impl Directory for RealDirectory {
    fn list(&self) -> Result<Vec<String>> {
        let failed = |error| Error::io("read the directory", &self.0, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(failed)? {
            // A name that is not text is none of ours.
            names.extend(entry.map_err(failed)?.file_name().into_string());
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        self.file(name, OpenOptions::new().create(true).truncate(true).read(true).write(true), "create")
    }

    fn open(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        self.file(name, OpenOptions::new().read(true).write(true), "open")
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        fs::remove_file(&path).map_err(|error| Error::io("remove", &path, error))
    }

    fn sync(&self) -> Result<()> {
        sync_dir(&self.0)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
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

    fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|error| Error::io("sync", &self.path, error))
    }

    fn path(&self) -> &Path {
        &self.path
    }
}
