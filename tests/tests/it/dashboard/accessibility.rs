//! Checks by axe-core, which knows the rules of WCAG that a program can check.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::tab::Tab;

/// What is checked: WCAG 2.2 to level AA, and what axe calls best practice.
const RUN: &str = r#"axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  resultTypes: ["violations"],
}).then((found) => found.violations.map((it) => `${it.id}: ${it.help}: ${it.nodes.slice(0, 3).map((node) => node.html.slice(0, 300)).join(" | ")}`))"#;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vendor")
}

/// Asserts that the page breaks no rule.
pub(super) fn check_accessibility(tab: &Tab<'_>, what: &str) {
    if tab.value("typeof axe") == "undefined" {
        let axe = fs::read_to_string(folder().join("axe/axe.min.js")).unwrap();
        tab.value(&format!("{axe}\n;0"));
    }
    let violations = tab.value(RUN);
    let violations = violations.as_array().unwrap();
    assert!(violations.is_empty(), "{what}: {violations:#?}");
}

#[test]
fn vendored_axe_has_the_stated_hash() {
    let table = fs::read_to_string(folder().join("README.md")).unwrap();
    let row = table.lines().find(|line| line.starts_with("| axe/"));
    let cells: Vec<&str> = row.unwrap().split('|').map(str::trim).collect();
    let content = fs::read(folder().join(cells[1])).unwrap();
    assert_eq!(cells[5], hex::encode(Sha256::digest(&content)));
    let licence = fs::read_to_string(folder().join("axe/LICENSE")).unwrap();
    assert!(licence.contains("Mozilla Public License"));
}
