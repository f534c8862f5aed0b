//! [`forge`]: edits to the files of a sample, which the fuzzer chooses.
//!
//! Keeps the invariant that the record of the head is not lost: a vault without one is a new one here.

use std::collections::BTreeMap;

use crate::fields::{Field, Fields};
use crate::files::Files;
use crate::input::Input;
use crate::samples::Sample;
use crate::seal::{Seal, Sealing};

/// Most edits of one sample.
const EDITS_MAX: usize = 6;

/// What was made of a sample.
pub struct Forged {
    /// The files.
    pub files: Files,
    /// What fits again.
    pub sealing: Sealing,
    /// Whether bytes stand where others of the vault had stood, or files have other names.
    pub moved: bool,
}

/// Edits a field, or the file around it.
struct Edit<'a> {
    sample: &'a Sample,
    name: &'a str,
    fields: &'a Fields,
    field: Field,
}

/// Forges the files whose paths begin so.
pub fn forge(sample: &Sample, within: &str, input: &mut Input<'_>) -> Forged {
    let (mode, left) = (input.byte(), input.byte());
    let sealing = match mode & 7 {
        0 | 4 => Sealing::Nothing,
        1..=3 => Sealing::Checksums,
        _ => Sealing::Hashes,
    };
    let mut forged = Forged { files: sample.files.clone(), sealing, moved: false };
    let fields: Vec<_> = sample.fields.iter().filter(|(name, _)| name.starts_with(within)).collect();
    for _ in 0..=input.below(EDITS_MAX) {
        let Some((name, fields)) = input.of(&fields) else { break };
        if input.is_empty() {
            break;
        }
        if let Some(field) = any_field(fields, input) {
            Edit { sample, name, fields, field }.apply(&mut forged, input);
        }
    }
    if sealing != Sealing::Nothing {
        Seal::new(sealing, left, mode & 8 != 0).files(&mut forged.files, within, &sample.frames);
    }
    forged
}

/// Edits a block and seals it, for whoever reads blocks without a file around them.
pub fn forge_block(block: &mut Vec<u8>, input: &mut Input<'_>) {
    let fields = Fields::of_block(block);
    for _ in 0..=input.below(EDITS_MAX) {
        match (input.byte() % 8, any_field(&fields, input)) {
            (0, _) => block.truncate(input.below(block.len() + 1)),
            (1, _) => block.extend(vec![0; input.byte().into()]),
            (_, Some(field)) => set(block, field, input),
            (_, None) => {}
        }
    }
    let sealing = if input.coin() { Sealing::Hashes } else { Sealing::Checksums };
    Seal::new(sealing, 0, false).block(block);
}

fn any_field(fields: &Fields, input: &mut Input<'_>) -> Option<Field> {
    let groups = fields.groups();
    let group = input.of(&groups)?;
    input.of(group).copied()
}

impl Edit<'_> {
    fn apply(&self, forged: &mut Forged, input: &mut Input<'_>) {
        let Some(bytes) = forged.files.get_mut(self.name) else { return };
        match input.byte() % 16 {
            0..=8 => set(bytes, self.field, input),
            9 => self.copy_field(bytes, input),
            10 => {
                let at = input.below(bytes.len());
                let flip = input.byte();
                bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= flip);
            }
            11 => self.cut(bytes, input),
            12 => bytes.resize(bytes.len() + input.number(2) as usize, 0),
            13 => {
                let end = (self.field.at + input.number(2) as usize).min(bytes.len());
                let start = self.field.at.min(end);
                bytes[start..end].fill(0);
            }
            14 => {
                forged.moved = true;
                self.copy_part(bytes, input);
            }
            _ => {
                forged.moved = true;
                self.copy_file(&mut forged.files, input);
            }
        }
    }

    /// Copies another field of the file to this one.
    fn copy_field(&self, bytes: &mut [u8], input: &mut Input<'_>) {
        let Some(other) = any_field(self.fields, input) else { return };
        let length = self.field.length.min(other.length);
        let to = self.field.at + self.field.length - length;
        if other.at + length <= bytes.len() && to + length <= bytes.len() {
            bytes.copy_within(other.at..other.at + length, to);
        }
    }

    /// Cuts the file short, but not the record of the head.
    fn cut(&self, bytes: &mut Vec<u8>, input: &mut Input<'_>) {
        let length = input.below(bytes.len() + 1);
        if self.name != "head" && (length >= 4_096 || input.byte() > 200) {
            bytes.truncate(length);
        }
    }

    /// Copies a part of another file of the same folder here, or all of it.
    fn copy_part(&self, bytes: &mut Vec<u8>, input: &mut Input<'_>) {
        let folder = folder(self.name);
        let others: Vec<_> = self.sample.fields.iter().filter(|(name, _)| name.starts_with(folder)).collect();
        let Some((name, fields)) = input.of(&others) else { return };
        let source = &self.sample.files[name];
        if input.coin() && self.name != "head" {
            bytes.clone_from(source);
            return;
        }
        let Some(from) = any_field(fields, input) else { return };
        let room = bytes.len().saturating_sub(self.field.at).min(source.len().saturating_sub(from.at));
        let length = room.min(input.number(2) as usize);
        if length > 0 {
            bytes[self.field.at..self.field.at + length].copy_from_slice(&source[from.at..from.at + length]);
        }
    }

    /// Removes the file, or has it twice.
    fn copy_file(&self, files: &mut Files, input: &mut Input<'_>) {
        let content = files.get(self.name).cloned().unwrap_or_default();
        if input.byte() & 3 == 0 {
            if self.name != "head" {
                files.remove(self.name);
            }
        } else if self.name.ends_with(".segment") {
            let number = [0, 1, 2, 3, 4, u64::MAX][input.below(6)];
            files.insert(format!("journal/{number:016x}.segment"), content);
        } else if let Some(kind) = self.name.strip_prefix("index/").map(folder) {
            let (first, last) = (input.bound(), input.bound());
            files.insert(format!("index/{kind}/{first:020}-{last:020}.{kind}"), content);
        }
    }
}

/// Returns the first part of a path.
fn folder(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

/// Gives a field another value: of a number, one near it or at a bound.
fn set(bytes: &mut [u8], field: Field, input: &mut Input<'_>) {
    let Some(field) = bytes.get_mut(field.at..field.at + field.length) else { return };
    let how = input.byte() % 4;
    if field.is_empty() || field.len() > 8 {
        match how {
            0 => field.fill(0),
            1 => field.fill(0xff),
            2 => {
                let (at, flip) = (input.below(field.len()), input.byte());
                field.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= flip);
            }
            _ => field.copy_from_slice(&input.bytes(field.len())),
        }
        return;
    }
    let old = field.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let near = |input: &mut Input<'_>| u64::from(input.byte() % 24);
    let new = match how {
        0 => input.bound(),
        1 => old.wrapping_add(near(input)),
        2 => old.wrapping_sub(near(input)),
        _ => old ^ u64::from(input.byte()) << (8 * input.below(field.len())),
    };
    let start = 8 - field.len();
    field.copy_from_slice(&new.to_be_bytes()[start..]);
}

/// Tells which files were forged, for messages.
pub fn changed<'a>(sample: &'a Sample, forged: &'a Forged) -> Vec<&'a str> {
    let both: BTreeMap<_, _> = sample.files.iter().chain(&forged.files).collect();
    let names = both.keys().filter(|name| sample.files.get(**name) != forged.files.get(**name));
    names.map(|name| name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::samples;

    #[test]
    fn an_edit_changes_what_was_chosen_and_its_checksums() {
        let sample = &samples()[1];
        // Checksums fit; one edit, in the first file and its first field, whose number has two bytes: a bound.
        let bytes = [1, 0, 0, 0, 0, 0, 0, 0, 0, 2];
        let forged = forge(sample, "journal/", &mut Input::new(&bytes));
        assert_eq!(forged.sealing, Sealing::Checksums);
        let changed = changed(sample, &forged);
        assert_eq!(changed.len(), 1, "{changed:?}");
        assert!(changed[0].starts_with("journal/"));
    }

    #[test]
    fn no_input_breaks_the_forge() {
        let mut seed = 1_u64;
        for round in 0..3_000 {
            let bytes: Vec<u8> = (0..60)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (seed >> 40) as u8
                })
                .collect();
            let sample = &samples()[round % samples().len()];
            let forged = forge(sample, "", &mut Input::new(&bytes));
            let head = &forged.files["head"];
            assert!(head.len() >= sample.files["head"].len(), "round {round}");
        }
    }
}
