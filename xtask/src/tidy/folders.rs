//! Every folder of a crate's `src` is named in `ARCHITECTURE.md`.

use std::fs;
use std::path::Path;

use super::architecture::DOCUMENT;
use crate::Result;
use crate::workspace::Package;

/// Folders of unit tests need no name.
const TESTS: &str = "tests";

/// Every folder that has no name.
pub(super) fn check(text: &str, packages: &[Package], root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for package in packages {
        let source = package.folder().join("src");
        if !source.is_dir() {
            continue;
        }
        for entry in fs::read_dir(source)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if entry.file_type()?.is_dir() && name != TESTS {
                let crate_folder = package.relative_folder(root);
                complaints.extend(unnamed(text, &crate_folder, &name));
            }
        }
    }
    complaints.sort();
    Ok(complaints)
}

/// A line names the folders of a crate: ``- `crate/src`: `one/` what it is; `other/` what that is``.
fn unnamed(text: &str, crate_folder: &str, name: &str) -> Option<String> {
    let head = format!("- `{crate_folder}/src`: ");
    let lines = text.lines().skip_while(|line| !line.starts_with(&head));
    // A long line may be broken.
    let first = lines.clone().take(1);
    let more = lines.skip(1).take_while(|line| line.starts_with("  "));
    let is_named = first
        .chain(more)
        .any(|line| line.contains(&format!("`{name}/`")));
    (!is_named).then(|| {
        format!("{DOCUMENT}: name the folder `{name}/` in the line that begins with {head:?}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_name_is_found() {
        let text = "- `a/src`: `one/` is this,\n  `two/` is that\n- `b/src`: `three/`\n";
        assert_eq!(unnamed(text, "a", "one"), None);
        assert_eq!(unnamed(text, "a", "two"), None);
        assert!(unnamed(text, "a", "three").is_some());
        assert!(unnamed(text, "c", "one").is_some());
    }
}
