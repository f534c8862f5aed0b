//! Folders as data: to compare before and after, and to copy a vault while it is open.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Holds all files of a folder, by their paths in it; folders are `None`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Content(pub(crate) BTreeMap<PathBuf, Option<Vec<u8>>>);

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sizes = self.0.iter().map(|(path, bytes)| (path, bytes.as_ref().map(Vec::len)));
        f.debug_map().entries(sizes).finish()
    }
}

impl Content {
    /// Reads a folder; one that is not there has nothing.
    pub(crate) fn read(root: &Path) -> Self {
        let mut content = Self(BTreeMap::new());
        if root.is_dir() {
            content.add(root, root);
        } else if root.is_file() {
            content.0.insert(PathBuf::new(), Some(fs::read(root).unwrap()));
        }
        content
    }

    fn add(&mut self, root: &Path, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_path_buf();
            if path.is_dir() {
                self.0.insert(name, None);
                self.add(root, &path);
            } else {
                self.0.insert(name, Some(fs::read(&path).unwrap()));
            }
        }
    }

    /// Writes the folder anew, in place of what is there.
    pub(crate) fn write(&self, root: &Path) {
        let _ = fs::remove_dir_all(root);
        fs::create_dir_all(root).unwrap();
        for (name, bytes) in &self.0 {
            match bytes {
                None => fs::create_dir_all(root.join(name)).unwrap(),
                Some(bytes) => fs::write(root.join(name), bytes).unwrap(),
            }
        }
    }

    /// Takes a file out to change it.
    pub(crate) fn file(&mut self, name: &str) -> &mut Vec<u8> {
        self.0.get_mut(Path::new(name)).unwrap().as_mut().unwrap()
    }
}

/// Returns what lies in sled's folder for values that are too large for its log.
pub(crate) fn blobs(vault: &Path) -> Vec<PathBuf> {
    fs::read_dir(vault.join("sled/blobs")).unwrap().map(|entry| entry.unwrap().path()).collect()
}
