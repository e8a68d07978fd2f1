//! One style of imports: a `use` for each module, `use std::fs;` and `use std::path::{Path, PathBuf};`. Stable rustfmt cannot
//! keep it.

use std::fs;
use std::path::Path;

use super::sources;
use crate::Result;

/// Every breach below `root`.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for path in sources::files(root)? {
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let Some(import) = nested_import(&text) else {
            continue;
        };
        let name = path.strip_prefix(root).unwrap_or(&path);
        complaints.push(format!(
            "{}: give each module its own `use` in `use {import};`",
            name.display()
        ));
    }
    Ok(complaints)
}

/// The first import of items of several modules.
fn nested_import(text: &str) -> Option<String> {
    let mut statements = text.split(';').map(|statement| {
        // What goes before is on earlier lines.
        let mut lines = statement.lines().skip_while(|line| !is_import(line));
        let first = lines.next()?;
        let words = lines.fold(first.to_owned(), |words, line| words + " " + line.trim());
        let import = words.split_once("use ")?.1.to_owned();
        let (_, items) = import.split_once('{')?;
        items.contains("::").then_some(import)
    });
    statements.find_map(|import| import)
}

fn is_import(line: &str) -> bool {
    let line = line.trim_start();
    // `use` as an English word begins lines of texts, too: a path follows the keyword.
    let path = line.split_once("use ").map_or("", |(_, path)| path);
    let is_path = path
        .split_once("::")
        .is_some_and(|(root, _)| !root.contains(char::is_whitespace));
    is_path && (line.starts_with("use ") || line.starts_with("pub"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_of_several_modules_are_found() {
        let flat =
            "//! Purpose.\nuse std::fs;\nuse std::path::{Path, PathBuf};\n\nfn f() { a::b(); }\n";
        assert_eq!(nested_import(flat), None);
        let nested = "//! Purpose.\npub(crate) use std::{\n    fs,\n    path::Path,\n};\n";
        let found = nested_import(nested).unwrap();
        assert_eq!(found, "std::{ fs, path::Path, }");
    }

    #[test]
    fn file_with_nested_imports_is_named() {
        let root = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| fs::write(root.path().join(name), text).unwrap();
        file("lib.rs", "use std::fs;\n");
        assert_eq!(check(root.path()).unwrap(), Vec::<String>::new());
        file("news.rs", "use std::{fs, io::Read};\n");
        let found = check(root.path()).unwrap();
        assert_eq!(
            found,
            ["news.rs: give each module its own `use` in `use std::{fs, io::Read};`"]
        );
    }
}
