//! Tests of the program `toka-vault` as its users run it: a process with arguments, streams and an
//! exit code, on a vault in a temporary folder.

mod codes;
mod commands;
mod git;
mod git_odd;
mod jsonl;
mod jsonl_bad;
mod printing;
mod sandbox;
