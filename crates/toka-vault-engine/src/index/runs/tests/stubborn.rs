//! [`Stubborn`]: a directory whose files cannot be removed, and of which one cannot be read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use toka_vault_core::{Error, Result};

use crate::disk::{Directory, StoredFile};

/// What the system says where a file may not be removed, and where a disk has lost a sector.
const NOT_PERMITTED: i32 = 1;
const INPUT_OUTPUT_ERROR: i32 = 5;

#[derive(Debug)]
pub(super) struct Stubborn {
    pub(super) dir: Arc<dyn Directory>,
    /// The name of the file that cannot be read.
    pub(super) unreadable: Option<String>,
}

/// A file that cannot be read.
#[derive(Debug)]
struct Unreadable(Arc<dyn StoredFile>);

fn says(os_error: i32, path: &Path) -> Error {
    let source = Arc::new(std::io::Error::from_raw_os_error(os_error));
    Error::Io { operation: "test", path: path.to_path_buf(), source }
}

impl Directory for Stubborn {
    fn list(&self) -> Result<Vec<String>> {
        self.dir.list()
    }

    fn create(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        self.dir.create(name)
    }

    fn open(&self, name: &str) -> Result<Arc<dyn StoredFile>> {
        let file = self.dir.open(name)?;
        if self.unreadable.as_deref() == Some(name) { Ok(Arc::new(Unreadable(file))) } else { Ok(file) }
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.dir.rename(from, to)
    }

    fn remove(&self, name: &str) -> Result<()> {
        Err(says(NOT_PERMITTED, &self.path(name)))
    }

    fn inside(&self, name: &str) -> Result<Arc<dyn Directory>> {
        self.dir.inside(name)
    }

    fn sync(&self) -> Result<()> {
        self.dir.sync()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path(name)
    }
}

impl StoredFile for Unreadable {
    fn len(&self) -> Result<u64> {
        self.0.len()
    }

    fn read_at(&self, _: &mut [u8], _: u64) -> Result<()> {
        Err(says(INPUT_OUTPUT_ERROR, self.path()))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.0.write_at(bytes, offset)
    }

    fn sync(&self) -> Result<()> {
        self.0.sync()
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}
