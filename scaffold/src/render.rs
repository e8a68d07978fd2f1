//! Fills a template in.

use crate::RUST_VERSION;
use crate::api_source::ApiSource;
use crate::name::PluginName;
use crate::templates::{COMMON, Kind, README, README_OF_ALL, WORLD};

/// Stands for the name in each file of a template.
const NAME: &str = "plugin_name";

/// Stands for the source of the plugin API.
const API_SOURCE: &str = "{api_source}";

/// Stands for the oldest version of Rust.
const VERSION_OF_RUST: &str = "{rust_version}";

/// A file of a crate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GeneratedFile {
    /// From the crate's folder, with `/`.
    pub path: &'static str,
    /// Its content.
    pub text: String,
}

/// The files of a new crate.
#[must_use]
pub fn render(kind: &Kind, name: &PluginName, source: &ApiSource) -> Vec<GeneratedFile> {
    let world = (WORLD, kind.world);
    let files = COMMON.iter().chain(kind.files).chain([&world]);
    let rendered = files.map(|&(path, text)| {
        let text = match path {
            README => format!("{text}\n{README_OF_ALL}"),
            _ => text.to_owned(),
        };
        let text = text.replace(NAME, name.as_str());
        let text = text.replace(VERSION_OF_RUST, RUST_VERSION);
        // The last one: a path may hold the other placeholders.
        let text = text.replace(API_SOURCE, &source.dependency());
        GeneratedFile { path, text }
    });
    rendered.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::KINDS;

    fn rendered(kind: &Kind) -> Vec<GeneratedFile> {
        let name = PluginName::parse("zebra").unwrap();
        render(kind, &name, &ApiSource::from_version("0.1").unwrap())
    }

    #[test]
    fn no_placeholder_is_left() {
        for kind in KINDS {
            for file in rendered(kind) {
                for placeholder in [NAME, API_SOURCE, VERSION_OF_RUST] {
                    let is_left = file.text.contains(placeholder);
                    assert!(!is_left, "{}/{}: {placeholder}", kind.name, file.path);
                }
            }
        }
    }

    #[test]
    fn every_kind_has_the_files_of_a_crate() {
        for kind in KINDS {
            let files = rendered(kind);
            let text = |path| {
                files
                    .iter()
                    .find(|file| file.path == path)
                    .unwrap()
                    .text
                    .as_str()
            };
            assert!(text("Cargo.toml").contains("name = \"zebra\"\n"));
            assert!(text("Cargo.toml").contains("\ntig-plugin-api = \"0.1\"\n"));
            assert!(text("Cargo.toml").contains("\n[workspace]\n"));
            assert!(text("src/lib.rs").lines().count() <= 125, "{}", kind.name);
            assert!(text("src/tests.rs").contains("Harness"));
            assert!(text("config.section.json").contains("\"zebra\": {"));
            assert!(text("README.md").contains("tig-host shadow zebra"));
            assert!(text("dev.json").contains("\"{{plugin}}\""));
            assert!(text(".gitignore").contains("target"));
        }
    }

    #[test]
    fn paths_may_hold_placeholders() {
        let name = PluginName::parse("zebra").unwrap();
        let source = ApiSource::Path("/plugin_name/{rust_version}".to_owned());
        let files = render(&KINDS[0], &name, &source);
        let path = "path = \"/plugin_name/{rust_version}\"";
        assert!(files.iter().any(|file| file.text.contains(path)));
    }
}
