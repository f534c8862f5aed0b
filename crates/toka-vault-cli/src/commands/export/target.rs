//! [`Target`]: the file that an export writes.
//!
//! Keeps the invariants that a regular file appears complete or not at all; that where a link leads is written
//! to, and the link stays; and that who could not read a file that was there cannot read what takes its place,
//! at no time.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, IntoInnerError, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Most links that are followed from one to the next, as many as Linux follows.
const LINKS_MAX: usize = 40;

/// Is open to be written.
pub(super) enum Target {
    /// What is no regular file, such as a device or a pipe: it is written to as it is.
    AsItIs(BufWriter<File>),
    /// A file without its name, and the path that it gets when it is complete.
    Beside(BufWriter<NamedTempFile>, PathBuf),
}

impl Target {
    /// Opens the target at a path.
    pub(super) fn open(file: &Path) -> io::Result<Self> {
        match fs::metadata(file) {
            Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
            Ok(found) if !found.is_file() => {
                OpenOptions::new().write(true).open(file).map(|file| Self::AsItIs(BufWriter::new(file)))
            }
            Ok(found) => Self::beside(fs::canonicalize(file)?, Some(&found)),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::beside(end_of_links(file)?, None),
            Err(error) => Err(error),
        }
    }

    /// Creates a file beside the path that it gets, where `found` is now.
    fn beside(path: PathBuf, found: Option<&Metadata>) -> io::Result<Self> {
        let folder = folder_of(&path);
        // Else the error would name the file without a final name.
        if !folder.is_dir() {
            return Err(io::Error::new(
                ErrorKind::NotFound,
                format!("there is no folder {}; create it first", folder.display()),
            ));
        }
        let created = create(folder, found)?;
        Ok(Self::Beside(BufWriter::new(created), path))
    }

    /// Ends what is complete, and is durable then.
    pub(super) fn finish(self) -> io::Result<()> {
        let (out, path) = match self {
            Self::AsItIs(mut out) => return out.flush(),
            Self::Beside(out, path) => (out, path),
        };
        let file = out.into_inner().map_err(IntoInnerError::into_error)?;
        // As it is by now: an export can take long.
        if let Ok(found) = fs::metadata(&path) {
            take_over(file.as_file(), &found)?;
        }
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|failure| failure.error)?;
        sync_folder(folder_of(&path))
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::AsItIs(out) => out.write(bytes),
            Self::Beside(out, _) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::AsItIs(out) => out.flush(),
            Self::Beside(out, _) => out.flush(),
        }
    }
}

/// Returns where a path leads at which nothing is: to what a link names that leads nowhere yet, or to itself.
fn end_of_links(file: &Path) -> io::Result<PathBuf> {
    let mut end = file.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::read_link(&end) {
            Ok(next) => end = folder_of(&end).join(next),
            // Where something else is wrong with it, creating a file there tells.
            Err(_) => return Ok(end),
        }
    }
    Err(io::Error::other("too many links lead from one to the next"))
}

/// Returns the folder that a file is in.
fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Creates a file without a final name, in the folder of the one that it replaces, if there is one.
fn create(folder: &Path, found: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".toka-vault-export-").suffix(".partial");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Who may read the one that was there is let in at the end. Else as any program creates a file: the
        // user's mask takes away what it must not have.
        let mode = if found.is_some() { 0o600 } else { 0o666 };
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = found;
    builder.tempfile_in(folder)
}

/// Gives a file the owner, the group and the permissions of the one that it replaces.
#[cfg(unix)]
fn take_over(file: &File, found: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    // Only root may give a file away, and to a group only who is in it. What cannot be had is dealt with below.
    let _ = fchown(file, None, Some(found.gid()));
    let _ = fchown(file, Some(found.uid()), None);
    let mut mode = found.mode() & 0o777;
    if file.metadata()?.gid() != found.gid() {
        // Those in another group were others until now.
        mode &= 0o707 | ((mode & 0o007) << 3);
    }
    file.set_permissions(fs::Permissions::from_mode(mode))
}

/// There is nothing to take over on this system.
#[cfg(not(unix))]
fn take_over(_file: &File, _found: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows opens no folder as a file, and has its names durable with the files.
    if cfg!(windows) { Ok(()) } else { File::open(folder)?.sync_all() }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// Creates a file of these permissions, with something in it.
    fn file(folder: &Path, mode: u32) -> PathBuf {
        let path = folder.join("file");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    /// Returns the permissions of each file in a folder, by name.
    fn modes(folder: &Path) -> Vec<(String, u32)> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let mode = |entry: fs::DirEntry| {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o7777;
            (entry.file_name().into_string().unwrap(), mode)
        };
        let mut modes: Vec<_> = entries.map(mode).collect();
        modes.sort();
        modes
    }

    #[test]
    fn what_takes_the_place_of_a_file_is_for_the_same_eyes_from_its_beginning() {
        for mode in [0o600, 0o640, 0o604, 0o444, 0o666, 0o200, 0o755] {
            let folder = tempfile::tempdir().unwrap();
            let path = file(folder.path(), mode);
            let mut target = Target::open(&path).unwrap();
            target.write_all(b"new").unwrap();
            let [(partial, meanwhile), (_, before)] = modes(folder.path()).try_into().unwrap();
            assert!(partial.ends_with(".partial") && meanwhile & 0o077 == 0, "{partial} {meanwhile:o}");
            assert_eq!(before, mode);
            target.finish().unwrap();
            assert_eq!(modes(folder.path()), [("file".to_owned(), mode)]);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        }
    }

    #[test]
    fn a_file_that_is_made_private_meanwhile_stays_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), 0o644);
        let target = Target::open(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        target.finish().unwrap();
        assert_eq!(modes(folder.path()), [("file".to_owned(), 0o600)]);
    }

    #[test]
    fn links_that_lead_nowhere_yet_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("there")).unwrap();
        symlink("there/second", at("first")).unwrap();
        symlink("../file", at("there/second")).unwrap();
        Target::open(&at("first")).unwrap().finish().unwrap();
        assert!(at("file").is_file() && at("first").is_symlink() && at("there/second").is_symlink());
    }

    #[test]
    fn links_that_lead_to_each_other_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("two", at("one")).unwrap();
        symlink("one", at("two")).unwrap();
        assert!(Target::open(&at("one")).is_err());
        assert!(at("one").is_symlink() && at("two").is_symlink());
    }
}
