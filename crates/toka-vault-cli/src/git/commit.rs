//! [`Commit`]: a commit object taken apart.
//!
//! Keeps the invariant that every object git has accepted can be read: what is missing or malformed
//! is empty or zero, as old and foreign tools have written all sorts of commits.

/// Holds the fields of a commit object, in the bytes that they were written in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Commit<'a> {
    /// The object id of its tree, in hexadecimal.
    pub(super) tree: &'a [u8],
    /// The object ids of its parents.
    pub(super) parents: Vec<&'a [u8]>,
    /// Who wrote the change.
    pub(super) author: Person<'a>,
    /// Who made the commit.
    pub(super) committer: Person<'a>,
    /// Which encoding the text is said to have; UTF-8 where nothing is said.
    pub(super) encoding: Option<&'a [u8]>,
    /// The message.
    pub(super) message: &'a [u8],
}

/// Holds who did something, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Person<'a> {
    /// The name.
    pub(super) name: &'a [u8],
    /// The address.
    pub(super) email: &'a [u8],
    /// Seconds since the Unix epoch.
    pub(super) time: i64,
    /// The offset from UTC, such as `+0200`.
    pub(super) zone: &'a [u8],
}

impl<'a> Commit<'a> {
    /// Takes an object apart.
    pub(super) fn parse(object: &'a [u8]) -> Self {
        let mut commit = Self {
            tree: b"",
            parents: Vec::new(),
            author: Person::default(),
            committer: Person::default(),
            encoding: None,
            message: b"",
        };
        let mut rest = object;
        while let Some((line, after)) = next_line(rest) {
            rest = after;
            if line.is_empty() {
                commit.message = rest;
                break;
            }
            commit.header(line);
        }
        commit
    }

    /// Reads one line of the header. The lines of a signature, which start with a space, have no
    /// name that is known.
    fn header(&mut self, line: &'a [u8]) {
        let (name, value) = split_once(line, b' ').unwrap_or((line, b""));
        match name {
            b"tree" => self.tree = value,
            b"parent" => self.parents.push(value),
            b"author" => self.author = Person::parse(value),
            b"committer" => self.committer = Person::parse(value),
            b"encoding" => self.encoding = Some(value),
            _ => {}
        }
    }
}

impl<'a> Person<'a> {
    /// Reads `Name <address> seconds zone`.
    fn parse(text: &'a [u8]) -> Self {
        let (name, rest) = split_once(text, b'<').unwrap_or((text, b""));
        // An address may hold a `>`; the time does not.
        let end = rest.iter().rposition(|byte| *byte == b'>');
        let (email, when) = end.and_then(|end| rest.split_at_checked(end)).unwrap_or((rest, b""));
        let mut words = when.split(|byte| matches!(byte, b'>' | b' ')).filter(|word| !word.is_empty());
        let time = words.next().map_or(0, seconds);
        Self { name: name.trim_ascii(), email, time, zone: words.next().unwrap_or_default() }
    }
}

/// Reads a number of seconds; one that is too large is the largest there is.
fn seconds(text: &[u8]) -> i64 {
    let text = str::from_utf8(text).unwrap_or_default();
    match text.parse::<i64>() {
        Ok(seconds) => seconds,
        Err(error) => match error.kind() {
            std::num::IntErrorKind::PosOverflow => i64::MAX,
            std::num::IntErrorKind::NegOverflow => i64::MIN,
            _ => 0,
        },
    }
}

/// Splits off the first line.
fn next_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if text.is_empty() { None } else { Some(split_once(text, b'\n').unwrap_or((text, b""))) }
}

/// Splits at the first `separator`.
fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| *byte == separator)?;
    let (before, from) = text.split_at_checked(at)?;
    Some((before, from.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_taken_apart() {
        let object =
            b"tree t1\nparent p1\nparent p2\nauthor A B <a@b> 12 +0200\ncommitter C <c@d> -3 -0700\n\
            encoding ISO-8859-1\ngpgsig -----BEGIN\n parent x\n \n tree y\n\nsubject\n\nparent body\n";
        let commit = Commit::parse(object);
        assert_eq!(commit.tree, b"t1");
        assert_eq!(commit.parents, [b"p1", b"p2"]);
        assert_eq!(commit.author, Person { name: b"A B", email: b"a@b", time: 12, zone: b"+0200" });
        assert_eq!(commit.committer.time, -3);
        assert_eq!(commit.encoding, Some(&b"ISO-8859-1"[..]));
        assert_eq!(commit.message, b"subject\n\nparent body\n");
    }

    #[test]
    fn what_is_missing_is_empty() {
        for object in [&b""[..], b"\n", b"tree", b"author", b"author <", b"committer x> <"] {
            assert_eq!(Commit::parse(object).message, b"", "{object:?}");
        }
    }

    #[test]
    fn odd_persons_are_read() {
        let cases: [(&[u8], Person<'_>); 6] = [
            (b"", Person::default()),
            (b" <> 0 +0000", Person { zone: b"+0000", ..Person::default() }),
            (b"A <a>b> 5 +1", Person { name: b"A", email: b"a>b", time: 5, zone: b"+1" }),
            (b"A <a> 99999999999999999999 x", Person { name: b"A", email: b"a", time: i64::MAX, zone: b"x" }),
            (b"A <a> soon", Person { name: b"A", email: b"a", ..Person::default() }),
            (b"no address", Person { name: b"no address", ..Person::default() }),
        ];
        for (text, person) in cases {
            assert_eq!(Person::parse(text), person, "{text:?}");
        }
    }
}
