//! Text for people: control characters made visible, long text cut, numbers grouped.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// Stands for what was cut off.
const ELLIPSIS: char = '…';

/// Units of size, each 1,024 of the one before.
const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/// Tells whether a terminal could take `character` for a command, or would show what follows it in
/// another order than it is written.
pub(super) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Writes out every character that a terminal must not get.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => shown.extend(character.escape_default()),
            _ if is_unsafe(character) => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

/// Cuts `text` so that it takes at most `width` columns.
pub(super) fn shorten(text: &str, width: usize) -> Cow<'_, str> {
    let mut used = 0;
    let mut kept = 0;
    for (start, character) in text.char_indices() {
        used += character.width().unwrap_or(0);
        if used > width {
            return Cow::Owned(format!("{}{ELLIPSIS}", text.get(..kept).unwrap_or_default()));
        }
        if used < width {
            kept = start + character.len_utf8();
        }
    }
    Cow::Borrowed(text)
}

/// Returns how many columns `text` takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// Writes a number with its thousands set apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Writes a number of things: `1 event`, `2 events`.
pub(crate) fn things(number: u64, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Writes a number of bytes, and where it is large, in a larger unit too.
pub(crate) fn amount(bytes: u64) -> String {
    let mut size = bytes as f64;
    let mut unit = "";
    for next in UNITS {
        if !unit.is_empty() {
            size /= 1024.0;
        }
        unit = next;
        if size < 1024.0 {
            break;
        }
    }
    if bytes < 1024 { format!("{bytes} bytes") } else { format!("{} bytes ({size:.1} {unit})", count(bytes)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        let cases = [
            ("plain ü 漢", "plain ü 漢"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{7f}\u{9b}", "\\u{7f}\\u{9b}"),
            ("\u{202e}gpj", "\\u{202e}gpj"),
        ];
        for (text, shown) in cases {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn text_is_cut_to_columns_not_bytes() {
        assert_eq!(shorten("abc", 3), "abc");
        assert_eq!(shorten("abcd", 3), "ab…");
        assert_eq!(shorten("漢字漢字", 8), "漢字漢字");
        assert_eq!(shorten("漢字漢字", 7), "漢字漢…");
        assert_eq!(shorten("漢字漢字", 6), "漢字…");
        assert_eq!(shorten("", 0), "");
    }

    #[test]
    fn numbers_and_sizes_can_be_read() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([1, 2_000].map(|number| things(number, "event")), ["1 event", "2,000 events"]);
        assert_eq!(amount(17), "17 bytes");
        assert_eq!(amount(1_536), "1,536 bytes (1.5 KiB)");
        assert_eq!(amount(5 << 20), "5,242,880 bytes (5.0 MiB)");
    }
}
