//! Measures the vault against its floors, in turns, in one process.

use std::time::Instant;
use toka_vault::{InMemoryVault, NewEvent, ReplayOptions, SledVault, Vault};
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex};

#[derive(serde::Serialize)]
struct P { seq: u64, text: String }

fn payload(seq: u64) -> P { P { seq, text: "x".repeat(235) } }

fn raw_append(n: u64, dir: &std::path::Path) -> f64 {
    let mut f = File::create(dir.join("raw")).unwrap();
    let rec = vec![7u8; 400];
    let t = Instant::now();
    for _ in 0..n { f.write_all(&rec).unwrap(); f.sync_data().unwrap(); }
    n as f64 / t.elapsed().as_secs_f64()
}

async fn commit(vault: &Vault, tasks: u64, per: u64) -> f64 {
    let t = Instant::now();
    let mut hs = vec![];
    for task in 0..tasks {
        let v = vault.clone();
        hs.push(tokio::spawn(async move {
            let mut last = None;
            for i in 0..per {
                let mut e = NewEvent::new("bench.event", payload(task * per + i)).unwrap();
                if let Some(p) = last { e = e.with_parents(&[p]); }
                last = Some(v.commit(e).await.unwrap().id);
            }
        }));
    }
    for h in hs { h.await.unwrap(); }
    (tasks * per) as f64 / t.elapsed().as_secs_f64()
}

async fn bare_pipeline(tasks: u64, per: u64, dir: &std::path::Path) -> f64 {
    let (tx, mut rx) = tokio::sync::mpsc::channel::<(Vec<u8>, tokio::sync::oneshot::Sender<u64>)>(4096);
    let mut f = File::create(dir.join("bare")).unwrap();
    let w = std::thread::spawn(move || {
        let mut seq = 0u64;
        let mut buf = Vec::new();
        let mut acks = Vec::new();
        while let Some((b, a)) = rx.blocking_recv() {
            buf.extend_from_slice(&b); acks.push(a);
            while acks.len() < 4096 { match rx.try_recv() { Ok((b, a)) => { buf.extend_from_slice(&b); acks.push(a); } Err(_) => break } }
            f.write_all(&buf).unwrap(); f.sync_data().unwrap(); buf.clear();
            for a in acks.drain(..) { seq += 1; let _ = a.send(seq); }
        }
    });
    let t = Instant::now();
    let mut hs = vec![];
    for task in 0..tasks {
        let tx = tx.clone();
        hs.push(tokio::spawn(async move {
            for i in 0..per {
                let mut b = rmp_serde::to_vec_named(&payload(task * per + i)).unwrap();
                let d = blake3::hash(&b);
                b.extend_from_slice(d.as_bytes());
                b.extend_from_slice(&[0u8; 100]);
                let (a, r) = tokio::sync::oneshot::channel();
                tx.send((b, a)).await.unwrap();
                r.await.unwrap();
            }
        }));
    }
    for h in hs { h.await.unwrap(); }
    let s = (tasks * per) as f64 / t.elapsed().as_secs_f64();
    drop(tx); w.join().unwrap();
    s
}

fn bare_memory(n: u64) -> f64 {
    let v: Mutex<Vec<(Vec<u8>, [u8; 32])>> = Mutex::new(Vec::new());
    let t = Instant::now();
    for i in 0..n {
        let b = rmp_serde::to_vec_named(&payload(i)).unwrap();
        let d = *blake3::hash(&b).as_bytes();
        v.lock().unwrap().push((b, d));
    }
    n as f64 / t.elapsed().as_secs_f64()
}

async fn replay(vault: &Vault) -> f64 {
    let t = Instant::now();
    let mut r = vault.replay(ReplayOptions::new());
    let mut n = 0u64;
    while let Some(_e) = r.try_next().await.unwrap() { n += 1; }
    n as f64 / t.elapsed().as_secs_f64()
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    if std::env::args().nth(2).as_deref() == Some("mem") {
        for _ in 0..5 { let v = Vault::Memory(InMemoryVault::unbounded());
        println!("{}", commit(&v, 1, 400_000).await); }
        return;
    }
    if std::env::args().nth(2).as_deref() == Some("many") {
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        let v = Vault::Sled(SledVault::open(dir.path().join("x")).unwrap());
        println!("{}", commit(&v, 256, 4000).await);
        return;
    }
    let dir = tempfile::tempdir_in(std::env::args().nth(1).unwrap_or(".".into())).unwrap();
    for round in 0..4 {
        let raw = raw_append(1500, dir.path());
        let v = Vault::Sled(SledVault::open(dir.path().join(format!("one{round}"))).unwrap());
        let one = commit(&v, 1, 1500).await;
        drop(v);
        println!("one committer: raw {raw:.0} vault {one:.0} ratio {:.2}", one / raw);
        let bare = bare_pipeline(256, 400, dir.path()).await;
        let p = dir.path().join(format!("many{round}"));
        let v = Vault::Sled(SledVault::open(&p).unwrap());
        let many = commit(&v, 256, 400).await;
        println!("256: bare {bare:.0} vault {many:.0} ratio {:.2}", many / bare);
        v.close().await.unwrap();
        drop(v);
        let v = Vault::Sled(SledVault::open(&p).unwrap());
        let rep = replay(&v).await;
        println!("replay {rep:.0}");
        let bm = bare_memory(200_000);
        let v = Vault::Memory(InMemoryVault::unbounded());
        let m = commit(&v, 1, 200_000).await;
        println!("memory: bare {bm:.0} vault {m:.0} ratio {:.2}", m / bm);
    }
    let _ = Arc::new(0);
}
