//! [`too_large`]: whole numbers that no payload can hold.
//!
//! JSON has whole numbers of any length, MessagePack such of 64 bits. A reader of JSON makes a fraction of a
//! greater one and drops its last digits, which often are those of an id; here it is refused.

use std::iter::Peekable;
use std::str::CharIndices;

/// Finds a whole number that 64 bits cannot hold, in text that is JSON.
pub(super) fn too_large(json: &str) -> Option<&str> {
    let mut chars = json.char_indices().peekable();
    while let Some((start, first)) = chars.next() {
        match first {
            '"' => skip_string(&mut chars),
            '-' | '0'..='9' => {
                let number = json.get(start..end_of_number(&mut chars, json.len()))?;
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
fn skip_string(chars: &mut Peekable<CharIndices<'_>>) {
    while let Some((_, next)) = chars.next() {
        match next {
            '"' => return,
            // Whatever is escaped, it does not end the string.
            '\\' => drop(chars.next()),
            _ => {}
        }
    }
}

/// Returns where a number ends.
fn end_of_number(chars: &mut Peekable<CharIndices<'_>>, length: usize) -> usize {
    while chars.next_if(|(_, next)| matches!(next, '0'..='9' | '.' | 'e' | 'E' | '+' | '-')).is_some() {}
    chars.peek().map_or(length, |(end, _)| *end)
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
