//! [`VaultDir`]: the directory of a vault, from its creation to its lock.
//!
//! Keeps these invariants:
//!
//! - A directory is taken for a vault only where its `format` file says so. That file is written
//!   last, so a vault has it exactly if its creation was finished.
//! - Creation that was interrupted is told by `format.new`, which is written first. Nothing was ever
//!   acknowledged then, so what is left of it is removed and creation starts anew. Where that file does not
//!   say what we write to it, it is taken for ours only while nothing but the lock is beside it.
//! - Any other directory with something in it belongs to somebody else and stays as it is.
//!
//! Invariant 20 of `docs/architecture.md`, which names the tests that show it.

use std::fs;
use std::path::{Path, PathBuf};

use toka_vault_core::{Error, Result};

use super::files::{create_dir, remove, sync_dir, write_synced};
use super::lock::DirLock;

/// Holds the lock on the vault.
const LOCK: &str = "lock";

/// Says that the directory is a vault, and of which format.
const FORMAT: &str = "format";

/// Becomes [`FORMAT`] when creation is finished.
const FORMAT_NEW: &str = "format.new";

/// The first line of [`FORMAT`].
const MAGIC: &str = "toka-vault";

/// Longest [`FORMAT`] that is read.
const FORMAT_BYTES_MAX: u64 = 4_096;

/// Says what a back-end keeps in a vault's directory.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The name of the back-end, in lower case letters of ASCII; also of the folder that has its log.
    pub backend: &'static str,
    /// The version that it writes, and the newest that it reads.
    pub version: u32,
    /// Everything that it creates in the directory.
    pub parts: &'static [&'static str],
}

/// Says what to do where there is no vault yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum IfMissing {
    /// Create one.
    #[default]
    Create,
    /// Do not open, and change nothing: the path may be mistyped, or a disk not mounted.
    Refuse,
}

/// Holds a vault's directory open and locked.
#[derive(Debug)]
pub struct VaultDir {
    path: PathBuf,
    format: Format,
    is_new: bool,
    _lock: DirLock,
}

impl VaultDir {
    /// Opens the vault's directory at `path`, and creates it where there is none and that is not refused.
    ///
    /// Where [`VaultDir::is_new`] says so, the back-end creates its parts and then calls
    /// [`VaultDir::finish`].
    ///
    /// # Errors
    ///
    /// [`Error::NoVault`], [`Error::NotAVault`], [`Error::NewerFormat`], [`Error::Locked`],
    /// [`Error::PermissionDenied`] and [`Error::Io`]. What was there before is unchanged then.
    pub fn open(path: &Path, format: Format, if_missing: IfMissing) -> Result<Self> {
        // First a look without the lock, which would leave its file in a directory of others.
        match if_missing {
            IfMissing::Create => drop(state(path, format)?),
            IfMissing::Refuse => drop(Self::check(path, format)?),
        }
        create_dir(path)?;
        let held = DirLock::acquire(path, LOCK)?;
        let (path, state) = (held.directory().to_path_buf(), state(path, format)?);
        let dir = Self { path, format, is_new: state != State::Vault, _lock: held };
        if dir.is_new {
            dir.begin()?;
        }
        Ok(dir)
    }

    /// Checks that a path holds a vault of this format, without a lock and without a change. Returns the path,
    /// such that it leads there whatever becomes of the working directory and of links on the way.
    ///
    /// # Errors
    ///
    /// As [`VaultDir::open`], and [`Error::NoVault`] where there is no vault yet.
    pub fn check(path: &Path, format: Format) -> Result<PathBuf> {
        match state(path, format)? {
            State::Vault => path.canonicalize().map_err(|error| Error::io("open", path, error)),
            _ => Err(Error::NoVault { path: path.to_path_buf() }),
        }
    }

    /// Returns the path of a part.
    pub fn part(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns the path of the directory, which leads there from wherever the process works.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether the vault is being created.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Finishes creation, after all parts are there and durable.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; the next open starts creation anew.
    pub fn finish(&mut self) -> Result<()> {
        sync_dir(&self.path)?;
        let (new, done) = (self.part(FORMAT_NEW), self.part(FORMAT));
        fs::rename(&new, &done).map_err(|error| Error::io("rename", &new, error))?;
        sync_dir(&self.path)?;
        self.is_new = false;
        Ok(())
    }

    /// Starts creation on clean ground.
    fn begin(&self) -> Result<()> {
        let Format { backend, version, parts } = self.format;
        // As long as something says whose it is.
        if let Some(folder) = begun_by(&content(&self.part(FORMAT_NEW))?) {
            remove(&self.part(folder))?;
        }
        let content = format!("{MAGIC}\nbackend {backend}\nformat {version}\n");
        write_synced(&self.part(FORMAT_NEW), content.as_bytes())?;
        sync_dir(&self.path)?;
        parts.iter().try_for_each(|part| remove(&self.part(part)))
    }
}

/// Says what a path holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing yet.
    Empty,
    /// A vault whose creation was interrupted.
    Interrupted,
    /// A vault of this format.
    Vault,
}

/// Looks at what a path holds, without changing it.
fn state(path: &Path, format: Format) -> Result<State> {
    let not_a_vault =
        |reason: &str| Err(Error::NotAVault { path: path.to_path_buf(), reason: reason.into() });
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return match fs::read_link(path) {
                // Nobody knows whether what it leads to is missing for a while only, as a disk that is not mounted.
                Ok(to) => not_a_vault(&format!("it is a link to {}, where nothing is", to.display())),
                Err(_) => Ok(State::Empty),
            };
        }
        Err(error) => return Err(Error::io("open", path, error)),
        Ok(found) if !found.is_dir() => return not_a_vault("it is a file"),
        Ok(_) => {}
    }
    if path.join(FORMAT).is_file() {
        return check_format(path, format).map(|()| State::Vault);
    }
    let is_begun = path.join(FORMAT_NEW).is_file();
    if is_begun && is_ours(&content(&path.join(FORMAT_NEW))?) {
        return Ok(State::Interrupted);
    }
    let entries = fs::read_dir(path).map_err(|error| Error::io("read the directory", path, error))?;
    for entry in entries {
        let name = entry.map_err(|error| Error::io("read the directory", path, error))?.file_name();
        // Another process may have completed the vault since the first look.
        if name != LOCK && name != FORMAT_NEW && !path.join(FORMAT).is_file() {
            return not_a_vault("the directory holds other files and no `format` file of a vault");
        }
    }
    Ok(if is_begun { State::Interrupted } else { State::Empty })
}

/// Tells whether a file says all that we write to it where a vault is created.
fn is_ours(content: &str) -> bool {
    content.ends_with('\n') && content.lines().count() == 3 && content.lines().next() == Some(MAGIC)
}

/// Returns the folder in which the back-end that a file of ours names keeps its log: it is called as that is.
fn begun_by(content: &str) -> Option<&str> {
    let name = content.lines().nth(1).filter(|_| is_ours(content))?.strip_prefix("backend ")?;
    let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    // Each back-end has files of these names.
    Some(name).filter(|name| is_plain && ![LOCK, FORMAT].contains(name))
}

/// Returns what a format file says; nothing where it is too long to be one, or is gone: another process may
/// just have finished the vault.
fn content(file: &Path) -> Result<String> {
    let read = || match fs::metadata(file)?.len() {
        0..=FORMAT_BYTES_MAX => fs::read(file),
        _ => Ok(Vec::new()),
    };
    match read() {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Error::io("read", file, error)),
    }
}

/// Checks that the format file names this back-end and a version that it reads.
fn check_format(path: &Path, format: Format) -> Result<()> {
    let not_a_vault = |reason: String| Err(Error::NotAVault { path: path.to_path_buf(), reason });
    let content = content(&path.join(FORMAT))?;
    let mut lines = content.lines();
    let (magic, backend, version) = (lines.next(), lines.next(), lines.next());
    let backend = backend.and_then(|line| line.strip_prefix("backend "));
    let version = version.and_then(|line| line.strip_prefix("format ")?.parse().ok());
    match (magic, backend, version) {
        (Some(MAGIC), Some(backend), _) if backend != format.backend => {
            not_a_vault(format!("it is a vault of the back-end `{}`, which opens it", backend.escape_debug()))
        }
        (Some(MAGIC), Some(_), Some(found)) if found > format.version => {
            Err(Error::NewerFormat { path: path.to_path_buf(), found, supported: format.version })
        }
        (Some(MAGIC), Some(_), Some(_)) => Ok(()),
        _ => not_a_vault("its `format` file is not that of a vault".into()),
    }
}
