//! The three kinds of hash: [`Digest`] of a payload, [`EventHash`] of an event, [`ChainHash`] of a
//! history.
//!
//! They are types of their own, so that one cannot be compared with another by mistake.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// Bytes of every hash here, which is Blake3's own length.
pub const HASH_BYTES: usize = 32;

/// Defines a 32-byte hash that reads and writes as 64 hexadecimal digits.
macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; HASH_BYTES]);

        impl $name {
            /// Creates the hash from its bytes.
            #[inline]
            pub const fn from_bytes(bytes: [u8; HASH_BYTES]) -> Self {
                Self(bytes)
            }

            /// Returns the bytes of the hash.
            #[inline]
            pub const fn as_bytes(&self) -> &[u8; HASH_BYTES] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(blake3::Hash::from_bytes(self.0).to_hex().as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                match blake3::Hash::from_hex(text) {
                    Ok(hash) => Ok(Self(*hash.as_bytes())),
                    Err(_) => Err(Error::malformed($what, text, "expected 64 hexadecimal digits")),
                }
            }
        }
    };
}

hash_type! {
    /// Addresses a payload: Blake3 of its canonical bytes.
    ///
    /// Payloads of the same content have the same digest, whatever Rust type they were encoded
    /// from, in every process.
    Digest, "digest"
}

hash_type! {
    /// Seals an event and, through its parents' hashes, all that led to it.
    ///
    /// Two events with the same hash are the same event in every respect but the position. The
    /// formula stands at [`hashing::event_hash`](crate::hashing::event_hash).
    EventHash, "event hash"
}

hash_type! {
    /// Seals a vault's history up to a position: which events, in which order.
    ///
    /// The formula stands at [`hashing::chain_hash`](crate::hashing::chain_hash).
    ChainHash, "chain hash"
}

impl Digest {
    /// Computes the digest of payload bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl ChainHash {
    /// The chain hash of an empty history: all zeros.
    pub const EMPTY: Self = Self([0; HASH_BYTES]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        let digest = Digest::of(b"payload");
        assert_eq!(digest.to_string().len(), 64);
        assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
        assert!("12".parse::<Digest>().is_err());
    }
}
