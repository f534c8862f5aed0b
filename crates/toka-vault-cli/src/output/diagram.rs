//! [`Diagram`]: a graph in the language of Graphviz or Mermaid, written as it comes.
//!
//! Keeps the invariant that text of an event is text in the drawing too: whatever a kind or a payload
//! holds, it ends no label and is no markup.

use std::io::{self, Write};

use toka_vault::EventId;

use super::Output;
use super::text::{shorten, visible};
use crate::args::Language;
use crate::failure::{Failure, Result};

/// Columns of a line of a label that are written.
const LABEL_WIDTH_MAX: usize = 60;

/// Writes a graph.
pub(crate) struct Diagram<'a> {
    output: &'a mut Output,
    language: Language,
}

/// Names an event of a graph: by its position, which is short, for Mermaid takes 50,000 characters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node(pub(crate) u64);

impl<'a> Diagram<'a> {
    /// Starts a graph.
    pub(crate) fn new(output: &'a mut Output, language: Language) -> Result<Self> {
        let mut diagram = Self { output, language };
        match language {
            Language::Dot => diagram.write(format_args!("digraph events {{\n  node [shape=box];\n"))?,
            Language::Mermaid => diagram.write(format_args!("flowchart TD\n"))?,
        }
        Ok(diagram)
    }

    /// Writes an event with the lines of its label; Graphviz shows its id under the pointer.
    pub(crate) fn node(&mut self, Node(node): Node, id: EventId, label: &[String]) -> Result<()> {
        let lines =
            label.iter().map(|line| visible(line)).map(|line| shorten(&line, LABEL_WIDTH_MAX).into_owned());
        match self.language {
            Language::Dot => {
                let label: Vec<_> = lines.map(|line| in_dot(&line)).collect();
                self.write(format_args!("  e{node} [label=\"{}\", tooltip=\"{id}\"];\n", label.join("\\n")))
            }
            Language::Mermaid => {
                let label: Vec<_> = lines.map(|line| in_mermaid(&line)).collect();
                self.write(format_args!("  e{node}[\"{}\"]\n", label.join("<br>")))
            }
        }
    }

    /// Writes a line from an event to one that it led to, dashed where others lie in between.
    pub(crate) fn edge(&mut self, Node(cause): Node, Node(effect): Node, is_direct: bool) -> Result<()> {
        match (self.language, is_direct) {
            (Language::Dot, true) => self.write(format_args!("  e{cause} -> e{effect};\n")),
            (Language::Dot, false) => self.write(format_args!("  e{cause} -> e{effect} [style=dashed];\n")),
            (Language::Mermaid, true) => self.write(format_args!("  e{cause} --> e{effect}\n")),
            (Language::Mermaid, false) => self.write(format_args!("  e{cause} -.-> e{effect}\n")),
        }
    }

    /// Ends the graph.
    pub(crate) fn end(mut self) -> Result<()> {
        match self.language {
            Language::Dot => self.write(format_args!("}}\n")),
            Language::Mermaid => Ok(()),
        }
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) -> Result<()> {
        let written: io::Result<()> = self.output.data().write_fmt(text);
        written.map_err(Failure::stdout)
    }
}

/// Escapes what is not text in a quoted label of Graphviz: `\` begins an escape, `&` an entity.
fn in_dot(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;")
}

/// Escapes all but letters, digits and a few signs for a quoted label of Mermaid, by its codes.
fn in_mermaid(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_alphanumeric() || " .:-_,".contains(character) {
            escaped.push(character);
        } else {
            escaped += &format!("#{};", u32::from(character));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_a_label_or_is_markup_in_dot() {
        let cases = [
            ("agent.said", "agent.said"),
            ("a\"b", "a\\\"b"),
            ("a\\", "a\\\\"),
            ("\\N\\G", "\\\\N\\\\G"),
            ("\\\"", "\\\\\\\""),
            ("<b>&lt;", "<b>&amp;lt;"),
            ("a]b;c}", "a]b;c}"),
            ("漢", "漢"),
        ];
        for (text, escaped) in cases {
            assert_eq!(in_dot(text), escaped, "{text}");
        }
    }

    #[test]
    fn no_text_ends_a_label_or_is_markup_in_mermaid() {
        let cases = [
            ("agent.said", "agent.said"),
            ("a\"b", "a#34;b"),
            ("a\\n", "a#92;n"),
            ("<br>", "#60;br#62;"),
            ("&lt;#35;", "#38;lt#59;#35;35#59;"),
            ("a]b)c}|`", "a#93;b#41;c#125;#124;#96;"),
            ("%%{init}%%", "#37;#37;#123;init#125;#37;#37;"),
            ("ü漢", "ü漢"),
        ];
        for (text, escaped) in cases {
            assert_eq!(in_mermaid(text), escaped, "{text}");
        }
    }
}
