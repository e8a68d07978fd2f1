//! Phrases that plain English replaces by others (CONTRIBUTING.md).

use std::fs;
use std::path::Path;

use super::ratchet::Breach;
use super::{rust, sources};
use crate::Result;
use crate::workspace::Package;

/// Each with what to write instead. In two parts, so that this file does not break its own rule.
const PHRASES: [(&str, &str, &str); 10] = [
    ("is ", "none", "is not a, is invalid"),
    ("is ", "no ", "is not a, is invalid"),
    ("are ", "none", "are not"),
    ("made ", "anew", "restarted, rebuilt"),
    ("confirmed ", "anew", "reconfirmed"),
    ("given ", "again", "redelivered"),
    ("taken ", "back", "rolled back"),
    ("See the module's ", "documentation", "one line of its own"),
    ("tel", "ls", "reports, logs, returns, replies"),
    ("to", "ld", "reported, logged, returned, replied"),
];

/// Files with prose.
const EXTENSIONS: [&str; 2] = ["rs", "md"];

/// Every phrase that is to be replaced.
pub(super) fn check(packages: &[Package], root: &Path) -> Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    for path in sources::files(root)? {
        let is_text = |it: &std::ffi::OsStr| EXTENSIONS.iter().any(|extension| it == *extension);
        if !path.extension().is_some_and(is_text) {
            continue;
        }
        let name = path.strip_prefix(root).unwrap_or(&path);
        let folder = rust::folder(packages, root, name);
        let text = fs::read_to_string(&path)?;
        let found = found(&text);
        breaches.extend(found.map(|(line, text)| {
            Breach::new(&folder, format!("{}:{line}: {text}", name.display()))
        }));
    }
    Ok(breaches)
}

/// Lines and what is wrong with them.
fn found(text: &str) -> impl Iterator<Item = (usize, String)> {
    text.lines().enumerate().flat_map(|(index, line)| {
        let line = line.to_lowercase();
        let phrases = PHRASES.iter().filter_map(move |(one, other, better)| {
            let phrase = format!("{one}{other}").to_lowercase();
            holds(&line, &phrase).then(|| format!("`{}`: write {better}", phrase.trim()))
        });
        phrases.map(move |text| (index + 1, text))
    })
}

/// Whether a line has the phrase as whole words. "There is no" and "tell apart" are plain English.
fn holds(line: &str, phrase: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(phrase).any(|(at, _)| {
        let (before, behind) = (&line[..at], &line[at + phrase.len()..]);
        let begins = !before.ends_with(is_word);
        let ends = !(phrase.ends_with(is_word) && behind.starts_with(is_word));
        let is_plain = before.ends_with("there ") || behind.starts_with(" apart");
        begins && ends && !is_plain
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_found_as_whole_words() {
        for (one, other, better) in PHRASES {
            let text = format!("//! Good.\n// It {one}{other}x\n// {one}{other}.\n");
            let phrase = format!("{one}{other}").to_lowercase();
            let wrong = format!("`{}`: write {better}", phrase.trim());
            let found: Vec<_> = found(&text).filter(|(_, text)| *text == wrong).collect();
            assert!(found.contains(&(3, wrong)), "{text}: {found:?}");
        }
        let plain = "x.is_none() if_told_so; untold; There is none; there is no way";
        assert_eq!(found(plain).next(), None);
    }
}
