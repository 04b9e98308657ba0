//! A catalogue compared with the file that was reviewed.

use std::fs;
use std::path::{Path, absolute};

use super::Catalogue;

/// Set to anything, it has files written instead of compared.
const UPDATE: &str = "UPDATE_CATALOGUE";

/// So many lines that differ are shown.
const SHOWN: usize = 40;

impl Catalogue {
    /// For a test: what is stored is what stands in this file, which is kept with the source and reviewed.
    /// The path is relative to the folder in which the test runs; with `cargo test` that is the one of the
    /// package.
    ///
    /// Run with the environment variable `UPDATE_CATALOGUE` set, it writes the file instead.
    ///
    /// # Panics
    /// If it is not the same; says which lines differ, and how to accept that. If the file cannot be
    /// read, or written.
    ///
    /// For an example see [`Catalogue`].
    #[track_caller]
    pub fn assert_file(&self, path: impl AsRef<Path>) {
        let (path, today) = (path.as_ref(), self.to_string());
        let whole = absolute(path).unwrap_or_else(|_| path.to_owned());
        let whole = whole.display();
        if std::env::var_os(UPDATE).is_some() {
            if let Err(error) = fs::write(path, &today) {
                panic!("the catalogue could not be written to {whole}: {error}");
            }
            return;
        }
        let reviewed = match fs::read_to_string(path) {
            Ok(text) => text.replace("\r\n", "\n"),
            Err(error) => panic!(
                "the catalogue {whole} cannot be read: {error}\nTo write it, run this test once with \
                 {UPDATE}=1, and review it."
            ),
        };
        if let Some(differs) = difference(&reviewed, &today) {
            panic!(
                "what is stored has changed; `-` is what was reviewed, `+` what the program says today:\n\
                 {differs}\nWhat was written before has to stay readable. If it does, accept the change: \
                 run this test once with {UPDATE}=1,\nwhich writes {whole},\nand have that reviewed."
            );
        }
    }
}

/// The lines that are not the same, with the entry in which they stand; none if all are.
fn difference(reviewed: &str, today: &str) -> Option<String> {
    if reviewed == today {
        return None;
    }
    let (old, new): (Vec<_>, Vec<_>) = (reviewed.lines().collect(), today.lines().collect());
    let (old, new) = (with_entries(&old), with_entries(&new));
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| ('-', line));
    let come = new.iter().filter(|line| !old.contains(line)).map(|line| ('+', line));
    let mut all: Vec<_> = gone.chain(come).collect();
    // By entry, in each what is gone first.
    all.sort_by_key(|(sign, (entry, _))| (*entry, *sign == '+'));
    let (count, mut text, mut shown) = (all.len(), String::new(), None);
    for (sign, (entry, line)) in all.into_iter().take(SHOWN) {
        if line.starts_with(' ') && shown != Some(entry) {
            text += &format!("  {entry}\n");
        }
        shown = Some(entry);
        text += &format!("{sign} {line}\n");
    }
    match count {
        0 => text += "the same lines, in another order\n",
        SHOWN.. => text += &format!("{count} lines in all\n"),
        _ => {}
    }
    Some(text)
}

/// Each line with the first line of the entry in which it stands, cut before what may change.
fn with_entries<'a>(lines: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let mut entry = "";
    let lines = lines.iter().filter(|line| !line.is_empty());
    lines
        .map(|line| {
            if !line.starts_with(' ') {
                entry = line.split(',').next().unwrap_or(line);
            }
            (entry, *line)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVIEWED: &str = "aggregate Till by till\n\nevent Sold, version 1, of TillEvent\n  field       cents: u64\n  read by     aggregate Till\n";

    #[test]
    fn what_differs_is_told_in_its_place() {
        assert_eq!(difference(REVIEWED, REVIEWED), None);
        let today = REVIEWED.replace("cents: u64", "cents: i64");
        let told = "  event Sold\n-   field       cents: u64\n+   field       cents: i64\n";
        assert_eq!(difference(REVIEWED, &today).as_deref(), Some(told));
        let today = REVIEWED.replace("version 1", "version 2");
        let told = "- event Sold, version 1, of TillEvent\n+ event Sold, version 2, of TillEvent\n";
        assert_eq!(difference(REVIEWED, &today).as_deref(), Some(told));
    }
}
