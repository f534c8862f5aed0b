//! [`is_deeper`]: how deep MessagePack is nested, told without recursion.
//!
//! Keeps the invariant that it reads each byte once and needs the same stack for all bytes there are. The
//! decoder counts arrays and maps, but not the enums of a type that has itself as content: those bytes
//! alone would bound its recursion.

use rmp::Marker;

/// Fewest bytes of a level that is an enum: a map of one entry, and the number of its variant.
const LEVEL_BYTES_MIN: usize = 2;

/// Tells whether the value at the start of `bytes` has more than `max` levels of arrays and maps. Of bytes
/// that are no value, what can be read counts.
pub(crate) fn is_deeper(bytes: &[u8], max: usize) -> bool {
    // Most payloads: too short for it.
    bytes.len() > max * LEVEL_BYTES_MIN && has_more_levels(bytes, max)
}

/// Reads values until one is nested deeper than `max`.
fn has_more_levels(bytes: &[u8], max: usize) -> bool {
    // How many values each container that is open still has to come.
    let mut open: Vec<u64> = Vec::with_capacity(max);
    let mut rest = bytes;
    while let Some((part, behind)) = Part::first(rest) {
        rest = behind;
        if let Part::Container { values } = part {
            if open.len() >= max {
                return true;
            }
            if values > 0 {
                open.push(values);
                continue;
            }
        }
        while let Some(left) = open.pop() {
            if left > 1 {
                open.push(left - 1);
                break;
            }
        }
        if open.is_empty() {
            return false;
        }
    }
    false
}

/// Is what stands at a place of MessagePack.
enum Part {
    /// An array or a map, with so many values in it: keys are values too.
    Container { values: u64 },
    /// Any other value.
    Leaf,
}

impl Part {
    /// Reads the header of a container, or a whole value of another type, and returns what follows.
    fn first(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (first, rest) = bytes.split_first()?;
        let container = |(values, rest): (u64, _)| (Self::Container { values }, rest);
        let pairs = |(count, rest): (u64, _)| (Self::Container { values: 2 * count }, rest);
        match Marker::from_u8(*first) {
            Marker::FixArray(count) => Some(container((count.into(), rest))),
            Marker::Array16 => number::<2>(rest).map(container),
            Marker::Array32 => number::<4>(rest).map(container),
            Marker::FixMap(count) => Some(pairs((count.into(), rest))),
            Marker::Map16 => number::<2>(rest).map(pairs),
            Marker::Map32 => number::<4>(rest).map(pairs),
            other => Some((Self::Leaf, behind_leaf(other, rest)?)),
        }
    }
}

/// Returns what follows a value that is no container, whose first byte is read.
fn behind_leaf(marker: Marker, rest: &[u8]) -> Option<&[u8]> {
    let (length, rest) = match marker {
        Marker::U8 | Marker::I8 => (1, rest),
        Marker::U16 | Marker::I16 | Marker::FixExt1 => (2, rest),
        Marker::U32 | Marker::I32 | Marker::F32 => (4, rest),
        Marker::U64 | Marker::I64 | Marker::F64 => (8, rest),
        Marker::FixStr(length) => (length.into(), rest),
        Marker::Str8 | Marker::Bin8 => number::<1>(rest)?,
        Marker::Str16 | Marker::Bin16 => number::<2>(rest)?,
        Marker::Str32 | Marker::Bin32 => number::<4>(rest)?,
        // An extension has a byte for its type besides.
        Marker::FixExt2 => (3, rest),
        Marker::FixExt4 => (5, rest),
        Marker::FixExt8 => (9, rest),
        Marker::FixExt16 => (17, rest),
        Marker::Ext8 => plus_type(number::<1>(rest)?),
        Marker::Ext16 => plus_type(number::<2>(rest)?),
        Marker::Ext32 => plus_type(number::<4>(rest)?),
        _ => (0, rest),
    };
    rest.get(usize::try_from(length).ok()?..)
}

/// Adds the byte of an extension's type to its length.
fn plus_type((length, rest): (u64, &[u8])) -> (u64, &[u8]) {
    (length + 1, rest)
}

/// Reads a number of `N` bytes, at most eight.
fn number<const N: usize>(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<N>()?;
    Some((number.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every value that is no container, one of each marker.
    fn leaves() -> Vec<u8> {
        let (short, long) = ([7; 255], [7; 256]);
        let parts: [&[u8]; 35] = [
            &[0x00, 0x7f, 0xe0, 0xff, 0xc0, 0xc1, 0xc2, 0xc3],
            &[0xcc, 1],
            &[0xd0, 1],
            &[0xcd, 1, 1],
            &[0xd1, 1, 1],
            &[0xce, 1, 1, 1, 1],
            &[0xd2, 1, 1, 1, 1],
            &[0xca, 1, 1, 1, 1],
            &[0xcf, 1, 1, 1, 1, 1, 1, 1, 1],
            &[0xd3, 1, 1, 1, 1, 1, 1, 1, 1],
            &[0xcb, 1, 1, 1, 1, 1, 1, 1, 1],
            &[0xa2, 1, 1],
            &[0xd9, 255],
            &short,
            &[0xda, 1, 0],
            &long,
            &[0xdb, 0, 0, 1, 0],
            &long,
            &[0xc4, 255],
            &short,
            &[0xc5, 1, 0],
            &long,
            &[0xc6, 0, 0, 1, 0],
            &long,
            &[0xd4, 1, 1],
            &[0xd5, 1, 1, 1],
            &[0xd6, 1, 1, 1, 1, 1],
            &[0xd7, 1, 1, 1, 1, 1, 1, 1, 1, 1],
            &[&[0xd8, 1][..], &[1; 16]].concat(),
            &[0xc7, 255, 1],
            &short,
            &[0xc8, 1, 0, 1],
            &long,
            &[0xc9, 0, 0, 1, 0, 1],
            &long,
        ];
        parts.concat()
    }

    #[test]
    fn what_stands_beside_a_nested_value_does_not_hide_its_depth() {
        // 33 leaves, 8 containers, and the one that is nested: the array ends with that.
        let mut bytes = [&[0xdc, 0, 33 + 8 + 1][..], &leaves(), &[0x90, 0x80]].concat();
        for header in [&[0x91][..], &[0xdc, 0, 1], &[0xdd, 0, 0, 0, 1]] {
            bytes.extend([header, &[0xc0]].concat());
        }
        for header in [&[0x81][..], &[0xde, 0, 1], &[0xdf, 0, 0, 0, 1]] {
            bytes.extend([header, &[0xc0, 0xc0]].concat());
        }
        bytes.extend([0x91, 0x81, 0xc0, 0xc0]);
        // What follows the array is not its own.
        bytes.extend([0x91; 10]);
        assert!(!has_more_levels(&bytes, 3));
        assert!(has_more_levels(&bytes, 2));
    }

    #[test]
    fn what_is_cut_off_has_the_levels_that_are_there() {
        let bytes = [&[0x91; 5][..], &[0xdb, 0xff, 0xff, 0xff, 0xff, 1]].concat();
        for end in 5..=bytes.len() {
            assert!(!has_more_levels(&bytes[..end], 5));
            assert!(has_more_levels(&bytes[..end], 4));
        }
    }
}
