//! The soak: many events, written by one process, which is killed, and replayed by another, so that the
//! peak of memory is theirs alone.

use std::fmt::Write;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use toka_vault::{SledOptions, Vault};

use crate::args::{Row, SoakPart};
use crate::table::thousands;
use crate::turns::rate;
use crate::vaults::{commit, journal, replay, sled};
use crate::workload::{KIND, PAYLOAD_BYTES, Size};

/// Seconds that opening may take.
const OPEN_SECONDS_MAX: f64 = 1.0;

/// Bytes of an event besides kind and payload: id, timestamp, one parent, digest and event hash.
const HEADER_BYTES: usize = 16 + 8 + 16 + 32 + 32;

/// Bytes of buffers that the journal keeps for reuse, which are all the cache that it has.
const JOURNAL_CACHE_BYTES: u64 = 4 << 20;

/// Says what is soaked, and what it may take.
pub struct Soaked {
    row: Row,
    name: &'static str,
    open: fn(&Path) -> Result<Vault>,
    cache_bytes: u64,
    /// Memory above the cache, in MiB.
    above_cache_mib_max: f64,
    /// Disk, in terms of the logical size.
    disk_max: f64,
}

/// Holds what the soak has measured.
pub struct Soak {
    soaked: Soaked,
    write: Part,
    read: Part,
    disk_bytes: u64,
}

/// Holds what one process has measured of itself.
struct Part {
    open_seconds: f64,
    rate: f64,
    peak_mib: f64,
}

impl Soaked {
    /// Returns what a row soaks.
    pub fn of(row: Row) -> Self {
        let on_sled = Self {
            row: Row::Soak,
            name: "sled",
            open: sled,
            cache_bytes: SledOptions::new().cache_bytes,
            above_cache_mib_max: 128.0,
            disk_max: 2.0,
        };
        match row {
            Row::JournalSoak => Self {
                row,
                name: "the journal",
                open: journal,
                cache_bytes: JOURNAL_CACHE_BYTES,
                above_cache_mib_max: 64.0,
                disk_max: 1.15,
            },
            _ => on_sled,
        }
    }
}

/// Runs both processes.
pub fn run(soaked: Soaked, dir: &Path) -> Result<Soak> {
    let vault = dir.join("soak");
    let write = start_part(SoakPart::Write, soaked.row, &vault)?;
    let disk_bytes = size_on_disk(&vault)?;
    let read = start_part(SoakPart::Read, soaked.row, &vault)?;
    Ok(Soak { soaked, write, read, disk_bytes })
}

/// Runs a part in this process, and prints what it has measured. The one that writes then waits to be
/// killed.
pub fn run_part(part: SoakPart, soaked: &Soaked, path: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let start = Instant::now();
    let vault = (soaked.open)(path)?;
    let open_seconds = start.elapsed().as_secs_f64();
    let rate = runtime.block_on(async {
        let start = Instant::now();
        anyhow::Ok(match part {
            SoakPart::Write => commit(&vault, Size::of(soaked.row)).await?,
            SoakPart::Read => rate(replay(&vault).await?, start),
        })
    })?;
    println!("{open_seconds} {rate} {}", peak_mib()?);
    if part == SoakPart::Write {
        std::io::stdin().read_to_end(&mut Vec::new())?;
    }
    Ok(runtime.block_on(vault.close())?)
}

/// Runs a part in a process of its own, and kills it when it has told what it measured.
fn start_part(part: SoakPart, row: Row, vault: &Path) -> Result<Part> {
    let mut command = Command::new(std::env::current_exe()?);
    for (option, value) in [("--soak-part", part.to_possible_value()), ("--only", row.to_possible_value())] {
        command.arg(option).arg(value.context("no name")?.get_name());
    }
    command.arg("--dir").arg(vault).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn()?;
    let mut line = String::new();
    BufReader::new(process.stdout.take().context("no output")?).read_line(&mut line)?;
    process.kill()?;
    process.wait()?;
    let figures = line.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let [open_seconds, rate, peak_mib] = figures.try_into().ok().context("three figures were expected")?;
    ensure!(rate > 0.0, "nothing was measured");
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
        let events = Size::of(self.soaked.row).events();
        let logical = events * (PAYLOAD_BYTES + KIND.len() + HEADER_BYTES) as u64;
        let disk = self.disk_bytes as f64 / logical as f64;
        let memory_max = mib(self.soaked.cache_bytes) + self.soaked.above_cache_mib_max;
        let mut out = format!(
            "\n| {} events on {} | measured | bound |\n|---|---|---|\n",
            thousands(events as f64),
            self.soaked.name
        );
        let mut line = |what: &str, figure: f64, max: f64, unit: &str| {
            let verdict = if figure <= max { "met" } else { "MISSED" };
            // Writing to a text cannot fail.
            let _ = writeln!(out, "| {what} | {figure:.2}{unit} | {max:.2}{unit} {verdict} |");
        };
        line("peak memory, writing", self.write.peak_mib, memory_max, " MiB");
        line("peak memory, replaying after a fresh open", self.read.peak_mib, memory_max, " MiB");
        line("open after a kill", self.read.open_seconds, OPEN_SECONDS_MAX, " s");
        line("disk, of the logical size", disk, self.soaked.disk_max, "");
        print!("{out}");
        println!("| 1,000 committers | {}/s | – |", thousands(self.write.rate));
        println!("| replay | {}/s | – |", thousands(self.read.rate));
    }
}
