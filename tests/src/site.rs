//! A folder with everything that a stack of processes needs, and the commands that start them in it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::artifacts::{Artifacts, DASHBOARD, PLUGINS};
use crate::build_folder::plugin_file_name;
use crate::config::{MasterOptions, OPERATOR_TOKEN_FILE, PLAYER_ID};
use crate::process::{Process, ProcessError};

/// Bytes of randomness in the API key and in the operator's token.
const KEY_BYTES: usize = 16;

/// The folder of one stack: `api_key`, `config.json`, `plugins/`, `backup/`, `algorithms/`, and a log per process.
#[derive(Clone, Debug)]
pub struct Site {
    folder: PathBuf,
    artifacts: Artifacts,
}

/// The folder cannot be filled.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
pub struct SiteError {
    path: PathBuf,
    source: io::Error,
}

impl SiteError {
    /// What `source` makes of a file that could not be written.
    pub fn at(path: PathBuf) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { path, source }
    }
}

impl Site {
    /// Puts an API key and copies of the plugins into `folder`.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn prepare(folder: &Path, artifacts: Artifacts) -> Result<Self, SiteError> {
        let site = Self {
            folder: folder.to_owned(),
            artifacts,
        };
        let failed = |path: PathBuf| move |source| SiteError { path, source };
        let plugins = site.plugin_folder();
        fs::create_dir_all(&plugins).map_err(failed(plugins))?;
        for extension in PLUGINS {
            let copy = site.plugin(extension);
            fs::copy(site.artifacts.plugin(extension), &copy).map_err(failed(copy))?;
        }
        let key_file = site.api_key_file();
        write_random_key(&key_file).map_err(failed(key_file))?;
        Ok(site)
    }

    /// Puts the file of the operator's page into the plugin folder, and a token for its control into its own file.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn add_dashboard(&self) -> Result<(), SiteError> {
        self.add_plugin(DASHBOARD, &self.artifacts.plugin(DASHBOARD))?;
        let token_file = self.operator_token_file();
        write_random_key(&token_file).map_err(SiteError::at(token_file))
    }

    /// Puts a copy of an extension's `file` into the plugin folder.
    ///
    /// # Errors
    /// It cannot be copied.
    pub fn add_plugin(&self, extension: &str, file: &Path) -> Result<(), SiteError> {
        let copy = self.plugin(extension);
        let copied = fs::copy(file, &copy);
        copied.map_err(SiteError::at(copy)).map(|_| ())
    }

    /// The file with the operator's token, once there is a dashboard.
    #[must_use]
    pub fn operator_token_file(&self) -> PathBuf {
        self.folder.join(OPERATOR_TOKEN_FILE)
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Programs and plugins of the build.
    #[must_use]
    pub fn artifacts(&self) -> &Artifacts {
        &self.artifacts
    }

    /// Where the host looks for plugins.
    #[must_use]
    pub fn plugin_folder(&self) -> PathBuf {
        self.folder.join("plugins")
    }

    /// The host's copy of an extension's library.
    #[must_use]
    pub fn plugin(&self, extension: &str) -> PathBuf {
        self.plugin_folder().join(plugin_file_name(extension))
    }

    /// The host's config file.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.folder.join("config.json")
    }

    fn api_key_file(&self) -> PathBuf {
        self.folder.join("api_key")
    }

    /// Writes the host's config; port 0 lets the system choose.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_config(
        &self,
        options: &MasterOptions,
        api_url: &str,
        port: u16,
    ) -> Result<(), SiteError> {
        let path = self.config_file();
        let text = format!("{:#}\n", options.host_config(api_url, port));
        fs::write(&path, text).map_err(|source| SiteError { path, source })
    }

    /// `tig-devnet` on `port`, with a block every `block_ms`.
    #[must_use]
    pub fn devnet(&self, port: u16, block_ms: u64) -> Command {
        let mut command = self.command("tig-devnet");
        command
            .args([
                "--port",
                &port.to_string(),
                "--block-ms",
                &block_ms.to_string(),
            ])
            // Blocks come by the second: a slow machine must not make benchmarks too late to count.
            .args(["--delay-multiplier", "0"])
            .args(["--seed", "7", "--player-id", PLAYER_ID])
            .arg("--algorithms")
            .arg(self.artifacts.algorithms())
            .arg("--api-key-file")
            .arg(self.api_key_file());
        command
    }

    /// `tig-host` with the config of this folder.
    #[must_use]
    pub fn host(&self) -> Command {
        let mut command = self.command("tig-host");
        command.arg(self.config_file());
        command
    }

    /// `tig-host check` of the config of this folder.
    #[must_use]
    pub fn check(&self) -> Command {
        let mut command = Command::new(self.artifacts.program("tig-host"));
        command.arg("check").arg(self.config_file());
        command
    }

    /// `tig-host drain`: the running host finishes what was begun, for `max_s` at most, and ends.
    #[must_use]
    pub fn drain(&self, max_s: u64) -> Command {
        let mut command = Command::new(self.artifacts.program("tig-host"));
        command
            .args(["drain", "--max", &max_s.to_string(), "--config"])
            .arg(self.config_file());
        command
    }

    /// `tig-slave` with its built-in worker for the host at `master` (`IP:PORT`).
    #[must_use]
    pub fn slave(&self, master: &str, name: &str, workers: usize) -> Command {
        let mut command = self.slave_with(Path::new("builtin"), master, name);
        command.args(["--workers", &workers.to_string()]);
        command
    }

    /// `tig-slave` with another worker.
    #[must_use]
    pub(crate) fn slave_with(&self, worker: &Path, master: &str, name: &str) -> Command {
        let mut command = self.command("tig-slave");
        command
            .arg(format!("http://{master}"))
            .arg(worker)
            .arg(self.folder.join("algorithms"))
            .args(["--name", name]);
        command
    }

    /// Writes an executable script into the folder.
    pub(crate) fn write_script(&self, name: &str, text: &str) -> Result<PathBuf, SiteError> {
        let path = self.folder.join(name);
        let mut file = File::options();
        file.write(true).create(true).truncate(true).mode(0o700);
        let written = file
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()));
        match written {
            Ok(()) => Ok(path),
            Err(source) => Err(SiteError { path, source }),
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.artifacts.program(program));
        command.arg("--exit-with-parent").env("RUST_LOG", "info");
        command
    }

    /// Starts `command`, which logs to `<folder>/<name>.log`.
    ///
    /// # Errors
    /// It does not start.
    pub fn spawn(&self, name: &str, command: &mut Command) -> Result<Process, ProcessError> {
        Process::spawn(name, command, &self.folder)
    }
}

fn write_random_key(path: &Path) -> io::Result<()> {
    let mut random = [0; KEY_BYTES];
    getrandom::fill(&mut random)?;
    let key: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(key.as_bytes())
}
