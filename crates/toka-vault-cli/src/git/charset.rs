//! [`Charset`]: text of a commit as Unicode.
//!
//! Keeps the invariant that any bytes give text, and the same bytes always the same.

use std::borrow::Cow;

/// Says how the bytes of a commit are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// As UTF-8, and as Latin-1 where they are not.
    Unicode,
    /// As Latin-1, where each byte is the character of that number.
    Latin1,
    /// By an encoding that only git knows.
    Other,
}

impl Charset {
    /// Recognises an encoding by the name that a commit says.
    pub(super) fn of(name: Option<&[u8]>) -> Self {
        let Some(name) = name else {
            return Self::Unicode;
        };
        match name.to_ascii_lowercase().as_slice() {
            b"" | b"utf-8" | b"utf8" | b"us-ascii" | b"ascii" => Self::Unicode,
            b"iso-8859-1" | b"iso8859-1" | b"iso88591" | b"latin1" | b"latin-1" => Self::Latin1,
            _ => Self::Other,
        }
    }

    /// Reads bytes as text. What only git knows is read as if nothing were said.
    pub(super) fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match (self, str::from_utf8(bytes)) {
            (Self::Unicode | Self::Other, Ok(text)) => Cow::Borrowed(text),
            _ => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_what_they_are_said_to_be() {
        let latin: Option<&[u8]> = Some(b"ISO-8859-1");
        let cases = [
            (None, "ü".as_bytes(), "ü"),
            (None, &b"\xfc"[..], "ü"),
            (latin, &b"\xfc"[..], "ü"),
            (latin, "ü".as_bytes(), "Ã¼"),
        ];
        for (name, bytes, text) in cases {
            assert_eq!(Charset::of(name).decode(bytes), text);
        }
        assert_eq!(Charset::of(Some(b"EUC-JP")), Charset::Other);
    }
}
