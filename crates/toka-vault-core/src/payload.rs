//! [`Payload`]: the content of an event in its canonical bytes, and [`EventPayload`]: what can become
//! one.
//!
//! Keeps the invariant that the bytes are canonical and the digest is theirs, except for a payload
//! read from storage ([`Payload::from_stored`]), where storage's checksums vouch for it and
//! [`Payload::is_intact`] proves it.

use std::fmt;

use bytes::Bytes;
use rmp_serde::decode::{ReadReader, ReadRefReader};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::depth::is_deeper;
use crate::limits::{PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX};
use crate::{Digest, Error, Result, canonical};

/// Holds the content of an event: canonical MessagePack bytes and their [`Digest`].
///
/// A struct is a map of its fields by their names, an enum the name of its variant, alone or with its content. Maps
/// are sorted, and their keys need not be text; integers have 64 bits at most, floats have 64. So what `serde`
/// encodes to the same content has the same bytes, from whichever type.
///
/// Cloning is cheap: clones share the bytes. `Display` and `Debug` show the decoded value. A payload that was
/// read from a vault can share its bytes with neighbouring events; keep what you decode from it
/// rather than many single payloads for long.
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use std::collections::HashMap;
/// use toka_vault::Payload;
///
/// let payload = Payload::encode(&serde_json::json!({ "pid": 1234 }))?;
/// let map: HashMap<String, u32> = payload.decode()?;
/// assert_eq!(map["pid"], 1234);
/// assert_eq!(Payload::encode(&map)?.digest(), payload.digest());
/// assert_eq!(payload.to_string(), r#"{"pid":1234}"#);
/// # Ok::<(), toka_vault::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    bytes: Bytes,
    digest: Digest,
}

/// Can be the payload of an event: every `serde::Serialize`, by value or by reference, and a
/// [`Payload`] that is encoded already.
///
/// # Examples
///
/// ```
/// # use toka_vault_core as toka_vault;
/// use serde::Serialize;
/// use toka_vault::{EventPayload, Payload};
///
/// #[derive(Serialize)]
/// struct Started {
///     pid: u32,
/// }
///
/// let payload = Started { pid: 1234 }.to_payload()?;
/// assert_eq!(payload, serde_json::json!({ "pid": 1234 }).to_payload()?);
/// // One that is encoded already goes through as it is, so that large content can be encoded once.
/// assert_eq!(payload.to_payload()?, payload);
/// # Ok::<(), toka_vault::Error>(())
/// ```
pub trait EventPayload {
    /// Encodes this value to its canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::PayloadEncoding`] or [`Error::PayloadTooLarge`].
    fn to_payload(&self) -> Result<Payload>;
}

impl<T: Serialize + ?Sized> EventPayload for T {
    fn to_payload(&self) -> Result<Payload> {
        Payload::encode(self)
    }
}

// `Payload` is not `Serialize`, so this does not overlap with the rule above: encoding what is
// encoded would only cost time.
impl EventPayload for Payload {
    fn to_payload(&self) -> Result<Payload> {
        Ok(self.clone())
    }
}

impl EventPayload for &Payload {
    fn to_payload(&self) -> Result<Payload> {
        Ok(Payload::clone(self))
    }
}

impl Payload {
    /// Encodes a value to its canonical bytes.
    ///
    /// # Errors
    ///
    /// [`Error::PayloadTooLarge`] above [`PAYLOAD_BYTES_MAX`]; [`Error::PayloadEncoding`] where the
    /// value's `Serialize` fails, a map has a key twice, an integer has more than 64 bits, or it is
    /// nested deeper than [`PAYLOAD_DEPTH_MAX`].
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        let bytes = canonical::encode(value)?;
        Ok(Self { digest: Digest::of(&bytes), bytes })
    }

    /// Brings any MessagePack value into canonical form, as an import from another system needs it.
    ///
    /// An extension value, which no Rust type encodes to, becomes the array of its type and its
    /// bytes; a text that is not UTF-8, as old encoders wrote bytes, becomes those bytes.
    ///
    /// # Errors
    ///
    /// [`Error::PayloadEncoding`] where the bytes are not exactly one MessagePack value, or it has
    /// no canonical form.
    pub fn from_msgpack(bytes: &[u8]) -> Result<Self> {
        let malformed = |reason: String| Error::PayloadEncoding { reason };
        let mut rest = bytes;
        let mut decoder = reading(&mut rest);
        let payload = Self::encode(&serde_transcode::Transcoder::new(&mut decoder))?;
        match decoder.get_ref().len() {
            0 => Ok(payload),
            more => Err(malformed(format!("{more} bytes follow the MessagePack value"))),
        }
    }

    /// Trusts bytes and a digest that were stored together. For back-ends: nothing is checked.
    #[inline]
    pub fn from_stored(bytes: Bytes, digest: Digest) -> Self {
        Self { bytes, digest }
    }

    /// Returns the canonical MessagePack bytes.
    #[inline]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Gives the payload bytes of its own, which it shares with nobody. See
    /// [`Event::detached`](crate::Event::detached).
    #[must_use]
    pub fn detached(self) -> Self {
        Self { bytes: Bytes::copy_from_slice(&self.bytes), digest: self.digest }
    }

    /// Returns the canonical MessagePack bytes, and gives the digest up.
    #[inline]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// Returns the Blake3 digest of the bytes.
    #[inline]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Decodes the payload as a Rust type.
    ///
    /// # Errors
    ///
    /// [`Error::PayloadDecoding`] where it is not of that type.
    ///
    /// # Examples
    ///
    /// Fields go by their names, so that a type can change while events that were committed before stay as they
    /// are. What changes its meaning gets another kind.
    ///
    /// ```
    /// # use toka_vault_core as toka_vault;
    /// use serde::Deserialize;
    /// use toka_vault::Payload;
    ///
    /// #[derive(Deserialize)]
    /// struct Order {
    ///     // It was called `name` once.
    ///     #[serde(alias = "name")]
    ///     article: String,
    ///     // It was added later: events from before do not have it.
    ///     #[serde(default)]
    ///     note: Option<String>,
    /// }
    ///
    /// // `colour` is a field that nobody asks for any more.
    /// let old = Payload::encode(&serde_json::json!({ "name": "lamp", "colour": "red" }))?;
    /// let order: Order = old.decode()?;
    /// assert_eq!((order.article.as_str(), order.note), ("lamp", None));
    /// # Ok::<(), toka_vault::Error>(())
    /// ```
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        let not_this = |reason: String| Error::PayloadDecoding { target: std::any::type_name::<T>(), reason };
        // No encoder of ours has written such bytes. They would take a type that has itself as content as deep.
        if is_deeper(&self.bytes, PAYLOAD_DEPTH_MAX) {
            return Err(not_this(format!("it is nested deeper than {PAYLOAD_DEPTH_MAX} levels")));
        }
        T::deserialize(&mut self.decoder()).map_err(|error| not_this(error.to_string()))
    }

    /// Decodes the payload as JSON.
    ///
    /// # Errors
    ///
    /// [`Error::PayloadNotJson`] where it has something that JSON cannot tell: bytes, NaN or an
    /// infinity, or a map key that is not text.
    pub fn to_json(&self) -> Result<serde_json::Value> {
        let not_json = |reason: String| Error::PayloadNotJson { reason };
        let json = self.decode().map_err(|error| match error {
            Error::PayloadDecoding { reason, .. } => not_json(reason),
            other => other,
        })?;
        // serde_json reads a NaN as null; only the way back tells.
        match canonical::encode(&json) {
            Ok(bytes) if bytes == self.bytes => Ok(json),
            _ => Err(not_json("it has a number that JSON cannot write".into())),
        }
    }

    /// Tells whether the bytes still hash to the digest. Takes the time to hash them; readers of a vault need it
    /// only where they trust its checksums as little as [`verify`](crate::verify::verify) does.
    pub fn is_intact(&self) -> bool {
        self.bytes.len() <= PAYLOAD_BYTES_MAX && Digest::of(&self.bytes) == self.digest
    }

    /// Reads the bytes as they were written: in human-readable forms.
    fn decoder(&self) -> rmp_serde::Deserializer<ReadRefReader<'_, [u8]>, HumanReadable> {
        let mut decoder = rmp_serde::Deserializer::from_read_ref(self.bytes.as_ref()).with_human_readable();
        decoder.set_max_depth(PAYLOAD_DEPTH_MAX + 1);
        decoder
    }
}

/// Reads the value at the start of `rest`, and leaves there what follows it.
fn reading<'a, 'b>(
    rest: &'a mut &'b [u8],
) -> rmp_serde::Deserializer<ReadReader<&'a mut &'b [u8]>, HumanReadable> {
    let mut decoder = rmp_serde::Deserializer::new(rest).with_human_readable();
    decoder.set_max_depth(PAYLOAD_DEPTH_MAX + 1);
    decoder
}

/// The configuration of a decoder of human-readable forms.
type HumanReadable = rmp_serde::config::HumanReadableConfig<rmp_serde::config::DefaultConfig>;

impl fmt::Display for Payload {
    /// Shows the decoded value as JSON on one line, with bytes as arrays and NaN as null. Where that cannot
    /// be, shows the size and the digest, and whether the bytes are damaged.
    ///
    /// It is for people: [`Payload::to_json`] is the JSON to go on with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut json = Vec::new();
        let mut writer = serde_json::Serializer::new(&mut json);
        let mut rest = self.bytes.as_ref();
        let mut decoder = reading(&mut rest);
        let shown = serde_transcode::transcode(&mut decoder, &mut writer);
        let (size, digest) = (self.bytes.len(), self.digest);
        match shown {
            Ok(()) if decoder.get_ref().is_empty() => f.write_str(&String::from_utf8_lossy(&json)),
            _ if Self::from_msgpack(&self.bytes).is_ok() => write!(f, "<{size} bytes, digest {digest}>"),
            _ => write!(f, "<damaged: {size} bytes, digest {digest}>"),
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
