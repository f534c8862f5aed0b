//! [`SmallDisk`]: a file system in memory that a test fills up.
//!
//! Keeps the invariant that it is unmounted when it is dropped, whatever the test does.

use std::path::Path;
use std::process::Command;

/// Is a small file system in memory, while it is mounted.
#[derive(Debug)]
pub struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// Mounts it, with a size such as `size=8m`; says so and returns none where that is not allowed.
    pub fn mount(at: &'a Path, size: &str) -> Option<Self> {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", size, "tmpfs"]).arg(at).output();
        if mount.is_ok_and(|mount| mount.status.success()) {
            return Some(Self(at));
        }
        eprintln!("skipped: this user may not mount a small file system");
        None
    }

    /// Changes its size.
    pub fn grow(&self, size: &str) {
        let options = format!("remount,{size}");
        assert!(Command::new("mount").args(["-o", &options]).arg(self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}
