//! What events are called in the JSON format of CloudEvents 1.0: the names and values that reading
//! and writing share. `docs/format.md` tells what each holds.
//!
//! Keeps the invariant that the names of our extension attributes are such as CloudEvents allows:
//! lower-case letters and digits, 20 of them at most.

/// The version of CloudEvents, in `specversion`.
pub(crate) const VERSION: &str = "1.0";

/// The `source` of exported events, unless another is named.
pub(crate) const SOURCE: &str = "/toka-vault";

/// The extension attribute with the ids of the parents, set apart by spaces.
pub(crate) const PARENTS: &str = "tokaparents";

/// The extension attribute with the digest of the payload.
pub(crate) const DIGEST: &str = "tokadigest";

/// The extension attribute with the event hash.
pub(crate) const HASH: &str = "tokahash";

/// The media type of `data` that is JSON.
pub(crate) const JSON: &str = "application/json";

/// The media type of `data_base64` that is MessagePack, as IANA has it.
pub(crate) const MSGPACK: &str = "application/vnd.msgpack";

/// Older names of that media type.
const MSGPACK_ALIASES: &[&str] = &["application/msgpack", "application/x-msgpack"];

/// Says how the data of an event is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// As JSON.
    Json,
    /// As MessagePack.
    MsgPack,
    /// As text or bytes, of a type that means nothing here.
    Other,
}

impl Content {
    /// Reads a media type, with or without parameters. JSON is `*/json` and `*/*+json`.
    pub(crate) fn of(media_type: &str) -> Self {
        let plain = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if plain == MSGPACK || MSGPACK_ALIASES.contains(&&*plain) {
            return Self::MsgPack;
        }
        match plain.split_once('/') {
            Some((_, subtype)) if subtype == "json" || subtype.ends_with("+json") => Self::Json,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_our_attributes_are_allowed() {
        for name in [PARENTS, DIGEST, HASH] {
            assert!(name.len() <= 20, "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{name}");
        }
    }

    #[test]
    fn content_is_told_by_the_media_type() {
        let cases = [
            ("application/json", Content::Json),
            ("Application/JSON ; charset=utf-8", Content::Json),
            ("text/json", Content::Json),
            ("application/geo+json", Content::Json),
            ("application/json-seq", Content::Other),
            ("json", Content::Other),
            ("application/xml", Content::Other),
            ("", Content::Other),
            (MSGPACK, Content::MsgPack),
            ("application/x-msgpack", Content::MsgPack),
        ];
        for (media_type, expected) in cases {
            assert_eq!(Content::of(media_type), expected, "{media_type}");
        }
    }
}
