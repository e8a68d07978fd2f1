//! The troubles of `docs/field-reports.md`: each test that a row names is there.

use std::fs;
use std::path::Path;

use super::named::{self, Sources};
use crate::Result;

const DOCUMENT: &str = "docs/field-reports.md";

/// Every test that a row names and no source has.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(root.join(DOCUMENT))?;
    let mut sources = Sources::new(root);
    let mut complaints = Vec::new();
    for (trouble, held_by) in rows(&text) {
        for (folder, test) in named::tests(held_by) {
            if !sources.has(folder, test)? {
                complaints.push(format!(
                    "{DOCUMENT}: {trouble}: there is no test {folder}: `{test}`"
                ));
            }
        }
    }
    Ok(complaints)
}

/// First and last cell of each row.
fn rows(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let cells = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let (trouble, _) = cells.split_once(" | ")?;
        let (_, held_by) = cells.rsplit_once(" | ")?;
        Some((trouble, held_by))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_whose_test_is_missing_is_reported() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("tests/src/lib.rs", "#[test]\nfn disk_is_full() {}\n");
        let table = "| trouble | tried | now | held by |\n|---|---|---|---|\n\
                     | A full disk | both \\| ways | ends | tests: `disk_is_full`, `disk_is_gone` |\n";
        write(DOCUMENT, table);
        assert_eq!(
            check(root.path()).unwrap(),
            ["docs/field-reports.md: A full disk: there is no test tests: `disk_is_gone`"]
        );
    }
}
