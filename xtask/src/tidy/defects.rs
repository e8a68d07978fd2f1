//! The tables of known faults, `docs/defects.md` and `docs/defects-computehorde.md`: they have every row, and each test that they name is
//! there.

use std::fs;
use std::path::Path;

use super::named::{self, Sources};
use crate::Result;

/// A document with the beginnings of its ids, and the number of rows of each.
type Table = (&'static str, &'static [(&'static str, usize)]);

const TABLES: [Table; 2] = [
    (
        "docs/defects.md",
        &[
            ("A", 13),
            ("B", 14),
            ("C", 28),
            ("D", 12),
            ("E", 17),
            ("F", 23),
            ("G", 15),
            ("H", 12),
            ("I", 10),
        ],
    ),
    (
        "docs/defects-computehorde.md",
        &[
            ("7.", 36),
            ("O.", 7),
            ("10.1.", 1),
            ("10.2.", 1),
            ("10.3.", 5),
            ("10.4.", 1),
            ("10.5.", 4),
            ("10.6.", 2),
            ("10.7.", 5),
            ("10.8.", 1),
            ("10.9.", 3),
            ("10.10.", 6),
            ("10.11.", 2),
            ("10.12.", 4),
            ("10.14.", 1),
            ("10.15.", 1),
        ],
    ),
];

/// Every breach.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    let mut sources = Sources::new(root);
    for (document, sections) in TABLES {
        let table = fs::read_to_string(root.join(document))?;
        let missing = missing_rows(&table, sections);
        complaints.extend(missing.map(|id| format!("{document}: row {id} is missing")));
        for (row, caught) in rows(&table) {
            for (folder, test) in named::tests(caught) {
                if !sources.has(folder, test)? {
                    complaints.push(format!(
                        "{document}: {row}: there is no test {folder}: `{test}`"
                    ));
                }
            }
        }
    }
    Ok(complaints)
}

/// Ids without a row.
fn missing_rows(table: &str, sections: &[(&str, usize)]) -> impl Iterator<Item = String> {
    let ids = sections
        .iter()
        .flat_map(|(section, count)| (1..=*count).map(move |row| format!("{section}{row}")));
    ids.filter(|id| !table.contains(&format!("\n| {id} | ")))
}

/// Rows with what catches them.
fn rows(table: &str) -> impl Iterator<Item = (&str, &str)> {
    table.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        match cells[..] {
            ["", row, _, caught, ""] => Some((row, caught)),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_number_and_what_catches_it() {
        let table = "| Id | The fault | Caught by |\n|---|---|---|\n\
                     | A1 | it `fails_often` | host: `one_test` |\n";
        assert_eq!(rows(table).last(), Some(("A1", "host: `one_test`")));
        let missing: Vec<_> = missing_rows(table, &[("A", 2), ("7.", 1)]).collect();
        assert_eq!(missing, ["A2", "7.1"]);
    }
}
