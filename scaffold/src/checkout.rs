//! The clone of the repository that a program was built in.

use std::path::{Path, PathBuf};

use crate::api_package::{API_FOLDER, holds_api};

/// The folder of the plugin API in the nearest folder above `program` that has it.
#[must_use]
pub fn find_checkout(program: &Path) -> Option<PathBuf> {
    let folders = program.ancestors().skip(1);
    let mut apis = folders.map(|folder| folder.join(API_FOLDER));
    apis.find(|api| holds_api(api))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn program_in_the_target_folder_finds_its_clone() {
        let clone = tempfile::tempdir().unwrap();
        let program = clone.path().join("target/release/tig-host");
        assert_eq!(find_checkout(&program), None);
        let api = clone.path().join(API_FOLDER);
        fs::create_dir_all(&api).unwrap();
        fs::write(api.join("Cargo.toml"), "[package]\nname = \"another\"\n").unwrap();
        assert_eq!(find_checkout(&program), None);
        fs::write(
            api.join("Cargo.toml"),
            "[package]\nname = \"tig-plugin-api\"\n",
        )
        .unwrap();
        assert_eq!(find_checkout(&program), Some(api));
    }
}
