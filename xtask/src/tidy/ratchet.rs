//! Rules that the tree still breaks: `ratchet.json` has how often each crate may break each of them, and the numbers may only
//! go down.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::Result;

/// Check, folder, number of breaches.
const FILE: &str = "xtask/src/tidy/ratchet.json";

type Counts = BTreeMap<String, BTreeMap<String, usize>>;

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Breach {
    folder: String,
    text: String,
}

impl Breach {
    /// A breach in the crate of this folder.
    pub(super) fn new(folder: &str, text: String) -> Self {
        let folder = folder.to_owned();
        Self { folder, text }
    }

    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// What the checks have found, by the name of the check.
pub(super) type Found<'a> = [(&'a str, Vec<Breach>)];

/// Compares what the checks have found with what is allowed.
pub(super) fn check(found: &Found<'_>, root: &Path) -> Result<Vec<String>> {
    Ok(compare(found, &read(root)?))
}

/// Writes each number that is too high as low as it can be.
pub(super) fn lower(found: &Found<'_>, root: &Path) -> Result<()> {
    let lowered = lowered(found, read(root)?);
    let text = serde_json::to_string_pretty(&lowered)? + "\n";
    Ok(fs::write(root.join(FILE), text)?)
}

fn read(root: &Path) -> Result<Counts> {
    let text = fs::read_to_string(root.join(FILE))?;
    Ok(serde_json::from_str(&text)?)
}

fn lowered(found: &Found<'_>, mut allowed: Counts) -> Counts {
    for (check, counts) in &mut allowed {
        let breaches = found.iter().find(|(name, _)| name == check);
        let breaches = breaches.map_or(&[][..], |(_, breaches)| breaches);
        for (folder, allowed) in &mut *counts {
            let number = breaches.iter().filter(|it| it.folder == *folder).count();
            *allowed = number.min(*allowed);
        }
        counts.retain(|_, allowed| *allowed > 0);
    }
    allowed.retain(|_, counts| !counts.is_empty());
    allowed
}

fn compare(found: &Found<'_>, allowed: &Counts) -> Vec<String> {
    let mut complaints = Vec::new();
    for (check, breaches) in found {
        let mut folders: BTreeMap<&str, Vec<&Breach>> = BTreeMap::new();
        let allowed = allowed.get(*check);
        for folder in allowed.into_iter().flat_map(BTreeMap::keys) {
            folders.insert(folder, Vec::new());
        }
        for breach in breaches {
            folders.entry(&breach.folder).or_default().push(breach);
        }
        for (folder, breaches) in folders {
            let allowed = allowed.and_then(|counts| counts.get(folder)).copied();
            complaints.extend(count(check, folder, &breaches, allowed.unwrap_or(0)));
        }
    }
    complaints
}

fn count(check: &str, folder: &str, breaches: &[&Breach], allowed: usize) -> Vec<String> {
    let number = breaches.len();
    if number < allowed {
        return vec![format!(
            "{FILE}: {check}: {folder}: lower the number from {allowed} to {number} (`cargo xtask tidy --lower`)"
        )];
    }
    if number == allowed {
        return Vec::new();
    }
    let places = breaches
        .iter()
        .map(|breach| format!("{check}: {}", breach.text));
    let sum = format!("{check}: {folder}: {number} places, at most {allowed} are allowed");
    places.chain([sum]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(number: usize, allowed: &str) -> Vec<String> {
        let breaches = vec![Breach::new("host", "host/a.rs: x".to_owned()); number];
        compare(
            &[("words", breaches)],
            &serde_json::from_str(allowed).unwrap(),
        )
    }

    #[test]
    fn one_breach_more_is_a_complaint() {
        let allowed = r#"{"words": {"host": 1}}"#;
        assert!(complaints(1, allowed).is_empty());
        let found = complaints(2, allowed);
        assert_eq!(
            found.last().unwrap(),
            "words: host: 2 places, at most 1 are allowed"
        );
        assert_eq!(found[0], "words: host/a.rs: x");
        assert_eq!(complaints(1, "{}").len(), 2);
    }

    #[test]
    fn a_number_that_is_too_high_must_be_lowered() {
        let lower = |allowed| complaints(0, allowed);
        let text = format!("{FILE}: words: host: lower the number from 3 to 0");
        assert!(lower(r#"{"words": {"host": 3}}"#)[0].starts_with(&text));
    }

    #[test]
    fn lowering_never_raises_a_number() {
        let allowed = r#"{"words": {"host": 3, "slave": 1, "tests": 2}, "other": {"host": 1}}"#;
        let found = [
            ("words", vec![Breach::new("host", "a".to_owned()); 2]),
            ("words of others", Vec::new()),
        ];
        let lowered = lowered(&found, serde_json::from_str(allowed).unwrap());
        let expected = r#"{"words": {"host": 2}}"#;
        assert_eq!(lowered, serde_json::from_str(expected).unwrap());
        let more = [("words", vec![Breach::new("host", "a".to_owned()); 9])];
        assert_eq!(super::lowered(&more, lowered.clone()), lowered);
    }
}
