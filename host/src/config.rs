//! The config file (benchmarker.md section 2) and what the command line adds to it.

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Map, Value};
use tig_plugin_api::{Secret, Settings};

use crate::error::Suggestion;

/// Port of the listener where nothing is said.
pub const PORT_DEFAULT: u16 = 5115;

/// API where nothing is said.
pub const API_URL_DEFAULT: &str = "https://mainnet-api.tig.foundation";

/// Folder of the store where nothing is said.
pub const BACKUP_FOLDER_DEFAULT: &str = "backup";

/// Environment variable that holds the API key where the config names no other source.
pub const API_KEY_VARIABLE: &str = "TIG_HOST_API_KEY";

/// A longer config file is refused.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// What is wrong with the config.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the config file {}: {source}; give its path, as in `tig-host config.json`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not JSON.
    #[error("config file {} is not JSON: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The file is JSON, but not a config. All faults at once.
    #[error("config file {}: {}", path.display(), faults.join("; also: "))]
    Faults {
        /// The file.
        path: PathBuf,
        /// Path and remedy of each fault.
        faults: Vec<String>,
    },
    /// The key's file or variable is not readable.
    #[error("cannot read the API key from {place}: {reason}")]
    ApiKey {
        /// File or variable.
        place: String,
        /// Why.
        reason: String,
    },
}

/// The file's shape. `config` belongs to the extensions; the host only checks that each section has an owner.
#[derive(Deserialize)]
struct ConfigFile {
    extensions: Vec<String>,
    #[serde(default)]
    config: Map<String, Value>,
    player_id: Option<String>,
    api_key_file: Option<PathBuf>,
    api_key_env: Option<String>,
    api_url: Option<String>,
    backup_folder: Option<PathBuf>,
    plugin_folder: Option<PathBuf>,
    bind: Option<IpAddr>,
    port: Option<u16>,
}

const KEYS: [&str; 10] = [
    "extensions",
    "config",
    "player_id",
    "api_key_file",
    "api_key_env",
    "api_url",
    "backup_folder",
    "plugin_folder",
    "bind",
    "port",
];

/// What the command line says; it goes before the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Account.
    pub player_id: Option<String>,
    /// Key of the account.
    pub api_key: Option<Secret>,
    /// Base URL of the API.
    pub api_url: Option<String>,
    /// Folder of the store.
    pub backup_folder: Option<PathBuf>,
    /// Port of the listener.
    pub port: Option<u16>,
}

/// What to run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Names of the extensions, in order.
    pub extensions: Vec<String>,
    /// Sections of the extensions.
    pub sections: Map<String, Value>,
    /// Account that the host works for; empty if none is named.
    pub player_id: String,
    /// Key of the account; empty if none is given.
    pub api_key: Secret,
    /// Base URL of the API, without a slash at its end.
    pub api_url: String,
    /// Folder of the store.
    pub backup_folder: PathBuf,
    /// Where `lib<extension>.so` lies.
    pub plugin_folder: PathBuf,
    /// Address to listen on.
    pub listen: SocketAddr,
}

impl Config {
    /// Reads and checks the file at `path`. Relative paths in it start from its folder.
    ///
    /// # Errors
    ///
    /// See [`ConfigError`].
    pub fn load(path: &Path, overrides: Overrides) -> Result<Self, ConfigError> {
        let text = read_bounded(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let value: Value = serde_json::from_str(&text).map_err(|source| ConfigError::Json {
            path: path.to_owned(),
            source,
        })?;
        let faults = |faults| ConfigError::Faults {
            path: path.to_owned(),
            faults,
        };
        let found = faults_of(&value);
        if !found.is_empty() {
            return Err(faults(found));
        }
        let file: ConfigFile = serde_path_to_error::deserialize(value)
            .map_err(|error| faults(vec![format!("{}: {}", error.path(), error.inner())]))?;
        let found = faults_of_lists(&file);
        if !found.is_empty() {
            return Err(faults(found));
        }
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::assemble(file, &folder, overrides)
    }

    fn assemble(
        file: ConfigFile,
        folder: &Path,
        overrides: Overrides,
    ) -> Result<Self, ConfigError> {
        let api_key = match overrides.api_key {
            Some(key) => key,
            None => api_key(&file, folder)?,
        };
        let api_url = overrides
            .api_url
            .or(file.api_url)
            .unwrap_or(API_URL_DEFAULT.to_owned());
        let backup_folder = match (overrides.backup_folder, file.backup_folder) {
            (Some(given), _) => given,
            (None, Some(named)) => folder.join(named),
            (None, None) => PathBuf::from(BACKUP_FOLDER_DEFAULT),
        };
        let plugin_folder = match file.plugin_folder {
            Some(named) => folder.join(named),
            None => folder_of_executable(),
        };
        let port = overrides.port.or(file.port).unwrap_or(PORT_DEFAULT);
        Ok(Self {
            extensions: file.extensions,
            sections: file.config,
            player_id: overrides.player_id.or(file.player_id).unwrap_or_default(),
            api_key,
            api_url: api_url.trim_end_matches('/').to_owned(),
            backup_folder,
            plugin_folder,
            listen: SocketAddr::new(file.bind.unwrap_or(Ipv4Addr::LOCALHOST.into()), port),
        })
    }

    /// What extension `name` is made with.
    #[must_use]
    pub fn settings(&self, name: &str) -> Settings {
        Settings {
            name: name.to_owned(),
            player_id: self.player_id.clone(),
            api_key: self.api_key.clone(),
            api_url: self.api_url.clone(),
            backup_folder: self.backup_folder.display().to_string(),
            port: self.listen.port(),
            config: self.sections.clone(),
        }
    }

    /// The file of extension `name`.
    #[must_use]
    pub fn plugin_file(&self, name: &str) -> PathBuf {
        self.plugin_folder.join(plugin_file_name(name))
    }
}

/// `data_fetcher` -> `libdata_fetcher.so`
#[must_use]
pub fn plugin_file_name(name: &str) -> String {
    format!(
        "{}{name}{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    )
}

fn read_bounded(path: &Path) -> std::io::Result<String> {
    let length = std::fs::metadata(path)?.len();
    if length > FILE_BYTES_MAX {
        return Err(std::io::Error::other(format!(
            "{length} bytes are too many for a config"
        )));
    }
    std::fs::read_to_string(path)
}

/// Unknown and missing keys, which serde would tell one at a time.
fn faults_of(value: &Value) -> Vec<String> {
    let Some(object) = value.as_object() else {
        return vec!["the top level must be an object".to_owned()];
    };
    let mut faults: Vec<String> = object
        .keys()
        .filter(|key| !KEYS.contains(&key.as_str()))
        .map(|key| {
            format!(
                "unknown key `{key}`{}",
                Suggestion::of(key, KEYS.into_iter())
            )
        })
        .collect();
    if !object.contains_key("extensions") {
        faults.push("key `extensions` is missing: list the extensions to load".to_owned());
    }
    faults
}

fn faults_of_lists(file: &ConfigFile) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = HashSet::new();
    if file.extensions.is_empty() {
        faults.push("`extensions` is empty: list the extensions to load".to_owned());
    }
    for name in &file.extensions {
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || !name.chars().all(legal) {
            faults.push(format!(
                "extensions: `{name}` is no name: use a-z, 0-9 and _"
            ));
        }
        if !seen.insert(name.as_str()) {
            faults.push(format!("extensions: `{name}` is listed twice; remove one"));
        }
    }
    for key in file
        .config
        .keys()
        .filter(|key| !seen.contains(key.as_str()))
    {
        let suggestion = Suggestion::of(key, file.extensions.iter().map(String::as_str));
        faults.push(format!(
            "config.{key}: no listed extension has this name{suggestion}"
        ));
    }
    faults
}

/// The key from the named file or variable, else from the service manager's credential `api_key`, else from
/// [`API_KEY_VARIABLE`], else none.
fn api_key(file: &ConfigFile, folder: &Path) -> Result<Secret, ConfigError> {
    let credential = std::env::var_os("CREDENTIALS_DIRECTORY")
        .map(|directory| Path::new(&directory).join("api_key"))
        .filter(|path| path.exists());
    let path = file
        .api_key_file
        .as_ref()
        .map(|named| folder.join(named))
        .or(credential);
    let text = match (path, &file.api_key_env) {
        (Some(path), _) => {
            std::fs::read_to_string(&path).map_err(|source| ConfigError::ApiKey {
                place: path.display().to_string(),
                reason: source.to_string(),
            })?
        }
        (None, Some(variable)) => std::env::var(variable).map_err(|error| ConfigError::ApiKey {
            place: format!("variable {variable}"),
            reason: error.to_string(),
        })?,
        (None, None) => std::env::var(API_KEY_VARIABLE).unwrap_or_default(),
    };
    Ok(Secret::new(text.trim().to_owned()))
}

fn folder_of_executable() -> PathBuf {
    let executable = std::env::current_exe().unwrap_or_default();
    executable.parent().unwrap_or(Path::new(".")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        Config::load(&path, Overrides::default())
    }

    fn faults(text: &str) -> Vec<String> {
        match load(text) {
            Err(ConfigError::Faults { faults, .. }) => faults,
            other => panic!("expected faults, got {other:?}"),
        }
    }

    #[test]
    fn a_file_of_the_earlier_master_is_enough() {
        let config = load(r#"{"extensions": ["a"], "config": {"a": {"x": 1}}}"#).unwrap();
        assert_eq!(config.extensions, ["a"]);
        assert_eq!(
            config.listen,
            SocketAddr::from(([127, 0, 0, 1], PORT_DEFAULT))
        );
        assert_eq!(config.api_url, API_URL_DEFAULT);
        assert_eq!(config.settings("a").config["a"]["x"], 1);
    }

    #[test]
    fn all_faults_are_told_at_once() {
        assert_eq!(
            faults(r#"{"extentions": [], "zzz": 1}"#),
            [
                "unknown key `extentions`; did you mean `extensions`?",
                "unknown key `zzz`",
                "key `extensions` is missing: list the extensions to load"
            ]
        );
        assert_eq!(
            faults(r#"{"extensions": ["../a", "b", "b"], "config": {"bb": {}, "b": {}}}"#),
            [
                "extensions: `../a` is no name: use a-z, 0-9 and _",
                "extensions: `b` is listed twice; remove one",
                "config.bb: no listed extension has this name; did you mean `b`?"
            ]
        );
    }

    #[test]
    fn a_wrong_type_is_told_with_its_path() {
        let found = faults(r#"{"extensions": ["a"], "port": 70000}"#);
        assert!(
            found[0].starts_with("port: invalid value: integer `70000`"),
            "{found:?}"
        );
    }

    #[test]
    fn paths_start_from_the_files_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let text = r#"{"extensions": ["a"], "api_key_file": "key", "backup_folder": "store",
                       "plugin_folder": "plugins", "api_url": "http://127.0.0.1:1/"}"#;
        std::fs::write(&path, text).unwrap();
        std::fs::write(folder.path().join("key"), "0123\n").unwrap();
        let config = Config::load(&path, Overrides::default()).unwrap();
        assert_eq!(config.api_key.reveal(), "0123");
        assert_eq!(config.backup_folder, folder.path().join("store"));
        assert_eq!(
            config.plugin_file("a"),
            folder.path().join("plugins").join("liba.so")
        );
        assert_eq!(config.api_url, "http://127.0.0.1:1");
    }

    #[test]
    fn the_command_line_goes_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(
            &path,
            r#"{"extensions": ["a"], "port": 1, "player_id": "file"}"#,
        )
        .unwrap();
        let overrides = Overrides {
            player_id: Some("line".to_owned()),
            port: Some(2),
            ..Overrides::default()
        };
        let config = Config::load(&path, overrides).unwrap();
        assert_eq!(
            (config.player_id.as_str(), config.listen.port()),
            ("line", 2)
        );
    }

    #[test]
    fn a_missing_key_file_is_named() {
        let error = load(r#"{"extensions": ["a"], "api_key_file": "nowhere"}"#).unwrap_err();
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
}
