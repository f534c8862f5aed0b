//! The soak: a million events on sled, written by one process and replayed by another, so that the
//! peak of memory is theirs alone.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use toka_vault::{SledOptions, SledVault, Vault};

use crate::args::{Row, SoakPart};
use crate::table::thousands;
use crate::turns::rate;
use crate::vaults::{commit, replay};
use crate::workload::{KIND, PAYLOAD_BYTES, Size};

/// Memory above the cache that a vault may take, in MiB.
const ABOVE_CACHE_MIB_MAX: f64 = 128.0;

/// Seconds that opening may take.
const OPEN_SECONDS_MAX: f64 = 1.0;

/// Disk that may be taken, in terms of the logical size.
const DISK_MAX: f64 = 2.0;

/// Bytes of an event besides kind and payload: id, timestamp, one parent, digest and event hash.
const HEADER_BYTES: usize = 16 + 8 + 16 + 32 + 32;

/// Holds what the soak has measured.
pub struct Soak {
    write: Part,
    read: Part,
    disk_bytes: u64,
    cache_mib: f64,
}

/// Holds what one process has measured of itself.
struct Part {
    open_seconds: f64,
    rate: f64,
    peak_mib: f64,
}

/// Runs both processes.
pub fn run(dir: &Path) -> Result<Soak> {
    let vault = dir.join("soak");
    let write = start_part("write", &vault)?;
    let disk_bytes = size_on_disk(&vault)?;
    let read = start_part("read", &vault)?;
    Ok(Soak { write, read, disk_bytes, cache_mib: mib(SledOptions::new().cache_bytes) })
}

/// Runs a part in this process, and prints what it has measured.
pub fn run_part(part: SoakPart, path: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let start = Instant::now();
    let vault = Vault::Sled(SledVault::open(path)?);
    let open_seconds = start.elapsed().as_secs_f64();
    let rate = runtime.block_on(async {
        let start = Instant::now();
        let rate = match part {
            SoakPart::Write => commit(&vault, Size::of(Row::Soak)).await?,
            SoakPart::Read => rate(replay(&vault).await?, start),
        };
        vault.close().await?;
        anyhow::Ok(rate)
    })?;
    println!("{open_seconds} {rate} {}", peak_mib()?);
    Ok(())
}

/// Runs a part in a process of its own.
fn start_part(part: &str, vault: &Path) -> Result<Part> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.args(["--soak-part", part, "--dir"]).arg(vault).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let figures = text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let [open_seconds, rate, peak_mib] = figures.try_into().ok().context("three figures were expected")?;
    Ok(Part { open_seconds, rate, peak_mib })
}

/// Reads the peak of this process's memory, as Linux tells it.
fn peak_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1_024.0)
}

/// Sums the sizes of all files in a directory.
fn size_on_disk(dir: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        bytes += if meta.is_dir() { size_on_disk(&entry.path())? } else { meta.len() };
    }
    Ok(bytes)
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

impl Soak {
    /// Prints the figures beside their bounds.
    pub fn print(&self) {
        let events = Size::of(Row::Soak).events();
        let logical = events * (PAYLOAD_BYTES + KIND.len() + HEADER_BYTES) as u64;
        let disk = self.disk_bytes as f64 / logical as f64;
        let memory_max = self.cache_mib + ABOVE_CACHE_MIB_MAX;
        let mut out =
            format!("\n| {} events on sled | measured | bound |\n|---|---|---|\n", thousands(events as f64));
        let mut line = |what: &str, figure: f64, max: f64, unit: &str| {
            let verdict = if figure <= max { "met" } else { "MISSED" };
            // Writing to a text cannot fail.
            let _ = writeln!(out, "| {what} | {figure:.2}{unit} | {max:.2}{unit} {verdict} |");
        };
        line("peak memory, writing", self.write.peak_mib, memory_max, " MiB");
        line("peak memory, replaying after a fresh open", self.read.peak_mib, memory_max, " MiB");
        line("open", self.read.open_seconds, OPEN_SECONDS_MAX, " s");
        line("disk, of the logical size", disk, DISK_MAX, "");
        print!("{out}");
        println!("| 1,000 committers | {}/s | – |", thousands(self.write.rate));
        println!("| replay | {}/s | – |", thousands(self.read.rate));
    }
}
