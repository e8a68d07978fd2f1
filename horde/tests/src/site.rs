//! A folder with everything that the validator's host needs, and the commands that start it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tig_system_tests::{Process, ProcessError, SiteError, plugin_file_name};

use crate::artifacts::{Artifacts, BATCH_EXTENSIONS};

/// Seed of the validator's hotkey.
const HOTKEY_SEED: &str = "0x0101010101010101010101010101010101010101010101010101010101010101";

/// SS58 address of the validator's hotkey.
pub const HOTKEY: &str = "5CcyqxXnJucaCnQQvvUg5EPzj1uoNAxACZvzArHw5aVDvgNH";

/// The folder of one validator: `hotkey`, `config.json`, `plugins/`, `backup/`, and a log per process.
#[derive(Clone, Debug)]
pub struct Site {
    folder: PathBuf,
    artifacts: Artifacts,
}

/// What differs from host to host.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// The job kind of each executor class.
    pub kinds: Value,
    /// More keys of the section of `horde_batch`, by name.
    pub batch: Value,
    /// More keys of the section of `horde_miners`, by name.
    pub miners: Value,
    /// Whether hash jobs are small, so that the miners really solve them.
    pub small_hash_jobs: bool,
    /// Extensions beside those that run batches, with their sections.
    pub more: BTreeMap<&'static str, Value>,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            kinds: json!({ "spin_up-4min.gpu-24gb": "horde_job_hash" }),
            batch: json!({}),
            miners: json!({}),
            small_hash_jobs: true,
            more: BTreeMap::new(),
        }
    }
}

impl HostOptions {
    /// Options with which the default class runs echo jobs.
    #[must_use]
    pub fn echo() -> Self {
        Self {
            kinds: json!({ "spin_up-4min.gpu-24gb": "horde_job_echo" }),
            ..Self::default()
        }
    }

    /// Names of the extensions.
    pub fn extensions(&self) -> impl Iterator<Item = &'static str> {
        BATCH_EXTENSIONS
            .into_iter()
            .chain(self.more.keys().copied())
    }

    /// The config of a host with the key file `hotkey` beside it, and its extensions in `plugin_folder`.
    #[must_use]
    pub fn config(&self, plugin_folder: &Path) -> Value {
        let mut batch = json!({ "kinds": self.kinds });
        let mut miners = json!({ "key": "hotkey", "allow_private": true });
        for (section, more) in [(&mut batch, &self.batch), (&mut miners, &self.miners)] {
            for (key, value) in more.as_object().into_iter().flatten() {
                section[key] = value.clone();
            }
        }
        let extensions: Vec<_> = self.extensions().collect();
        let mut sections = json!({
            "horde_batch": batch,
            "horde_miners": miners,
            "horde_job_hash": { "small": self.small_hash_jobs },
        });
        for (extension, section) in &self.more {
            sections[*extension] = section.clone();
        }
        json!({
            "extensions": extensions,
            "keys": {
                "hotkey": { "kind": "sr25519", "file": "hotkey", "extensions": extensions },
            },
            "plugin_folder": plugin_folder,
            "backup_folder": "backup",
            "port": 0,
            "config": sections,
        })
    }
}

impl Site {
    /// Puts a hotkey, a config and copies of the extensions into `folder`.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn prepare(
        folder: &Path,
        artifacts: Artifacts,
        options: &HostOptions,
    ) -> Result<Self, SiteError> {
        let site = Self::with_extensions(folder, artifacts, options.extensions())?;
        write_hotkey(&site.folder)?;
        let config = site.config_file();
        let text = format!("{:#}\n", options.config(Path::new("plugins")));
        fs::write(&config, text).map_err(SiteError::at(config))?;
        Ok(site)
    }

    /// Puts copies of these extensions into `folder`, whose hotkey and config are written by others.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn with_extensions(
        folder: &Path,
        artifacts: Artifacts,
        extensions: impl IntoIterator<Item = &'static str>,
    ) -> Result<Self, SiteError> {
        let site = Self {
            folder: folder.to_owned(),
            artifacts,
        };
        let plugins = site.folder.join("plugins");
        fs::create_dir_all(&plugins).map_err(SiteError::at(plugins))?;
        for extension in extensions {
            let copy = site.extension(extension);
            fs::copy(site.artifacts.extension(extension), &copy).map_err(SiteError::at(copy))?;
        }
        Ok(site)
    }

    /// Moves all files of a stopped host into another folder.
    ///
    /// # Errors
    ///
    /// A file cannot be moved.
    pub fn moved(&self, folder: &Path) -> Result<Self, SiteError> {
        for name in ["hotkey", "config.json", "plugins", "backup"] {
            let from = self.folder.join(name);
            fs::rename(&from, folder.join(name)).map_err(SiteError::at(from))?;
        }
        Ok(Self {
            folder: folder.to_owned(),
            artifacts: self.artifacts.clone(),
        })
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Programs and extensions of the build.
    #[must_use]
    pub fn artifacts(&self) -> &Artifacts {
        &self.artifacts
    }

    /// The host's config file.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.folder.join("config.json")
    }

    /// The host's copy of an extension's library.
    #[must_use]
    pub fn extension(&self, name: &str) -> PathBuf {
        self.folder.join("plugins").join(plugin_file_name(name))
    }

    /// Starts the host, and waits until it listens.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start_host(&self) -> Result<Process, ProcessError> {
        let mut command = Command::new(self.artifacts.program("tig-host"));
        command
            .arg(self.config_file())
            .arg("--exit-with-parent")
            .env("RUST_LOG", "info");
        let mut host = Process::spawn("tig-host", &mut command, &self.folder)?;
        host.address()?;
        Ok(host)
    }

    /// `tig-host` with these arguments, for the running host of this folder.
    #[must_use]
    pub fn ask_host(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.artifacts.program("tig-host"));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.config_file());
        command
    }
}

/// Writes the validator's key file `hotkey`, which only its owner can read, into `folder`.
///
/// # Errors
///
/// The file cannot be written.
pub fn write_hotkey(folder: &Path) -> Result<(), SiteError> {
    let text = json!({ "secretSeed": HOTKEY_SEED }).to_string();
    write_private(&folder.join("hotkey"), &text)
}

/// Writes a file that only its owner can read.
///
/// # Errors
///
/// The file cannot be written.
pub fn write_private(path: &Path, text: &str) -> Result<(), SiteError> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(path);
    let written = written.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(SiteError::at(path.to_owned()))
}

/// The same code as another version: only the manifest of the library differs. `None` if it does not name the version.
#[must_use]
pub fn other_version(library: &[u8]) -> Option<Vec<u8>> {
    let (old, new) = (br#""version":"0.1.0""#, br#""version":"0.1.1""#);
    let at = library
        .windows(old.len())
        .position(|window| window == old)?;
    let mut other = library.to_vec();
    other[at..at + new.len()].copy_from_slice(new);
    Some(other)
}
