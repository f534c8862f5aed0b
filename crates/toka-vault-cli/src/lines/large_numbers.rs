//! [`too_large`]: whole numbers that no payload can hold as such.
//!
//! JSON has whole numbers of any length, MessagePack such of 64 bits. A reader of JSON makes a float of a
//! greater one, which drops its last digits: often those of an id. Here it is refused. What is written with a
//! fraction or an exponent is a float for whoever wrote it.

use std::iter::{Enumerate, Peekable};
use std::str::Bytes;

/// The bytes of JSON text and where they stand. What counts here is ASCII, of which no other character has a
/// byte.
type Text<'a> = Peekable<Enumerate<Bytes<'a>>>;

/// Finds a whole number that 64 bits cannot hold, in text that is JSON.
pub(super) fn too_large(json: &str) -> Option<&str> {
    let mut text: Text<'_> = json.bytes().enumerate().peekable();
    while let Some((start, first)) = text.next() {
        match first {
            b'"' => skip_string(&mut text),
            b'-' | b'0'..=b'9' => {
                let number = json.get(start..end_of_number(&mut text, json.len()))?;
                if is_too_large(number) {
                    return Some(number);
                }
            }
            _ => {}
        }
    }
    None
}

/// Goes behind the end of a string.
fn skip_string(text: &mut Text<'_>) {
    while let Some((_, next)) = text.next() {
        match next {
            b'"' => return,
            // Whatever is escaped, it does not end the string.
            b'\\' => drop(text.next()),
            _ => {}
        }
    }
}

/// Returns where a number ends.
fn end_of_number(text: &mut Text<'_>, length: usize) -> usize {
    let is_of_number = |next: u8| matches!(next, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    while text.next_if(|(_, next)| is_of_number(*next)).is_some() {}
    text.peek().map_or(length, |(end, _)| *end)
}

fn is_too_large(number: &str) -> bool {
    let is_whole = !number.contains(['.', 'e', 'E']);
    is_whole && number.parse::<u64>().is_err() && number.parse::<i64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_of_more_than_64_bits_are_found_wherever_they_stand() {
        let (least, greatest) = ("-9223372036854775809", "18446744073709551616");
        assert_eq!(too_large(least), Some(least));
        assert_eq!(too_large(greatest), Some(greatest));
        for (before, behind) in [("[1,", "]"), ("{\"a\\\"\": ", " }"), ("{\"ä\":[\"\\\\\",", ",2]}")] {
            let json = format!("{before}{greatest}{behind}");
            assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
            assert_eq!(too_large(&json), Some(greatest), "{json}");
        }
    }

    #[test]
    fn what_fits_and_what_is_no_whole_number_is_left() {
        for fits in [
            "-9223372036854775808",
            "18446744073709551615",
            "[0, -0, 1.5, -1]",
            "18446744073709551616.0",
            "1e40",
            "-1E+40",
            "\"18446744073709551616\"",
            "{\"99999999999999999999\": null}",
            "\"\\\"99999999999999999999\"",
            "\"\\\\\"",
            "true",
            "",
        ] {
            assert_eq!(too_large(fits), None, "{fits}");
        }
    }
}
