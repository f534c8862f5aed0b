//! [`read_message`]: a message of sled's log, as sled 0.34.7 writes it.
//!
//! | field | bytes |
//! |---|---|
//! | checksum of body and header, inverted | 4, least significant first |
//! | kind | 1 |
//! | length of the body, number of the segment, number of the page | 1 to 9 each |
//! | body | |

/// Bytes of the checksum, which does not cover itself.
const CHECKSUM_BYTES: usize = 4;

/// The kind of zeros, which nothing was written over.
const NOTHING: u8 = 0;

/// The kind of the message behind which a segment has no more.
const CAP: u8 = 2;

/// The greatest kind there is.
const KIND_MAX: u8 = 11;

/// Tells what a message is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// One of so many bytes, behind which the next begins.
    Whole(usize),
    /// The last of its segment.
    Cap,
}

/// Reads the message at a place of a segment; `None` where there is none that is whole.
pub(crate) fn read_message(segment: &[u8], at: usize, number: u64, segment_bytes: usize) -> Option<Message> {
    let message = segment.get(at..)?;
    let kind = *message.get(CHECKSUM_BYTES)?;
    let mut rest = message.get(CHECKSUM_BYTES + 1..)?;
    let (length, in_segment, _page) = (number_at(&mut rest)?, number_at(&mut rest)?, number_at(&mut rest)?);
    let header = message.len() - rest.len();
    let length = usize::try_from(length).ok().filter(|length| *length <= segment_bytes - at - header)?;
    if kind == NOTHING || kind > KIND_MAX {
        return None;
    }
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(rest.get(..length)?);
    checksum.update(message.get(CHECKSUM_BYTES..header)?);
    let matches = message.get(..CHECKSUM_BYTES)? == (checksum.finalize() ^ u32::MAX).to_le_bytes();
    match kind {
        _ if !matches || in_segment != number => None,
        CAP => Some(Message::Cap),
        _ => Some(Message::Whole(header + length)),
    }
}

/// Takes a number of variable length from the front.
fn number_at(rest: &mut &[u8]) -> Option<u64> {
    let (first, more) = rest.split_first()?;
    let first = u64::from(*first);
    let byte = |at: usize| more.get(at).copied().map(u64::from);
    let (number, used) = match first {
        0..=240 => (first, 0),
        241..=248 => (240 + 256 * (first - 241) + byte(0)?, 1),
        249 => (2_288 + 256 * byte(0)? + byte(1)?, 2),
        _ => {
            let used = (first - 247) as usize;
            let bytes = more.get(..used)?.iter().rev();
            (bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)), used)
        }
    };
    *rest = more.get(used..)?;
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_all_lengths_are_read() {
        let cases: [(&[u8], u64); 8] = [
            (&[0], 0),
            (&[240], 240),
            (&[241, 1], 241),
            (&[248, 255], 2_287),
            (&[249, 0, 0], 2_288),
            (&[249, 255, 255], 67_823),
            (&[250, 1, 2, 3], 0x03_02_01),
            (&[255, 255, 255, 255, 255, 255, 255, 255, 255], u64::MAX),
        ];
        for (bytes, number) in cases {
            let mut rest = bytes;
            assert_eq!(number_at(&mut rest), Some(number));
            assert!(rest.is_empty());
            assert_eq!(number_at(&mut &bytes[..bytes.len() - 1]), None);
        }
    }

    #[test]
    fn zeros_and_cut_off_messages_are_none() {
        assert_eq!(read_message(&[0; 64], 0, 0, 64), None);
        assert_eq!(read_message(&[1; 3], 0, 0, 64), None);
        assert_eq!(read_message(&[], 7, 0, 64), None);
    }
}
