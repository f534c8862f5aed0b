//! [`Forward`]: a replay from old to new.
//!
//! Where other threads read, they read the next chunks while the consumer has this one. A chunk that
//! is asked for ahead starts where the one before it should end; where that one brings less, because
//! its events are large or damaged, what was asked for behind it is given up.
//!
//! Keeps the invariant that each position is told of once, in order, and that a reader holds no more
//! than [`CHUNKS_AHEAD`] chunks besides the one that it has given away.

use std::collections::VecDeque;

use toka_vault_core::{Error, Position};

use super::Read;
use super::ahead::Ahead;
use crate::chunk::Chunk;
use crate::limits::{CHUNK_EVENTS_MAX, CHUNKS_AHEAD};
use crate::reader::{Next, Reader};

/// Chunks that are as long as was asked for, before longer ones are asked for. What is asked for in
/// vain costs the chunks ahead, so where all events are large that has to be seldom.
const STEADY_CHUNKS: u32 = 8;

/// Reads from old to new.
pub(super) struct Forward {
    reader: Reader,
    /// Where to go on behind all that was asked for.
    next: Next,
    last: Position,
    /// How many events to read, `None` for all. Counted ones are not read ahead.
    left: Option<u64>,
    /// How many events to ask for at once: as many as the last read could bring.
    window: u64,
    /// How many chunks in a row were as long as was asked for.
    steady: u32,
    asked: VecDeque<Asked>,
}

/// Is a chunk that was asked for.
struct Asked {
    /// Where it should start and what should follow it, where that is known.
    bounds: Option<(Position, Position)>,
    /// Brings the chunk, and where to go on behind it.
    reading: Ahead<(Read, Next)>,
}

impl Forward {
    /// Starts at `next` and ends at `last`, or after `left` events.
    pub(super) fn new(reader: Reader, next: Next, last: Position, left: Option<u64>) -> Self {
        let window = CHUNK_EVENTS_MAX as u64;
        Self { reader, next, last, left, window, steady: 0, asked: VecDeque::new() }
    }

    /// Returns the next chunk.
    pub(super) async fn step(mut self) -> Option<(Read, Self)> {
        if self.left == Some(0) {
            return None;
        }
        let Asked { bounds, reading } = self.asked.pop_front().unwrap_or_else(|| self.ask());
        let (read, next) = reading.take().await;
        if matches!(&read, Ok(chunk) if chunk.last_position().is_none()) {
            return None;
        }
        let (read, next) = self.count(read, next);
        self.go_on(bounds, next);
        if read.is_ok() {
            self.read_ahead().await;
        }
        Some((read, self))
    }

    /// Counts the events of a chunk where they are counted: what is damaged does not count, and what is
    /// behind it is read again.
    fn count(&mut self, read: Read, next: Next) -> (Read, Next) {
        let Some(left) = self.left else { return (read, next) };
        let read = read.and_then(Chunk::into_events);
        let next = match &read {
            Ok(events) => {
                self.left = Some(left.saturating_sub(events.len() as u64));
                events.last().map_or(next, |event| Next::At(event.position().next()))
            }
            Err(Error::Corrupt { last, .. }) if !matches!(next, Next::Since(..)) => Next::At(last.next()),
            Err(_) => next,
        };
        (read.map(Chunk::from), next)
    }

    /// Goes on behind a chunk that should have had these bounds, and had another end where `next` says
    /// so.
    fn go_on(&mut self, bounds: Option<(Position, Position)>, next: Next) {
        match (bounds, next) {
            (Some((_, behind)), Next::At(next)) if next == behind => {
                self.steady += 1;
                if self.steady >= STEADY_CHUNKS {
                    self.steady = 0;
                    self.window = (self.window * 2).min(CHUNK_EVENTS_MAX as u64);
                }
            }
            (bounds, next) => {
                if let (Some((first, _)), Next::At(next)) = (bounds, next) {
                    self.window = next.get().saturating_sub(first.get()).clamp(1, CHUNK_EVENTS_MAX as u64);
                }
                self.steady = 0;
                self.asked.clear();
                self.next = next;
            }
        }
    }

    /// Starts to read the next chunks, where that goes on elsewhere and there are any.
    async fn read_ahead(&mut self) {
        if self.left.is_some() || !self.reader.source.reads_elsewhere() {
            return;
        }
        while self.asked.len() < CHUNKS_AHEAD && matches!(self.next, Next::At(next) if next <= self.last) {
            let mut asked = self.ask();
            asked.reading.ask().await;
            self.asked.push_back(asked);
        }
    }

    /// Asks for what is behind all that was asked for.
    fn ask(&mut self) -> Asked {
        let (reader, mut next, last) = (self.reader.clone(), self.next, self.last);
        let count = self.window.min(self.left.unwrap_or(u64::MAX));
        let bounds = match next {
            Next::At(first) => Some((first, first.plus(count).min(last.next()))),
            Next::Oldest | Next::AfterId(_) | Next::Since(..) => None,
        };
        if let Some((_, behind)) = bounds {
            self.next = Next::At(behind);
        }
        let reading = Ahead::new(async move {
            let read = reader.advance(&mut next, last, count).await;
            (read, next)
        });
        Asked { bounds, reading }
    }
}
