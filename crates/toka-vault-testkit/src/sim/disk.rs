//! [`SimDisk`]: files with what of them is durable, and what a crash leaves.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::directory::Change;
use super::seed::Seed;

/// Bytes that a disk writes whole or not at all.
pub(super) const SECTOR_BYTES: u64 = 512;

/// Holds the files of a directory and of those inside it, by their paths in it.
#[derive(Clone, Debug, Default)]
pub struct SimDisk {
    /// The files as a running process sees them.
    names: BTreeMap<String, usize>,
    /// The names that are durable.
    durable_names: BTreeMap<String, usize>,
    files: Vec<SimFile>,
}

/// Holds a file, also one that has no name any more.
#[derive(Clone, Debug, Default)]
struct SimFile {
    // Shared by the copies of a disk until one of them is written to: most files are full segments.
    content: Arc<Vec<u8>>,
    durable: Arc<Vec<u8>>,
    /// Where `content` may differ from `durable`: the writes since the last sync.
    written: Vec<(u64, u64)>,
    /// Where it may, and no sync changes that: what was written before a sync that failed.
    forgotten: Vec<(u64, u64)>,
}

impl SimDisk {
    /// Makes a change.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Create(name) => {
                self.names.insert(name.clone(), self.files.len());
                self.files.push(SimFile::default());
            }
            Change::Rename(from, to) => {
                if let Some(number) = self.names.remove(from) {
                    self.names.insert(to.clone(), number);
                }
            }
            Change::Remove(name) => {
                self.names.remove(name);
            }
            Change::SyncNames(prefix) => {
                self.durable_names.retain(|name, _| !is_in(name, prefix));
                let names = self.names.iter().filter(|(name, _)| is_in(name, prefix));
                self.durable_names.extend(names.map(|(name, number)| (name.clone(), *number)));
            }
            Change::Write(name, offset, bytes) => {
                if let Some(file) = self.file_mut(name) {
                    file.write(*offset, bytes);
                }
            }
            Change::Sync(name) => {
                if let Some(file) = self.file_mut(name) {
                    file.sync();
                }
            }
            Change::FailedSync(name) => {
                if let Some(file) = self.file_mut(name) {
                    file.forgotten.append(&mut file.written);
                }
            }
        }
    }

    /// Has the sync of each file fail.
    pub fn fail_syncs(&mut self) {
        for name in self.names() {
            self.apply(&Change::FailedSync(name));
        }
    }

    /// Returns what a crash leaves, by chance. A rename that is not durable can leave either name, both or
    /// none: more than file systems do.
    pub fn crashed(&self, seed: &mut Seed) -> Self {
        let mut after = Self::default();
        let known = self.names.iter().chain(&self.durable_names);
        for (name, file) in known.collect::<BTreeMap<_, _>>() {
            let (now, durable) = (self.names.get(name), self.durable_names.get(name));
            let kept = if now == durable || seed.coin() { durable } else { now };
            if kept.is_some() {
                let content = self.files[*kept.unwrap_or(file)].crashed(seed);
                after.names.insert(name.clone(), after.files.len());
                after.files.push(SimFile { durable: content.clone(), content, ..SimFile::default() });
            }
        }
        after.durable_names = after.names.clone();
        after
    }

    /// Returns the names of all files.
    pub fn names(&self) -> Vec<String> {
        self.names.keys().cloned().collect()
    }

    /// Returns the names of the files in a directory, whose names on the disk begin so; no file of those
    /// inside it.
    pub(super) fn names_in(&self, prefix: &str) -> impl Iterator<Item = &str> {
        let names = self.names.keys().filter(move |name| is_in(name, prefix));
        names.filter_map(move |name| name.strip_prefix(prefix))
    }

    /// Returns the content of a file.
    pub fn content(&self, name: &str) -> Option<&[u8]> {
        self.number(name).map(|number| self.content_of(number))
    }

    /// Returns the number of a file, which no other gets.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// Returns the content of a file, which may have no name any more.
    pub(super) fn content_of(&self, number: usize) -> &[u8] {
        self.files.get(number).map_or(&[], |file| &file.content)
    }

    /// Returns how many bytes the files have together.
    pub fn bytes(&self) -> u64 {
        self.names.values().filter_map(|at| self.files.get(*at)).map(|file| file.content.len() as u64).sum()
    }

    /// Flips a bit of a file, for good.
    pub fn flip(&mut self, name: &str, bit: usize) {
        if let Some(file) = self.file_mut(name) {
            Arc::make_mut(&mut file.content)[bit / 8] ^= 1 << (bit % 8);
            file.durable = file.content.clone();
        }
    }

    fn file_mut(&mut self, name: &str) -> Option<&mut SimFile> {
        let at = *self.names.get(name)?;
        self.files.get_mut(at)
    }
}

/// Tells whether a name is that of a file in a directory, and not in one inside it.
fn is_in(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| !rest.contains('/'))
}

impl SimFile {
    fn write(&mut self, offset: u64, bytes: &[u8]) {
        let (start, end) = (offset as usize, offset as usize + bytes.len());
        let content = Arc::make_mut(&mut self.content);
        if content.len() < end {
            content.resize(end, 0);
        }
        content[start..end].copy_from_slice(bytes);
        self.written.push((offset, end as u64));
    }

    fn sync(&mut self) {
        let length = self.content.len();
        let durable = Arc::make_mut(&mut self.durable);
        durable.resize(length, 0);
        for (start, end) in self.written.drain(..) {
            let range = start as usize..end as usize;
            durable[range.clone()].copy_from_slice(&self.content[range]);
        }
    }

    /// Returns what a crash leaves: each sector that was written since the last sync, or before one that failed,
    /// or not.
    fn crashed(&self, seed: &mut Seed) -> Arc<Vec<u8>> {
        if self.written.is_empty() && self.forgotten.is_empty() {
            return self.durable.clone();
        }
        let mut left = self.durable.to_vec();
        for (start, end) in self.forgotten.iter().chain(&self.written) {
            for sector in start / SECTOR_BYTES..=end.saturating_sub(1) / SECTOR_BYTES {
                if seed.coin() {
                    continue;
                }
                let range =
                    sector * SECTOR_BYTES..((sector + 1) * SECTOR_BYTES).min(self.content.len() as u64);
                let range = range.start as usize..range.end as usize;
                if left.len() < range.end {
                    left.resize(range.end, 0);
                }
                left[range.clone()].copy_from_slice(&self.content[range]);
            }
        }
        Arc::new(left)
    }
}
