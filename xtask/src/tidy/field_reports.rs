//! The troubles of `docs/field-reports.md`: each row names a test, or says that it was tried by hand; each named test is there.

use std::fs;
use std::path::Path;

use super::named::{self, Sources};
use crate::Result;

const DOCUMENT: &str = "docs/field-reports.md";

/// What the head of a table has in the last column.
const HEAD: &str = "held by";

/// What a row says that has no test.
const BY_HAND: &str = "by hand";

/// Every row that names no test, and every test that a row names and no source has.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(root.join(DOCUMENT))?;
    let mut sources = Sources::new(root);
    let mut complaints = Vec::new();
    for (trouble, held_by) in rows(&text) {
        let tests = named::tests(held_by);
        if tests.is_empty() && held_by != BY_HAND {
            complaints.push(format!(
                "{DOCUMENT}: {trouble}: names no test; name one, or write `{BY_HAND}`"
            ));
        }
        for (folder, test) in tests {
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
        // The head of a table holds nothing.
        (held_by != HEAD).then_some((trouble, held_by))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_without_its_test_is_reported() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("tests/src/lib.rs", "#[test]\nfn disk_is_full() {}\n");
        let table = "| trouble | tried | now | held by |\n|---|---|---|---|\n\
                     | A full disk | both \\| ways | ends | tests: `disk_is_full`, `disk_is_gone` |\n\
                     | No disk | pulled | ends | by hand |\n| Two disks | both | ends | tests: `` |\n";
        write(DOCUMENT, table);
        assert_eq!(
            check(root.path()).unwrap(),
            [
                "docs/field-reports.md: A full disk: there is no test tests: `disk_is_gone`",
                "docs/field-reports.md: Two disks: names no test; name one, or write `by hand`",
            ]
        );
    }
}
