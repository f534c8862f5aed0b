//! [`Files`]: the files of a vault, on a simulated disk and off it.

use std::collections::BTreeMap;

use toka_vault_engine::disk::Directory;
use toka_vault_testkit::sim::SimDirectory;

/// The bytes of each file by its path in the vault's directory.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Takes the files off a disk.
pub fn load(directory: &SimDirectory) -> Files {
    let disk = directory.disk();
    let content = |name: String| disk.content(&name).map(|bytes| (name.clone(), bytes.to_vec()));
    disk.names().into_iter().filter_map(content).collect()
}

/// Puts files on a disk of their own.
pub fn store(files: &Files) -> SimDirectory {
    let directory = SimDirectory::default();
    for (name, bytes) in files {
        let file = directory.create(name).unwrap();
        file.write_at(bytes, 0).unwrap();
    }
    directory
}
