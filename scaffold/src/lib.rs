//! A crate for a new plugin: its name is checked, a template of its [`Kind`] is filled in, and the folder is written as a
//! whole.
//!
//! Templates are whole crates of valid Rust, in which the plugin is called `plugin_name`; the tests of this crate build and
//! run them as they lie there. This crate runs no program and prints nothing.

mod api_error;
mod api_package;
mod api_source;
mod checkout;
mod folder;
mod git_source;
mod name;
mod render;
mod stock;
mod templates;
mod toml_text;

pub use api_error::ApiSourceError;
pub use api_source::ApiSource;
pub use checkout::find_checkout;
pub use folder::{WriteError, write};
pub use git_source::{GitReference, GitSource};
pub use name::{NAME_BYTES_MAX, NameError, NameFault, PluginName};
pub use render::{GeneratedFile, render};
pub use templates::{KINDS, Kind};

/// The oldest version of Rust with which a generated crate builds.
pub const RUST_VERSION: &str = env!("CARGO_PKG_RUST_VERSION");

/// The version of the plugin API that the templates are written for.
pub const API_VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn api_has_the_version_of_this_crate() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let manifest = |folder: &str| fs::read_to_string(root.join(folder).join("Cargo.toml"));
        let version = format!("version = \"{API_VERSION}\"");
        assert!(manifest("").unwrap().contains(&version));
        for folder in ["plugin-api", "scaffold"] {
            let manifest = manifest(folder).unwrap();
            assert!(
                manifest.contains("\nversion.workspace = true\n"),
                "{folder}"
            );
        }
    }
}
