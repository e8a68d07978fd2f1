//! The table of known faults, `docs/defects.md`: it has every row, and each test that it names is there.

use std::fs;
use std::path::Path;

use super::named::{self, Sources};
use crate::Result;

const TABLE: &str = "docs/defects.md";

/// Sections with their numbers of rows.
const ROWS: [(char, usize); 9] = [
    ('A', 13),
    ('B', 14),
    ('C', 28),
    ('D', 12),
    ('E', 17),
    ('F', 23),
    ('G', 15),
    ('H', 12),
    ('I', 10),
];

/// Every breach.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let table = fs::read_to_string(root.join(TABLE))?;
    let mut complaints = missing_rows(&table);
    let mut sources = Sources::new(root);
    for (row, caught) in rows(&table) {
        for (folder, test) in named::tests(caught) {
            if !sources.has(folder, test)? {
                complaints.push(format!(
                    "{TABLE}: {row}: there is no test {folder}: `{test}`"
                ));
            }
        }
    }
    Ok(complaints)
}

fn missing_rows(table: &str) -> Vec<String> {
    let ids = ROWS
        .iter()
        .flat_map(|(section, count)| (1..=*count).map(move |row| format!("{section}{row}")));
    ids.filter(|id| !table.contains(&format!("\n| {id} | ")))
        .map(|id| format!("{TABLE}: row {id} is missing"))
        .collect()
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
        assert_eq!(missing_rows(table).len(), 143);
    }
}
