//! [`Input`]: choices out of the bytes that the fuzzer brings.
//!
//! Keeps the invariant that there is always another choice: where the bytes have ended, it is zero, so that a
//! shorter input does less.

/// Gives one choice after the other.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// Starts with the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Tells whether the bytes have ended.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Takes one of two.
    pub fn coin(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Takes so many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    /// Takes a number of so many bytes, the most significant first.
    pub fn number(&mut self, bytes: usize) -> u64 {
        (0..bytes).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    /// Takes a number below `count`, of as few bytes as that takes; 0 where there is none.
    pub fn below(&mut self, count: usize) -> usize {
        let bytes = match count {
            0 | 1 => return 0,
            2..=0x100 => 1,
            0x101..=0x1_0000 => 2,
            _ => 4,
        };
        self.number(bytes) as usize % count
    }

    /// Takes one of these; `None` where there is none.
    pub fn of<'b, T>(&mut self, items: &'b [T]) -> Option<&'b T> {
        let at = self.below(items.len());
        items.get(at)
    }

    /// Takes a number that is likely to be a bound of something.
    pub fn bound(&mut self) -> u64 {
        match self.byte() % 16 {
            0 => 0,
            1 => 1,
            2 => u64::MAX,
            3 => u64::MAX - 1,
            4 => i64::MAX as u64,
            5 => i64::MIN as u64,
            6 => u32::MAX.into(),
            7 => 1 << 31,
            8 => (1 << 31) - 1,
            9 => 8_192,
            10 => 8_193,
            11 => (16 << 20) + (32 << 10),
            12 => self.number(2),
            13 => self.number(8),
            _ => self.byte().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_go_on_behind_the_end() {
        let mut input = Input::new(&[1, 2, 3]);
        assert_eq!((input.number(2), input.below(2), input.is_empty()), (0x102, 1, true));
        assert_eq!((input.byte(), input.below(1_000), input.bound(), input.coin()), (0, 0, 0, false));
        assert_eq!(input.of::<u8>(&[]), None);
    }
}
