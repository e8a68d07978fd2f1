//! Tests that documents name: ``folder: `test`, `test` ``.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::sources;
use crate::Result;

/// Folder and name of each test in a cell of a table. A folder is named before the tests in it.
pub(super) fn tests(cell: &str) -> Vec<(&str, &str)> {
    let mut tests = Vec::new();
    let mut folder = None;
    // Odd parts stand between backticks.
    let parts: Vec<&str> = cell.split('`').collect();
    for pair in parts.chunks(2) {
        for word in pair[0].split_whitespace() {
            folder = word.strip_suffix(':').or(folder);
        }
        if let (Some(folder), Some(name)) = (folder, pair.get(1))
            && is_test_name(name)
        {
            tests.push((folder, *name));
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

/// The sources of folders, each read once.
pub(super) struct Sources {
    root: PathBuf,
    texts: BTreeMap<String, String>,
}

impl Sources {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            texts: BTreeMap::new(),
        }
    }

    /// Whether there is a function `test` in `folder`, which lies at the root or is a plugin's of one of the packs.
    pub(super) fn has(&mut self, folder: &str, test: &str) -> Result<bool> {
        if !self.texts.contains_key(folder) {
            let text = read(&self.root, folder)?;
            self.texts.insert(folder.to_owned(), text);
        }
        Ok(self.texts[folder].contains(&format!("fn {test}(")))
    }
}

/// All Rust files of a folder at the root, or of a plugin.
fn read(root: &Path, folder: &str) -> Result<String> {
    let places = ["", "plugins", "horde/plugins"].map(|place| root.join(place).join(folder));
    let mut text = String::new();
    let Some(folder) = places.into_iter().find(|place| place.is_dir()) else {
        return Ok(text);
    };
    for path in sources::files(&folder)? {
        if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(path)?);
        }
    }
    Ok(text)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn tests_are_found_with_their_folders() {
        let cell = "host: `one_test`, `other_test`; `new_block` aside. job-manager: `a_b` (`x`)";
        assert_eq!(
            tests(cell),
            [
                ("host", "one_test"),
                ("host", "other_test"),
                ("host", "new_block"),
                ("job-manager", "a_b")
            ]
        );
        assert_eq!(tests("`a_b` in no folder"), []);
    }
}
