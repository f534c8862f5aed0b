//! Child processes: this test binary again, told by its environment what to do.
//!
//! The binary has a test named `child` that calls [`run`]. A child tells its parent what it has done in lines on
//! its standard output that start with `> `.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// How long a parent waits for a line before the child counts as hanging.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Is a child that runs, and what it says.
pub struct Running {
    /// The process.
    pub process: Child,
    lines: Receiver<String>,
}

/// Makes the command of a child that plays `role` on the vault at `path`.
pub fn command(role: &str, path: &Path, argument: &str) -> Command {
    under(&[], role, path, argument)
}

/// Makes the command of a child that runs under another command.
pub fn under(wrapper: &[&str], role: &str, path: &Path, argument: &str) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut words = wrapper.iter().map(Into::into).chain([this.into_os_string()]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args(["--exact", "child", "--nocapture", "--test-threads=1"]);
    command.env("TOKA_ROLE", role).env("TOKA_PATH", path).env("TOKA_ARGUMENT", argument);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Tells whether `strace` is there, to see the calls of a child and to make them fail; says so where it is not.
pub fn has_strace() -> bool {
    let there = Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let there = there.is_ok_and(|status| status.success());
    if !there {
        eprintln!("skipped: strace is not installed, so that system calls cannot be seen");
    }
    there
}

/// Starts a child.
pub fn start(mut command: Command) -> Running {
    let mut process = command.spawn().unwrap();
    let lines = lines(process.stdout.take().unwrap());
    Running { process, lines }
}

/// Reads lines in the background, so that nobody waits for a full pipe.
pub fn lines(source: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(source).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

impl Running {
    /// Waits for the next thing that the child says, `None` at its end.
    pub fn hear(&self) -> Option<String> {
        self.hear_within(PATIENCE).unwrap_or_else(|| panic!("the child hangs"))
    }

    /// Waits for the next thing that the child says, for a limited time.
    pub fn hear_within(&self, patience: Duration) -> Option<Option<String>> {
        loop {
            match self.lines.recv_timeout(patience) {
                // Whatever the test harness prints may stand before it in the line.
                Ok(line) => {
                    if let Some((_, said)) = line.split_once("> ") {
                        return Some(Some(said.to_owned()));
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => return None,
                Err(mpsc::RecvTimeoutError::Disconnected) => return Some(None),
            }
        }
    }

    /// Waits until the child says this.
    pub fn wait_for(&self, said: &str) {
        while let Some(line) = self.hear() {
            if line == said {
                return;
            }
        }
        panic!("the child ended before it said `{said}`");
    }

    /// Kills the child like `kill -9` and returns what it had said and was not heard.
    pub fn kill(&mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::iter::from_fn(|| self.hear()).collect()
    }

    /// Hears a child to its end, which has to be a good one.
    pub fn finish(&mut self) -> Vec<String> {
        drop(self.process.stdin.take());
        let said = std::iter::from_fn(|| self.hear()).collect();
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}: {said:?}");
        said
    }
}

/// Says something to the parent, at once.
pub fn say(what: &str) {
    println!("> {what}");
}

/// Waits until the parent has heard enough.
pub fn wait_for_parent() {
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// Plays the role that the environment names, if it names one: a test named `child` calls it.
pub fn run(play: impl FnOnce(&str, &Path, &str)) {
    let Ok(role) = std::env::var("TOKA_ROLE") else { return };
    let path = std::env::var_os("TOKA_PATH").unwrap();
    let argument = std::env::var("TOKA_ARGUMENT").unwrap();
    play(&role, Path::new(&path), &argument);
}
