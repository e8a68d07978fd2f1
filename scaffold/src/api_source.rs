//! Where a generated crate takes the plugin API from.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Name of the crate.
pub(crate) const API_PACKAGE: &str = "tig-plugin-api";

/// Its folder in a clone of the repository.
pub(crate) const API_FOLDER: &str = "plugin-api";

/// Longest manifest that is read.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;

/// Longest URL, revision or version.
const TEXT_BYTES_MAX: usize = 2_048;

/// A source that was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ApiSource {
    /// A folder of this machine.
    Path(String),
    /// A git repository, and a revision of it.
    Git {
        /// Its URL.
        url: String,
        /// The revision; `None` for its main branch.
        rev: Option<String>,
    },
    /// A version in the registry.
    Version(String),
}

/// Why a text is not a source of the plugin API.
#[derive(Debug, thiserror::Error)]
pub enum ApiSourceError {
    /// The folder cannot be read.
    #[error("--api-path {}: {source}; give the folder `{API_FOLDER}` of a clone of the repository", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The folder holds something else.
    #[error("--api-path {}: no package {API_PACKAGE} is there; {}", path.display(), remedy(better.as_deref()))]
    OtherPackage {
        /// The folder.
        path: PathBuf,
        /// A folder below it that holds the API.
        better: Option<PathBuf>,
    },
    /// A manifest cannot name the folder.
    #[error("--api-path {}: the path is not UTF-8, which a Cargo.toml cannot name; move or link the folder", .0.display())]
    NotUnicode(PathBuf),
    /// A text cannot stand in a manifest.
    #[error("{option} {text:?}: {fault}")]
    Text {
        /// The option.
        option: &'static str,
        /// The beginning of its value.
        text: String,
        /// What is wrong, and what to give.
        fault: &'static str,
    },
}

fn remedy(better: Option<&Path>) -> String {
    match better {
        Some(better) => format!("give {}", better.display()),
        None => format!("give the folder `{API_FOLDER}` of a clone of the repository"),
    }
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

    /// The API in a git repository; nothing is fetched.
    ///
    /// # Errors
    ///
    /// One of the texts is empty, too long, or has characters that it cannot have.
    pub fn from_git(url: &str, rev: Option<&str>) -> Result<Self, ApiSourceError> {
        let is_visible = |c: char| !c.is_control() && !c.is_whitespace();
        let fault = "give the URL of a git repository, such as https://example.com/tig-host.git";
        check("--api-git", url, is_visible, fault)?;
        if let Some(rev) = rev {
            let fault = "give a commit, a tag or a branch";
            check("--api-rev", rev, is_visible, fault)?;
        }
        Ok(Self::Git {
            url: url.to_owned(),
            rev: rev.map(str::to_owned),
        })
    }

    /// The API in the registry; nothing is looked up.
    ///
    /// # Errors
    ///
    /// The text is not a version.
    pub fn from_version(version: &str) -> Result<Self, ApiSourceError> {
        let is_legal = |c: char| c.is_ascii_alphanumeric() || ".-+*^~=<>, ".contains(c);
        let fault = "give a version, such as 0.1 or =0.1.0";
        check("--api-version", version, is_legal, fault)?;
        if !version.contains(|c: char| c.is_ascii_digit()) {
            return Err(bad("--api-version", version, fault));
        }
        Ok(Self::Version(version.to_owned()))
    }

    /// The value of the dependency in a `Cargo.toml`.
    #[must_use]
    pub fn dependency(&self) -> String {
        match self {
            Self::Path(path) => format!("{{ path = {} }}", quoted(path)),
            Self::Git { url, rev: None } => format!("{{ git = {} }}", quoted(url)),
            Self::Git {
                url,
                rev: Some(rev),
            } => format!("{{ git = {}, rev = {} }}", quoted(url), quoted(rev)),
            Self::Version(version) => quoted(version),
        }
    }
}

fn check(
    option: &'static str,
    text: &str,
    is_legal: impl Fn(char) -> bool,
    fault: &'static str,
) -> Result<(), ApiSourceError> {
    let is_sound = (1..=TEXT_BYTES_MAX).contains(&text.len()) && text.chars().all(is_legal);
    match is_sound {
        true => Ok(()),
        false => Err(bad(option, text, fault)),
    }
}

fn bad(option: &'static str, text: &str, fault: &'static str) -> ApiSourceError {
    ApiSourceError::Text {
        option,
        text: text.chars().take(80).collect(),
        fault,
    }
}

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

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn sources_are_written_as_cargo_reads_them() {
        let git = |rev| ApiSource::from_git("https://example.com/a.git", rev).unwrap();
        for (source, text) in [
            (
                ApiSource::Path("/a \"b\"\\c\n".to_owned()),
                r#"{ path = "/a \"b\"\\c\u000A" }"#,
            ),
            (git(None), r#"{ git = "https://example.com/a.git" }"#),
            (
                git(Some("v1")),
                r#"{ git = "https://example.com/a.git", rev = "v1" }"#,
            ),
            (ApiSource::from_version("0.1").unwrap(), r#""0.1""#),
        ] {
            assert_eq!(source.dependency(), text);
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
    fn name_of_a_dependency_is_not_the_package() {
        assert!(is_manifest_of_api(
            "[package]\nname = \"tig-plugin-api\" # ours\n"
        ));
        assert!(!is_manifest_of_api(
            "[package]\nname = \"x\"\n[[bin]]\nname = \"tig-plugin-api\"\n"
        ));
        assert!(!is_manifest_of_api("name = \"tig-plugin-api\"\n"));
    }

    #[test]
    fn texts_that_cannot_be_a_source_are_refused() {
        let long = "9".repeat(TEXT_BYTES_MAX + 1);
        for version in ["", "latest", "1.0\"", "1\n2", &long] {
            let error = ApiSource::from_version(version).unwrap_err().to_string();
            assert!(
                error.ends_with("give a version, such as 0.1 or =0.1.0"),
                "{error}"
            );
        }
        let refused = ApiSource::from_version("latest");
        assert!(matches!(refused, Err(ApiSourceError::Text { .. })));
        for url in ["", "a b", "https://x\n", &long] {
            assert!(ApiSource::from_git(url, None).is_err(), "{url}");
        }
        assert!(ApiSource::from_git("https://example.com", Some("")).is_err());
    }
}
