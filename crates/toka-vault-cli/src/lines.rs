//! [`Lines`] and [`Line`]: from lines of JSON to events to commit.
//!
//! Keeps the invariant that a line is held only up to a bound. Each form has a module of its own.

mod cloudevents;
mod error;
mod fields;
mod jsonl;
mod large_numbers;
mod told;

use std::io::{BufRead, BufReader, Read};

use toka_vault::limits::PAYLOAD_BYTES_MAX;
use toka_vault::{EventHash, EventId, NewEvent};

use crate::args::{FileFormat, Foreign};

pub(crate) use error::LineError;
use error::in_one_line;
pub(crate) use fields::payload_of;

/// Longest line, in bytes. JSON needs at most six for one of MessagePack (`false,`, `\u0001`), so
/// that the largest payload fits; the rest of an event has the other MiB.
pub(crate) const LINE_BYTES_MAX: usize = 6 * PAYLOAD_BYTES_MAX + (1 << 20);

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 1 << 20;

/// What some editors put in front of UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Holds the event that a line tells.
#[derive(Debug)]
pub(crate) struct Line {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// The event.
    pub(crate) event: NewEvent,
    /// The hash that it should have.
    pub(crate) hash: Option<EventHash>,
    /// The ids of other systems that stand there, its own or those of parents, and what they are here.
    pub(crate) foreign: Vec<(EventId, String)>,
    /// A field that means nothing here.
    pub(crate) unknown: Option<String>,
}

/// Says how lines are to be read.
pub(crate) struct Reading {
    form: FileFormat,
    /// Whose the ids are that are not ours, where a line does not tell it.
    source: String,
    /// The field that names parents.
    parents: String,
}

impl Reading {
    /// Reads lines of a form.
    pub(crate) fn new(form: FileFormat, foreign: Foreign) -> Self {
        let usual = match form {
            FileFormat::Jsonl => jsonl::PARENTS,
            FileFormat::Cloudevents => crate::cloudevents::PARENTS,
        };
        let parents = foreign.parents.unwrap_or_else(|| usual.to_owned());
        Self { form, source: foreign.source.unwrap_or_default(), parents }
    }

    /// Reads the event that a line tells.
    fn line(&self, text: &[u8], number: u64) -> Result<Line, LineError> {
        let fields = serde_json::from_slice(text).map_err(|error| not_an_object(text, error))?;
        match self.form {
            FileFormat::Jsonl => jsonl::line(fields, self, number),
            FileFormat::Cloudevents => cloudevents::line(fields, self, number),
        }
    }
}

/// Tells a line that was cut off from one that is malformed: it has no line feed, and its JSON ends too
/// early. Of a number, the reader takes that for malformed behind a sign, a point or an `e`.
fn not_an_object(text: &[u8], error: serde_json::Error) -> LineError {
    let in_number = matches!(text.last(), Some(b'-' | b'+' | b'.' | b'e' | b'E'));
    let too_early = error.is_eof() || (error.is_syntax() && in_number);
    if too_early && !text.ends_with(b"\n") {
        LineError::CutOff
    } else {
        LineError::NotAnObject(in_one_line(error.into()))
    }
}

/// Reads lines from a file or a stream.
pub(crate) struct Lines<R> {
    source: BufReader<R>,
    /// Whether the source brings lines now and then, as a pipe does.
    is_stream: bool,
    reading: Reading,
    text: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<R> {
    /// Reads from `source`, which need not be buffered.
    pub(crate) fn new(source: R, reading: Reading) -> Self {
        let source = BufReader::with_capacity(BUFFER_BYTES, source);
        Self { source, is_stream: false, reading, text: Vec::new(), number: 0 }
    }

    /// Says whether the source brings lines now and then, as a pipe does.
    pub(crate) fn with_stream(self, is_stream: bool) -> Self {
        Self { is_stream, ..self }
    }

    /// Tells whether the next line of a stream has not come whole, and may be long in coming.
    pub(crate) fn is_waiting(&self) -> bool {
        self.is_stream && !self.source.buffer().trim_ascii_start().contains(&b'\n')
    }

    /// Returns the number of the line that was read last.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Reads the next line that is not empty; `None` at the end.
    pub(crate) fn next_line(&mut self) -> Result<Option<Line>, LineError> {
        loop {
            self.text.clear();
            let most = LINE_BYTES_MAX as u64 + 1;
            self.number += 1;
            let read = self.source.by_ref().take(most).read_until(b'\n', &mut self.text);
            if read.map_err(LineError::Read)? == 0 {
                return Ok(None);
            }
            if self.text.len() > LINE_BYTES_MAX {
                return Err(LineError::TooLong);
            }
            let text = self.text.as_slice();
            let text =
                if self.number == 1 { text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text) } else { text };
            if !text.trim_ascii().is_empty() {
                return self.reading.line(text, self.number).map(Some);
            }
        }
    }
}

#[cfg(test)]
#[path = "lines/tests.rs"]
mod tests;
