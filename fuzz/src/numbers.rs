//! Numbers in the bytes of a file, the most significant byte first.

/// Reads a number of `length` bytes; `None` where the file ends before that.
pub fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(length)?)?;
    Some(field.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Reads a length or a count of `length` bytes; `None` where the file ends before that.
pub fn size(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    number(bytes, at, length).and_then(|number| usize::try_from(number).ok())
}

/// Writes bytes, where the file has the place for them.
pub fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    if let Some(place) = at.checked_add(field.len()).and_then(|end| bytes.get_mut(at..end)) {
        place.copy_from_slice(field);
    }
}

/// Writes a checksum, where the file has the place for it.
pub fn put_checksum(bytes: &mut [u8], at: usize, checksum: u32) {
    put(bytes, at, &checksum.to_be_bytes());
}
