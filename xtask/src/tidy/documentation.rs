//! [`Documentation`]: which share of the code is documentation.
//!
//! About a third is the aim. It is a figure to look at, not a limit: a share can be met with words
//! that say nothing.

use std::fmt;

use crate::tidy::files::File;
use crate::tidy::place::Place;
use crate::tidy::regions::Regions;

/// Counts of lines outside tests, empty ones left out.
#[derive(Default)]
pub(crate) struct Documentation {
    lines: usize,
    documentation: usize,
}

impl Documentation {
    /// Counts the lines of one file.
    pub(crate) fn add(&mut self, file: &File, place: Place, regions: &Regions) {
        if place.test {
            return;
        }
        let lines = file.text.lines().enumerate().filter(|(index, _)| !regions.hold(index + 1));
        for line in lines.map(|(_, line)| line.trim_start()).filter(|line| !line.is_empty()) {
            self.lines += 1;
            self.documentation += usize::from(line.starts_with("///") || line.starts_with("//!"));
        }
    }
}

impl fmt::Display for Documentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.documentation as f64 * 100.0 / self.lines.max(1) as f64;
        write!(f, "{percent:.0} % of the lines outside tests are documentation (a third is the aim)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tokens::Tokens;

    #[test]
    fn the_share_leaves_out_tests_and_empty_lines() {
        let text = "//! A.\n\n/// B.\nfn b() {\n    // Why.\n}\n#[cfg(test)]\nmod tests {\n}\n";
        let file = File { path: "a.rs".into(), text: text.into() };
        let regions = Regions::of(&Tokens::read(text).unwrap());
        let mut documentation = Documentation::default();
        documentation.add(&file, Place::default(), &regions);
        documentation.add(&file, Place { test: true, ..Place::default() }, &regions);
        assert!(documentation.to_string().starts_with("40 %"), "{documentation}");
    }
}
