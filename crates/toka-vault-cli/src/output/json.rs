//! [`write_json`] and [`pretty_json`]: JSON that is safe to print.
//!
//! Keeps the invariant that what it writes reads back as the same value: a character that a terminal
//! must not get is written as a JSON escape, inside strings only.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use super::text::is_unsafe;

/// Writes `value` as JSON on one line, without a line end.
pub(crate) fn write_json<W: Write>(out: W, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Guarded(CompactFormatter));
    value.serialize(&mut serializer).map_err(io::Error::from)
}

/// Writes `value` as JSON over several lines.
pub(crate) fn pretty_json(value: &serde_json::Value) -> serde_json::Result<String> {
    let text = serde_json::to_string_pretty(value)?;
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        // JSON itself escapes a line end inside a string, so that this one stands between them. What
        // else is unsafe stands in strings alone.
        if character != '\n' && is_unsafe(character) {
            safe.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            safe.push(character);
        }
    }
    Ok(safe)
}

/// Formats strings with unsafe characters escaped, beyond those that JSON itself forbids.
struct Guarded<F>(F);

impl<F: Formatter> Formatter for Guarded<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, found)) = rest.char_indices().find(|(_, character)| is_unsafe(*character)) {
            let (plain, from) = rest.split_at(at);
            // All of them are in the basic plane, so that one escape is enough.
            write!(out, "{plain}\\u{:04x}", u32::from(found))?;
            rest = from.get(found.len_utf8()..).unwrap_or_default();
        }
        self.0.write_string_fragment(out, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_characters_are_escaped_and_read_back_the_same() {
        let value = serde_json::json!({ "a\u{7f}": ["\u{1b}[2J", "x\u{9b}y\u{202e}", "ü漢😀", "\u{2028}"] });
        let mut written = Vec::new();
        write_json(&mut written, &value).unwrap();
        let text = String::from_utf8(written).unwrap();
        assert!(!text.contains(is_unsafe), "{text:?}");
        assert!(text.contains("ü漢😀"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        let pretty = pretty_json(&value).unwrap();
        assert!(!pretty.lines().any(|line| line.contains(is_unsafe)), "{pretty:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&pretty).unwrap(), value);
    }
}
