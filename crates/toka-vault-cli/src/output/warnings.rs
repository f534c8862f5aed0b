//! [`Warnings`]: what the library warns of, on stderr.
//!
//! Keeps the invariants that a warning reaches the user whichever thread gives it, in one piece; that the same
//! is not told twice, since a vault is opened twice to be read, and what is damaged is met again and again;
//! and that what can be said of each event of a vault is not said of all.
//!
//! It is a subscriber of our own, since the usual one keeps spans, which nobody opens here, and brings crates
//! for that.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::fmt::{Debug, Write};
use std::sync::{Mutex, PoisonError};

use toka_vault::TailLoss;
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

use super::Notes;

/// How the names of our crates begin. What others say is not for the user of this program.
const OURS: &str = "toka_vault";

/// How many warnings are printed at most that differ in nothing but what they are about.
const ALIKE_MAX: usize = 8;

/// Prints warnings from now on.
pub(crate) fn print_warnings(notes: Notes) {
    // Fails only where there is one already, and nothing else in this program sets one.
    let _ = tracing::subscriber::set_global_default(Warnings::new(move |text| notes.warning(text)));
}

/// Takes what the library warns of.
struct Warnings<S> {
    say: S,
    /// What was said at each place of the library that warns.
    said: Mutex<HashMap<Identifier, HashSet<String>>>,
}

impl<S: Fn(&str) + Send + Sync + 'static> Warnings<S> {
    /// Says warnings in this way.
    fn new(say: S) -> Self {
        Self { say, said: Mutex::default() }
    }

    /// Notes what is to be said, and tells how many are alike with it; `None` where it is not to be said.
    fn count(&self, place: Identifier, text: &str) -> Option<usize> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let alike = said.entry(place).or_default();
        let is_news = alike.len() < ALIKE_MAX && alike.insert(text.to_owned());
        is_news.then_some(alike.len())
    }
}

impl<S: Fn(&str) + Send + Sync + 'static> Subscriber for Warnings<S> {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(Level::WARN.into())
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        metadata.is_event()
            && *metadata.level() <= Level::WARN
            && target.starts_with(OURS)
            // A note tells of a loss that was accepted, and says more.
            && target != TailLoss::WARNING_TARGET
    }

    fn event(&self, event: &Event<'_>) {
        let mut words = Words::default();
        event.record(&mut words);
        let text = words.text();
        let Some(alike) = self.count(event.metadata().callsite(), &text) else { return };
        (self.say)(&text);
        if alike == ALIKE_MAX {
            (self.say)("more warnings like this one are not shown");
        }
    }

    // Spans are not taken, so that nothing is asked of them.

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// Gathers the message of a warning and its fields.
#[derive(Default)]
struct Words {
    message: String,
    fields: Vec<String>,
}

impl Words {
    /// Puts the fields behind the message.
    fn text(self) -> String {
        let mut text = self.message;
        if !self.fields.is_empty() {
            // Writing to a text does not fail.
            let _ = write!(text, " ({})", self.fields.join(", "));
        }
        text
    }
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let causes: Vec<_> = anyhow::Chain::new(value).map(ToString::to_string).collect();
        self.record_str(field, &causes.join(": "));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.fields.push(format!("{name}: {value:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Returns what is said while something is done.
    fn said(act: impl FnOnce()) -> Vec<String> {
        let said = Arc::new(Mutex::new(Vec::new()));
        let told = said.clone();
        let warnings = Warnings::new(move |text| told.lock().unwrap().push(text.to_owned()));
        tracing::subscriber::with_default(warnings, act);
        said.lock().unwrap().clone()
    }

    #[test]
    fn fields_stand_behind_the_message_as_they_are_told() {
        let said = said(|| {
            let error = std::io::Error::other("no room");
            tracing::warn!(target: "toka_vault_engine::index", %error, number = 7, path = "a b", "it stays");
            tracing::error!(target: "toka_vault", "it hangs");
        });
        assert_eq!(said, ["it stays (error: no room, number: 7, path: a b)", "it hangs"]);
    }

    #[test]
    fn an_error_is_told_with_what_caused_it() {
        let error =
            toka_vault::Error::io("open", std::path::Path::new("x"), std::io::Error::other("no disk"));
        let told = said(|| {
            tracing::warn!(target: "toka_vault", error = &error as &(dyn Error + 'static), "it waits");
        });
        assert_eq!(told, [format!("it waits (error: {error}: no disk)")]);
    }

    #[test]
    fn what_is_no_warning_of_ours_is_not_said() {
        let said = said(|| {
            tracing::warn!(target: "sled", "of another crate");
            tracing::info!(target: "toka_vault_engine", "no warning");
            tracing::warn!(target: TailLoss::WARNING_TARGET, "told in a note");
            tracing::warn_span!(target: "toka_vault_engine", "a span").in_scope(|| ());
        });
        assert!(said.is_empty(), "{said:?}");
    }

    #[test]
    fn the_same_is_said_once_and_of_many_alike_some() {
        let warn = |number: usize| tracing::warn!(target: "toka_vault_engine", number, "an id is not found");
        let twice = said(|| [1, 2, 1, 2].into_iter().for_each(warn));
        assert_eq!(twice, ["an id is not found (number: 1)", "an id is not found (number: 2)"]);
        let many = said(|| (1..100).for_each(warn));
        assert_eq!(many.len(), ALIKE_MAX + 1);
        assert_eq!(many[ALIKE_MAX - 1], format!("an id is not found (number: {ALIKE_MAX})"));
        assert_eq!(many[ALIKE_MAX], "more warnings like this one are not shown");
    }
}
