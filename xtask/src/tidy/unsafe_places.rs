//! The files that may hold `unsafe` are those that `ARCHITECTURE.md` names, and as many as it says.

use std::fs;
use std::path::Path;

use super::architecture::DOCUMENT;
use super::sources;
use crate::Result;

/// The lint that such a file must switch off; in two parts, so that this file is not one of them.
const LINT: (&str, &str) = ("unsafe", "_code");
/// How the document says how many there are.
const NUMBERS: [&str; 8] = ["no", "one", "two", "three", "four", "five", "six", "seven"];

/// Every file that the document does not name, and a number that is wrong.
pub(super) fn check(text: &str, root: &Path) -> Result<Vec<String>> {
    let mut places = Vec::new();
    for path in sources::files(root)? {
        let name = path.strip_prefix(root).unwrap_or(&path);
        let is_source = name.extension().is_some_and(|extension| extension == "rs")
            && name.iter().any(|part| part == "src");
        if is_source && allows_unsafe(&fs::read_to_string(&path)?) {
            places.push(name.display().to_string());
        }
    }
    Ok(compare(text, &places))
}

/// Whether an attribute of the file allows or expects the lint.
fn allows_unsafe(text: &str) -> bool {
    let lint = format!("{}{}", LINT.0, LINT.1);
    let attributes = ["allow(", "expect("];
    attributes.iter().any(|attribute| {
        let mut found = text.match_indices(attribute);
        found.any(|(at, _)| {
            let inner = &text[at + attribute.len()..];
            inner.trim_start().starts_with(&lint)
        })
    })
}

fn compare(text: &str, places: &[String]) -> Vec<String> {
    let unnamed = places
        .iter()
        .filter(|place| !text.contains(&format!("`{place}`")))
        .map(|place| format!("{DOCUMENT}: {place} holds `unsafe` and is not named"));
    let number = NUMBERS.get(places.len()).map_or_else(
        || format!("more than {}", NUMBERS.last().unwrap_or(&"none")),
        |number| (*number).to_owned(),
    );
    let sentence = format!("allowed in {number} files");
    let wrong = (!text.contains(&sentence))
        .then(|| format!("{DOCUMENT}: `unsafe` must be said to be {sentence:?}"));
    unnamed.chain(wrong).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unnamed_place_and_a_wrong_number_are_found() {
        let places = ["a/src/x.rs".to_owned(), "b/src/y.rs".to_owned()];
        let right = "`unsafe` is allowed in two files: `a/src/x.rs` and `b/src/y.rs`.";
        assert!(compare(right, &places).is_empty());
        assert_eq!(compare(right, &places[..1]).len(), 1);
        let found = compare("allowed in two files: `a/src/x.rs`", &places);
        assert_eq!(
            found,
            ["ARCHITECTURE.md: b/src/y.rs holds `unsafe` and is not named"]
        );
    }

    #[test]
    fn attributes_that_allow_it_are_seen() {
        let lint = format!("{}{}", LINT.0, LINT.1);
        assert!(allows_unsafe(&format!(
            "#![expect(\n    {lint},\n    reason = \"x\")]"
        )));
        assert!(allows_unsafe(&format!("#[allow({lint})]")));
        assert!(!allows_unsafe(&format!("#![deny({lint})]")));
    }
}
