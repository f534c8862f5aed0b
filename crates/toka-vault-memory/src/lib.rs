//! The vault in memory: for tests, and for events that need not outlive the process.
//!
//! [`InMemoryVault`] commits where its caller is and has no threads. It keeps all events, or the
//! newest up to a capacity.

mod log;
mod payloads;
mod vault;

pub use vault::InMemoryVault;
