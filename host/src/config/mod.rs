//! The config file and the overrides of the command line.

pub(crate) mod access;
mod api_host;
#[cfg(test)]
mod example_tests;
mod fault;
mod file;
mod identity;
mod keys;
mod network;
mod rates;
mod record;
pub(crate) mod remainder;
pub(crate) mod schema;
mod secret;
mod secret_files;
pub(crate) mod section_files;
mod security;
mod settings;
mod suggestion;
mod tls;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use api_host::api_host;
pub use fault::ConfigError;
pub(crate) use fault::{Fault, joined};
pub(crate) use file::schema;
pub(crate) use identity::{Identity, is_same_id};
pub use rates::RateTable;
pub(crate) use rates::{ConfiguredRates, RateClass};
pub(crate) use record::RecordSettings;
use serde_json::{Map, Value};
pub(crate) use settings::own_settings;
pub(crate) use suggestion::Suggestion;
use tig_http_client::Trust;
use tig_plugin_api::{Secret, Settings};
use tig_process::json_text;
use tig_process::text_file::{self, TextError};
pub(crate) use tls::{CertificateFiles, CertificateState, ListenerTls};

use self::access::Access;
use self::file::ConfigFile;
use self::security::Security;
use crate::keys::Keys;

/// Default port of the listener.
pub(crate) const PORT_DEFAULT: u16 = 5115;

/// Default folder of the store.
pub(crate) const BACKUP_FOLDER_DEFAULT: &str = "backup";

/// Default folder of the copies of plugin files, in the backup folder.
const PLUGIN_CACHE_FOLDER_DEFAULT: &str = "plugin-cache";

/// Default time for a drain after a signal: less than service managers wait before they kill.
pub(crate) const DRAIN_MAX_DEFAULT: Duration = Duration::from_secs(10);

/// A longer config file is refused.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// From the folder of an installed program, `/usr/bin`, to its plugins.
const PACKAGED_FOLDER: &str = "../lib/tig-host/plugins";

/// Values of the command line, which take precedence over the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Account: the first key of the identity that an extension names.
    pub account: Option<String>,
    /// Key of the account.
    pub api_key: Option<Secret>,
    /// `api_url` of the identity.
    pub api_url: Option<String>,
    /// Folder of the store.
    pub backup_folder: Option<PathBuf>,
    /// Port of the listener.
    pub port: Option<u16>,
    /// File of the recording.
    pub record: Option<PathBuf>,
}

/// A checked config.
#[derive(Clone, Debug)]
pub struct Config {
    /// The config file.
    pub path: PathBuf,
    /// The values of the command line.
    pub overrides: Overrides,
    /// Names of the extensions, in order.
    pub extensions: Vec<String>,
    /// Sections of the extensions.
    pub sections: Map<String, Value>,
    /// For whom the host works; as far as the file says, until [`Config::completed`].
    pub(crate) identity: Identity,
    /// Texts at the top of the file that an extension must name as part of its identity.
    pub(crate) unclaimed: Identity,
    /// Key of the account; empty if none is given.
    pub api_key: Secret,
    /// Folder of the store.
    pub backup_folder: PathBuf,
    /// Folder with `lib<extension>.so`.
    pub plugin_folder: PathBuf,
    /// Folder for the host's copies of plugin files.
    pub plugin_cache_folder: PathBuf,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Time that extensions have to finish their work after a signal.
    pub drain_max: Duration,
    /// Who may use the listener.
    pub(crate) access: Access,
    /// TLS of the listener, if it has any.
    pub(crate) tls: Option<ListenerTls>,
    /// Authorities that outgoing requests trust.
    pub trust: Trust,
    /// Keys with which the host signs for extensions.
    pub(crate) keys: Keys,
    /// Requests per minute to each API host; as far as the file says, until the file is completed by the manifests.
    pub rates: RateTable,
    /// Recording of what goes into extensions.
    pub(crate) record: Option<RecordSettings>,
    /// Allowed, but not recommended.
    pub warnings: Vec<Fault>,
}

impl Config {
    /// Reads and checks the file at `path`, and the files that its sections name. Relative paths in it start from its folder.
    ///
    /// # Errors
    ///
    /// See [`ConfigError`].
    pub fn load(path: &Path, overrides: Overrides) -> Result<Self, ConfigError> {
        Self::from_json(path, read_json(path)?, overrides)
    }

    /// The config at `path` as if the parts with `faults` were not there, to check the rest.
    ///
    /// # Errors
    ///
    /// The faults that are left; none if the rest cannot be checked.
    pub(crate) fn load_remainder(path: &Path, faults: &[Fault]) -> Result<Self, Vec<Fault>> {
        // In another folder each extension would be missing.
        if faults.iter().any(|fault| fault.path == "plugin_folder") {
            return Err(Vec::new());
        }
        let mut value = read_json(path).map_err(|_| Vec::new())?;
        remainder::remove_faulty(&mut value, faults);
        let loaded = Self::from_json(path, value, Overrides::default());
        loaded.map_err(|error| match error {
            ConfigError::Faults { faults, .. } => faults,
            _ => Vec::new(),
        })
    }

    fn from_json(path: &Path, mut value: Value, overrides: Overrides) -> Result<Self, ConfigError> {
        let schema = schema();
        let known = schema["properties"].as_object();
        let unclaimed = known.map(|known| identity::take_unknown_texts(&mut value, known));
        let folder = folder_of(path);
        let unread = section_files::insert(&mut value, folder);
        let parsed =
            parse(&schema, value).and_then(|file| Self::assemble(path, file, folder, overrides));
        let parsed = match parsed {
            Ok(config) if unread.is_empty() => Ok(config),
            Ok(_) => Err(unread),
            Err(faults) => Err(unread.into_iter().chain(faults).collect()),
        };
        let parsed = parsed.map(|config| Self {
            unclaimed: unclaimed.unwrap_or_default(),
            ..config
        });
        parsed.map_err(|faults| ConfigError::Faults {
            path: path.to_owned(),
            faults,
        })
    }

    /// The backup folder of the config at `path`, whatever else is wrong with that config.
    ///
    /// # Errors
    ///
    /// The file cannot be read or is not JSON.
    pub(crate) fn backup_folder_of(path: &Path) -> Result<PathBuf, ConfigError> {
        let value = read_json(path)?;
        let named = value["backup_folder"].as_str().map(PathBuf::from);
        Ok(backup_folder(named, folder_of(path)))
    }

    /// The files that the sections of the config at `path` name; none if it cannot be read.
    #[must_use]
    pub(crate) fn section_files(path: &Path) -> Vec<PathBuf> {
        let named = read_json(path).map(|value| section_files::paths(value, folder_of(path)));
        named.unwrap_or_default()
    }

    /// Key and path of each file with a secret that the config at `path` names; none if it cannot be read.
    #[must_use]
    pub(crate) fn secret_files(path: &Path) -> Vec<(String, PathBuf)> {
        let named = read_json(path).map(|value| secret_files::named(&value, folder_of(path)));
        named.unwrap_or_default()
    }

    /// The JSON of the config at `path`, unchecked.
    ///
    /// # Errors
    ///
    /// The file cannot be read or is not JSON.
    pub(crate) fn read_unchecked(path: &Path) -> Result<Value, ConfigError> {
        read_json(path)
    }

    /// The JSON of the config at `path`, unchecked, with the content of the files that its sections name, as far as they can be
    /// read.
    ///
    /// # Errors
    ///
    /// The file cannot be read or is not JSON.
    pub(crate) fn read_unchecked_whole(path: &Path) -> Result<Value, ConfigError> {
        let mut value = read_json(path)?;
        // The name of a file that cannot be read stays.
        let _ = section_files::insert(&mut value, folder_of(path));
        Ok(value)
    }

    fn assemble(
        path: &Path,
        file: ConfigFile,
        folder: &Path,
        overrides: Overrides,
    ) -> Result<Self, Vec<Fault>> {
        let given = overrides.clone();
        let mut faults = Vec::new();
        let record = file.record.read(folder, overrides.record, &mut faults);
        let security = Security::read(&file, folder, overrides.api_key, faults)?;
        let backup_folder = overrides
            .backup_folder
            .unwrap_or_else(|| backup_folder(file.backup_folder, folder));
        let plugin_folder = match file.plugin_folder {
            Some(named) => folder.join(named),
            None => folder_of_executable(),
        };
        let plugin_cache_folder = match file.plugin_cache_folder {
            Some(named) => folder.join(named),
            None => backup_folder.join(PLUGIN_CACHE_FOLDER_DEFAULT),
        };
        let port = overrides.port.or(file.port).unwrap_or(PORT_DEFAULT);
        Ok(Self {
            path: path.to_owned(),
            overrides: given,
            extensions: file.extensions,
            sections: file.config,
            identity: file.identity,
            unclaimed: Identity::new(),
            api_key: security.api_key,
            backup_folder,
            plugin_folder,
            plugin_cache_folder,
            listen: SocketAddr::new(security.bind, port),
            drain_max: file
                .drain_seconds
                .map_or(DRAIN_MAX_DEFAULT, Duration::from_secs),
            access: security.access,
            tls: security.tls,
            trust: security.trust,
            keys: security.keys,
            rates: file.http.rates().0,
            record,
            warnings: security.warnings,
        })
    }

    /// The settings of extension `name`.
    #[must_use]
    pub(crate) fn settings(&self, name: &str) -> Settings {
        let settings = Settings {
            name: name.to_owned(),
            api_key: self.api_key.clone(),
            backup_folder: self.backup_folder.display().to_string(),
            port: self.listen.port(),
            config: self.sections.clone(),
            ..Settings::default()
        };
        settings.with_identity(self.identity.clone())
    }

    /// # Errors
    ///
    /// There are `faults`.
    pub(crate) fn reject(&self, faults: Vec<Fault>) -> Result<(), ConfigError> {
        if faults.is_empty() {
            return Ok(());
        }
        let path = self.path.clone();
        Err(ConfigError::Faults { path, faults })
    }

    /// The file of extension `name`.
    #[must_use]
    pub(crate) fn plugin_file(&self, name: &str) -> PathBuf {
        self.plugin_folder.join(plugin_file_name(name))
    }
}

fn backup_folder(named: Option<PathBuf>, folder: &Path) -> PathBuf {
    named.map_or(PathBuf::from(BACKUP_FOLDER_DEFAULT), |named| {
        folder.join(named)
    })
}

/// The folder from which relative paths in the config at `path` start.
fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn read_json(path: &Path) -> Result<Value, ConfigError> {
    let text = text_file::read(path, FILE_BYTES_MAX).map_err(|source| match source {
        TextError::Read(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let path = path.to_owned();
            ConfigError::Missing { path }
        }
        source => ConfigError::Read {
            path: path.to_owned(),
            source,
        },
    })?;
    json_text::parse(&text).map_err(|source| ConfigError::Json {
        path: path.to_owned(),
        source,
    })
}

/// `data_fetcher` -> `libdata_fetcher.so`
#[must_use]
pub(crate) fn plugin_file_name(name: &str) -> String {
    format!(
        "{}{name}{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    )
}

/// Faults of types are reported together; only a file without any is checked further.
fn parse(schema: &Value, value: Value) -> Result<ConfigFile, Vec<Fault>> {
    let faults = crate::config::schema::faults(schema, &value, "");
    if !faults.is_empty() {
        return Err(faults);
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        vec![Fault::new(
            &error.path().to_string(),
            error.inner().to_string(),
        )]
    })
}

/// Default folder of the plugin files: that of the program, or beside it where a package has put them.
#[must_use]
pub(crate) fn folder_of_executable() -> PathBuf {
    let executable = std::env::current_exe().unwrap_or_default();
    let folder = executable.parent().unwrap_or(Path::new("."));
    let packaged = folder.join(PACKAGED_FOLDER);
    packaged.canonicalize().unwrap_or(folder.to_owned())
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
            Err(ConfigError::Faults { faults, .. }) => {
                faults.iter().map(ToString::to_string).collect()
            }
            other => panic!("expected faults, got {other:?}"),
        }
    }

    #[test]
    fn config_of_the_earlier_master_is_enough() {
        let config = load(r#"{"extensions": ["a"], "config": {"a": {"x": 1}}}"#).unwrap();
        assert_eq!(config.extensions, ["a"]);
        assert_eq!(
            config.listen,
            SocketAddr::from(([127, 0, 0, 1], PORT_DEFAULT))
        );
        assert_eq!(config.settings("a").config["a"]["x"], 1);
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        assert_eq!(
            faults(r#"{"extentions": [], "zzz": 1}"#),
            [
                "extentions: unknown key; did you mean `extensions`?",
                "zzz: unknown key",
                "extensions: this key is missing: Names of the extensions to load, in order."
            ]
        );
        assert_eq!(
            faults(
                r#"{"extensions": ["../a", "b", "b"], "config": {"bb": {}, "b": {}}, "bind": "here"}"#
            ),
            [
                "extensions[0]: `../a` is not a valid name: use a-z, 0-9 and _",
                "extensions[2]: `b` is listed twice; remove one",
                "config.bb: no listed extension has this name; did you mean `b`?",
                "bind: \"here\" is not an IP address, such as 0.0.0.0, :: or 127.0.0.1"
            ]
        );
    }

    #[test]
    fn wrong_type_is_reported_with_its_path() {
        let found = faults(r#"{"extensions": ["a"], "port": 70000}"#);
        assert_eq!(found, ["port: 70000 is not between 0 and 65535"]);
    }

    #[test]
    fn earlier_rates_are_those_of_every_host() {
        let config = load(r#"{"extensions": ["a"], "http": {"posts_per_minute": 3}}"#).unwrap();
        for host in ["https://a", "http://127.0.0.1:80"] {
            let rates = [RateClass::Gets, RateClass::Posts];
            let rates = rates.map(|class| config.rates.per_minute(host, class));
            assert_eq!(rates, [0, 3]);
        }
    }

    #[test]
    fn listed_host_has_its_rates_in_any_spelling() {
        let text = r#"{"extensions": ["a"], "http": {"posts_per_minute": 3, "hosts": {
            "https://API.example.com/": {"posts_per_minute": 7}, "http://127.0.0.1:8080": {}}}}"#;
        let config = load(text).unwrap();
        let posts = |host| config.rates.per_minute(host, RateClass::Posts);
        assert_eq!(posts("https://api.example.com"), 7);
        assert_eq!(posts("http://127.0.0.1:8080"), 3);
    }

    #[test]
    fn faults_of_listed_hosts_are_named() {
        assert_eq!(
            faults(
                r#"{"extensions": ["a"], "http": {"hosts": {"api.example.com": {}, "https://a": {},
                    "https://a:443": {}, "https://b/v1?k=s3cret": {}, "https://me:s3cret@b": {}, "https://b ": {}}}}"#
            ),
            [
                "http.hosts: \"api.example.com\" is not an API host: begin with http:// or https://, as in \
                 https://api.example.com or http://127.0.0.1:8080",
                "http.hosts: two keys name the API host https://a; remove one of them",
                "http.hosts: \"https://b \" holds whitespace: write scheme, name and port alone",
                "http.hosts: a path or query follows https://b: rates are those of a whole API host; write https://b alone",
                "http.hosts: a key holds @: a user and password have no place here; write scheme, name and port alone",
            ]
        );
        assert_eq!(
            faults(
                r#"{"extensions": ["a"], "http": {"hosts": {"https://a": {"puts_per_minute": 1, "gets_per_minute": -1}}}}"#
            ),
            [
                "http.hosts.https://a.puts_per_minute: unknown key; did you mean `posts_per_minute`?",
                "http.hosts.https://a.gets_per_minute: -1 is not between 0 and 4294967295",
            ]
        );
    }

    #[test]
    fn paths_start_from_the_files_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let text = r#"{"extensions": ["a"], "api_key_file": "key", "backup_folder": "store",
                       "plugin_folder": "plugins"}"#;
        std::fs::write(&path, text).unwrap();
        std::fs::write(folder.path().join("key"), "0123\n").unwrap();
        let config = Config::load(&path, Overrides::default()).unwrap();
        assert_eq!(config.api_key.reveal(), "0123");
        assert_eq!(config.backup_folder, folder.path().join("store"));
        assert_eq!(
            config.plugin_file("a"),
            folder.path().join("plugins").join("liba.so")
        );
    }

    #[test]
    fn command_line_takes_precedence_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(
            &path,
            r#"{"extensions": ["a"], "port": 1, "backup_folder": "file"}"#,
        )
        .unwrap();
        let overrides = Overrides {
            backup_folder: Some("line".into()),
            port: Some(2),
            ..Overrides::default()
        };
        let config = Config::load(&path, overrides).unwrap();
        assert_eq!(
            (config.backup_folder, config.listen.port()),
            ("line".into(), 2)
        );
    }

    #[test]
    fn missing_key_file_is_named() {
        let error = load(r#"{"extensions": ["a"], "api_key_file": "nowhere"}"#).unwrap_err();
        assert!(error.to_string().contains("nowhere"), "{error}");
    }

    #[test]
    fn unreadable_file_is_an_error_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let error = || Config::load(&path, Overrides::default()).unwrap_err();
        assert!(matches!(error(), ConfigError::Missing { .. }));
        std::fs::write(&path, "{ extensions").unwrap();
        assert!(matches!(error(), ConfigError::Json { .. }));
        std::fs::write(&path, b"\xff\xfe").unwrap();
        assert!(matches!(error(), ConfigError::Read { .. }));
    }
}
