//! The package of the plugin API, and how a folder that holds it is known.

use std::fs;
use std::path::Path;

/// Name of the crate.
pub(crate) const API_PACKAGE: &str = "tig-plugin-api";

/// Its folder in a clone of the repository.
pub(crate) const API_FOLDER: &str = "plugin-api";

/// Longest manifest that is read.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;

/// Whether the folder holds the package of the API.
pub(crate) fn holds_api(folder: &Path) -> bool {
    let manifest = folder.join("Cargo.toml");
    let is_small = fs::metadata(&manifest)
        .is_ok_and(|file| file.is_file() && file.len() <= MANIFEST_BYTES_MAX);
    is_small && fs::read_to_string(manifest).is_ok_and(|text| is_manifest_of_api(&text))
}

fn is_manifest_of_api(manifest: &str) -> bool {
    let lines = manifest.lines().map(str::trim);
    let package = lines.skip_while(|line| *line != "[package]").skip(1);
    let mut package = package.take_while(|line| !line.starts_with('['));
    let name = |line: &str| {
        let (key, value) = line.split_once('=')?;
        let value = value.split('#').next()?.trim().trim_matches(['"', '\'']);
        (key.trim() == "name").then_some(value == API_PACKAGE)
    };
    package.any(|line| name(line).unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_a_dependency_is_not_the_package() {
        assert!(is_manifest_of_api(
            "[package]\nname = \"tig-plugin-api\" # ours\n"
        ));
        assert!(!is_manifest_of_api(
            "[package]\nname = \"x\"\n[[bin]]\nname = \"tig-plugin-api\"\n"
        ));
        assert!(!is_manifest_of_api("name = \"tig-plugin-api\"\n"));
    }
}
