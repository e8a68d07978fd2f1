//! The table of known faults, `docs/defects.md`: it has every row, and each test that it names is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::sources;
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
    let mut sources: BTreeMap<String, String> = BTreeMap::new();
    for (row, folder, test) in tests(&table) {
        if !sources.contains_key(&folder) {
            let text = read_sources(root, &folder)?;
            sources.insert(folder.clone(), text);
        }
        if !sources[&folder].contains(&format!("fn {test}(")) {
            complaints.push(format!(
                "{TABLE}: {row}: there is no test {folder}: `{test}`"
            ));
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

/// Row, folder and name of each test. A folder is named before the tests in it: ``folder: `test`, `test` ``.
fn tests(table: &str) -> Vec<(String, String, String)> {
    let mut tests = Vec::new();
    for line in table.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", row, _, caught, ""] = cells[..] else {
            continue;
        };
        let mut folder = None;
        // Odd parts stand between backticks.
        let parts: Vec<&str> = caught.split('`').collect();
        for pair in parts.chunks(2) {
            if let Some(before) = pair[0].trim_end().strip_suffix(':') {
                folder = before.split_whitespace().next_back();
            }
            if let (Some(folder), Some(name)) = (folder, pair.get(1))
                && is_test_name(name)
            {
                tests.push((row.to_owned(), folder.to_owned(), (*name).to_owned()));
            }
        }
    }
    tests
}

fn is_test_name(name: &str) -> bool {
    name.contains('_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// All Rust files of a folder at the root, or of a plugin.
fn read_sources(root: &Path, folder: &str) -> Result<String> {
    let at_root = root.join(folder);
    let folder = if at_root.is_dir() {
        at_root
    } else {
        root.join("plugins").join(folder)
    };
    let mut text = String::new();
    if !folder.is_dir() {
        return Ok(text);
    }
    for path in sources::files(&folder)? {
        if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(path)?);
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_with_their_folders() {
        let table = "| Id | The fault | Caught by |\n|---|---|---|\n\
                     | A1 | it `fails_often` | host: `one_test`, `other_test`; `new_block` aside. job-manager: `a_b` (`x`) |\n";
        let found: Vec<String> = tests(table)
            .into_iter()
            .map(|(row, folder, test)| format!("{row} {folder} {test}"))
            .collect();
        assert_eq!(
            found,
            [
                "A1 host one_test",
                "A1 host other_test",
                "A1 host new_block",
                "A1 job-manager a_b"
            ]
        );
        assert_eq!(missing_rows(table).len(), 143);
    }
}
