//! [`History`]: the commit objects of a repository, as `git` streams them.
//!
//! Keeps the invariants that parents come before their children, and that the objects are those that
//! were hashed, whatever the user's configuration, replacement refs and grafts would show instead.
//!
//! `git rev-list` lists the commits into `git cat-file --batch`, which writes the objects. Both are
//! plumbing: their output is not subject to configuration. `git log` would show text re-encoded and
//! cut at a NUL.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use super::{GitError, Said};

/// How much of what git says on stderr is repeated, in bytes.
const SAID_BYTES_MAX: u64 = 4 << 10;

/// Largest commit object that is read, in bytes; more than the largest payload.
const OBJECT_BYTES_MAX: u64 = 64 << 20;

/// Variables that would lead git to another repository than the one at the path.
const MISLEADING: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
];

/// Names the lister in errors.
const LISTER: &str = "rev-list";

/// Names the reader in errors.
const READER: &str = "cat-file";

/// Streams the commits of a repository, parents first.
pub(crate) struct History {
    path: PathBuf,
    lister: Program,
    reader: Program,
    objects: BufReader<ChildStdout>,
    is_empty: bool,
}

/// Runs git, and keeps what it says on stderr.
struct Program {
    command: &'static str,
    child: Child,
    said: Option<JoinHandle<String>>,
}

impl History {
    /// Starts to read the repository that `path` is in.
    ///
    /// # Errors
    ///
    /// [`GitError::NoProgram`], [`GitError::NotARepository`], [`GitError::Empty`],
    /// [`GitError::Failed`], [`GitError::Run`].
    pub(crate) fn open(path: &Path) -> Result<Self, GitError> {
        check(path)?;
        let mut list = git(path);
        list.args(["rev-list", "--all", "--topo-order", "--reverse"]).stdin(Stdio::null());
        let (lister, oids) = Program::start(LISTER, list)?;
        let mut read = git(path);
        read.args(["cat-file", "--batch", "--buffer"]).stdin(Stdio::from(oids));
        let (reader, objects) = Program::start(READER, read)?;
        let objects = BufReader::with_capacity(256 << 10, objects);
        let mut history = Self { path: path.to_owned(), lister, reader, objects, is_empty: true };
        let begun = history.objects.fill_buf().map_err(|source| GitError::Run { command: READER, source })?;
        if begun.is_empty() {
            history.end()?;
        }
        Ok(history)
    }

    /// Returns the next commit: its object id and its bytes. `None` at the end.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] and [`GitError::BadObject`] where git or the repository fails.
    pub(crate) fn next_object(&mut self) -> Result<Option<(String, Vec<u8>)>, GitError> {
        let mut header = String::new();
        let unread = |source| GitError::Run { command: READER, source };
        if self.objects.read_line(&mut header).map_err(unread)? == 0 {
            return self.end().map(|()| None);
        }
        self.is_empty = false;
        let (oid, size) = object_header(&header)?;
        let mut bytes = Vec::new();
        // A line feed follows the object.
        self.objects.by_ref().take(size + 1).read_to_end(&mut bytes).map_err(unread)?;
        if bytes.pop() != Some(b'\n') || bytes.len() as u64 != size {
            self.end()?;
            return Err(GitError::BadObject { oid, reason: "it ends early" });
        }
        Ok(Some((oid, bytes)))
    }

    /// Returns the text of a commit as git re-encodes it in UTF-8: the names and addresses of author
    /// and committer, and the message. `None` where git cannot.
    pub(super) fn reencoded(path: &Path, oid: &str) -> Option<[String; 5]> {
        let mut show = git(path);
        show.args(["rev-list", "--no-walk", "--encoding=UTF-8"]);
        show.args(["--format=%an%x00%ae%x00%cn%x00%ce%x00%B", oid]);
        let shown = show.stdin(Stdio::null()).output().ok()?;
        let text = String::from_utf8(shown.stdout).ok()?;
        // A line `commit OID` comes first, and a line feed last.
        let (_, text) = text.strip_suffix('\n')?.split_once('\n')?;
        let fields: Vec<String> = text.splitn(5, '\0').map(str::to_owned).collect();
        fields.try_into().ok()
    }

    /// Returns the path of the repository.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks how both programs ended.
    fn end(&mut self) -> Result<(), GitError> {
        self.lister.end()?;
        self.reader.end()?;
        if self.is_empty { Err(GitError::Empty { path: self.path.clone() }) } else { Ok(()) }
    }
}

/// Prepares to run git on the repository that `path` is in.
fn git(path: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(path).args(["--no-replace-objects", "-c", "advice.graftFileDeprecated=false"]);
    for name in MISLEADING {
        command.env_remove(name);
    }
    command.env("GIT_GRAFT_FILE", "/dev/null").env("LC_ALL", "C");
    command
}

/// Checks that there is a git and a repository that it reads.
fn check(path: &Path) -> Result<(), GitError> {
    let asked = git(path).args(["rev-parse", "--git-dir"]).stdin(Stdio::null()).output();
    let answer = asked.map_err(|source| not_started("rev-parse", source))?;
    if answer.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&answer.stderr).trim().to_owned();
    Err(GitError::NotARepository { path: path.to_owned(), source: Said(said) })
}

/// Sorts a failure to start git.
fn not_started(command: &'static str, source: std::io::Error) -> GitError {
    match source.kind() {
        std::io::ErrorKind::NotFound => GitError::NoProgram,
        _ => GitError::Run { command, source },
    }
}

/// Reads the line in front of an object: `OID commit SIZE`.
fn object_header(line: &str) -> Result<(String, u64), GitError> {
    let mut words = line.split_whitespace();
    let oid = words.next().unwrap_or_default().to_owned();
    let bad = |oid, reason| Err(GitError::BadObject { oid, reason });
    match (words.next(), words.next().and_then(|size| size.parse().ok())) {
        (Some("commit"), Some(size)) if size <= OBJECT_BYTES_MAX => Ok((oid, size)),
        (Some("commit"), Some(_)) => bad(oid, "it is larger than any event may be"),
        (Some("missing"), _) => bad(oid, "it is missing"),
        _ => bad(oid, "it is no commit"),
    }
}

impl Program {
    /// Starts a command and returns its stdout beside it.
    fn start(name: &'static str, mut command: Command) -> Result<(Self, ChildStdout), GitError> {
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|source| not_started(name, source))?;
        let said = child.stderr.take().and_then(|stderr| listen(stderr).ok());
        let missing = || GitError::Run { command: name, source: std::io::Error::other("it has no stdout") };
        let stdout = child.stdout.take().ok_or_else(missing)?;
        Ok((Self { command: name, child, said }, stdout))
    }

    /// Waits for its end and checks how it ended.
    fn end(&mut self) -> Result<(), GitError> {
        let command = self.command;
        let ended = self.child.wait().map_err(|source| GitError::Run { command, source })?;
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        if ended.success() {
            return Ok(());
        }
        Err(GitError::Failed { command, source: Said(if said.is_empty() { how(ended) } else { said }) })
    }
}

/// Says how a program ended that said nothing itself.
fn how(ended: ExitStatus) -> String {
    format!("nothing, it ended with {ended}")
}

/// Reads what a program says, so that it never waits for somebody to listen.
fn listen(stderr: ChildStderr) -> std::io::Result<JoinHandle<String>> {
    std::thread::Builder::new().name("git-stderr".into()).spawn(move || {
        let mut stderr = stderr;
        let mut said = Vec::new();
        // Where reading fails, what was read so far is all there is to tell.
        let _ = stderr.by_ref().take(SAID_BYTES_MAX).read_to_end(&mut said);
        let _ = std::io::copy(&mut stderr, &mut std::io::sink());
        String::from_utf8_lossy(&said).trim().to_owned()
    })
}

impl Drop for History {
    /// Ends both programs where the import stopped early.
    fn drop(&mut self) {
        for program in [&mut self.lister, &mut self.reader] {
            // Fails where it has ended already.
            let _ = program.child.kill();
            let _ = program.child.wait();
        }
    }
}
