//! Child processes: run aloud, read, or merely asked whether they work.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Prints the command line, runs it on this program's own streams, and fails when it fails.
///
/// # Errors
///
/// Names the command when it cannot be started or ends with anything but success.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = command_line(command);
    println!("$ {line}");
    // What is buffered here must stand before what the child prints.
    io::stdout().flush().context("cannot write to stdout")?;
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// Runs a command and returns what it printed on stdout.
///
/// # Errors
///
/// Names the command, with what it printed on stderr, when it fails or prints anything but UTF-8.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let line = command_line(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!("`{line}` ended with {}: {}", output.status, reason.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` did not print UTF-8"))
}

/// Runs a command in silence and tells whether it succeeded.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Writes a command as a person would type it.
fn command_line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or(OsStr::new("?"));
    let settings = command.get_envs().filter_map(|(name, value)| {
        value.map(|value| format!("{}=\"{}\"", name.to_string_lossy(), value.to_string_lossy()))
    });
    let words = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
    let program = program.to_string_lossy().into_owned();
    settings.chain([program]).chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("/usr/lib/toolchain/bin/cargo");
        command.args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(command_line(&command), "RUSTDOCFLAGS=\"-D warnings\" cargo doc --no-deps");
    }

    #[test]
    fn failures_name_the_command() {
        let error = read(Command::new("rustc").arg("--no-such-option")).unwrap_err();
        assert!(error.to_string().contains("rustc --no-such-option"), "{error}");
        let error = read(&mut Command::new("no-such-program-anywhere")).unwrap_err();
        assert!(error.to_string().contains("no-such-program-anywhere"), "{error}");
        assert!(!succeeds(&mut Command::new("no-such-program-anywhere")));
    }
}
