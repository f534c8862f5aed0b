//! [`Repository`]: where the workspace is, and the commands that run in it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The checkout that the steps look at.
pub(crate) struct Repository {
    root: PathBuf,
}

impl Repository {
    /// Finds the checkout that this program was built from.
    ///
    /// `cargo run` tells it in the environment; a program that was started by hand, or that was
    /// copied, falls back on where it was compiled.
    pub(crate) fn locate() -> Self {
        let manifest_dir =
            env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
        let manifest_dir = PathBuf::from(manifest_dir);
        Self { root: manifest_dir.parent().map(Path::to_path_buf).unwrap_or(manifest_dir) }
    }

    /// Returns the folder of the workspace's `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Makes a call of cargo in this checkout, with the toolchain that runs this program.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
        command.args(args).current_dir(&self.root);
        command
    }

    /// Makes a call of git in this checkout.
    ///
    /// A checkout that belongs to another user, as a mounted one does in a container, is as good as
    /// one's own here: its code is being run anyway.
    pub(crate) fn git(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(["-c", "safe.directory=*"]).args(args).current_dir(&self.root);
        command
    }
}
