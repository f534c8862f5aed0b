//! [`Sandbox`]: a folder for one test, with a vault in it and the program to work on it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use toka_vault::Vault;

/// Longest time that a program may take before its test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Variables of the user that would change what the program does.
const FOREIGN: &[&str] =
    &["TOKA_VAULT", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"];

/// Holds a folder that is removed at the end of the test.
pub(crate) struct Sandbox {
    folder: TempDir,
}

/// Tells how a program ended and what it printed.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    /// Creates an empty folder.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// Returns the path of something in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Returns the URL of a vault in the folder.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("sled:{}", self.path(name).display())
    }

    /// Prepares to run the program on the vault `main`.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_toka-vault"));
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in FOREIGN {
            command.env_remove(name);
        }
        command.env("TOKA_VAULT", self.url("main")).env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program on the vault `main`.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        end(self.command(args).spawn().unwrap())
    }

    /// Runs the program on the vault `main`, and checks that it succeeds.
    pub(crate) fn ok(&self, args: &[&str]) -> Ended {
        let ended = self.run(args);
        assert_eq!(ended.code, Some(0), "{args:?}: {ended:?}");
        ended
    }

    /// Runs the program with text on stdin.
    pub(crate) fn feed(&self, args: &[&str], stdin: impl AsRef<[u8]>) -> Ended {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // Fails where the program ends before it has read everything, which is its right.
        let _ = pipe.write_all(stdin.as_ref());
        drop(pipe);
        end(child)
    }

    /// Runs the program and reads what it prints as lines of JSON.
    pub(crate) fn json(&self, args: &[&str]) -> Vec<Value> {
        let ended = self.ok(&[args, &["--output", "jsonl"]].concat());
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Opens a vault in the folder through the library.
    pub(crate) fn open(&self, name: &str) -> Vault {
        Vault::open(&self.url(name)).unwrap()
    }

    /// Returns the names of all that is in the folder.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Ended {
    /// Checks how it ended, and that it said something on stderr.
    #[track_caller]
    pub(crate) fn assert(&self, code: i32, said: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.stderr.contains(said), "`{said}` is not said in {self:?}");
    }
}

/// Waits for the end of a program, but not for ever.
pub(crate) fn end(child: Child) -> Ended {
    let id = child.id();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(child.wait_with_output()));
    let Output { status, stdout, stderr } =
        told.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("process {id} does not end")).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// Runs git in a folder, with the same result on every machine.
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    git_with(folder, args, &[], b"")
}

/// Runs git with variables and with bytes on stdin, and returns what it prints.
pub(crate) fn git_with(folder: &Path, args: &[&str], variables: &[(&str, &str)], stdin: &[u8]) -> String {
    let mut command = Command::new("git");
    for name in FOREIGN {
        command.env_remove(name);
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    command.env("GIT_AUTHOR_NAME", "A").env("GIT_AUTHOR_EMAIL", "a@example.org");
    command.env("GIT_COMMITTER_NAME", "C").env("GIT_COMMITTER_EMAIL", "c@example.org");
    command.env("GIT_AUTHOR_DATE", "1700000000 +0000").env("GIT_COMMITTER_DATE", "1700000000 +0000");
    command.envs(variables.iter().copied());
    command.current_dir(folder).args(["-c", "commit.gpgsign=false", "-c", "protocol.file.allow=always"]);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap().trim().to_owned()
}
