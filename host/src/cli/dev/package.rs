//! What cargo says of the plugin's package.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

/// The package's manifest.
pub(super) const MANIFEST: &str = "Cargo.toml";
/// Cargo's settings for the package.
pub(super) const CARGO_CONFIG: &str = ".cargo/config.toml";
/// Kind of library that is a plugin.
pub(super) const PLUGIN_KIND: &str = "cdylib";
/// Variable by which cargo names itself to what it runs.
const CARGO_VARIABLE: &str = "CARGO";
/// Time for cargo to read manifests.
const METADATA_TIMEOUT: Duration = Duration::from_secs(60);

/// The package of a plugin.
#[derive(Clone, Debug)]
pub(super) struct Package {
    /// Its folder.
    pub(super) folder: PathBuf,
    /// Name of its library, which is that of the extension.
    pub(super) plugin: String,
    /// Where cargo builds.
    pub(super) target: PathBuf,
}

/// A folder that is not that of a plugin.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum PackageError {
    /// It has no manifest.
    #[error(
        "there is no {MANIFEST} in {}: give the folder of a plugin's crate, or make one by `tig-host plugin new NAME`",
        folder.display()
    )]
    NoManifest {
        /// The folder.
        folder: PathBuf,
    },
    /// Cargo does not start.
    #[error(
        "cannot start cargo: {0}; install Rust's toolchain, or set the variable {CARGO_VARIABLE} to its cargo"
    )]
    NoCargo(#[source] io::Error),
    /// Cargo does not end.
    #[error("cargo has not read {} within {} s", manifest.display(), METADATA_TIMEOUT.as_secs())]
    Slow {
        /// The manifest.
        manifest: PathBuf,
    },
    /// Cargo cannot use the manifest.
    #[error("cargo cannot use {}:", manifest.display())]
    Manifest {
        /// The manifest.
        manifest: PathBuf,
        /// What cargo says.
        text: String,
    },
    /// Cargo replies in a form that this program does not know.
    #[error("cargo's reply is not valid: {0}")]
    Reply(#[from] serde_json::Error),
    /// The manifest is that of a workspace alone.
    #[error("{} is not of a package: give the folder of one of its members", manifest.display())]
    NotAPackage {
        /// The manifest.
        manifest: PathBuf,
    },
    /// The package is not a plugin.
    #[error(
        "the crate `{name}` is not a plugin: add `[lib]` with `crate-type = [\"{PLUGIN_KIND}\"]` to its {MANIFEST}"
    )]
    NotAPlugin {
        /// The package.
        name: String,
    },
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct MetadataPackage {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

/// What a package builds.
#[derive(Deserialize)]
pub(super) struct Target {
    /// Its name.
    name: String,
    /// Forms of a library; `example` or another word for what is not the package's library, whatever its form.
    #[serde(default)]
    kind: Vec<String>,
}

impl Target {
    /// Whether it is a plugin.
    pub(super) fn is_plugin(&self) -> bool {
        self.kind.iter().any(|kind| kind == PLUGIN_KIND)
    }
}

impl Package {
    /// The package in `folder`.
    pub(super) async fn find(folder: &Path) -> Result<Self, PackageError> {
        let manifest = folder.join(MANIFEST);
        let Ok(manifest) = manifest.canonicalize() else {
            let folder = folder.to_owned();
            return Err(PackageError::NoManifest { folder });
        };
        let output = run_metadata(&manifest).await?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(PackageError::Manifest { manifest, text });
        }
        Self::read(&output.stdout, manifest)
    }

    fn read(metadata: &[u8], manifest: PathBuf) -> Result<Self, PackageError> {
        let metadata: Metadata = serde_json::from_slice(metadata)?;
        let mut packages = metadata.packages.into_iter();
        let Some(package) = packages.find(|package| package.manifest_path == manifest) else {
            return Err(PackageError::NotAPackage { manifest });
        };
        let mut targets = package.targets.into_iter();
        let Some(target) = targets.find(Target::is_plugin) else {
            let name = package.name;
            return Err(PackageError::NotAPlugin { name });
        };
        Ok(Self {
            folder: manifest.parent().unwrap_or(&manifest).to_owned(),
            plugin: target.name.replace('-', "_"),
            target: metadata.target_directory,
        })
    }
}

async fn run_metadata(manifest: &Path) -> Result<Output, PackageError> {
    let mut command = Command::new(cargo());
    command
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .arg("--manifest-path")
        .arg(manifest)
        // The folder may choose its toolchain.
        .current_dir(manifest.parent().unwrap_or(manifest))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    match timeout(METADATA_TIMEOUT, command.output()).await {
        Ok(output) => output.map_err(PackageError::NoCargo),
        Err(_) => Err(PackageError::Slow {
            manifest: manifest.to_owned(),
        }),
    }
}

/// The cargo of the developer.
pub(super) fn cargo() -> OsString {
    std::env::var_os(CARGO_VARIABLE).unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(packages: &Value) -> Result<Package, PackageError> {
        let metadata = json!({ "packages": packages, "target_directory": "/t" });
        Package::read(metadata.to_string().as_bytes(), "/p/Cargo.toml".into())
    }

    #[test]
    fn plugin_is_the_dynamic_library() {
        let package = |kind: &str| {
            json!([{ "name": "a-b", "manifest_path": "/p/Cargo.toml", "targets": [
                { "name": "shown", "kind": ["example"], "crate_types": ["cdylib"] },
                { "name": "a_b", "kind": [kind], "crate_types": [kind] },
            ] }])
        };
        let found = read(&package("cdylib")).unwrap();
        assert_eq!(
            (found.plugin.as_str(), found.folder.as_path()),
            ("a_b", Path::new("/p"))
        );
        let error = read(&package("lib")).unwrap_err();
        assert!(matches!(error, PackageError::NotAPlugin { .. }), "{error}");
        let error = read(&json!([])).unwrap_err();
        assert!(matches!(error, PackageError::NotAPackage { .. }), "{error}");
    }
}
