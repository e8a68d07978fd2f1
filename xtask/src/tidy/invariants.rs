//! The table of invariants in `ARCHITECTURE.md`: each names a test that holds it, and each test that is named is there.

use std::fs;
use std::path::Path;

use super::named::{self, Sources};
use crate::Result;

const DOCUMENT: &str = "ARCHITECTURE.md";

/// First line of the table.
const HEAD: &str = "| invariant | held by |";

/// Every breach.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(root.join(DOCUMENT))?;
    let invariants = invariants(&text);
    let mut complaints = Vec::new();
    if invariants.is_empty() {
        complaints.push(format!("{DOCUMENT}: there is no table `{HEAD}`"));
    }
    let mut sources = Sources::new(root);
    for (invariant, held) in invariants {
        let tests = named::tests(held);
        if tests.is_empty() {
            complaints.push(format!("{DOCUMENT}: no test is named for `{invariant}`"));
        }
        for (folder, test) in tests {
            if !sources.has(folder, test)? {
                complaints.push(format!("{DOCUMENT}: there is no test {folder}: `{test}`"));
            }
        }
    }
    Ok(complaints)
}

/// Invariants with what holds them.
fn invariants(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().skip_while(|line| *line != HEAD).skip(2);
    let rows = lines.map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.filter_map(|row| row.split_once(" | ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invariants_are_the_rows_of_one_table() {
        let text = "| other | table |\n|---|---|\n| a | b |\n\n\
                    | invariant | held by |\n|---|---|\n| Nothing is lost. | host: `a_b` |\n\n| c | d |\n";
        assert_eq!(invariants(text), [("Nothing is lost.", "host: `a_b`")]);
    }
}
