//! Files and directories with their errors named, synced where it counts.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use toka_vault_core::{Error, Result};

/// Writes a file and makes its content durable. Its name is durable after [`sync_dir`].
///
/// # Errors
///
/// [`Error::Io`] or [`Error::PermissionDenied`].
pub fn write_synced(path: &Path, content: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(|error| Error::io("write", path, error))
}

/// Makes the names in a directory durable.
///
/// # Errors
///
/// [`Error::Io`] or [`Error::PermissionDenied`].
pub fn sync_dir(path: &Path) -> Result<()> {
    // Windows opens no directory as a file, and has its names durable with the files.
    if cfg!(windows) {
        return Ok(());
    }
    let sync = || File::open(path)?.sync_all();
    sync().map_err(|error| Error::io("sync the directory", path, error))
}

/// Creates a directory and those above it, each name durable.
pub(super) fn create_dir(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_dir(parent)?;
    match fs::create_dir(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => {}
        Err(error) => return Err(Error::io("create the directory", path, error)),
        Ok(()) => {}
    }
    sync_dir(parent)
}

/// Removes a file or a directory with all in it; one that is not there is fine.
pub(super) fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path, error)),
        _ => Ok(()),
    }
}

/// Fills `buffer` from `offset` of a file on, without moving its cursor.
#[cfg(unix)]
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

/// Writes `bytes` at `offset` of a file, without moving its cursor.
#[cfg(unix)]
pub(crate) fn write_at(file: &File, bytes: &[u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Fills `buffer` from `offset` of a file on.
#[cfg(windows)]
pub(crate) fn read_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => {
                buffer = buffer.split_at_mut(read).1;
                offset += read as u64;
            }
        }
    }
    Ok(())
}

/// Writes `bytes` at `offset` of a file.
#[cfg(windows)]
pub(crate) fn write_at(file: &File, mut bytes: &[u8], mut offset: u64) -> std::io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
        bytes = bytes.split_at(written).1;
        offset += written as u64;
    }
    Ok(())
}
