//! What `ARCHITECTURE.md` says of the crates: the table "Where things are".

use std::fs;
use std::path::Path;

use crate::Result;

/// The document.
pub(super) const DOCUMENT: &str = "ARCHITECTURE.md";

/// First line of the table.
const HEAD: &str = "| folder | what | may depend on |";
/// Stands for no dependency.
const NOTHING: &str = "-";

/// A row: a crate, or all crates of a folder that have no row of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// From the root, without a slash at the end; `plugins/*` for a folder of crates.
    pub(super) folder: String,
    /// Last parts of the folders of the crates that it may depend on.
    pub(super) may_depend_on: Vec<String>,
}

/// The document's text.
pub(super) fn read(root: &Path) -> Result<String> {
    Ok(fs::read_to_string(root.join(DOCUMENT))?)
}

/// The rows of the table.
pub(super) fn rows(text: &str) -> Vec<Row> {
    let lines = text.lines().skip_while(|line| *line != HEAD).skip(2);
    lines.map_while(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let ["", folder, _, dependencies, ""] = cells[..] else {
        return None;
    };
    let names = dependencies.split(',').map(str::trim);
    Some(Row {
        folder: folder.trim_matches('`').trim_end_matches('/').to_owned(),
        may_depend_on: names
            .filter(|name| *name != NOTHING)
            .map(str::to_owned)
            .collect(),
    })
}

/// The row of the crate in this folder.
pub(super) fn row_of<'a>(rows: &'a [Row], folder: &str) -> Option<&'a Row> {
    let own = rows.iter().find(|row| row.folder == folder);
    let parent = folder
        .rsplit_once('/')
        .map(|(parent, _)| format!("{parent}/*"));
    own.or_else(|| rows.iter().find(|row| Some(&row.folder) == parent.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_for_crates_and_folders_of_crates() {
        let text = "# A\n\n| folder | what | may depend on |\n|---|---|---|\n\
                    | `a/` | the a | - |\n| `b/c` | the c | a |\n| `b/*` | others | a, c |\n\n| x | y | z |\n";
        let rows = rows(text);
        assert_eq!(rows.len(), 3);
        let names = |folder| row_of(&rows, folder).map(|row| row.may_depend_on.join(" "));
        assert_eq!(names("a").as_deref(), Some(""));
        assert_eq!(names("b/c").as_deref(), Some("a"));
        assert_eq!(names("b/d").as_deref(), Some("a c"));
        assert_eq!(names("d"), None);
    }
}
