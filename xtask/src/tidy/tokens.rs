//! [`Tokens`]: Rust code as a flat list of words and marks, with the line of each.
//!
//! Invariant: every opening bracket knows its closing one, so that a rule can step over a group.

use std::str::FromStr;

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};

/// The code of one file.
///
/// Comments are not in it; comments that document are, as the attributes that they stand for.
pub(crate) struct Tokens(Vec<Token>);

/// A word, a mark or a bracket.
struct Token {
    kind: Kind,
    line: usize,
}

/// What a token is.
enum Kind {
    /// An identifier or keyword.
    Word(String),
    /// One character of punctuation.
    Mark(char),
    /// An opening bracket, and where in the list it is closed.
    Open(char, usize),
    /// A closing bracket.
    Close,
    /// A string, number or character.
    Literal,
}

impl Tokens {
    /// Reads the code.
    ///
    /// # Errors
    ///
    /// Returns the line where the text stops being Rust.
    pub(crate) fn read(text: &str) -> Result<Self, usize> {
        let stream = TokenStream::from_str(text).map_err(|error| error.span().start().line)?;
        let mut tokens = Self(Vec::new());
        tokens.add_all(stream);
        Ok(tokens)
    }

    /// Adds what is in a stream, brackets and all.
    fn add_all(&mut self, stream: TokenStream) {
        for tree in stream {
            match tree {
                TokenTree::Ident(word) => self.add(Kind::Word(word.to_string()), word.span()),
                TokenTree::Punct(mark) => self.add(Kind::Mark(mark.as_char()), mark.span()),
                TokenTree::Literal(literal) => self.add(Kind::Literal, literal.span()),
                TokenTree::Group(group) => self.add_group(&group),
            }
        }
    }

    /// Adds a bracket, what is in it, and its closing one.
    fn add_group(&mut self, group: &Group) {
        let mark = match group.delimiter() {
            Delimiter::Parenthesis => '(',
            Delimiter::Brace => '{',
            Delimiter::Bracket => '[',
            Delimiter::None => return self.add_all(group.stream()),
        };
        let open = self.len();
        self.add(Kind::Open(mark, open), group.span_open());
        self.add_all(group.stream());
        let close = self.len();
        self.add(Kind::Close, group.span_close());
        if let Some(token) = self.0.get_mut(open) {
            token.kind = Kind::Open(mark, close);
        }
    }

    /// Adds one token.
    fn add(&mut self, kind: Kind, span: Span) {
        self.0.push(Token { kind, line: span.start().line });
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the line of a token, counted from one.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.0.get(at).map_or(1, |token| token.line)
    }

    /// Returns the word at a place, when there is one.
    pub(crate) fn word(&self, at: usize) -> Option<&str> {
        match &self.0.get(at)?.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Returns the words from one place up to another.
    pub(crate) fn words(&self, from: usize, to: usize) -> impl Iterator<Item = &str> {
        (from..to).filter_map(|at| self.word(at))
    }

    /// Tells whether this mark stands at a place.
    pub(crate) fn is_mark(&self, at: usize, mark: char) -> bool {
        matches!(self.0.get(at), Some(Token { kind: Kind::Mark(found), .. }) if *found == mark)
    }

    /// Returns where the bracket at a place is closed, when it is this opening one.
    pub(crate) fn closes(&self, at: usize, open: char) -> Option<usize> {
        self.group(at).filter(|(mark, _)| *mark == open).map(|(_, close)| close)
    }

    /// Returns the opening bracket at a place and where it is closed.
    pub(crate) fn group(&self, at: usize) -> Option<(char, usize)> {
        match self.0.get(at)?.kind {
            Kind::Open(mark, close) => Some((mark, close)),
            _ => None,
        }
    }

    /// Tells whether a closing bracket, or the end of the code, is at a place.
    pub(crate) fn is_end(&self, at: usize) -> bool {
        self.0.get(at).is_none_or(|token| matches!(token.kind, Kind::Close))
    }

    /// Returns where the attribute `#[..]` or `#![..]` at a place has its brackets.
    pub(crate) fn attribute(&self, at: usize) -> Option<(usize, usize)> {
        if !self.is_mark(at, '#') {
            return None;
        }
        let open = if self.is_mark(at + 1, '!') { at + 2 } else { at + 1 };
        self.closes(open, '[').map(|close| (open, close))
    }

    /// Tells whether `::` stands before a place.
    pub(crate) fn follows_path_separator(&self, at: usize) -> bool {
        at >= 2 && self.is_mark(at - 1, ':') && self.is_mark(at - 2, ':')
    }

    /// Tells whether `::` stands after a place.
    pub(crate) fn precedes_path_separator(&self, at: usize) -> bool {
        self.is_mark(at + 1, ':') && self.is_mark(at + 2, ':')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_flattened_with_lines_and_closing_brackets() {
        let tokens = Tokens::read("//! Doc.\nfn f(x: u8) {\n    x\n}\n").unwrap();
        let at = (0..tokens.len()).find(|at| tokens.word(*at) == Some("fn")).unwrap();
        assert_eq!(tokens.line(at), 2);
        let close = tokens.closes(at + 2, '(').unwrap();
        let end = tokens.closes(close + 1, '{').unwrap();
        assert_eq!((tokens.line(end), tokens.is_end(end), tokens.is_end(end + 1)), (4, true, true));
    }

    #[test]
    fn strings_and_comments_hold_no_words() {
        let tokens = Tokens::read("// unsafe\n/* unsafe */ /// unsafe\nconst X: &str = \"unsafe\";").unwrap();
        assert!(!tokens.words(0, tokens.len()).any(|word| word == "unsafe"));
    }

    #[test]
    fn attributes_are_found_inside_and_outside() {
        let tokens = Tokens::read("#![a] #[b] x").unwrap();
        assert_eq!(tokens.attribute(0), Some((2, 4)));
        assert_eq!(tokens.attribute(5), Some((6, 8)));
        assert_eq!(tokens.attribute(9), None);
    }

    #[test]
    fn broken_code_is_refused() {
        assert!(Tokens::read("fn f( {").is_err());
    }
}
