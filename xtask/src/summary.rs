//! What a run came to: the table of steps and the one line that closes the output.

use std::fmt::Write;

use crate::paint::Paint;

/// The result of one step.
pub(crate) struct Record {
    /// The step.
    pub(crate) name: &'static str,
    /// How it ended.
    pub(crate) verdict: Verdict,
    /// How long it took.
    pub(crate) seconds: f64,
}

/// How a step ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It holds.
    Ok,
    /// It holds as far as it was checked; the text says what was not.
    OkInPart(String),
    /// It does not hold, or could not be run.
    Failed(String),
    /// It was not checked; the text says why.
    Skipped(String),
    /// An earlier failure ended the run.
    NotRun,
}

impl Verdict {
    /// Returns the word in the table.
    fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::OkInPart(_) => "ok in part",
            Self::Failed(_) => "FAILED",
            Self::Skipped(_) => "SKIPPED",
            Self::NotRun => "not run",
        }
    }

    /// Tells whether what was checked holds; what was not checked has not passed.
    fn passed(&self) -> bool {
        matches!(self, Self::Ok | Self::OkInPart(_))
    }

    /// Returns what there is to say about it.
    fn note(&self) -> &str {
        match self {
            Self::Ok | Self::NotRun => "",
            Self::OkInPart(note) | Self::Failed(note) | Self::Skipped(note) => {
                note.lines().next().unwrap_or_default()
            }
        }
    }

    /// Colours `text` as suits this verdict.
    fn painted(&self, text: &str, paint: Paint) -> String {
        match self {
            Self::Ok => paint.green(text),
            Self::Failed(_) => paint.red(text),
            Self::OkInPart(_) | Self::Skipped(_) | Self::NotRun => paint.yellow(text),
        }
    }
}

/// Writes what there is to say about a step at its end: nothing, when all is well.
pub(crate) fn complaint(name: &str, verdict: &Verdict, paint: Paint) -> String {
    match verdict {
        Verdict::Ok | Verdict::NotRun => String::new(),
        Verdict::OkInPart(text) | Verdict::Failed(text) | Verdict::Skipped(text) => {
            format!("{} {text}\n", verdict.painted(&format!("{name} {}:", verdict.word()), paint))
        }
    }
}

/// Draws the table of results.
pub(crate) fn table(records: &[Record], paint: Paint) -> String {
    let mut text = paint.bold("step      result       seconds") + "\n";
    for Record { name, verdict, seconds } in records {
        let word = verdict.painted(&format!("{:10}", verdict.word()), paint);
        let line = format!("{name:8}  {word}  {seconds:8.1}  {}", verdict.note());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Writes the last line of the output: the result, and by name whatever was not all right.
pub(crate) fn closing_line(records: &[Record], paint: Paint) -> String {
    let seconds: f64 = records.iter().map(|record| record.seconds).sum();
    let failed = named(records, "FAILED");
    let head = if failed.is_empty() { paint.green("ok") } else { paint.red(&format!("FAILED: {failed}")) };
    let passed = records.iter().filter(|record| record.verdict.passed()).count();
    let mut line = format!("xtask: {head}, {passed} of {} steps passed in {seconds:.0} s", records.len());
    for word in ["ok in part", "SKIPPED", "not run"] {
        let names = named(records, word);
        if !names.is_empty() {
            line.push_str(&paint.yellow(&format!("; {word}: {names}")));
        }
    }
    line
}

/// Lists the steps with a verdict.
fn named(records: &[Record], word: &str) -> String {
    let names = records.iter().filter(|record| record.verdict.word() == word).map(|record| record.name);
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &'static str, verdict: Verdict) -> Record {
        Record { name, verdict, seconds: 1.25 }
    }

    #[test]
    fn the_table_has_a_line_a_step_with_the_reason_where_there_is_one() {
        let records =
            [record("fmt", Verdict::Ok), record("deny", Verdict::Skipped("not installed\nmore".into()))];
        let expected = "step      result       seconds\n\
                        fmt       ok               1.2\n\
                        deny      SKIPPED          1.2  not installed\n";
        assert_eq!(table(&records, Paint::PLAIN), expected);
    }

    #[test]
    fn whatever_is_not_all_right_is_said_at_once() {
        let said = |verdict| complaint("deny", &verdict, Paint::PLAIN);
        assert_eq!(said(Verdict::Ok), "");
        assert_eq!(said(Verdict::Skipped("no tool".into())), "deny SKIPPED: no tool\n");
        assert_eq!(said(Verdict::OkInPart("no network".into())), "deny ok in part: no network\n");
        assert_eq!(
            said(Verdict::Failed("broken\nin two lines".into())),
            "deny FAILED: broken\nin two lines\n"
        );
    }

    #[test]
    fn success_is_said_in_one_line() {
        let records = [record("fmt", Verdict::Ok), record("test", Verdict::Ok)];
        assert_eq!(closing_line(&records, Paint::PLAIN), "xtask: ok, 2 of 2 steps passed in 2 s");
    }

    #[test]
    fn what_was_skipped_is_named_and_not_counted_as_passed() {
        let records = [record("fmt", Verdict::Ok), record("deny", Verdict::Skipped("no tool".into()))];
        assert_eq!(
            closing_line(&records, Paint::PLAIN),
            "xtask: ok, 1 of 2 steps passed in 2 s; SKIPPED: deny"
        );
        let records = [record("deny", Verdict::OkInPart("no network".into()))];
        assert!(closing_line(&records, Paint::PLAIN).ends_with("; ok in part: deny"));
    }

    #[test]
    fn failures_come_first() {
        let records = [
            record("fmt", Verdict::Failed("a".into())),
            record("tidy", Verdict::Failed("b".into())),
            record("test", Verdict::NotRun),
        ];
        let line = closing_line(&records, Paint::PLAIN);
        assert!(line.starts_with("xtask: FAILED: fmt, tidy, 0 of 3"), "{line}");
        assert!(line.ends_with("; not run: test"), "{line}");
    }
}
