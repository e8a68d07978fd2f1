//! What every source file looks like: it says what it is for, is short, and names no machine.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;

/// Lines of a Rust file.
const LINES_MAX: usize = 600;
/// Folders that hold nothing of ours.
const SKIPPED: [&str; 2] = ["target", ".git"];
/// Files that people write.
const TEXT: [&str; 6] = ["rs", "toml", "md", "json", "sh", "yml"];
/// Beginnings of paths that exist on one machine only; in two parts, so that this file does not break its own rule.
const MACHINE_PATHS: [(&str, &str); 2] = [("/ro", "ot/"), ("/wo", "rk/")];

/// Every breach below `root`.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for path in files(root)? {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .display()
            .to_string();
        complaints
            .extend(check_file(&text, name.ends_with(".rs")).map(|rule| format!("{name}: {rule}")));
    }
    Ok(complaints)
}

fn check_file(text: &str, rust: bool) -> impl Iterator<Item = String> {
    let lines = text.lines().count();
    let long = (rust && lines > LINES_MAX)
        .then(|| format!("{lines} lines, at most {LINES_MAX} are allowed"));
    let silent = (rust && !text.starts_with("//!"))
        .then(|| "must open with `//!` and its purpose".to_owned());
    let machine = MACHINE_PATHS.iter().map(|(a, b)| format!("{a}{b}"));
    let machine = machine.filter(|path| names_path(text, path));
    let machine = machine.map(|path| format!("names the machine path {path}"));
    long.into_iter()
        .chain(silent)
        .chain(machine.collect::<Vec<_>>())
}

/// Whether `text` holds an absolute path that begins with `path`.
fn names_path(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|char| char.is_alphanumeric() || "_-.>/*".contains(char))
    })
}

pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let name = entry.file_name();
        if kind.is_dir() && !SKIPPED.iter().any(|skipped| name == *skipped) {
            found.extend(files(&path)?);
        } else if kind.is_file()
            && path
                .extension()
                .is_some_and(|is| TEXT.iter().any(|text| is == *text))
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        check_file(text, true).collect()
    }

    #[test]
    fn a_file_says_what_it_is_for() {
        assert!(complaints("//! Purpose.\n").is_empty());
        assert_eq!(
            complaints("use std::fs;\n"),
            ["must open with `//!` and its purpose"]
        );
    }

    #[test]
    fn a_file_is_short() {
        let text = format!("//! Purpose.\n{}", "\n".repeat(LINES_MAX));
        assert_eq!(complaints(&text), ["601 lines, at most 600 are allowed"]);
    }

    #[test]
    fn machine_paths_are_found_and_urls_are_not() {
        let (a, b) = MACHINE_PATHS[1];
        let found = complaints(&format!("//! See {a}{b}notes.\n"));
        assert_eq!(found, [format!("names the machine path {a}{b}")]);
        assert!(complaints(&format!("//! See http://example.org{a}{b}notes.\n")).is_empty());
    }
}
