//! Where a generated crate takes the plugin API from.

use std::path::Path;

use semver::VersionReq;

use crate::api_error::ApiSourceError;
use crate::api_package::{API_FOLDER, holds_api};
use crate::git_source::GitSource;
use crate::toml_text::quoted;

/// Longest version.
const VERSION_BYTES_MAX: usize = 256;

/// A source that was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ApiSource {
    /// A folder of this machine.
    Path(String),
    /// A git repository.
    Git(GitSource),
    /// A version in the registry that cargo asks.
    Version(String),
}

impl ApiSource {
    /// The API in the folder `path`.
    ///
    /// # Errors
    ///
    /// The folder cannot be read or named, or does not hold the API.
    pub fn from_path(path: &Path) -> Result<Self, ApiSourceError> {
        let folder = path.canonicalize();
        let folder = folder.map_err(|source| ApiSourceError::Folder {
            path: path.to_owned(),
            source,
        })?;
        if !holds_api(&folder) {
            let below = path.join(API_FOLDER);
            return Err(ApiSourceError::OtherPackage {
                path: path.to_owned(),
                better: holds_api(&below).then_some(below),
            });
        }
        match folder.into_os_string().into_string() {
            Ok(text) => Ok(Self::Path(text)),
            Err(_) => Err(ApiSourceError::NotUnicode(path.to_owned())),
        }
    }

    /// The API in the registry; nothing is looked up.
    ///
    /// # Errors
    ///
    /// The text is not a version.
    pub fn from_version(version: &str) -> Result<Self, ApiSourceError> {
        let is_short = version.len() <= VERSION_BYTES_MAX;
        // Without a digit it would be any version.
        let has_digit = version.contains(|c: char| c.is_ascii_digit());
        if is_short && has_digit && VersionReq::parse(version).is_ok() {
            return Ok(Self::Version(version.to_owned()));
        }
        let fault = "give a version, such as 0.1 or =0.1.0";
        Err(ApiSourceError::of_text("--api-version", version, fault))
    }

    /// The value of the dependency in a `Cargo.toml`.
    #[must_use]
    pub fn dependency(&self) -> String {
        match self {
            Self::Path(path) => format!("{{ path = {} }}", quoted(path)),
            Self::Git(git) => git.dependency(),
            Self::Version(version) => quoted(version),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn sources_are_written_as_cargo_reads_them() {
        let path = ApiSource::Path("/a b".to_owned());
        assert_eq!(path.dependency(), r#"{ path = "/a b" }"#);
        for version in ["0.1", "=0.1.0", ">=0.1, <0.3", "0.1.0-rc.1"] {
            let source = ApiSource::from_version(version).unwrap();
            assert_eq!(source.dependency(), format!("\"{version}\""));
        }
    }

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn folder_of_the_api_is_found_by_its_package() {
        let folder = root().join(API_FOLDER);
        let source = ApiSource::from_path(&folder).unwrap();
        let folder = folder.canonicalize().unwrap();
        assert_eq!(source, ApiSource::Path(folder.display().to_string()));
        let missing = ApiSource::from_path(&root().join("nowhere")).unwrap_err();
        assert!(
            matches!(missing, ApiSourceError::Folder { .. }),
            "{missing}"
        );
    }

    #[test]
    fn other_folder_is_refused_with_a_better_one() {
        for (folder, better) in [
            (root(), Some(root().join(API_FOLDER))),
            (root().join("scaffold"), None),
            (root().join("plugin-api/macros"), None),
            (root().join("Cargo.toml"), None),
        ] {
            match ApiSource::from_path(&folder) {
                Err(ApiSourceError::OtherPackage { better: found, .. }) => {
                    assert_eq!(found, better, "{}", folder.display());
                }
                other => panic!("{}: {other:?}", folder.display()),
            }
        }
    }

    #[test]
    fn folder_that_a_manifest_cannot_name_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join(OsStr::from_bytes(b"\xff"));
        fs::create_dir(&folder).unwrap();
        let manifest = "[package]\nname = \"tig-plugin-api\"\n";
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        let refused = ApiSource::from_path(&folder).unwrap_err();
        assert!(
            matches!(refused, ApiSourceError::NotUnicode(_)),
            "{refused}"
        );
    }

    #[test]
    fn texts_that_are_not_versions_are_refused() {
        let long = "9".repeat(VERSION_BYTES_MAX + 1);
        for version in [
            "", "latest", "*", "1,,,", "1.2.3.4", ",1", "1.0\"", "1\n2", &long,
        ] {
            let error = ApiSource::from_version(version).unwrap_err();
            assert!(matches!(error, ApiSourceError::Text { .. }));
            let error = error.to_string();
            let remedy = "give a version, such as 0.1 or =0.1.0";
            assert!(error.ends_with(remedy) && error.len() < 300, "{error}");
        }
    }
}
