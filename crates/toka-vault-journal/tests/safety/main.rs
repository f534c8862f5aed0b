//! What is special to the journal: the system calls of a commit, kills, full disks, who may open it, and
//! files that are not as they should be. What a power cut leaves is simulated in `src/crash_tests.rs`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod access;
mod calls;
mod files;
mod full_disk;
mod kill;
mod read_only;
mod short_files;

/// Does what a parent test asks for, in a process of its own. Without a parent it does nothing.
#[test]
fn child() {
    toka_vault_testkit::child::run(|role, path, argument| match role {
        "commit" => calls::commit(path, argument.parse().unwrap()),
        "hold" => access::hold(path),
        "no descriptor" => full_disk::commit_without_descriptors(path),
        "open" => access::tell(path),
        "read only" => read_only::tell(path),
        "too large" => full_disk::commit_too_large(path),
        "write" => kill::write(path, argument.parse().unwrap()),
        other => panic!("`{other}` is no role"),
    });
}
