//! One style of imports: a `use` for each module, `use std::fs;` and `use std::path::{Path, PathBuf};`. Stable rustfmt cannot
//! keep it.

use std::fs;
use std::path::Path;

use super::sources;
use crate::Result;

/// Folders of the earlier style, `use std::{fs, path::Path};`. None is added, and one that has changed is taken off.
const NESTED: [&str; 2] = ["host", "plugin-api"];

/// Every breach below `root`.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    let mut nested = [false; NESTED.len()];
    for path in sources::files(root)? {
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let Some(import) = nested_import(&text) else {
            continue;
        };
        let name = path.strip_prefix(root).unwrap_or(&path);
        match NESTED.iter().position(|folder| name.starts_with(folder)) {
            Some(folder) => nested[folder] = true,
            None => complaints.push(format!(
                "{}: give each module its own `use` in `use {import};`",
                name.display()
            )),
        }
    }
    let changed = NESTED.iter().zip(nested).filter(|(_, nested)| !nested);
    complaints.extend(changed.map(|(folder, _)| {
        format!(
            "{folder}/ has one `use` a module: take it off the list in xtask/src/tidy/imports.rs"
        )
    }));
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
    fn a_new_folder_keeps_the_one_style() {
        let root = tempfile::tempdir().unwrap();
        let file = |folder: &str, text: &str| {
            let folder = root.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("lib.rs"), text).unwrap();
        };
        for folder in NESTED {
            file(folder, "use std::{fs, io::Read};\n");
        }
        assert_eq!(check(root.path()).unwrap(), Vec::<String>::new());
        file("news", "use std::{fs, io::Read};\n");
        let found = check(root.path()).unwrap();
        assert_eq!(
            found,
            ["news/lib.rs: give each module its own `use` in `use std::{fs, io::Read};`"]
        );
        file("host", "use std::fs;\n");
        assert_eq!(check(root.path()).unwrap().len(), 2);
    }
}
